"""Dealing groups of rows to folds, so that folds are balanced and rows that come later move few.

What belongs here: from groups and their categories to folds. What does not: what makes a group, and
what folds are for (`hansol_assets.qa.folds`).
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import accumulate

from hansol_assets.qa.sampling import digest

Groups = Mapping[str, Sequence[str]]
"""Name of each group → the category of each of its rows, in the order of the names."""

_NUMBER = re.compile(r"\d+")


def are_numbered(ids: Sequence[str]) -> bool:
    """Whether ids count up, so that a row that comes later has a later one.

    Most then differ in their numbers alone ("TRAIN_007"); ids that are made from the content, and
    other hashes, do not.
    """
    return len({_NUMBER.sub("0", one) for one in ids}) * 2 <= len(ids)


def deal_in_turn(groups: Groups, folds: int, salt: str) -> dict[str, int]:
    """Deals each group to the fold that has the fewest rows of its category, then the fewest rows.

    Of several folds, that of the smallest salted hash. A group that comes after the others moves
    none of them; one that comes between them moves about half of those behind it.
    """
    in_category: dict[str, list[int]] = defaultdict(lambda: [0] * folds)
    in_fold = [0] * folds
    fold_of: dict[str, int] = {}
    for group, categories in groups.items():
        load = list(zip(in_category[categories[0]], in_fold, strict=True))
        lowest = min(load)
        least = [fold for fold, own in enumerate(load) if own == lowest]
        fold = least[0] if len(least) == 1 else min(least, key=partial(digest, salt, group))
        fold_of[group] = fold
        in_fold[fold] += len(categories)
        for category in categories:
            in_category[category][fold] += 1
    return fold_of


def deal_by_hash(groups: Groups, folds: int, salt: str) -> dict[str, int]:
    """Cuts each category, in the order of its groups' salted hashes, into one piece a fold.

    Pieces of a category are equally long but for one row, and the categories take turns in which
    folds get that row. A row that is added anywhere shifts the edges of the pieces of its category
    by a part of a row, and may shift the extra rows of the others.
    """
    of_category: dict[str, list[str]] = {}
    for group, categories in groups.items():
        of_category.setdefault(categories[0], []).append(group)
    fold_of: dict[str, int] = {}
    turn = 0
    for category in sorted(of_category):
        own = sorted(of_category[category], key=partial(digest, salt))
        starts = [0, *accumulate(len(groups[group]) for group in own)]
        each, extra = divmod(starts[-1], folds)
        sizes = [each + ((fold - turn) % folds < extra) for fold in range(folds)]
        turn = (turn + extra) % folds
        ends = list(accumulate(sizes))
        for group, start in zip(own, starts, strict=False):
            fold_of[group] = bisect_right(ends, start)
    return fold_of
