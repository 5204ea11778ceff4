from pathlib import Path

import numpy as np
import pytest

from hansol_assets.embedding.embedder import encode
from hansol_assets.embedding.fitted import load, save
from hansol_assets.embedding.muse import MuseEmbedder
from hansol_assets.embedding.vectors import mean_directions, unit
from hansol_assets.qa.connectives import join_answers
from hansol_assets.scoring.join_map import JoinMap

ANSWERS = {
    "A": ["벽지가 들뜨면 풀을 다시 바릅니다.", "들뜬 벽지는 주걱으로 눌러 붙입니다."],
    "B": ["강마루는 접착제로 바닥에 붙입니다."],
    "C": ["결로는 환기로 줄일 수 있습니다.", "창을 자주 열면 결로가 줄어듭니다."],
    "D": ["타일 줄눈은 솔로 닦고 말립니다."],
    "E": ["단열재는 틈이 없이 채워야 합니다."],
    "F": ["장판은 찍힘에 약한 편입니다."],
}


def fitted(embedder: MuseEmbedder, ids: list[str]) -> JoinMap:
    return JoinMap.fit(ids, [ANSWERS[key] for key in ids], embedder)


def test_a_joined_answer_is_met_better_than_by_the_mean(embedder: MuseEmbedder) -> None:
    first, second = "문틀의 곰팡이는 락스로 지웁니다.", "방음재는 벽에 붙입니다."
    whole = unit(encode(embedder, [join_answers(first, second, "그리고")]))[0]
    parts = [encode(embedder, [first, second])]
    joined = fitted(embedder, list(ANSWERS)).apply(parts)[0]

    assert joined @ whole > unit(mean_directions(parts))[0] @ whole
    assert np.linalg.norm(joined) == pytest.approx(1)


def test_one_part_is_the_whole_and_nothing_stays_nothing(embedder: MuseEmbedder) -> None:
    joining = fitted(embedder, list(ANSWERS))
    part = np.eye(1, 512)

    assert joining.apply([part, np.zeros((2, 512))]) == pytest.approx(
        np.vstack([part, np.zeros((1, 512))])
    )


def test_without_pairs_the_mean_direction_is_taken(embedder: MuseEmbedder) -> None:
    joining = fitted(embedder, ["A"])

    assert joining.apply([np.eye(2, 512)]) == pytest.approx(unit(np.eye(2, 512).mean(axis=0))[None])


def test_the_order_of_the_rows_does_not_matter_and_a_map_is_kept(
    embedder: MuseEmbedder, tmp_path: Path
) -> None:
    joining = fitted(embedder, list(ANSWERS))
    save(joining, tmp_path)
    parts = [np.eye(2, 512)]

    assert np.array_equal(load(JoinMap, tmp_path).apply(parts), joining.apply(parts))
    assert fitted(embedder, sorted(ANSWERS, reverse=True)).apply(parts) == pytest.approx(
        joining.apply(parts)
    )
