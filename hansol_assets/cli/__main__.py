"""`python -m hansol_assets.cli`: the same as `hansol`."""

from hansol_assets.cli.main import app

app()
