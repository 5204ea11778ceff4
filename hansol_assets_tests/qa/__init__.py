"""Tests of `hansol_assets.qa`."""
