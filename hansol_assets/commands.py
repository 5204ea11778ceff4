"""The commands that messages tell people to run, each written once.

What belongs here: their words, so that no message names a command that is not there (a test asks
the command line). What does not: what they do (`hansol_assets.cli`).
"""

REFRESH = "hansol refresh"
PRUNE = "hansol lake prune --keep 3"
REVIEW = "hansol review --export"
PROMOTE = "hansol promote"
