"""The order in which examples are trained on, laid out before training starts.

An order known beforehand is what lets a resumed run see the very batches that the interrupted one
would have seen; transformers' own length-grouped sampler draws from the global generator and does
not.
"""

from collections.abc import Sequence

import numpy as np


def training_order(
    lengths: Sequence[int], batch_size: int, count: int, pool_batches: int, seed: int
) -> list[int]:
    """Lay out so many examples, epoch after epoch, each in a new order.

    Every epoch is cut into whole batches; the few examples that would not fill one are left out of
    that epoch, by chance.

    `lengths`: tokens of each example, at least one.
    `pool_batches`: batches whose examples are sorted by length among themselves, which saves
    padding; with 1, batches are left to chance.
    """
    random = np.random.default_rng(seed)
    sizes = np.asarray(lengths)
    order: list[int] = []
    while len(order) < count:
        order += _epoch(sizes, batch_size, pool_batches, random)
    return order[:count]


def _epoch(
    lengths: np.ndarray, batch_size: int, pool_batches: int, random: np.random.Generator
) -> list[int]:
    shuffled = random.permutation(len(lengths))
    whole = len(shuffled) // batch_size * batch_size
    if not whole:
        return shuffled.tolist()
    pool = batch_size * pool_batches
    kept = shuffled[:whole]
    pools = [kept[start : start + pool] for start in range(0, whole, pool)]
    grouped = [part[np.argsort(lengths[part], kind="stable")] for part in pools]
    batches = np.concatenate(grouped).reshape(-1, batch_size)
    return random.permutation(batches).ravel().tolist()
