"""Jobs: named selections of the graph.

What belongs here: what is run together. What does not: what an asset does.
See https://docs.dagster.io/guides/build/jobs
"""

import dagster as dg

refresh = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all(),
    description="Brings every asset up to date, from the raw tables to the submission and the "
    "leaderboard. Assets whose inputs did not change are reused.",
)
