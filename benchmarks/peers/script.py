"""The bodies of the assets, called one after the other by a script, without Dagster.

What belongs here: the order of the inputs, and a call. What does not: events, checks, runs and
locks, which are what the graph's overhead buys.
"""

from graphlib import TopologicalSorter
from typing import Any

from hansol_assets.answering.readings import readings_cached
from hansol_assets.assets.groups import declarations
from hansol_assets.lake.making import make
from hansol_assets.lake.store import Lake
from hansol_assets.orchestration.home import set_process_defaults
from hansol_assets.settings import load_settings


def quiet(*_: Any) -> None:
    """Takes a line of the log."""


def main() -> None:
    """Makes every asset that the settings name."""
    set_process_defaults()
    settings = load_settings()
    lake = Lake(settings.lake_dir, settings.live_name)
    known = {item.name: item for item in declarations()}
    needs = {name: [*item.input_names, *item.after] for name, item in known.items()}
    skipped: set[str] = set()
    with readings_cached(lake):
        for name in TopologicalSorter(needs).static_order():
            if name not in known:
                continue  # a raw file
            declaration = known[name]
            if skipped.intersection(needs[name]):
                skipped.add(name)
                continue
            bound = declaration.bind(lake, settings, settings.raw_files)
            if bound.is_idle:
                skipped.add(name)
                continue
            outcome = make(bound, quiet)
            if declaration.conclude:
                list(declaration.conclude(lake, outcome.manifest))


if __name__ == "__main__":
    main()
