"""The groups of the graph, by the module that declares each."""

from collections.abc import Iterator, Mapping
from types import ModuleType

from hansol_assets.assets import answers, dataset, evaluation, model, raw, retrieval, submission
from hansol_assets.lake.declaration import AssetDeclaration, declared_in

GROUPS: Mapping[str, ModuleType] = {
    "raw": raw,
    "dataset": dataset,
    "retrieval": retrieval,
    "model": model,
    "answers": answers,
    "evaluation": evaluation,
    "submission": submission,
}
"""Group of the graph → the module that declares it, in pipeline order."""


def declarations() -> Iterator[AssetDeclaration]:
    """Yields every asset of the graph."""
    for module in GROUPS.values():
        yield from declared_in(module)
