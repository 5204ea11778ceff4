from pathlib import Path

import pandas as pd
import pytest
import torch

from hansol_assets.modeling.base.loading import LoadingSettings, load_causal_lm, load_tokenizer
from hansol_assets.modeling.base.tokenizer import encode_prompt, stop_ids
from hansol_assets.modeling.generation import (
    Generation,
    GenerationRequest,
    Generator,
    SeededSampling,
    stream_seed,
)
from hansol_assets.modeling.hyperparameters import GenerationSettings
from hansol_assets_tests.modeling.conftest import PAIRS, train, user

REQUESTS = [GenerationRequest(f"Q{place}", user(pair[0])) for place, pair in enumerate(PAIRS)]


def generator(base_dir: Path, adapter_dir: Path | None = None, **changes: object) -> Generator:
    small = {"max_new_tokens": 12, "batch_size": 6, "samples": 2}
    settings = GenerationSettings.model_validate({**small, **changes})
    return Generator(base_dir, adapter_dir, settings, LoadingSettings())


def texts(batches: list[list[Generation]]) -> dict[tuple[str, str, int], str]:
    return {(item.key, item.origin, item.sample): item.text for batch in batches for item in batch}


def test_each_request_gets_a_greedy_and_the_sampled_answers(base_dir: Path) -> None:
    batches = list(generator(base_dir).generate(REQUESTS))
    assert [len(batch) for batch in batches] == [6, 6, 6, 6]
    answers = [item for batch in batches for item in batch]
    assert {item.key for item in answers} == {request.key for request in REQUESTS}
    assert [(item.origin, item.sample) for item in batches[0][:3]] == [
        ("greedy", 0),
        ("sampled", 0),
        ("sampled", 1),
    ]
    lengths = [item.prompt_tokens for item in answers]
    assert lengths == sorted(lengths)
    assert all(1 <= item.new_tokens <= 12 for item in answers)


def test_a_text_does_not_depend_on_its_batch(base_dir: Path) -> None:
    together = texts(list(generator(base_dir, batch_size=64).generate(REQUESTS)))
    alone = [
        batch
        for request in reversed(REQUESTS)
        for batch in generator(base_dir, batch_size=1).generate([request])
    ]
    assert texts(alone) == together


def test_a_broken_run_goes_on_to_the_same_texts(base_dir: Path) -> None:
    whole = list(generator(base_dir).generate(REQUESTS))
    kept = whole[:2]
    done = {item.key for batch in kept for item in batch}
    rest = [request for request in REQUESTS if request.key not in done]
    resumed = kept + list(generator(base_dir).generate(rest))
    assert texts(resumed) == texts(whole)
    assert [len(batch) for batch in resumed] == [len(batch) for batch in whole]


def test_samples_follow_key_number_and_seed(base_dir: Path) -> None:
    question = user(PAIRS[0][0])
    twins = [GenerationRequest("A", question), GenerationRequest("B", question)]
    found = texts(list(generator(base_dir).generate(twins)))
    assert found["A", "greedy", 0] == found["B", "greedy", 0]
    assert found["A", "sampled", 0] != found["B", "sampled", 0]
    assert found["A", "sampled", 0] != found["A", "sampled", 1]
    assert texts(list(generator(base_dir, seed=1).generate(twins))) != found


def test_the_greedy_answer_is_the_most_probable_token_each_time(base_dir: Path) -> None:
    tokenizer = load_tokenizer(base_dir, LoadingSettings())
    model = load_causal_lm(base_dir, LoadingSettings())
    ids = encode_prompt(tokenizer, REQUESTS[0].messages)
    prompt_length = len(ids)
    with torch.inference_mode():
        while ids[-1] not in stop_ids(tokenizer) and len(ids) < prompt_length + 12:
            ids.append(int(model(torch.tensor([ids])).logits[0, -1].argmax()))
    batch = next(generator(base_dir, samples=0).generate([REQUESTS[0]]))
    expected = tokenizer.decode(ids[prompt_length:], skip_special_tokens=True).strip()
    assert batch[0].text == expected


