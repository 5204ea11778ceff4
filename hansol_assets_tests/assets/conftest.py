from hansol_assets_tests.modeling.conftest import base_dir, documents  # noqa: F401
