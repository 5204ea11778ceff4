"""Generated answers that are kept as they come, and found again by content.

What belongs here: asking the model only for what the cache does not hold. What does not: decoding
(`hansol_assets.modeling.generation`) and what the answers are used for.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hansol_assets.compute.protocol import Workers
from hansol_assets.lake.cache import RowCache
from hansol_assets.lake.fingerprint import canonical_json, text_hash
from hansol_assets.lake.reports import Log
from hansol_assets.modeling.generation import AnswerPrompts, Generation, GenerationRequest

GENERATION_COLUMNS = tuple(Generation.__dataclass_fields__)


def generation_request(messages: Sequence[dict[str, str]]) -> GenerationRequest:
    """Names a prompt by its content, so that the same prompt is answered once."""
    return GenerationRequest(text_hash(canonical_json(list(messages))), messages)


@dataclass(frozen=True)
class Answered:
    """Answers to requests.

    Attributes:
        generations: The columns of `Generation`, in the order of the requests, the greedy answer
            of each first.
        asked: Keys of the prompts that the model was asked.
        found: Prompts that were answered before.
        unanswered: Prompts that the model could not answer.
    """

    generations: pd.DataFrame
    asked: frozenset[str]
    found: int
    unanswered: int


def answer_requests(
    requests: Sequence[GenerationRequest],
    cache: RowCache,
    scope: str,
    open_work: Callable[[], tuple[AnswerPrompts, Workers]],
    log: Log,
) -> Answered:
    """Answers requests, committing batch by batch, and skipping those answered before.

    Args:
        requests: The prompts; equal keys are answered once.
        cache: Where answers are kept.
        scope: Names the model and the decoding settings.
        open_work: Gives the work and who does it; called only if an answer is missing.
        log: Writes a line to the run's log.
    """
    wanted = {request.key: request for request in requests}
    known = cache.get(scope, list(wanted))
    answered = set(known.get("key", []))
    missing = [request for key, request in wanted.items() if key not in answered]
    if missing and len(missing) < len(wanted):
        log(f"resumed: {len(wanted) - len(missing)} of {len(wanted)} questions are answered")
    unanswered = 0
    if missing:
        work, workers = open_work()
        done = len(wanted) - len(missing)
        for made in workers.map(work.blocks(missing)):
            done += pc.count_distinct(made["key"]).as_py()
            unanswered += _keep(made, cache, scope, log)
            line = f"answered {done} of {len(wanted)} questions"
            log(line, {"step": done, "steps": len(wanted)})
        known = cache.get(scope, list(wanted))
    asked = frozenset(request.key for request in missing)
    return Answered(_in_order(known, wanted), asked, len(wanted) - len(asked), unanswered)


def _keep(made: pa.Table, cache: RowCache, scope: str, log: Callable[[str], None]) -> int:
    """Keeps answers, and tells of the prompts without one, which are asked again by the next run.

    Returns:
        How many of those there are.
    """
    is_whole = pc.is_null(made["problem"])
    problems = made.filter(pc.invert(is_whole))["problem"].to_pylist()
    for problem in problems:
        log(f"a prompt could not be answered ({problem}): its question keeps what is retrieved")
    whole = made.filter(is_whole).select(list(GENERATION_COLUMNS))
    if len(whole):
        cache.put(scope, whole)
    return len(problems)


def _in_order(known: pd.DataFrame, wanted: Iterable[str]) -> pd.DataFrame:
    if known.empty:
        return pd.DataFrame(columns=list(GENERATION_COLUMNS))
    order = {key: place for place, key in enumerate(wanted)}
    return known.sort_values(
        by=["key", "origin", "sample"],
        key=lambda column: column.map(order) if column.name == "key" else column,
        ignore_index=True,
    )[list(GENERATION_COLUMNS)]
