"""`drift --notify` from end to end: told once, reminded, over, kept for the next run, also where the check itself fails."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from standardwebhooks import Webhook

from reconciler.model.moments import moved
from reconciler.state.disk import Disk
from reconciler.state.memory import memory_on_disk
from tests.forges import TOKEN, serve_forges
from tests.peers import Inbox, serve_inbox

KEY = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ROGUE = "https://rogue.example/callback"


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    with serve_inbox() as running:
        monkeypatch.setenv("DRIFT_KEY", KEY)
        monkeypatch.setenv("HOOK", f"{running.url}/drift")
        yield running


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    with serve_inbox() as running:
        monkeypatch.setenv("SLACK", f"{running.url}/services/T0/B0/s3cret")
        yield running


@pytest.fixture
def applied(project: Any) -> Any:
    assert project.run("apply", "--auto-approve").code == 0
    assert project.run("drift").code == 0
    return project


def look(project: Any, *more: str) -> Any:
    return project.run("drift", "--notify", "webhook=env:HOOK,key=DRIFT_KEY", *more)


def divert(project: Any, *urls: str, name: str = "invoice-agent") -> None:
    """Somebody changes the return URLs of an identity; without any, takes it back."""
    with project.outside() as client:
        client.update_workload_identity(
            name=name, allowedResourceOauth2ReturnUrls=list(urls) or ["https://app.example.com/oauth/callback"]
        )


def age(project: Any, days: float) -> None:
    """Let the memory be that much older, as if so much time had passed."""
    file: Path = project.folder / "reconciler.local.drift.json"
    moment = re.compile(r'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"')
    seconds = timedelta(days=days).total_seconds()
    file.write_text(moment.sub(lambda found: f'"{moved(found[1], -seconds)}"', file.read_text()))


def target(inbox: Inbox) -> Any:
    """What the last message says of the one target."""
    (one,) = inbox.sent[-1].json["targets"]
    return one


def test_a_drift_is_told_once_with_a_signature_then_again_after_a_day_and_then_that_it_is_over(
    applied: Any, inbox: Inbox
):
    assert look(applied).code == 0
    assert inbox.sent == []
    divert(applied, ROGUE)
    assert look(applied).code == 2
    assert Webhook(KEY).verify(inbox.only.body, inbox.only.headers) == inbox.only.json
    (finding,) = target(inbox)["new"]
    assert (finding["address"], finding["runs"]) == ("workload_identity.invoice-agent", 1)
    assert look(applied).code == 2
    assert len(inbox.sent) == 1
    age(applied, 1.1)
    assert look(applied).code == 2
    assert [one["fingerprint"] for one in target(inbox)["reminded"]] == [finding["fingerprint"]]
    divert(applied)
    assert look(applied).code == 0
    assert [one["fingerprint"] for one in target(inbox)["resolved"]] == [finding["fingerprint"]]
    assert look(applied).code == 0
    assert len(inbox.sent) == 3


def test_who_could_not_be_told_is_told_next_time_and_who_was_told_is_not_told_again(
    applied: Any, inbox: Inbox, other: Inbox
):
    divert(applied, ROGUE)
    inbox.status = 500
    ran = look(applied, "--notify", "slack=env:SLACK")
    assert ran.code == 1
    assert "1 of 2 were not told: webhook=env:HOOK" in ran.err
    assert ran.err.count("webhook=env:HOOK") == 1
    assert ROGUE in ran.out  # the report is there all the same
    inbox.status = 200
    assert look(applied, "--notify", "slack=env:SLACK").code == 2
    assert len(inbox.sent) == 2
    assert len(other.sent) == 1
    first, second = (one.json for one in inbox.sent)
    assert first["key"] == second["key"]
    assert ROGUE in target(inbox)["new"][0]["summary"]


def test_of_several_who_could_not_be_told_each_is_named_once(applied: Any, inbox: Inbox, other: Inbox):
    divert(applied, ROGUE)
    inbox.status = other.status = 500
    ran = look(applied, "--notify", "slack=env:SLACK")
    assert ran.code == 1
    assert "2 of 2 were not told" in ran.err
    assert "webhook=env:HOOK: 127.0.0.1 answered 500" in ran.err
    assert (ran.err.count("webhook=env:HOOK"), ran.err.count("slack=env:SLACK")) == (1, 1)


def test_a_newcomer_that_one_run_alone_sees_is_not_lost_where_its_message_fails(applied: Any, inbox: Inbox):
    with applied.outside() as client:
        client.create_workload_identity(name="somebody")
    inbox.status = 503
    assert look(applied).code == 1
    inbox.status = 200
    assert look(applied).code == 0  # nothing is new by now
    assert [one["name"] for one in target(inbox)["new"]] == ["somebody"]
    assert look(applied).code == 0
    assert len(inbox.sent) == 3  # two attempts of the first run, then one


def test_a_run_that_breaks_off_is_told_and_that_the_next_one_works(applied: Any, inbox: Inbox):
    lockfile = applied.lockfile.read_text()
    applied.lockfile.write_text("{")
    ran = look(applied)
    assert ran.code == 1
    assert target(inbox)["check"]["told"] == "new"
    assert target(inbox)["check"]["works"] is False
    assert target(inbox)["summary"] is None
    assert look(applied).code == 1
    assert len(inbox.sent) == 1
    applied.lockfile.write_text(lockfile)
    assert look(applied).code == 0
    assert target(inbox)["check"]["told"] == "recovered"
    assert look(applied).code == 0
    assert len(inbox.sent) == 2


def test_a_manifest_with_mistakes_is_told_every_time_since_nobody_remembers(applied: Any, inbox: Inbox):
    applied.write("version: 1\nstack: [\n")
    for count in (1, 2):
        assert look(applied).code == 1
        assert len(inbox.sent) == count
    assert target(inbox)["check"]["code"] == "broken-off"


def test_without_credentials_it_is_told(project: Any, aws: Any, inbox: Inbox, monkeypatch: pytest.MonkeyPatch):
    project.declare("invoice-agent", head="environments: {prod: {region: us-east-1}}")
    assert project.run("apply", "--auto-approve").code == 0
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    assert look(project).code == 1
    check = target(inbox)["check"]
    assert (check["told"], check["works"]) == ("new", False)
    assert "credentials" in check["summary"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    assert look(project).code == 0
    assert target(inbox)["check"]["told"] == "recovered"


def test_several_targets_are_one_message(project: Any, inbox: Inbox):
    accounts = {"local": "000000000000", "other": "111111111111"}
    environments = "".join(f"  {name}: {{directory: embedded, account: '{one}'}}\n" for name, one in accounts.items())
    project.declare("invoice-agent", head=f"environments:\n{environments}")
    for name in accounts:
        assert project.run("apply", "--auto-approve", "--env", name).code == 0
    divert(project, ROGUE)
    assert look(project, "--all").code == 2
    assert [one["environment"] for one in inbox.only.json["targets"]] == ["local"]  # the other has no news
    (project.folder / "reconciler.other.lock.json").unlink()
    divert(project, "https://app.example.com/invoice-agent")
    assert look(project, "--all").code == 1
    told = {one["environment"]: one for one in inbox.sent[-1].json["targets"]}
    assert len(told["local"]["resolved"]) == 1
    assert told["other"]["check"]["told"] == "new"
    assert look(project, "--all").code == 1
    assert len(inbox.sent) == 2


def test_nothing_secret_and_nothing_hostile_is_in_any_message_or_in_what_is_remembered(
    applied: Any, inbox: Inbox, other: Inbox
):
    divert(applied, "https://user:hunter2@rogue.example/<!channel>")
    assert look(applied, "--notify", "slack=env:SLACK").code == 2
    memory = (applied.folder / "reconciler.local.drift.json").read_bytes()
    for said in (inbox.only.body, other.only.body, b"".join([memory[memory.index(b'"told"') :]])):
        for secret in (b"s3cret", KEY.encode(), b"wJalrXUtnFEMI", b"hunter2"):
            assert secret not in said
    assert b"<!channel>" not in other.only.body
    assert b"&lt;!channel&gt;" in other.only.body


def test_what_cannot_be_meant_is_refused_before_anything_is_read(applied: Any):
    ran = applied.run("drift", "--notify", "slack=https://hooks.slack.com/services/T/B/s3cret")
    assert ran.code == 1
    assert "secret" in ran.err
    assert "s3cret" not in ran.err
    assert ran.out == ""


def test_the_variable_names_recipients_for_those_who_start_it_from_cron(
    applied: Any, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("RECONCILER_NOTIFY", "webhook=env:HOOK,key=DRIFT_KEY")
    divert(applied, ROGUE)
    assert applied.run("drift").code == 2
    assert len(inbox.sent) == 1


def test_runs_against_the_manifest_are_told_apart_from_those_against_the_lockfile(applied: Any, inbox: Inbox):
    divert(applied, ROGUE)
    assert look(applied).code == 2
    applied.run("drift", "--against", "manifest", "--notify", "webhook=env:HOOK,key=DRIFT_KEY")
    assert look(applied).code == 2
    assert [len(one.json["targets"][0]["resolved"]) for one in inbox.sent] == [0, 0]
    assert json.loads((applied.folder / "reconciler.local.drift.json").read_text())["told"].keys() == {
        "webhook=env:HOOK",
        "webhook=env:HOOK against manifest",
    }


def test_what_is_acknowledged_is_not_told_and_closes_the_issue(
    applied: Any, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
):
    with serve_forges() as forges:
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        monkeypatch.setenv("GITHUB_API_URL", forges.url)
        divert(applied, ROGUE)
        assert look(applied, "--notify", "github=acme/identities").code == 2
        assert (len(inbox.sent), [one["state"] for one in forges.issues]) == (1, ["open"])
        acked = applied.run(
            "drift", "ack", "workload_identity.invoice-agent", "--reason", "OPS-1", "--until", "14d", "--by", "jane"
        )
        assert acked.code == 0, acked.err
        assert look(applied, "--notify", "github=acme/identities").code == 0
        assert (len(inbox.sent), [one["state"] for one in forges.issues]) == (1, ["closed"])
        calls = len(forges.seen)
        assert look(applied, "--notify", "github=acme/identities").code == 0
        assert len(forges.seen) == calls


def test_an_issue_follows_what_stands_and_what_happens_from_run_to_run(applied: Any, monkeypatch: pytest.MonkeyPatch):
    with serve_forges() as forges:
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        monkeypatch.setenv("GITHUB_API_URL", forges.url)
        divert(applied, ROGUE)
        assert applied.run("drift", "--notify", "github=acme/identities").code == 2
        divert(applied, ROGUE, name="ledger-agent")
        assert applied.run("drift", "--notify", "github=acme/identities").code == 2
        (issue,) = forges.issues
        assert "invoice-agent" in issue["body"]
        assert "ledger-agent" in issue["body"]
        assert [("invoice-agent" in said, "ledger-agent" in said) for said in issue["said"]] == [(False, True)]
        assert applied.run("apply", "--auto-approve").code == 0
        assert applied.run("drift", "--notify", "github=acme/identities").code == 0
        assert (issue["state"], len(issue["said"])) == ("closed", 2)


def test_what_was_told_is_remembered_in_a_bucket_too(
    project: Any, aws: Any, buckets: Any, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
):
    project.declare(
        "invoice-agent", head=f"environments: {{prod: {{region: us-east-1, state: 's3://{buckets.make()}/team'}}}}"
    )
    assert project.run("apply", "--auto-approve").code == 0
    assert look(project).code == 0
    with contextlib.closing(
        boto3.client("bedrock-agentcore-control", region_name="us-east-1", endpoint_url=aws.url)
    ) as client:
        client.delete_workload_identity(name="invoice-agent")
    for _ in range(2):
        assert look(project).code == 2
    (finding,) = target(inbox)["new"]
    assert (finding["class"], len(inbox.sent)) == ("deleted", 1)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")  # now nobody can say what was told
    for count in (2, 3):
        assert look(project).code == 1
        assert len(inbox.sent) == count
        assert target(inbox)["check"]["told"] == "new"


def test_a_run_that_leaves_because_another_is_at_work_tells_and_writes_nothing(applied: Any, inbox: Inbox):
    divert(applied, ROGUE)
    with memory_on_disk(applied.lockfile, "drift", Disk()):
        ran = applied.other(
            "drift",
            "--notify",
            "webhook=env:HOOK,key=DRIFT_KEY",
            "--metrics",
            "drift.prom",
            "--metrics",
            "emf=drift.log",
        )
    assert (ran.code, inbox.sent) == (5, [])
    assert not (applied.folder / "drift.prom").exists()
    assert not (applied.folder / "drift.log").exists()
    assert look(applied).code == 2
    assert len(inbox.sent) == 1


def test_a_run_by_hand_takes_nothing_from_those_whom_the_next_one_tells(applied: Any, inbox: Inbox) -> None:
    divert(applied, ROGUE)
    assert look(applied).code == 2
    with applied.outside() as client:
        client.create_workload_identity(name="stranger")
    assert "stranger" in applied.run("drift").out
    assert applied.run("drift", "--against", "manifest").code == 2
    look(applied)
    assert "stranger" in inbox.sent[-1].body.decode()
    assert len(inbox.sent) == 2
    look(applied)
    assert len(inbox.sent) == 2
