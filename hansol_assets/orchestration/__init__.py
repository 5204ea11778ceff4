"""What is Dagster's: resources, checks, automation, locks of runs, summaries, the terminal.

What belongs here: everything that speaks Dagster. What does not: any work of an asset, which is
in the domain packages, and the assets' declarations (`hansol_assets.assets`).
"""
