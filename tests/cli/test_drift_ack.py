"""Drift that is known and left for now: it does not alarm until its day is over, and nothing else is covered by it."""

from __future__ import annotations

import itertools
import json
import os
import re
import socket
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ADDRESS = "workload_identity.invoice-agent"
ROGUE = "https://rogue.example/callback"
URL = "https://app.example.com/oauth/callback"
WHO = ("--by", "jane@example.com")
TODAY = datetime.now(UTC).date()


def day(offset: int) -> str:
    return (TODAY + timedelta(days=offset)).isoformat()


@pytest.fixture
def drifted(project: Any) -> Any:
    """A stack that was applied, seen by a drift run, and changed outside after it."""
    assert project.run("apply", "--auto-approve").code == 0
    assert project.run("drift").code == 0
    change(project, URL, ROGUE)
    return project


def change(project: Any, *urls: str, name: str = "invoice-agent") -> None:
    with project.outside() as client:
        client.update_workload_identity(name=name, allowedResourceOauth2ReturnUrls=list(urls))


def ack(project: Any, *more: str) -> Any:
    return project.run("drift", "ack", ADDRESS, "--reason", "Incident 4711", "--until", "14d", *WHO, *more)


def acks_file(project: Any) -> Path:
    return project.folder / "reconciler.local.acks.yaml"


def edit(project: Any, what: Callable[[str], str]) -> None:
    file = acks_file(project)
    file.write_text(what(file.read_text(encoding="utf-8")), encoding="utf-8")


def test_what_is_acknowledged_is_shown_apart_and_does_not_alarm(drifted: Any) -> None:
    assert drifted.run("drift").code == 2
    done = ack(drifted)
    assert (done.code, done.out) == (
        0,
        f"Acknowledged until {day(14)}: {ADDRESS} was given the return URL {ROGUE} outside\n",
    )
    assert "Commit it" in done.err
    ran = drifted.run("drift")
    assert ran.code == 0
    assert f"Acknowledged until {day(14)}: {ADDRESS}, allowedResourceOauth2ReturnUrls (Incident 4711; jane@example" in (
        " ".join(ran.out.split())
    )


def test_the_file_fits_its_schema_and_says_what_was_found(drifted: Any) -> None:
    drifted.run("drift")
    ack(drifted)
    held = yaml.safe_load(acks_file(drifted).read_text(encoding="utf-8"))
    jsonschema.validate(held, json.loads(drifted.run("schema", "acknowledgements").out))
    (one,) = held["acknowledgements"]
    assert re.fullmatch("[0-9a-f]{64}", one.pop("fingerprint"))
    assert one == {
        "about": ADDRESS,
        "found": f"{ADDRESS} was given the return URL {ROGUE} outside",
        "seen": json.loads(drifted.run("drift", "--format", "json").out)["targets"][0]["findings"][0]["first_seen"],
        "reason": "Incident 4711",
        "by": "jane@example.com",
        "since": day(0),
        "until": day(14),
    }


def test_other_drift_of_the_same_resource_alarms_all_the_same(drifted: Any) -> None:
    drifted.run("drift")
    ack(drifted)
    with drifted.outside() as client:
        arn = client.get_workload_identity(name="invoice-agent")["workloadIdentityArn"]
        client.tag_resource(resourceArn=arn, tags={"team": "thieves"})
    ran = drifted.run("drift")
    assert ran.code == 2
    assert "team: payments -> thieves" in ran.out
    change(drifted, URL, ROGUE, "https://rogue.example/second")  # the same attribute, and another value
    drifted.run("drift", "ack", ADDRESS, "--reason", "r", "--until", "14d", "--attribute", "tags", *WHO)
    ran = drifted.run("drift")
    assert ran.code == 2
    assert "https://rogue.example/second" in ran.out
    assert "Superfluous: reconciler.local.acks.yaml:7:5:" in ran.out


def test_one_whose_day_is_over_alarms_again_and_is_said_so(drifted: Any) -> None:
    drifted.run("drift")
    ack(drifted)
    edit(drifted, lambda text: text.replace(day(14), day(-1)).replace(day(0), day(-20)))
    ran = drifted.run("drift")
    assert ran.code == 2
    assert f"Acknowledged until {day(-1)} and not any more: {ADDRESS} (Incident 4711; jane@example.com)." in (
        " ".join(ran.out.split())
    )
    assert "so it alarms again" in drifted.run("drift", "acks").out
    again = drifted.run("drift", "--new-only")
    assert (again.code, ROGUE in again.out) == (2, True)
    assert drifted.run("drift", "unack", ADDRESS).code == 0
    assert drifted.run("drift", "--new-only").code == 0


def test_it_holds_on_its_last_day(drifted: Any) -> None:
    drifted.run("drift")
    ack(drifted)
    edit(drifted, lambda text: text.replace(day(14), day(0)))
    assert drifted.run("drift").code == 0


