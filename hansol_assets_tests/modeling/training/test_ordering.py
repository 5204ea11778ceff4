import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.modeling.training.sft import training_order

_lengths = st.lists(st.integers(1, 300), min_size=1, max_size=40)


@given(
    lengths=_lengths,
    batch_size=st.integers(1, 8),
    pool_batches=st.integers(1, 4),
    seed=st.integers(0, 9),
)
def test_an_epoch_holds_no_example_twice(
    lengths: list[int], batch_size: int, pool_batches: int, seed: int
) -> None:
    whole = len(lengths) // batch_size * batch_size or len(lengths)
    order = training_order(lengths, batch_size, 3 * whole, pool_batches, seed)
    assert len(order) == 3 * whole
    for start in range(0, len(order), whole):
        epoch = order[start : start + whole]
        assert len(set(epoch)) == whole
        assert set(epoch) <= set(range(len(lengths)))


def test_a_pool_brings_like_lengths_together() -> None:
    lengths = np.random.default_rng(0).integers(1, 300, size=800).tolist()

    def padding(pool_batches: int) -> int:
        order = training_order(lengths, 8, 800, pool_batches, seed=1)
        sizes = np.asarray(lengths)[order].reshape(-1, 8)
        return int((sizes.max(axis=1, keepdims=True) - sizes).sum())

    assert padding(50) < 0.1 * padding(1)


def test_epochs_differ_and_the_seed_repeats_them() -> None:
    order = training_order([5] * 20, 4, 40, 2, seed=1)
    assert order[:20] != order[20:]
    assert order == training_order([5] * 20, 4, 40, 2, seed=1)
    assert order != training_order([5] * 20, 4, 40, 2, seed=2)


def test_fewer_examples_than_a_batch_are_repeated() -> None:
    assert sorted(training_order([3, 4], 8, 8, 50, seed=0)) == [0, 0, 0, 0, 1, 1, 1, 1]
