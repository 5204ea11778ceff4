"""The parts of an XLSX file, found by their relations and put where readers look for them.

A package names its parts as it likes. Strict OOXML (ISO/IEC 29500-1) has other namespaces.
"""

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

from hansol_assets.qa.table.content import LARGEST

WORKBOOK, STYLES, STRINGS = "xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml"
_USUAL = {"officeDocument": WORKBOOK, "styles": STYLES, "sharedStrings": STRINGS}
"""Kind of relation → where readers look for what it leads to."""
_TYPES = "[Content_Types].xml"
_PART_NAME = re.compile(rb'(?<=PartName=["\'])/[^"\']*')
_STRICT = re.compile(rb'((?:xmlns(?::\w+)?|Type)=["\'])http://purl\.oclc\.org/ooxml/(\w+)/')
_TRANSITIONAL = rb"\1http://schemas.openxmlformats.org/\2/2006/"


def with_usual_parts(data: bytes) -> bytes:
    """A workbook whose parts have the names and namespaces that readers know.

    A file that is no XLSX workbook, is damaged, or has them already is returned as it is.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _Package(archive).written() or data
    except Exception:  # What is damaged is named by the reader that opens it.
        return data


def sheet_parts(data: bytes) -> dict[str, str]:
    """The part that holds the cells of each sheet of a workbook with usual parts."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return _Package(archive).sheets


class _Relation(NamedTuple):
    reference: str
    kind: str
    target: str


class _Package:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = archive.namelist()
        self._by_key = {_key(name): name for name in self._names}

    @property
    def sheets(self) -> dict[str, str]:
        targets = {one.reference: one.target for one in self._relations(self._workbook)}
        # The attribute is in one of two namespaces.
        return {
            sheet.get("name"): targets[value]
            for sheet in self._xml(self._workbook).iter()
            if str(sheet.tag).endswith("}sheet")
            for name, value in sheet.attrib.items()
            if name.endswith("}id") and value in targets
        }

    def written(self) -> bytes | None:
        """The package with every part in its place; None where each is already."""
        parts = self._placed()
        is_strict = bool(_STRICT.search(self._archive.read(self._spelt(self._workbook))))
        if not is_strict and all(new == old for new, old in parts.items()):
            return None
        if sum(one.file_size for one in self._archive.infolist()) > LARGEST:
            return None
        moved = {f"/{_key(old)}".encode(): f"/{new}".encode() for new, old in parts.items()}
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
            for new, old in parts.items():
                part = self._archive.read(old)
                if is_strict and new.endswith((".xml", ".rels")):
                    part = _STRICT.sub(_TRANSITIONAL, part)
                if new == _TYPES:
                    part = _PART_NAME.sub(lambda one: moved.get(one[0].lower(), one[0]), part)
                made.writestr(new, part)
        return buffer.getvalue()

    @cached_property
    def _workbook(self) -> str:
        parts = (one.target for one in self._relations("") if one.kind == "officeDocument")
        return next((part for part in parts if _key(part) in self._by_key), WORKBOOK)

    def _placed(self) -> dict[str, str]:
        """Where each part belongs, by its relations and its readers → its name."""
        targets = {usual: usual for usual in (_TYPES, STYLES, STRINGS)}
        targets[_rels_of(WORKBOOK)] = _rels_of(self._workbook)
        for one in (*self._relations(""), *self._relations(self._workbook)):
            targets[_USUAL.get(one.kind, one.target)] = one.target
        parts = {_plain(name): name for name in self._names}
        for new, target in targets.items():
            if _key(target) in self._by_key:
                old = self._spelt(target)
                parts.pop(_plain(old), None)
                parts[new] = old
        return parts

    def _relations(self, part: str) -> Iterator[_Relation]:
        """The relations of a part; of the package itself where it is empty."""
        for one in self._xml(_rels_of(part)):
            if one.get("TargetMode") != "External":
                target = posixpath.join("/", posixpath.dirname(part), one.get("Target"))
                kind = one.get("Type").rpartition("/")[2]
                yield _Relation(one.get("Id"), kind, posixpath.normpath(target).lstrip("/"))

    def _xml(self, name: str) -> Any:
        from openpyxl.xml.functions import fromstring

        return fromstring(self._archive.read(self._spelt(name)))

    def _spelt(self, name: str) -> str:
        return name if name in self._names else self._by_key[_key(name)]


def _key(name: str) -> str:
    return _plain(name).casefold()


def _plain(name: str) -> str:
    """A part's name as readers know it; some programs divide them by backslashes."""
    return name.replace("\\", "/").lstrip("/")


def _rels_of(part: str) -> str:
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")
