"""Released models: which files are taken from the model hub or a folder, and how they are fetched.

What belongs here: names, revisions, downloads and what can go wrong with them. What does not:
loading what was fetched (`hansol_assets.modeling`, `hansol_assets.embedding`).
"""
