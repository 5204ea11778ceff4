"""Seeded draws that depend on names, not on order.

What belongs here: choosing, ordering and dealing by hash, so that a draw stays the same when the
rows come in another order or other draws are added. What does not: what is drawn
(`hansol_assets.qa.pairing`).
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

Item = TypeVar("Item")

PARTS = "\x1f"
"""Stands between the parts of what is hashed: parts that are joined by it hash as they do."""


def digest(*parts: object) -> str:
    """Hex sha256 of the parts, told apart even where their texts run together."""
    return hashlib.sha256(PARTS.join(map(str, parts)).encode()).hexdigest()


def choose(items: Sequence[Item], *name: object) -> Item:
    """One of the items, decided by the name of the draw (its seed is a part of the name)."""
    return items[int(digest(*name), 16) % len(items)]


def chance(*name: object) -> float:
    """A number of its own for every name, evenly spread from 0 up to 1."""
    return int(digest(*name), 16) / 2**256


def draw(keys: Sequence[str], count: int | None, *name: object) -> list[int]:
    """Places of so many of the keys, in their order; of all where `count` is None.

    They are those whose hashes come first, so that one key more displaces one at most.
    """
    if count is None or len(keys) <= count:
        return list(range(len(keys)))
    by_hash = sorted(range(len(keys)), key=lambda place: digest(*name, keys[place]))
    return sorted(by_hash[:count])


def spread_pairs(
    items: Sequence[Item], key: Callable[[Item], str], *name: object
) -> Iterator[tuple[Item, Item]]:
    """Yield every ordered pair of different items once, using all items about equally often.

    The items stand in a circle in an order drawn by name; each is paired with its neighbour, then
    with the one after, and so on. After any number of pairs, two items' uses differ by at most 2.
    """
    circle = sorted(items, key=lambda item: digest(*name, key(item)))
    size = len(circle)
    for distance in range(1, size):
        for place in range(size):
            yield circle[place], circle[(place + distance) % size]


def deal(count: int, weights: Mapping[str, float]) -> list[str]:
    """Repeat the names in the proportions of their weights, evenly mixed.

    Each turn goes to the name that lags its share most, so that every beginning of the list holds
    the proportions to within one.
    """
    total = sum(weights.values())
    given: Counter[str] = Counter()
    dealt = []
    for turn in range(1, count + 1):
        lagging = max(weights, key=lambda name: weights[name] / total * turn - given[name])
        given[lagging] += 1
        dealt.append(lagging)
    return dealt


def deal_by_name(names: Sequence[str], weights: Mapping[str, float]) -> list[str]:
    """Deal something to each name, in the proportions of the weights.

    A name keeps what it has when others are added: the names in their order fall into one block a
    kind, and only at the ends of the blocks do some move to the next.
    """
    dealt = sorted(deal(len(names), weights))
    by_name = dict(zip(sorted(names), dealt, strict=True))
    return [by_name[name] for name in names]
