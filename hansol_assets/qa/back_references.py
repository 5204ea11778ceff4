"""Does a question lean on the one before it?

What belongs here: the words and shapes that make a Korean question depend on what was said just
before. What does not: where questions are cut (`hansol_assets.qa.splitting`).
"""

import re

# Whole words (a word ends at white space or punctuation), so that "이로운" or "그늘" do not count.
_DEMONSTRATIVE = (
    # this, that, before a noun or with a particle
    r"이|그|저|이를|이는|이로|이에|이와|이것\S*|이런|이러한|이때|이렇게|이처럼|이럴|이들\S*|이곳\S*|이걸|이게|이건"
    r"|그를|그는|그로|그에|그와|그것\S*|그런|그러한|그때\S*|그렇게|그렇다면|그러면|그럼|그럴|그들\S*|그곳\S*|그걸|그게|그건|그중\S*"
    r"|여기\S*|거기\S*"
    # each, both, the aforesaid
    r"|각각\S*|각|둘\S*|양쪽\S*|양자\S*|전자\S*|후자\S*|해당|앞서|앞의|위의|위에서|상기"
)
_TWO = r"두\s+(?:가지|방법|방식|재료|자재|제품|종류|구조|경우|현상|공법|개념|하자|벽지|타일)\S*"
_OTHERWISE = r"반대로|마찬가지로|서로(?!\s+다른)"
_BACK_REFERENCE = re.compile(
    rf"(?<!\S)(?:{_DEMONSTRATIVE}|{_TWO}|{_OTHERWISE})(?=[\s,.?!]|$)"
)
