from hansol_assets_tests.scoring.conftest import (  # noqa: F401
    embedder,
    embedder_path,
    known_rows,
    rows,
    unseen_rows,
)