def test_the_adapter_changes_the_answers(
    base_dir: Path, examples: pd.DataFrame, tmp_path: Path
) -> None:
    train(base_dir, examples, tmp_path / "adapter")
    with_adapter = texts(list(generator(base_dir, tmp_path / "adapter").generate(REQUESTS)))
    assert with_adapter != texts(list(generator(base_dir).generate(REQUESTS)))


def test_an_answer_that_reaches_its_end_of_turn_is_finished(base_dir: Path) -> None:
    built = generator(base_dir, samples=0)
    tokenizer = load_tokenizer(base_dir, LoadingSettings())
    ending = tokenizer.convert_tokens_to_ids("<end_of_turn>")
    word = tokenizer("벽지", add_special_tokens=False)["input_ids"]
    assert built._until_stop([*word, ending, 0, 0]) == [*word, ending]
    assert built._until_stop(word) == word
    answers = [item for batch in built.generate(REQUESTS) for item in batch]
    assert all(item.finished or item.new_tokens == 12 for item in answers)


def test_a_long_prompt_keeps_its_end(base_dir: Path) -> None:
    long = GenerationRequest("long", user("벽지가 들떴습니다. " * 40 + PAIRS[0][0]))
    batch = next(generator(base_dir, max_prompt_tokens=40, samples=0).generate([long]))
    assert batch[0].prompt_tokens == 40


def test_a_repetition_penalty_leaves_the_prompt_alone(base_dir: Path) -> None:
    plain = texts(list(generator(base_dir, samples=0).generate(REQUESTS)))
    penalised = texts(
        list(generator(base_dir, samples=0, repetition_penalty=50.0).generate(REQUESTS))
    )
    assert plain != penalised
    # The first token has nothing but the prompt before it.
    firsts = {"samples": 0, "max_new_tokens": 1}
    assert texts(list(generator(base_dir, **firsts).generate(REQUESTS))) == texts(
        list(generator(base_dir, **firsts, repetition_penalty=50.0).generate(REQUESTS))
    )


def test_nothing_to_answer_yields_nothing(base_dir: Path) -> None:
    assert list(generator(base_dir).generate([])) == []


def test_gumbel_noise_samples_the_softmax() -> None:
    probabilities = torch.tensor([0.6, 0.3, 0.1])
    rows = 4_000
    sampling = SeededSampling([stream_seed(0, str(row), 0) for row in range(rows)], 1.0, 1.0)
    scores = probabilities.log().repeat(rows, 1)
    drawn = sampling(torch.zeros((rows, 1), dtype=torch.long), scores).argmax(dim=-1)
    shares = torch.bincount(drawn, minlength=3) / rows
    assert torch.allclose(shares, probabilities, atol=0.03)


def test_the_nucleus_bounds_what_is_sampled() -> None:
    scores = torch.tensor([0.6, 0.3, 0.1]).log().repeat(200, 1)
    seeds = [stream_seed(0, str(row), 0) for row in range(200)]
    drawn = SeededSampling(seeds, 1.0, 0.8)(torch.zeros((200, 1), dtype=torch.long), scores)
    assert set(drawn.argmax(dim=-1).tolist()) == {0, 1}


def test_greedy_rows_keep_their_scores() -> None:
    scores = torch.tensor([[1.0, 2.0], [1.0, 2.0]])
    drawn = SeededSampling([None, 5], 0.7, 0.9)(torch.zeros((2, 1), dtype=torch.long), scores)
    assert drawn[0].tolist() == [1.0, 2.0]
    assert drawn[1].tolist() != [1.0, 2.0]


@pytest.mark.parametrize("changes", [{"temperature": 0}, {"samples": -1}, {"beams": 2}])
def test_impossible_settings_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        GenerationSettings.model_validate(changes)
