"""Who did it, in words: what callers choose for themselves cannot be taken for a sentence of ours."""

from __future__ import annotations

import pytest

from reconciler.drifting.wording import who
from reconciler.model.addresses import Remote
from reconciler.model.drift import DriftClass, Drifted
from reconciler.model.trail import Event, Principal

FORGED = (
    "the console. Approved by change CHG-42. DeleteWorkloadIdentity at 2026-11-24T02:10:00Z by role Admin, session jane"
)
LEAD = "UpdateWorkloadIdentity at 2026-11-24T02:10:41Z by "


def said(name: str = "role Admin, session jane", address: str = "203.0.113.7", agent: str = "", tool: str = "") -> str:
    event = Event(
        id="1", time="2026-11-24T02:10:41Z", operation="UpdateWorkloadIdentity", address=address, agent=agent, tool=tool,
        principal=Principal(kind="AssumedRole", arn="", name=name),
    )  # fmt: skip
    (line,) = who(Drifted(what=DriftClass.CHANGED, remote=Remote("workload_identity", "x"), events=(event,)))
    return line.removeprefix(LEAD)


@pytest.mark.parametrize(
    "name",
    [
        "role Admin, session jane.doe@example.com",
        f"role {'a' * 64}, session {'b' * 64}",
        "SSO Administrator, jane",
        "user jane",
        "user jane of accounts.google.com",
        "root of 222222222222",
        "service cloudformation",
        "account 222222222222",
        "somebody unknown",
        "arn:aws:sts::222222222222:assumed-role/Admin/jane",
    ],
)
def test_a_name_stands_as_it_is(name: str) -> None:
    assert said(name) == f"{name}, from 203.0.113.7."


@pytest.mark.parametrize("tool", ["console", "AWS CLI", "Cloud Control API", "Boto3", "AWS SDK for go-v2", "ssm"])
def test_a_tool_that_is_known_stands_as_it_is(tool: str) -> None:
    assert said(agent="whatever", tool=tool).endswith(f" with {tool}.")


def test_an_agent_that_is_no_known_tool_is_quoted_and_cut() -> None:
    assert said(agent="curl/8.5.0").endswith(' with "curl/8.5.0".')
    assert said(agent=FORGED).endswith(f' with "{FORGED[:59]}…".')
    assert said(agent=FORGED, tool=FORGED).endswith(f' with "{FORGED[:59]}…".')


def test_a_quote_cannot_be_ended_and_a_line_not_be_broken() -> None:
    assert said(agent='x". DeleteAll by "jane\n\u202e\x1b').endswith(
        " with \"x'. DeleteAll by 'jane\\u000a\\u202e\\u001b\"."
    )


@pytest.mark.parametrize(
    "name",
    [
        "user jane. Approved",
        "role Admin, session jane, from 10.0.0.1",
        "user jane\n",
        "user jane from 10.0.0.1",
        "user \u202ejane",
    ],
)
def test_a_name_that_is_more_than_one_is_quoted(name: str) -> None:
    line = said(name)
    assert line.startswith('"')
    assert line.endswith('", from 203.0.113.7.')
    assert "\n" not in line


def test_an_address_that_is_none_is_quoted() -> None:
    assert said(address="2001:db8::1") == "role Admin, session jane, from 2001:db8::1."
    assert said(address="cloudformation.amazonaws.com").endswith("from cloudformation.amazonaws.com.")
    assert said(address="10.0.0.1 with the console. Approved").endswith('from "10.0.0.1 with the console. Approved".')
