"""Fingerprints, which name an asset's work before it is done, and hashes of content.

Equal fingerprints mean equal bytes, so nothing is made twice.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from hansol_assets.settings_model import shaping_values

NO_LIBRARIES: Mapping[str, str] = MappingProxyType({})

FINGERPRINT_LENGTH = 16
"""Hexadecimal digits kept of a SHA-256 (64 bits: no clash expected below 10^9 artifacts)."""

FINGERPRINT_PATTERN = f"[0-9a-f]{{{FINGERPRINT_LENGTH}}}"
"""What every fingerprint looks like; any other text in a file that names one is ignored."""


def canonical_json(value: Any) -> str:
    """Returns the one JSON text of a value: sorted keys, no spaces, Korean kept as it is."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def text_hash(text: str) -> str:
    """Returns the SHA-256 of a text's UTF-8 bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def file_hash(path: Path) -> str:
    """Returns the SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def directory_stamp(folder: Path) -> str:
    """Hashes names, sizes and times of a folder's files, which is quicker than their bytes."""
    files = (
        (str(path.relative_to(folder)), path.stat())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    )
    return text_hash(canonical_json([[name, s.st_size, s.st_mtime_ns] for name, s in files]))


def fingerprint(
    asset: str,
    code_version: str,
    config: Mapping[str, Any],
    inputs: Mapping[str, str],
    libraries: Mapping[str, str] = NO_LIBRARIES,
) -> str:
    """Hashes all that an asset's result depends on to `FINGERPRINT_LENGTH` hexadecimal digits.

    `config` has the settings that matter, `inputs` data versions, `libraries` releases.
    """
    identity: dict[str, Any] = {
        "asset": asset,
        "code_version": code_version,
        "config": dict(config),
        "inputs": dict(inputs),
    }
    if libraries:
        identity["libraries"] = dict(libraries)
    return text_hash(canonical_json(identity))[:FINGERPRINT_LENGTH]


def config_of(**sections: Any) -> dict[str, Any]:
    """Returns settings as the JSON values that a fingerprint hashes.

    Settings of a section that change no result are left out.
    """
    return {
        name: shaping_values(value) if isinstance(value, BaseModel) else value
        for name, value in sections.items()
    }
