"""The bytes of a file: unpacked, told apart by content rather than by name, and decoded."""

import bz2
import gzip
import hashlib
import io
import lzma
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from hansol_assets.qa.table.repairs import nfc
from hansol_assets.qa.table.violations import ContractError, Violation, refusal

LARGEST = 4 * 2**30
"""Bytes of an unpacked file at most; a packed file of a few kilobytes can hold more than a disk."""

WORKBOOK = "workbook"
PARQUET = "parquet"
TEXT = "text"

TEXT_SUFFIXES = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson")
SUFFIXES = (*TEXT_SUFFIXES, ".xlsx", ".xlsm", ".xls", ".ods", ".parquet")
PACKED_SUFFIXES = (".gz", ".bz2", ".xz", ".zst", ".zip")

_PACKINGS: tuple[tuple[bytes, str, Callable[..., Any]], ...] = (
    (b"\x1f\x8b", "gzip", gzip.open),
    (b"BZh", "bzip2", bz2.open),
    (b"\xfd7zXZ\0", "xz", lzma.open),
    (b"\x28\xb5\x2f\xfd", "zstd", partial(pa.CompressedInputStream, compression="zstd")),
)
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PARQUET = b"PAR1"
_SAVE_AS = "save it as CSV in UTF-8"
_NOT_TABLES = (
    (b"version https://git-lfs.github.com/spec/", "is a Git LFS pointer, not the file that it "
     "stands for", "run git lfs pull, then run again"),
    (b"%PDF-", "is a PDF document, not a table", _SAVE_AS),
    (b"SQLite format 3\0", "is an SQLite database, not a table file", "export the table as CSV"),
    (b"\x89PNG", "is a picture, not a table", "write the table as CSV in UTF-8"),
    (b"\xff\xd8\xff", "is a picture, not a table", "write the table as CSV in UTF-8"),
    (b"7z\xbc\xaf\x27\x1c", "is a 7z archive", "unpack it, or pack it as .gz or .zip"),
    (b"Rar!", "is a RAR archive", "unpack it, or pack it as .gz or .zip"),
    (b"HWP Document File", "is a document of Hangul (HWP), not a table", _SAVE_AS),
)  # fmt: skip
_WEB_PAGE = (b"<!doctype html", b"<html", b"<head", b"<body", b"<table")
_XML = b"<?xml"
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_LOOKED_AT = 65_536
"""Bytes in which the signs of UTF-16 are looked for."""
_UTF8_SHARE = 0.5
_GUESS_CHARACTERS = 20_000
_AGAIN = "write the damaged text again, in UTF-8"


@dataclass(frozen=True, eq=False)
class Content:
    """A file's bytes, unpacked.

    Attributes:
        sha256: Hex digest of the file's bytes as they are on the disk.
        suffix: The suffix of the table's own name, in lower case.
        kind: `WORKBOOK`, `PARQUET` or `TEXT`.
        packing: How the bytes were packed ("gzip", "zip" …); empty where they were not.
    """

    path: Path
    sha256: str
    data: bytes
    suffix: str
    kind: str
    packing: str


def open_content(path: Path) -> Content:
    """Reads a file, unpacks it, and says what it is.

    Raises:
        ContractError: The file is missing, empty, cannot be unpacked, or is no table.
    """
    if not path.is_file():
        remedy = "put the file there, or name the folder that holds it"
        raise refusal(path, "there is no such file", remedy)
    data = path.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    name, packing = path.name.lower(), ""
    packed = next((one for one in _PACKINGS if data.startswith(one[0])), None)
    if packed is not None:
        _, packing, opened = packed
        data = _unpacked(path, packing, opened, data)
        name = Path(name).stem if Path(name).suffix in PACKED_SUFFIXES else name
    elif data.startswith(_ZIP) and not _is_workbook(data):
        name, data = _only_member(path, data)
        packing = "zip"
    return Content(path, sha256, data, Path(name).suffix, _kind(path, data), packing)


