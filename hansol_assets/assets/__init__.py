"""The lineage graph: one thin module a group, in pipeline order.

An asset here is a declared function: its parameters are all that its result depends on, its body is
plain Python, and neither knows anything of Dagster. The work stands in the domain packages. Groups
are given by module in `hansol_assets.assets.groups`.
"""
