"""The commands that messages tell people to run, each written once."""

REFRESH = "hansol refresh"
PRUNE = "hansol lake prune --keep 3"
REVIEW = "hansol review --export"
PROMOTE = "hansol promote"