def test_one_whose_drift_is_gone_is_said_to_be_superfluous(drifted: Any) -> None:
    drifted.run("drift")
    ack(drifted)
    change(drifted, URL)
    ran = drifted.run("drift")
    assert ran.code == 0
    assert f"Superfluous: reconciler.local.acks.yaml:7:5: what was acknowledged of {ADDRESS}" in " ".join(
        ran.out.split()
    )
    assert "Superfluous: the run of" in drifted.run("drift", "acks").out


def spent(project: Any) -> list[str]:
    found: list[str] = json.loads((project.folder / "reconciler.local.drift.json").read_text(encoding="utf-8"))["spent"]
    return found


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time passes from one look at the clock to the next: two findings are not of the same second."""
    seconds = itertools.count()
    monkeypatch.setattr(
        "reconciler.cli.age.now", lambda: datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=next(seconds))
    )


@pytest.mark.usefixtures("passing")
def test_one_whose_drift_was_over_does_not_hold_for_the_next_one_like_it(drifted: Any) -> None:
    drifted.run("drift")
    ack(drifted)
    assert (drifted.run("drift").code, spent(drifted)) == (0, [])
    change(drifted, URL)
    assert "Superfluous" in drifted.run("drift").out
    change(drifted, URL, ROGUE)
    ran = drifted.run("drift")
    assert ran.code == 2
    said = " ".join(ran.out.split())
    assert f"Spent: reconciler.local.acks.yaml:7:5: what was acknowledged of {ADDRESS} was over in between" in said
    assert "`reconciler drift ack` acknowledges it anew" in said
    assert "Superfluous" not in said
    assert "Spent: it was over in between" in drifted.run("drift", "acks").out
    told = json.loads(drifted.run("drift", "--format", "json").out)
    jsonschema.validate(told, json.loads(drifted.run("schema", "drift").out))
    assert [one["about"] for one in told["targets"][0]["spent_acknowledgements"]] == [ADDRESS]
    ack(drifted)  # of the same day, in the same words
    ran = drifted.run("drift")
    assert ran.code == 0
    assert "Spent" not in ran.out
    assert spent(drifted) == [], "what is acknowledged no more is remembered"


@pytest.mark.usefixtures("passing")
def test_a_deletion_is_acknowledged_once(drifted: Any) -> None:
    change(drifted, URL)
    for _ in range(2):
        with drifted.outside() as client:
            client.delete_workload_identity(name="invoice-agent")
        assert drifted.run("drift").code == 2
        ack(drifted)
        assert drifted.run("drift").code == 0
        assert drifted.run("apply", "--auto-approve").code == 0
        drifted.run("drift")


def test_what_another_drift_of_the_same_attribute_was_in_place_of_is_told_again(drifted: Any) -> None:
    drifted.run("drift")
    ack(drifted)
    for urls, code in (((URL, ROGUE), 0), ((URL, "https://rogue.example/second"), 2), ((URL, ROGUE), 2)):
        change(drifted, *urls)
        assert drifted.run("drift").code == code


def test_what_the_manifest_says_by_now_does_not_spend_what_is_acknowledged_of_the_lockfile(drifted: Any) -> None:
    drifted.run("drift")
    ack(drifted)
    text = (drifted.folder / "reconciler.yaml").read_text(encoding="utf-8")
    drifted.write(text.replace(f'"{URL}"', f'"{URL}", "{ROGUE}"').replace(f"- {URL}\n", f"- {URL}\n      - {ROGUE}\n"))
    assert drifted.run("drift", "--against", "manifest").code == 0
    assert len(spent(drifted)) == 1
    assert drifted.run("drift").code == 0
    assert drifted.run("drift", "--full").code == 0


def test_without_the_memory_it_holds_again(drifted: Any) -> None:
    drifted.run("drift")
    ack(drifted)
    change(drifted, URL)
    drifted.run("drift")
    change(drifted, URL, ROGUE)
    assert drifted.run("drift").code == 2
    (drifted.folder / "reconciler.local.drift.json").unlink()
    assert drifted.run("drift").code == 0


def test_programs_are_told_what_is_acknowledged_ignored_and_superfluous(drifted: Any) -> None:
    drifted.run("drift")
    ack(drifted)
    schema = json.loads(drifted.run("schema", "drift").out)
    told = json.loads(drifted.run("drift", "--format", "json").out)
    jsonschema.validate(told, schema)
    (one,) = told["targets"][0]["findings"]
    assert (one["alarms"], one["acknowledged"]["by"], told["has_drift"]) == (False, "jane@example.com", False)
    rules = 'settings: {drift: {ignore: [{attributes: ["tags.cost-*"], reason: r}]}}\n'
    text = (drifted.folder / "reconciler.yaml").read_text(encoding="utf-8")
    drifted.write(text.replace("environments:\n", f"{rules}environments:\n", 1))
    with drifted.outside() as client:
        arn = client.get_workload_identity(name="ledger-agent")["workloadIdentityArn"]
        client.tag_resource(resourceArn=arn, tags={"cost-center": "1"})
    change(drifted, URL)
    told = json.loads(drifted.run("drift", "--full", "--format", "json").out)
    jsonschema.validate(told, schema)
    (target,) = told["targets"]
    assert [one["about"] for one in target["superfluous_acknowledgements"]] == [ADDRESS]
    assert [(one["count"], one["about"]) for one in target["ignored"]] == [(1, ["workload_identity.ledger-agent"])]


def test_a_run_that_could_not_read_everything_calls_none_superfluous(drifted: Any) -> None:
    drifted.run("drift")
    ack(drifted)
    change(drifted, URL)
    store = drifted.folder / ".reconciler" / "directory.sqlite"
    drifted.run("drift")
    (drifted.folder / "reconciler.local.drift.json").unlink()
    store.rename(store.with_suffix(".away"))
    store.mkdir()  # nothing can be read there
    ran = drifted.run("drift")
    assert ran.code == 1
    assert "Superfluous" not in ran.out


def test_it_is_taken_back(drifted: Any) -> None:
    drifted.run("drift")
    ack(drifted)
    edit(drifted, lambda text: text.replace("  - about", "  # ours\n  - about"))
    done = drifted.run("drift", "unack", ADDRESS)
    assert done.code == 0
    assert drifted.run("drift").code == 2
    assert drifted.run("drift", "acks").out == "Nothing is acknowledged.\n"
    again = drifted.run("drift", "unack", ADDRESS)
    assert (again.code, again.out) == (1, "")
    assert "acknowledges nothing of workload_identity.invoice-agent" in again.err


def test_comments_of_others_stay_where_they_are(drifted: Any) -> None:
    change(drifted, ROGUE, name="ledger-agent")
    drifted.run("drift")
    ack(drifted)
    ledger = ("workload_identity.ledger-agent", "--reason", "r", "--until", "1d", *WHO)
    drifted.run("drift", "ack", *ledger)
    first, second = "  # about the invoice agent\n", "\n  # about the ledger\n"
    edit(
        drifted,
        lambda text: text.replace('  - about: "workload_identity.inv', first + '  - about: "workload_identity.inv'),
    )
    edit(
        drifted,
        lambda text: text.replace('  - about: "workload_identity.led', second + '  - about: "workload_identity.led'),
    )
    assert drifted.run("drift", "unack", ADDRESS).code == 0
    text = acks_file(drifted).read_text(encoding="utf-8")
    assert first + second in text
    assert ADDRESS not in text.replace(first, "")
    assert drifted.run("drift", "acks").out.startswith("workload_identity.ledger-agent")


def test_acknowledging_again_gives_it_another_day(drifted: Any) -> None:
    drifted.run("drift")
    ack(drifted)
    assert drifted.run("drift", "ack", ADDRESS, "--reason", "longer", "--until", day(90), *WHO).code == 0
    held = yaml.safe_load(acks_file(drifted).read_text(encoding="utf-8"))["acknowledgements"]
    assert [(one["reason"], one["until"]) for one in held] == [("longer", day(90))]


def test_without_a_run_before_it_says_to_make_one(project: Any) -> None:
    project.run("apply", "--auto-approve")
    done = ack(project)
    assert (done.code, done.out) == (1, "")
    assert "Run `reconciler drift` first" in done.err
    assert not acks_file(project).exists()


def test_what_was_not_found_cannot_be_acknowledged(drifted: Any) -> None:
    drifted.run("drift")
    done = drifted.run("drift", "ack", "workload_identity.ledger-agent", "--reason", "r", "--until", "1d", *WHO)
    assert done.code == 1
    assert "found nothing of workload_identity.ledger-agent that stands" in done.err
    assert f"What stands: {ADDRESS} allowedResourceOauth2ReturnUrls." in done.err


def test_what_is_told_once_needs_no_acknowledgement(drifted: Any) -> None:
    with drifted.outside() as client:
        client.create_workload_identity(name="stranger")
    drifted.run("drift")
    done = drifted.run("drift", "ack", "workload_identity.stranger", "--reason", "r", "--until", "1d", *WHO)
    assert done.code == 1
    assert "settings.drift.ignore" in done.err


@pytest.mark.parametrize(
    ("until", "says"),
    [
        ("2027-02-30", "is no day"),
        ("soon", "is no day"),
        (day(-1), "is over"),
        (day(91), "at most 90"),
        ("91d", "at most 90"),
    ],
)
def test_the_last_day_is_near_and_exists(drifted: Any, until: str, says: str) -> None:
    drifted.run("drift")
    done = drifted.run("drift", "ack", ADDRESS, "--reason", "r", "--until", until, *WHO)
    assert done.code == 1
    assert says in done.err
    assert not acks_file(drifted).exists()


def test_who_acknowledges_is_named_by_git_or_by_the_caller(drifted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(drifted.folder))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(drifted.folder / "none"))
    drifted.run("drift")
    nobody = drifted.run("drift", "ack", ADDRESS, "--reason", "r", "--until", "1d")
    assert nobody.code == 1
    assert "--by NAME" in nobody.err
    subprocess.run(["git", "init", "-q", "."], cwd=drifted.folder, check=True)
    for key, value in (("user.name", "Jane"), ("user.email", "jane@example.com")):
        subprocess.run(["git", "config", key, value], cwd=drifted.folder, check=True)
    assert drifted.run("drift", "ack", ADDRESS, "--reason", "r", "--until", "1d").code == 0
    assert 'by: "Jane <jane@example.com>"' in acks_file(drifted).read_text(encoding="utf-8")


def test_every_mistake_in_the_file_is_told_at_once_with_its_place(drifted: Any) -> None:
    drifted.run("drift")
    acks_file(drifted).write_text(
        "version: 1\nstack: payments\nenvironment: prod\nacknowledgements:\n"
        f"  - {{about: {ADDRESS}, fingerprint: {'a' * 64}, reason: r, by: j, since: 2026-02-30, until: 2026-03-01}}\n"
        f"  - {{about: {ADDRESS}, fingerprint: {'a' * 64}, reason: r, by: j, since: 2026-01-01, until: 2027-01-01}}\n"
        f"  - {{about: {ADDRESS}, fingerprint: {'b' * 64}, reason: r, by: j, since: 2999-01-01, until: 2999-01-02}}\n"
    )
    ran = drifted.run("drift")
    assert (ran.code, ran.out) == (1, "")
    places = re.findall(r"--> reconciler\.local\.acks\.yaml:(\d+):(\d+)", ran.err)
    assert [line for line, _ in places] == ["3", "5", "6", "6", "7"]
    acks_file(drifted).write_text("version: 2\nacknowledgement: []\n")
    ran = drifted.run("drift")
    assert ran.code == 1
    assert "acks.yaml:1:10" in ran.err
    assert "acks.yaml:2:1" in ran.err


@pytest.mark.parametrize("what", ["pipe", "socket", "folder", "link to nothing", "link to a pipe"])
def test_what_is_no_file_is_not_waited_for_and_said_to_be_what_it_is(
    drifted: Any, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    drifted.run("drift")
    monkeypatch.chdir(drifted.folder)
    file, other = acks_file(drifted), drifted.folder / "other"
    with socket.socket(socket.AF_UNIX) as listener:
        match what:
            case "pipe":
                os.mkfifo(file)
            case "socket":
                listener.bind(file.name)
            case "folder":
                file.mkdir()
            case _:
                file.symlink_to(other)
        if what == "link to a pipe":
            os.mkfifo(other)
        for ran in (drifted.run("drift"), ack(drifted), drifted.run("drift", "acks")):
            assert (ran.code, ran.out) == (1, "")
            assert f"reconciler.local.acks.yaml is a {what.removeprefix('link to a ')}" in ran.err


def test_a_fingerprint_under_another_name_covers_nothing(drifted: Any) -> None:
    drifted.run("drift")
    ack(drifted)
    edit(drifted, lambda text: text.replace(f'about: "{ADDRESS}"', 'about: "workload_identity.ledger-agent"'))
    assert drifted.run("drift").code == 2


def test_in_a_folder_of_manifests_the_file_is_no_part_of_the_manifest(drifted: Any) -> None:
    folder = drifted.folder / "manifests"
    folder.mkdir()
    (drifted.folder / "reconciler.yaml").rename(folder / "main.yaml")
    for one in ("lock.json", "drift.json"):
        (drifted.folder / f"reconciler.local.{one}").rename(folder / f"manifests.local.{one}")
    (drifted.folder / ".reconciler").rename(folder / ".reconciler")
    assert drifted.run("drift").code == 2
    assert ack(drifted).code == 0
    assert (folder / "manifests.local.acks.yaml").exists()
    assert drifted.run("validate").code == 0
    assert drifted.run("drift").code == 0


def test_a_manifest_called_ack_is_a_path(drifted: Any) -> None:
    (drifted.folder / "ack").mkdir()
    (drifted.folder / "ack" / "m.yaml").write_text((drifted.folder / "reconciler.yaml").read_text())
    ran = drifted.run("drift", "./ack")
    assert ran.code == 1
    assert "there is no lockfile at ack/ack.local.lock.json" in ran.err
