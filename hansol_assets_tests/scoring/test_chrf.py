from hansol_assets.scoring.chrf import chrf_scores


def test_each_text_is_compared_with_the_best_of_its_own_references() -> None:
    texts = ["벽지는 풀로 붙입니다.", "벽지는 풀로 붙입니다."]
    references = [
        ["바닥은 본드로 깝니다.", "벽지는 풀로 붙입니다."],
        ["바닥은 본드로 깝니다."],
    ]
    same, other = chrf_scores(texts, references)

    assert same == 100.0
    assert 0 < other < 50
