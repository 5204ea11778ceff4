"""Seeded draws by hash, which stay the same when rows come in another order or others are added."""

import hashlib
import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate
from typing import TypeVar

Item = TypeVar("Item")

PARTS = "\x1f"
"""Stands between the parts of what is hashed: parts that are joined by it hash as they do."""

Groups = Mapping[str, Sequence[str]]
"""Name of each group → the category of each of its rows, in the order of the names."""
_NUMBER = re.compile(r"\d+")


def digest(*parts: object) -> str:
    """Hex sha256 of the parts, told apart even where their texts run together."""
    return hashlib.sha256(PARTS.join(map(str, parts)).encode()).hexdigest()


def choose(items: Sequence[Item], *name: object) -> Item:
    """One of the items, decided by the name of the draw, of which its seed is a part."""
    return items[int(digest(*name), 16) % len(items)]


def chance(*name: object) -> float:
    """A number for a name, evenly spread from 0 up to 1 over all names."""
    return int(digest(*name), 16) / 2**256


def draw(keys: Sequence[str], count: int | None, *name: object) -> list[int]:
    """Indices of so many of the keys, in their order; of all where `count` is None.

    Those whose hashes come first, so that one key more displaces one at most.
    """
    if count is None or len(keys) <= count:
        return list(range(len(keys)))
    by_hash = sorted(range(len(keys)), key=lambda index: digest(*name, keys[index]))
    return sorted(by_hash[:count])


def spread_pairs(
    items: Sequence[Item], key: Callable[[Item], str], *name: object
) -> Iterator[tuple[Item, Item]]:
    """Yield every ordered pair of different items once, using all items about equally often.

    The items stand in a circle in an order drawn by name; each is paired with its neighbour, then
    with the one after, and so on.
    """
    circle = sorted(items, key=lambda item: digest(*name, key(item)))
    size = len(circle)
    for distance in range(1, size):
        for start in range(size):
            yield circle[start], circle[(start + distance) % size]


def deal(count: int, weights: Mapping[str, float]) -> list[str]:
    """Repeat the names in the proportions of their weights, that which lags most first."""
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

    The names in their order fall into one block a kind, so that few change theirs when others come.
    """
    dealt = sorted(deal(len(names), weights))
    by_name = dict(zip(sorted(names), dealt, strict=True))
    return [by_name[name] for name in names]


def are_numbered(ids: Sequence[str]) -> bool:
    """Whether ids count up, so that a row that comes later has a later one.

    Most then differ in their numbers alone ("TRAIN_007"); hashes do not.
    """
    return len({_NUMBER.sub("0", one) for one in ids}) * 2 <= len(ids)


def deal_in_turn(groups: Groups, folds: int, salt: str) -> dict[str, int]:
    """Deals each group to the fold that has the fewest rows of its category, then the fewest rows.

    Of several folds, that of the smallest salted hash. A group that comes last moves no other; one
    that comes between them moves about half of those behind it.
    """
    in_category: dict[str, list[int]] = defaultdict(lambda: [0] * folds)
    in_fold = [0] * folds
    fold_of: dict[str, int] = {}
    for group, categories in groups.items():
        load = list(zip(in_category[categories[0]], in_fold, strict=True))
        lowest = min(load)
        least = [fold for fold, rows in enumerate(load) if rows == lowest]
        fold = least[0] if len(least) == 1 else min(least, key=partial(digest, salt, group))
        fold_of[group] = fold
        in_fold[fold] += len(categories)
        for category in categories:
            in_category[category][fold] += 1
    return fold_of


def deal_by_hash(groups: Groups, folds: int, salt: str) -> dict[str, int]:
    """Cuts each category, in the order of its groups' salted hashes, into one piece a fold.

    Pieces of a category are equally long but for one row, which the categories give to folds in
    turn. A row that is added shifts the edges of the pieces of its category by a part of a row.
    """
    of_category: dict[str, list[str]] = {}
    for group, categories in groups.items():
        of_category.setdefault(categories[0], []).append(group)
    fold_of: dict[str, int] = {}
    turn = 0
    for category in sorted(of_category):
        ordered = sorted(of_category[category], key=partial(digest, salt))
        starts = [0, *accumulate(len(groups[group]) for group in ordered)]
        each, extra = divmod(starts[-1], folds)
        sizes = [each + ((fold - turn) % folds < extra) for fold in range(folds)]
        turn = (turn + extra) % folds
        ends = list(accumulate(sizes))
        for group, start in zip(ordered, starts, strict=False):
            fold_of[group] = bisect_right(ends, start)
    return fold_of
