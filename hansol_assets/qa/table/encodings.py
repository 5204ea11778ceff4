"""From bytes to text.

What belongs here: which encoding a file of text is in, and the lines that are not text in it. What
does not: what the text says.
"""

from pathlib import Path

from hansol_assets.qa.table.violations import ContractError, Violation

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_LOOKED_AT = 65_536
_UTF8_SHARE = 0.5
_GUESS_CHARACTERS = 20_000
_AGAIN = "write the damaged text again, in UTF-8"
_SAVE_AS = "save it as CSV in UTF-8"


def decode(path: Path, data: bytes) -> tuple[str, str]:
    """Decodes a file's bytes.

    A byte order mark decides. Else the text is UTF-16 where every other byte of its line ends is
    zero, UTF-8 where it reads as that, and cp949 (Korean Windows; EUC-KR is a part of it) where it
    reads as that. cp949 accepts most byte pairs, so a damaged UTF-8 file must not be taken for it:
    lines that read as UTF-8 settle the encoding of the whole file.

    Returns:
        The text, and Python's name of its encoding.

    Raises:
        ContractError: With each line that is not text in the likeliest encoding.
    """
    marked = next((name for mark, name in _BOMS if data.startswith(mark)), None)
    encoding = marked or _wide(data)
    if encoding:
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError as error:
            if encoding == "utf-8-sig":
                raise ContractError(path, _undecodable(data, "utf-8")) from error
            problem = f"starts as {encoding} text and is damaged at byte {error.start}"
            raise ContractError(path, [Violation(None, "", problem, _AGAIN)]) from error
    _refuse_nul(path, data)
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    if _is_mostly_utf8(data):
        raise ContractError(path, _undecodable(data, "utf-8"))
    if _decodes(data, "cp949"):
        return data.decode("cp949"), "cp949"
    likelier = min(("utf-8", "cp949"), key=lambda name: len(_undecodable(data, name)))
    raise ContractError(path, [*_undecodable(data, likelier), *_other_guess(data)])


def _wide(data: bytes) -> str | None:
    """UTF-16 without its mark: a newline or a comma has its zero byte on one side, always."""
    head = data[: _LOOKED_AT - _LOOKED_AT % 2]
    if b"\0" not in head:
        return None
    for encoding in ("utf-16-le", "utf-16-be"):
        signs = "".join(_decoded_or_empty(head, encoding).split())
        # Text of another kind, read so, gives characters of every script and no line of CSV.
        plain = sum(one.isascii() or "가" <= one <= "힣" for one in signs)
        if signs and plain / len(signs) > 0.9:
            return encoding
    return None


def _decoded_or_empty(data: bytes, encoding: str) -> str:
    return data.decode(encoding, errors="replace")


def _refuse_nul(path: Path, data: bytes) -> None:
    place = data.find(b"\0")
    if place < 0:
        return
    line = data[:place].count(b"\n") + 1
    problem = "holds a NUL byte, so it is damaged, or no text"
    raise ContractError(path, [Violation(line, "", problem, _SAVE_AS)])


def _is_mostly_utf8(data: bytes) -> bool:
    """Whether the lines that could be either are UTF-8."""
    lines = [line for line in data.split(b"\n") if not line.isascii()]
    header = data.split(b"\n", 1)[0]
    if not header.isascii() and _decodes(header, "utf-8"):
        return True
    return sum(_decodes(line, "utf-8") for line in lines) / max(1, len(lines)) >= _UTF8_SHARE


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _undecodable(data: bytes, encoding: str) -> list[Violation]:
    problem = f"holds bytes that are not {encoding} text"
    return [
        Violation(line, "", problem, _AGAIN)
        for line, content in enumerate(data.split(b"\n"), start=1)
        if not _decodes(content, encoding)
    ]


def _other_guess(data: bytes) -> list[Violation]:
    """What another encoding the text may be in, as charset-normalizer guesses."""
    from charset_normalizer import from_bytes

    best = from_bytes(data[:_GUESS_CHARACTERS]).best()
    if best is None or best.encoding in {"utf_8", "cp949", "ascii"}:
        return []
    problem = f"is neither UTF-8 nor cp949; it may be {best.encoding}"
    return [Violation(None, "", problem, _SAVE_AS)]
