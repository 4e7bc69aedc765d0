"""What drift runs remember, as text and back."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from reconciler.drifting.remembering import fitting, fresh
from reconciler.errors import StateError
from reconciler.model.drift import Against, Memory
from reconciler.model.resources import Lock
from reconciler.state.memory_text import dump_memory, parse_memory

MEMORY = Memory(lineage="a", account="1", region="r", spent=frozenset({"sha256:b", "sha256:a"}))


def test_what_is_spent_comes_back() -> None:
    text = dump_memory(MEMORY)
    assert json.loads(text)["spent"] == ["sha256:a", "sha256:b"]
    assert parse_memory(text, file="m.drift.json") == MEMORY


def test_a_memory_of_before_knows_of_none_that_is_spent() -> None:
    held = json.loads(dump_memory(MEMORY))
    del held["spent"]
    assert parse_memory(json.dumps(held), file="m.drift.json") == replace(MEMORY, spent=frozenset())


def test_what_is_spent_in_another_form_is_damage() -> None:
    held = {**json.loads(dump_memory(MEMORY)), "spent": 7}
    with pytest.raises(StateError, match="damaged"):
        parse_memory(json.dumps(held), file="m.drift.json")


def test_another_lockfile_makes_nothing_hold_again() -> None:
    lock = Lock(lineage="b", serial=1, stack="s", environment="e", account="1", region="r", resources={})
    assert fitting(MEMORY, lock, Against.LOCKFILE) == replace(fresh(lock), spent=MEMORY.spent)
