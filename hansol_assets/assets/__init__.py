"""The lineage graph: one thin module per group, in pipeline order.

An asset here is a docstring, a decorator and one call; the work stands in the domain packages,
which know nothing of Dagster. Groups are given by module in `hansol_assets.definitions`.
"""
