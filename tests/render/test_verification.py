"""What verify found, in its three forms; whatever stands in names and messages, none of them lets it steer anything."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reconciler.model.environments import Target, Where
from reconciler.model.verification import Check, Verdict, Verification, What
from reconciler.model.visible import is_visible
from reconciler.render.verification import verification_json, verification_markdown, verification_text
from reconciler.schema_files import schema

PROVIDER = "oauth2_credential_provider.github"


def found(make: Any, *checks: Check, **fields: Any) -> Verification:
    return Verification(**{"target": make.target, "checks": checks, "calls": 5, **fields})


@pytest.fixture
def mixed(make: Any) -> Verification:
    a, b = make.address("a-agent"), make.address("b-agent")
    return found(
        make,
        Check(address=a, what=What.WORKLOAD, verdict=Verdict.PASSED),
        Check(
            address=a, what=What.USER_FEDERATION, verdict=Verdict.FAILED, provider=PROVIDER, return_url="https://a/cb",
            why="the live identity does not allow this return URL, or it has none", hint="Apply.",
        ),
        Check(
            address=a, what=What.FOREIGN_URL, verdict=Verdict.PASSED, provider=PROVIDER, return_url="https://x.invalid/"
        ),
        Check(
            address=b, what=What.WORKLOAD, verdict=Verdict.UNKNOWN, unanswered=True, why="no answer", hint="Run it again."
        ),
    )  # fmt: skip


def test_the_text(mixed: Verification) -> None:
    assert (
        verification_text(mixed, colour=False, width=100)
        == """\
Verified in stack payments, environment prod (account 222222222222, us-east-1)

workload_identity.a-agent
  pass  workload access token
  FAIL  oauth2_credential_provider.github USER_FEDERATION to https://a/cb
        the live identity does not allow this return URL, or it has none
        Next: Apply.
  pass  oauth2_credential_provider.github foreign return URL to https://x.invalid/ is refused

workload_identity.b-agent
  ?     workload access token
        no answer
        Next: Run it again.

Not usable as declared: 2 checks passed, 1 failed, 1 cannot be told.
"""
    )
    assert "\x1b[1;31mFAIL\x1b[0m" in verification_text(mixed, colour=True, width=100)


def test_long_reasons_are_folded(make: Any) -> None:
    check = Check(
        address=make.address("a"), what=What.API_KEY, verdict=Verdict.FAILED, why="word " * 60, hint="x " * 90
    )
    text = verification_text(found(make, check), colour=False, width=80)
    assert max(map(len, text.splitlines()[1:])) <= 80


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        ([], "Nothing to verify: no identity is declared here."),
        ([Verdict.PASSED], "Usable as declared: 1 check passed."),
        ([Verdict.PASSED, Verdict.UNKNOWN], "Nothing failed, but not all is proven: 1 check passed, 1 cannot be told."),
        ([Verdict.UNKNOWN] * 5, "Nothing is proven: 0 of 5 checks could be made."),
        ([Verdict.FAILED, Verdict.UNKNOWN], "Not usable as declared: 0 checks passed, 1 failed, 1 cannot be told."),
    ],
)
def test_the_sum_says_the_worst(make: Any, verdicts: list[Verdict], said: str) -> None:
    checks = [Check(address=make.address("a"), what=What.WORKLOAD, verdict=one) for one in verdicts]
    report = found(make, *checks)
    assert verification_text(report, colour=False, width=100).endswith(f"\n{said}\n")
    assert f"**{said}**" in verification_markdown(report)


def test_the_markdown_opens_what_did_not_pass(mixed: Verification) -> None:
    text = verification_markdown(mixed, where=Where.EMBEDDED)
    assert text.startswith("### Verified in stack `payments`, environment `prod`\n\n**Not usable as declared")
    failed, unknown, passed = text.split("<details")[1:]
    assert failed.startswith(" open><summary>failed: 1</summary>")
    assert f"- workload_identity.a-agent: {PROVIDER} USER_FEDERATION to https://a/cb\n    the live" in failed
    assert unknown.startswith(" open><summary>cannot be told: 1</summary>")
    assert passed.startswith("><summary>passed: 2</summary>")
    assert "embedded directory" in passed


def test_the_json_fits_its_published_schema(mixed: Verification, make: Any) -> None:
    for report in (mixed, found(make), found(make, target=Target(stack="s", environment="e", account="", region=""))):
        assert list(Draft202012Validator(schema("verify")).iter_errors(json.loads(verification_json(report)))) == []
    said = json.loads(verification_json(mixed))
    assert (said["verdict"], said["unanswered"], said["summary"]) == (
        "fail",
        True,
        {"fail": 1, "pass": 2, "unknown": 1},
    )
    assert said["checks"][1] == {
        "address": "workload_identity.a-agent",
        "check": "USER_FEDERATION",
        "provider": PROVIDER,
        "return_url": "https://a/cb",
        "verdict": "fail",
        "unanswered": False,
        "why": "the live identity does not allow this return URL, or it has none",
        "hint": "Apply.",
    }
    assert said["checks"][0]["provider"] is None


def test_the_schema_names_every_check_and_verdict(make: Any) -> None:
    """Each value of the model is one of the schema, and the other way round."""
    rules = schema("verify")["$defs"]
    said = [
        json.loads(verification_json(found(make, Check(address=make.address("a"), what=what, verdict=verdict))))
        for what in What
        for verdict in Verdict
    ]
    assert {one["checks"][0]["check"] for one in said} == set(rules["check"]["properties"]["check"]["enum"])
    assert {one["verdict"] for one in said} == set(rules["verdict"]["enum"])


nasty = st.lists(
    st.sampled_from(
        ("::error::x", "##vso[x]y", "\x1b[2J", "\u202e", "\n", "\r\n", "`", "```", "</details>", "<script>", "@team", "|",
         "[a](https://evil.example)", "# h", "a", " ")
    ),
    max_size=8,
).map("".join)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(texts=st.lists(nasty, min_size=5, max_size=5))
def test_nothing_from_outside_steers_a_terminal_a_runner_or_a_reader(make: Any, texts: list[str]) -> None:
    from markdown_it import MarkdownIt

    key, provider, url, why, hint = texts
    checks = [
        Check(
            address=make.address(f"a{key}"), what=What.FOREIGN_URL, verdict=verdict, provider=provider, return_url=url,
            why=why, hint=hint,
        )
        for verdict in Verdict
    ]  # fmt: skip
    report = found(make, *checks)
    shown = verification_markdown(report)
    for text in (verification_text(report, colour=False, width=60), shown, verification_json(report)):
        assert is_visible(text.replace("\n", ""))
        assert not [line for line in text.split("\n") if line.lstrip().startswith("::") or "##vso[" in line]
    blocks = [one.type for one in MarkdownIt("gfm-like", {"html": True, "linkify": False}).parse(shown)]
    assert blocks.count("fence") == 3
    assert blocks.count("heading_open") == 1
