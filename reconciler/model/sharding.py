"""Dividing targets among the jobs of a CI matrix: the same on every machine, evenly, and little moved when one is added."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from reconciler.model.fleet import Shard


def shard_of(names: Iterable[str], shard: Shard) -> tuple[str, ...]:
    """The names that fall to the shard, sorted. All shards of a count together hold each name once."""
    return tuple(sorted(name for name, index in divided(names, shard.count).items() if index == shard.index))


def divided(names: Iterable[str], count: int) -> dict[str, int]:
    """The shard of each name, from 1 to `count`; no two shards differ by more than one name.

    Rendezvous hashing: every name likes every shard to a degree that only the two decide. The best-liked pairs come first, and
    a shard that is full takes no more. A name that is added moves those alone that it crowds out.
    """
    every = sorted(set(names))
    room = dict.fromkeys(range(1, count + 1), len(every) // count)
    spare = len(every) % count
    liked = sorted((_liking(name, index), name, index) for name in every for index in room)
    taken: dict[str, int] = {}
    for _, name, index in liked:
        if name in taken:
            continue
        if room[index] > 0:
            room[index] -= 1
        elif spare and room[index] == 0:
            spare -= 1
            room[index] = -1  # it has its one more
        else:
            continue
        taken[name] = index
    return taken


def _liking(name: str, index: int) -> bytes:
    return hashlib.sha256(f"{index}\0{name}".encode()).digest()
