"""The bytes of a file, taken out of their packing, and what kind of file they are.

What belongs here: compression, and telling formats apart by content rather than by name. What does
not: reading a format (`hansol_assets.qa.table.reading` picks the reader).
"""

import bz2
import gzip
import hashlib
import io
import lzma
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from hansol_assets.qa.table.repairs import nfc
from hansol_assets.qa.table.violations import refusal

LARGEST = 4 * 2**30
"""Bytes of an unpacked file at most; a packed file of a few kilobytes can hold more than a disk."""

WORKBOOK = "workbook"
PARQUET = "parquet"
TEXT = "text"

TEXT_SUFFIXES = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson")
SUFFIXES = (*TEXT_SUFFIXES, ".xlsx", ".xlsm", ".xls", ".ods", ".parquet")
PACKED_SUFFIXES = (".gz", ".bz2", ".xz", ".zst", ".zip")

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


@dataclass(frozen=True, eq=False)
class Content:
    """A file's bytes, unpacked.

    Attributes:
        path: The file.
        sha256: Hex digest of the file's bytes as they lie on the disk.
        data: The bytes of the table itself.
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
    unpack = next((found for magic, found in _PACKINGS if data.startswith(magic)), None)
    if unpack is not None:
        data, packing = _unpacked(path, data, unpack)
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


def _unpacked(
    path: Path, data: bytes, unpack: tuple[str, Callable[[bytes], io.IOBase]]
) -> tuple[bytes, str]:
    packing, opened = unpack
    try:
        with opened(data) as stream:
            whole = stream.read(LARGEST + 1)
    except (OSError, EOFError, lzma.LZMAError, ValueError) as error:
        problem = f"is packed with {packing} and cannot be unpacked ({error})"
        raise refusal(path, problem, "pack it again, or unpack it") from error
    return _bounded(path, whole), packing


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
    """The name and bytes of the one table in a zip archive."""
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
    own_name = nfc(archive.name.split(".", 1)[0].lower())
    named = [one for one in tables if nfc(Path(one.filename).stem.lower()) == own_name]
    no_text = [one for one in tables if not one.filename.lower().endswith(".txt")]
    return named or no_text or tables


def _open_zstd(data: bytes) -> io.IOBase:
    return pa.CompressedInputStream(pa.BufferReader(data), "zstd")


def _open_xz(data: bytes) -> io.IOBase:
    return lzma.LZMAFile(io.BytesIO(data))


_PACKINGS: tuple[tuple[bytes, tuple[str, Callable[[bytes], io.IOBase]]], ...] = (
    (b"\x1f\x8b", ("gzip", lambda data: gzip.GzipFile(fileobj=io.BytesIO(data)))),
    (b"BZh", ("bzip2", lambda data: bz2.BZ2File(io.BytesIO(data)))),
    (b"\xfd7zXZ\0", ("xz", _open_xz)),
    (b"\x28\xb5\x2f\xfd", ("zstd", _open_zstd)),
)
