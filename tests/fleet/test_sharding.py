"""Shards: disjoint, complete, even, the same everywhere, and little moved by one target more."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.fleet import Shard
from reconciler.model.sharding import divided, shard_of

NAMES = st.sets(st.text("abcdefgh@-", min_size=1, max_size=12), max_size=60)


@given(names=NAMES, count=st.integers(1, 12))
def test_shards_are_disjoint_complete_and_even(names: set[str], count: int) -> None:
    shards = [shard_of(names, Shard(index=index, count=count)) for index in range(1, count + 1)]

    assert sorted(name for shard in shards for name in shard) == sorted(names)
    assert max(map(len, shards)) - min(map(len, shards)) <= 1


@given(names=NAMES, count=st.integers(1, 12))
def test_the_order_of_the_names_means_nothing(names: set[str], count: int) -> None:
    assert divided(sorted(names), count) == divided(sorted(names, reverse=True), count)


@pytest.mark.parametrize("number", [40, 100, 399])
def test_one_target_more_moves_few(number: int) -> None:
    names = [f"prod@account-{at:03}@eu-west-1" for at in range(number)]
    before, after = divided(names, 5), divided([*names, "prod@new@us-east-1"], 5)

    assert sum(before[name] != after[name] for name in names) <= 5  # divided in order, it would be most


def test_another_process_divides_in_the_same_way() -> None:
    code = "from reconciler.model.sharding import divided; print(divided([f't{i}' for i in range(9)], 4))"
    said = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]

    assert said[0] == said[1] == f"{divided([f't{i}' for i in range(9)], 4)}\n"
