"""The versions by which Dagster knows the raw files."""

from hansol_assets.lake.fingerprint import canonical_json, text_hash
from hansol_assets.lake.handles import Source
from hansol_assets.qa.table import ContractError
from hansol_assets.qa.table.reviewed import no_reviewed, read_reviewed
from hansol_assets.settings import REVIEW_CSV, Settings


def source_version(asset: str, source: Source, settings: Settings) -> str:
    """Returns the data version of a raw file: its content's hash.

    Of the review file only the answers that were filled in count: a queue that is written anew, or
    a question that is put into it, changes no result.
    """
    if asset != REVIEW_CSV:
        return source.version
    try:
        answers = read_reviewed(source.path, settings.table.placeholders)
    except ContractError:
        # A run tells what is wrong with it.
        return source.version
    return text_hash(canonical_json(answers.to_dict("records")))


NOTHING_FILLED_IN = text_hash(canonical_json(no_reviewed().to_dict("records")))
"""The version of a review file without an answer, which is as good as none."""
