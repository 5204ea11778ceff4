"""Long tables, made block by block: in bounded memory, and resumed where a killed run stopped."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from hansol_assets.lake.atomic import write_atomically
from hansol_assets.lake.manifest import Fact
from hansol_assets.lake.records import Records
from hansol_assets.lake.reports import Build, TableReport

_METADATA = b"hansol"
"""Key in a block's file of its facts and tables."""

Tables = Mapping[str, Records]


def first(tables: Sequence[Tables]) -> Tables:
    """Shows the tables of the first block."""
    return tables[0]


def in_blocks(
    build: Build,
    size: int,
    rows: pd.DataFrame,
    work: Callable[[pd.DataFrame], TableReport],
    shown: Callable[[Sequence[Tables]], Tables] = first,
) -> TableReport:
    """Works on rows, `size` at a time; on all at once where they are no more than that.

    What the work makes of a row must not depend on the others. Of several blocks the whole numbers
    add up, other figures are averaged by rows, pictures are left out, and `shown` says which tables
    are shown. Finished blocks are the build's checkpoints.
    """
    if len(rows) <= size:
        return work(rows)
    build.checkpoints.mkdir(parents=True, exist_ok=True)
    paths = []
    for start in range(0, len(rows), size):
        block = rows.iloc[start : start + size].reset_index(drop=True)
        path = _path(build, start)
        if not path.exists():
            _write(path, work(block))
        paths.append(path)
        build.log(f"blocks of questions: step {start + len(block)} of {len(rows)}")
    return _joined(paths, shown)


def spooled(build: Build, blocks: Iterable[TableReport]) -> TableReport:
    """Makes a table, reported as `in_blocks` does, of blocks as they come, one in memory a time.

    They cannot be made each by itself, and are all made anew where a run was stopped. There is one
    at least; of one alone no file is written.
    """
    coming = iter(blocks)
    opening = list(islice(coming, 2))
    if len(opening) == 1:
        return opening[0]
    build.checkpoints.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, block in enumerate(chain(opening, coming)):
        paths.append(_path(build, number))
        _write(paths[-1], block)
    return _joined(paths, first)


def _path(build: Build, number: int) -> Path:
    return build.checkpoints / f"block-{number:09}.parquet"


def _joined(paths: Sequence[Path], shown: Callable[[Sequence[Tables]], Tables]) -> TableReport:
    reports = [json.loads(pq.read_schema(path).metadata[_METADATA]) for path in paths]
    sizes = [pq.read_metadata(path).num_rows for path in paths]
    return TableReport(
        frame=pd.read_parquet(paths[0]),
        blocks=paths,
        facts=_joined_facts([report["facts"] for report in reports], sizes),
        tables=shown([report["tables"] for report in reports]),
    )


def _write(path: Path, report: TableReport) -> None:
    said = {"facts": dict(report.facts), "tables": dict(report.tables)}
    table = pa.Table.from_pandas(report.frame, preserve_index=False)
    if any(isinstance(kind, pd.ArrowDtype) for kind in report.frame.dtypes):
        # Pandas writes the names of these types, and cannot read those of lists.
        table = table.replace_schema_metadata(None)
    metadata = {**(table.schema.metadata or {}), _METADATA: json.dumps(said, ensure_ascii=False)}
    content = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata(metadata), content)
    write_atomically(path, content.getvalue().to_pybytes())


def _joined_facts(facts: Sequence[Mapping[str, Fact]], sizes: Sequence[int]) -> dict[str, Fact]:
    names = dict.fromkeys(name for of_block in facts for name in of_block)
    blocks = list(zip(facts, sizes, strict=True))
    return {
        name: _joined_fact([(fs[name], size) for fs, size in blocks if name in fs])
        for name in names
    }


def _joined_fact(values: Sequence[tuple[Fact, int]]) -> Fact:
    """One figure of those of several blocks, each with the rows of its block."""
    if all(isinstance(value, int) for value, _ in values):
        return sum(int(value) for value, _ in values)
    if any(isinstance(value, str) for value, _ in values):
        return values[0][0]
    weighted = sum(float(value) * size for value, size in values)
    return round(weighted / sum(size for _, size in values), 4)