def _kind(path: Path, data: bytes) -> str:
    if not data:
        raise refusal(path, "the file is empty", "add the table")
    for magic, problem, remedy in _NOT_TABLES:
        if data.startswith(magic):
            raise refusal(path, problem, remedy)
    if data.startswith((_ZIP, _OLE)):
        return WORKBOOK
    if data.startswith(_PARQUET):
        return PARQUET
    head = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if head.startswith(_WEB_PAGE) or (head.startswith(_XML) and b"<html" in head):
        problem = "is a web page (HTML), not a table"
        remedy = "download the table itself, or open the page in a spreadsheet and " + _SAVE_AS
        raise refusal(path, problem, remedy)
    if head.startswith(_XML):
        raise refusal(path, "is an XML document, not a table", _SAVE_AS)
    return TEXT


def _unpacked(path: Path, packing: str, opened: Callable[..., Any], data: bytes) -> bytes:
    try:
        with opened(io.BytesIO(data)) as stream:
            whole: bytes = stream.read(LARGEST + 1)
    except (OSError, EOFError, lzma.LZMAError, ValueError) as error:
        problem = f"is packed with {packing} and cannot be unpacked ({error})"
        raise refusal(path, problem, "pack it again, or unpack it") from error
    return _bounded(path, whole)


def _bounded(path: Path, data: bytes) -> bytes:
    if len(data) > LARGEST:
        problem = f"holds more than {LARGEST // 2**30} GiB unpacked"
        raise refusal(path, problem, "give the table in a smaller file")
    return data


def _is_workbook(data: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile:
        # A workbook that was cut short: its reader says so.
        return b"xl/" in data[:4096] or b"mimetype" in data[:64]
    return any(name.lower().startswith(("xl/", "xl\\")) for name in names) or "mimetype" in names


def _only_member(path: Path, data: bytes) -> tuple[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = [
                member
                for member in archive.infolist()
                if not member.is_dir() and not member.filename.startswith(("__MACOSX/", "."))
            ]
            tables = _tables_of(files, path)
            if len(tables) != 1:
                named = ", ".join(one.filename for one in files[:10]) or "nothing"
                problem = f"is a zip archive that holds {named}, not one table"
                raise refusal(path, problem, "pack one table, or unpack it")
            if tables[0].file_size > LARGEST:
                _bounded(path, b"")
            with archive.open(tables[0]) as member:
                return tables[0].filename.lower(), _bounded(path, member.read(LARGEST + 1))
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        problem = f"is a zip archive that cannot be unpacked ({error})"
        raise refusal(path, problem, "pack it again without a password, or unpack it") from error


def _tables_of(files: list[zipfile.ZipInfo], archive: Path) -> list[zipfile.ZipInfo]:
    """The tables in an archive: those of its own name, else all that are not plain text."""
    tables = [one for one in files if Path(one.filename).suffix.lower() in SUFFIXES]
    name = nfc(archive.name.split(".", 1)[0].lower())
    named = [one for one in tables if nfc(Path(one.filename).stem.lower()) == name]
    no_text = [one for one in tables if not one.filename.lower().endswith(".txt")]
    return named or no_text or tables


def decode(path: Path, data: bytes) -> tuple[str, str]:
    """Decodes a file's bytes; returns the text, and Python's name of its encoding.

    A byte order mark decides. Else the text is UTF-16 where every other byte of its line ends is
    zero, UTF-8 where it reads as that, and cp949 (Korean Windows; EUC-KR is a part of it) where it
    reads as that. cp949 accepts most byte pairs, so lines that read as UTF-8 settle the encoding of
    the whole file.

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
    start = data.find(b"\0")
    if start >= 0:
        line = data.count(b"\n", 0, start) + 1
        problem = "holds a NUL byte, so it is damaged, or no text"
        raise ContractError(path, [Violation(line, "", problem, _SAVE_AS)])
    with suppress(UnicodeDecodeError):
        return data.decode("utf-8"), "utf-8"
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
        signs = "".join(head.decode(encoding, errors="replace").split())
        # Text of another kind, read so, gives characters of every script and no line of CSV.
        plain = sum(one.isascii() or "가" <= one <= "힣" for one in signs)
        if signs and plain / len(signs) > 0.9:
            return encoding
    return None


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
