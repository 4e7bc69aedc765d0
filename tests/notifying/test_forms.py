"""What a notice looks like where people read it: complete, cut where there is no room, and inert whatever it holds."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from markdown_it import MarkdownIt

from reconciler.drifting.telling import notice_of, notice_of_failure, owing, told_after
from reconciler.model.drift import DriftClass, DriftRun, Status
from reconciler.model.telling import BROKEN_OFF, CheckFailure, Notice, Told
from reconciler.render import notices as render
from reconciler.schema_files import schema, schema_text
from tests.notifying.runs import TARGET, changed, day, event, newcomer, noted, run

HOSTILE = "<!channel>@here`</code>*[x](https://evil.example)\n::error::\u202eevil"
RENDERS = {
    "json": render.payload_json,
    "text": render.notice_text,
    "slack": render.slack_json,
    "body": lambda notices: render.issue_body(notices[0]),
    "comment": lambda notices: render.issue_comment(notices[0]),
}


def told(one: DriftRun, before: Told | None = None) -> Notice:
    return notice_of(owing(before or Told(), one), one)


def everything() -> Notice:
    """New, reminded and over findings, an incomplete run, acknowledged ones."""
    stands, over = changed("ledger-agent", events=(event(),)), changed("gone-agent")
    first = run(noted(stands), noted(over))
    known = told_after(Told(), told(first), first)
    return told(
        run(
            noted(changed(events=(event(),))),
            noted(newcomer()),
            noted(stands, Status.STANDING),
            noted(over, Status.RESOLVED),
            noted(changed("quiet-agent"), acknowledged=True),
            at=1,
            unread=("workload_identity.dark-agent could not be read: AccessDenied",),
        ),
        known,
    )


@pytest.mark.parametrize("form", RENDERS)
def test_no_form_lets_a_caller_write_a_sentence(form: str):
    forged = "the console. Approved by change CHG-42. DeleteWorkloadIdentity by role Admin, session jane"
    by = replace(event(), tool="", agent=forged)
    text = RENDERS[form]([told(run(noted(changed(events=(by,)))))]).replace("`", "")
    assert forged not in text
    assert f"{forged[:59]}…" in text


def broken() -> Notice:
    failure = CheckFailure(code=BROKEN_OFF, summary="there are no credentials", said=("Sign in again.",))
    return notice_of_failure(Told(), failure, target=None, subject="reconciler.yaml", at=day(0))


def many(count: int) -> Notice:
    found = [noted(changed(f"agent-{at:04}", url=f"https://{at}.rogue.example/{'x' * 1900}")) for at in range(count)]
    return told(run(*found))


def hostile() -> Notice:
    drifted = replace(
        changed(after=(f"https://user:hunter2@{HOSTILE}",), events=(event(HOSTILE, HOSTILE),)), untraced=HOSTILE
    )
    return told(run(noted(drifted), noted(newcomer(HOSTILE)), unread=(HOSTILE,)))


@pytest.mark.parametrize("notices", [[everything()], [broken()], [many(1000)], [hostile()], [everything(), broken()]])
def test_the_payload_is_as_its_published_schema_says(notices: list[Notice]):
    jsonschema.Draft202012Validator.check_schema(schema("drift-notification"))
    jsonschema.Draft202012Validator(schema("drift-notification")).validate(json.loads(render.payload_json(notices)))


def test_the_schema_describes_every_member():
    assert schema_text("drift-notification").endswith("}\n")


def test_the_payload_says_what_is_new_who_did_it_and_what_stands_in_all():
    (target,) = render.payload([everything()])["targets"]
    assert (target["stack"], target["environment"], target["account"]) == ("payments", "prod", "222222222222")
    assert [one["name"] for one in target["new"]] == ["invoice-agent", "somebody"]
    assert [one["name"] for one in target["reminded"]] == ["ledger-agent"]
    assert [one["name"] for one in target["resolved"]] == ["gone-agent"]
    first = target["new"][0]
    assert first["changes"] == [{"key": None, "before": None, "after": "https://rogue.example/callback"}]
    assert first["events"][0] == {
        "operation": "UpdateWorkloadIdentity",
        "time": day(0),
        "principal": "role Admin, session jane",
        "address": "203.0.113.7",
        "tool": "console",
    }
    assert target["check"] == {
        "works": False,
        "told": "new",
        "failing_since": day(1),
        "code": "incomplete",
        "summary": "something could not be read, so what changed there is not known",
        "said": ["workload_identity.dark-agent could not be read: AccessDenied"],
    }
    assert target["summary"] == {
        "standing": 2,
        "by_class": {"changed": 2, "deleted": 0, "taken_over": 0, "unapplied": 0},
        "acknowledged": 1,
    }


def test_a_run_that_broke_off_says_that_nothing_is_ruled_out():
    (target,) = render.payload([broken()])["targets"]
    assert target["summary"] is None
    assert target["subject"] == "reconciler.yaml"
    assert "none is ruled out" in render.notice_text([broken()])


def test_the_text_tells_people_what_to_know_and_to_do():
    text = render.notice_text([everything()])
    assert text.startswith("Drift of payments/prod: the check is incomplete: something could not be read")
    for said in (
        "- critical: workload_identity.invoice-agent was given the return URL https://rogue.example/callback outside",
        "    + https://rogue.example/callback",
        "UpdateWorkloadIdentity at 2026-11-24T02:00:00Z by role Admin, session jane, from 203.0.113.7 with console.",
        "workload_identity.gone-agent, allowedResourceOauth2ReturnUrls (seen first 2026-11-24T02:00:00Z)",
        "Standing in all: 2 (2 changed); acknowledged: 1.",
    ):
        assert said in text, text


def test_several_targets_are_one_message_with_a_headline_of_all():
    staging = replace(everything(), subject="payments/staging", target=replace(TARGET, environment="staging"))
    notices = [everything(), staging]
    assert render.headline(notices) == (
        "Drift of payments/prod, payments/staging: 2 checks failing, 4 new, 2 not mended yet, 2 over"
    )
    assert len(render.payload(notices)["targets"]) == 2
    for form in ("text", "slack"):
        assert "payments/staging: the check is incomplete" in RENDERS[form](notices)


@pytest.mark.parametrize(
    ("form", "most"), [("json", 130_000), ("text", 61_000), ("slack", 60_000), ("body", 61_000), ("comment", 61_000)]
)
def test_a_thousand_findings_are_cut_and_counted(form: str, most: int):
    said = RENDERS[form]([many(1000)])
    assert len(said.encode()) <= most
    assert "1000" in said
    if form == "json":
        cut = json.loads(said)["targets"][0]
        assert len(cut["new"]) + cut["cut"]["new"] == 1000
    else:
        assert re.search(r"9\d\d more|and more", said)


def test_sns_has_room_for_text_and_json_of_the_largest_notice():
    notices = [replace(many(1000), subject=f"stack-{at}/prod") for at in range(50)]
    both = json.dumps({"default": render.payload_json(notices), "email": render.notice_text(notices)})
    assert len(both.encode()) < 262_144
    assert render.payload(notices)["targets_cut"] > 0


@pytest.mark.parametrize("form", RENDERS)
def test_what_others_wrote_stands_on_one_line_visibly_and_without_user_information(form: str):
    said = RENDERS[form]([hostile()])
    assert "hunter2" not in said
    assert "\u202e" not in said
    assert not re.search(r"^\s*::error", said, re.MULTILINE)


def _texts(raw: Any) -> list[str]:
    """Every text of a Slack message, at any depth."""
    if isinstance(raw, dict):
        return [
            one
            for key, value in raw.items()
            for one in ([value] if key == "text" and isinstance(value, str) else _texts(value))
        ]
    return [one for inner in raw for one in _texts(inner)] if isinstance(raw, list) else []


def test_slack_is_given_no_mention_no_link_and_no_code_that_ends_early():
    message = json.loads(render.slack_json([hostile()]))
    texts = _texts(message)
    assert len(texts) > 5
    for text in texts:
        assert "<" not in text
        assert ">" not in text
        for line in text.splitlines():
            assert line.count("`") % 2 == 0
            outside = re.sub(r"`[^`]*`", "", line)
            assert "@" not in outside, line
            assert "evil" not in outside or line == message["blocks"][0]["text"]["text"], line
    assert "&lt;!channel&gt;" in render.slack_json([hostile()])
    assert all(one["text"]["verbatim"] for one in message["blocks"] if one["type"] == "section")


def test_slack_takes_what_it_is_given_by_its_limits():
    for notices in ([many(1000)], [everything()] * 30, [hostile()], [broken()]):
        blocks = json.loads(render.slack_json(notices))["blocks"]
        assert len(blocks) <= 50
        assert len(blocks[0]["text"]["text"]) <= 150
        assert all(0 < len(one["text"]["text"]) <= 3000 for one in blocks if one["type"] == "section")


def test_an_issue_mentions_nobody_and_leads_nowhere():
    for body in (render.issue_body(hostile()), render.issue_comment(hostile())):
        tokens = MarkdownIt("commonmark").parse(body)
        inner = [child for one in tokens for child in one.children or []]
        assert not [one for one in inner if one.type in ("link_open", "image")]
        plain = "".join(one.content for one in inner if one.type == "text")
        assert "@here" not in plain
        assert "evil" not in plain


def test_an_issue_says_what_stands_under_a_marker_that_stays():
    body = render.issue_body(everything())
    assert body.splitlines()[0] == "<!-- reconciler:drift payments/prod -->"
    assert body.splitlines()[0] == render.issue_body(hostile()).splitlines()[0]
    assert "`workload_identity.ledger-agent`" in body
    assert "gone-agent" not in body
    assert "gone-agent" in render.issue_comment(everything())
    assert render.issue_title(everything()) == "Drift of payments/prod"


def test_every_class_that_alarms_has_its_noun():
    for what in DriftClass:
        if what.alarms and what is not DriftClass.UNKNOWN:
            drifted = replace(changed(), what=what, attribute="", before=None, after=None)
            assert "Standing in all: 1" in render.notice_text([told(run(noted(drifted)))]) or what.passing
