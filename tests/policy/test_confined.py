"""The process that evaluates: what it can reach, and where it ends."""

from __future__ import annotations

import time
from typing import Any

import pytest

from reconciler.confined import Bounds, answers
from reconciler.policy import Answer, Job
from tests.policy.conftest import read

DOCUMENT = {"target": {"environment": "prod", "stack": "s"}, "resource_changes": [], "number": 1}


def asked(*bodies: str, bounds: Bounds | None = None) -> tuple[Answer, ...]:
    """One question for each body, in a module of its own; what the reading of policies would refuse goes through here."""
    heads = tuple(read(a="package a\n\ndeny contains `x` if true\n")[0].modules[0].heads)
    modules = tuple(f"package m{number}\n\nimport rego.v1\n\n{body}\n" for number, body in enumerate(bodies))
    job = Job(
        document=DOCUMENT,
        modules=modules,
        questions=tuple({"query": f"data.m{number}.deny"} for number in range(len(bodies))),
        askers=(heads,) * len(bodies),
        made=(),
    )
    return answers(job, bounds or Bounds(seconds=30))


def test_a_rule_that_reaches_for_the_environment_finds_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    (answer,) = asked("deny := opa.runtime().env")
    assert "PYTHONPATH" in answer.value, "it does show an environment, or this tests nothing"
    assert set(answer.value) <= {"PYTHONPATH", "PYTHONUTF8", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LC_CTYPE"}


def test_what_a_rule_prints_is_not_taken_for_an_answer() -> None:
    text = '{"number": 0, "answer": []}'
    first, second = asked(
        f"deny contains `x` if internal.print([{{`{text}`}}])", "deny contains `y` if input.number == 1"
    )
    assert first.value != []
    assert second.value == ["y"]


def test_memory_has_a_bound_and_what_came_before_is_kept() -> None:
    ten = ", ".join(["x"] * 10)
    grows = f"f(x) := concat(``, [{ten}])\n\ndeny contains `x` if count({'f(' * 9}`0123456789`{')' * 9}) == 1"
    before, large, after = asked(
        "deny contains `x` if true", grows, "deny contains `x` if true", bounds=Bounds(seconds=30, memory=300 * 1024**2)
    )
    assert before.value == ["x"]
    assert large.error == "it needs more than 300 MiB of memory"
    assert (after.answered, after.error) == (False, "")


def test_the_memory_of_who_asks_is_not_counted() -> None:
    ballast = b"x" * (400 * 1024**2)
    (answer,) = asked("deny contains `x` if true", bounds=Bounds(seconds=30, memory=300 * 1024**2))
    assert (answer.value, len(ballast)) == (["x"], 400 * 1024**2)


def test_time_has_a_bound() -> None:
    began = time.monotonic()
    (answer,) = asked("deny contains `x` if regex.match(`^(a+)+$`, `" + "a" * 60 + "!`)", bounds=Bounds(seconds=1))
    assert answer.error == "it did not come to an end within 1 s"
    assert time.monotonic() - began < 15


def schema_answer(schema: Any, value: Any) -> Answer:
    job = Job(
        document={"value": value},
        modules=(),
        questions=({"schema": schema, "paths": [["value"]]},),
        askers=(read(a="package a\n\ndeny contains `x` if true\n")[0].modules[0].heads,),
        made=(),
    )
    (answer,) = answers(job, Bounds(seconds=10))
    return answer


def test_patterns_of_schemas_are_matched_in_linear_time_and_nothing_is_fetched() -> None:
    assert schema_answer({"pattern": "^(a+)+$"}, "a" * 5000 + "!").value[0] is not None
    assert schema_answer({"pattern": "^(a+)+$"}, "a" * 5000).value == [None]
    assert not schema_answer({"$ref": "file:///etc/hostname"}, 1).answered
    assert not schema_answer({"$ref": "http://127.0.0.1:1/"}, 1).answered
