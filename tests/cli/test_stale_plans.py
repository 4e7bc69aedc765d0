"""A saved plan is refused with exit 4 wherever it no longer fits, says why, and leaves everything as it is."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.age import in_words


@pytest.fixture
def stack(project: Any) -> Any:
    """One of two identities is applied; saved.plan would make the other."""
    project.run("apply", "--auto-approve", "--target", "*.ledger-agent")
    edit_lockfile(project, serial=3)
    assert project.run("plan", "--out", "saved.plan").code == 0
    return project


def edit_lockfile(project: Any, **members: Any) -> None:
    project.lockfile.write_text(json.dumps({**project.lock, **members}), encoding="utf-8")


def ago(**given: float) -> str:
    return (datetime.now(UTC) - timedelta(**given)).strftime("%Y-%m-%dT%H:%M:%SZ")


def refused(project: Any, *more: str, code: int = 4) -> str:
    """What is said of saved.plan, which is refused, with nothing changed in lockfile and directory."""
    before = project.lockfile.read_bytes()
    ran = project.run("apply", "--plan", "saved.plan", *more)
    assert ran.code == code, ran
    assert project.lockfile.read_bytes() == before
    with project.outside() as client:
        names = [one["name"] for one in client.list_workload_identities()["workloadIdentities"]]
    assert "invoice-agent" not in names
    said: str = ran.err
    return said


# What it was made from


@pytest.mark.parametrize(
    ("member", "value", "said"),
    [
        ("lineage", "99999999-2222-3333-4444-555555555555", "another lockfile (lineage"),
        ("serial", 5, "(serial 3 then, 5 now)"),
        ("serial", 2, "an older one than the plan was made from (serial 3 then, 2 now)"),
        ("stack", "refunds", "made for stack payments, and reconciler.local.lock.json is of stack refunds"),
        ("environment", "prod", "made for environment local, and reconciler.local.lock.json is of environment prod"),
        (
            "account",
            "111111111111",
            "made for account 000000000000, and reconciler.local.lock.json is of account 111111",
        ),
        ("region", "eu-west-1", "made for region us-east-1, and reconciler.local.lock.json is of region eu-west-1"),
    ],
)
def test_another_lockfile_in_its_place(stack: Any, member: str, value: Any, said: str) -> None:
    edit_lockfile(stack, **{member: value})
    assert said in refused(stack)


def test_a_lockfile_that_is_gone(stack: Any) -> None:
    stack.lockfile.unlink()
    ran = stack.run("apply", "--plan", "saved.plan")
    assert ran.code == 4
    assert "made from the lockfile reconciler.local.lock.json, which is not here" in ran.err


def test_a_lockfile_where_there_was_none(project: Any) -> None:
    project.run("plan", "--out", "saved.plan")
    project.run("apply", "--auto-approve", "--target", "*.ledger-agent")
    assert "before there was a lockfile" in refused(project)


@pytest.mark.parametrize("by", ["option", "variable"])
def test_another_environment_than_the_one_that_is_asked_for(
    stack: Any, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    monkeypatch.setenv("RECONCILER_ENV", "prod" if by == "variable" else "local")
    said = refused(stack, *(["--env", "prod"] if by == "option" else []))
    assert "a plan for environment local, not prod" in said


def test_an_edited_file(stack: Any) -> None:
    file = Path("saved.plan")
    file.write_text(file.read_text().replace("app.example.com/oauth", "evil.example.com/oauth"))
    assert "saved.plan was changed after it was made" in refused(stack)


def test_an_edited_date_is_an_edit_like_any_other(stack: Any) -> None:
    file = Path("saved.plan")
    made = json.loads(file.read_text())["created_at"]
    file.write_text(file.read_text().replace(made, ago(hours=1)))
    assert "saved.plan was changed after it was made" in refused(stack)


# Once


def test_a_plan_that_was_applied_is_named_as_such(project: Any) -> None:
    project.run("plan", "--out", "saved.plan")
    assert project.run("apply", "--plan", "saved.plan").code == 0
    project.run(
        "destroy", "--auto-approve", "--target", "nothing-*"
    )  # changes nothing, so the plan is still the last one
    before = project.lockfile.read_bytes()
    ran = project.run("apply", "--plan", "saved.plan")
    assert ran.code == 4
    assert "the plan was applied already" in ran.err
    assert project.lockfile.read_bytes() == before


def test_a_plan_that_was_applied_and_saved_again_is_the_same_plan(project: Any) -> None:
    project.run("plan", "--out", "saved.plan")
    assert project.run("apply", "--plan", "saved.plan").code == 0
    project.reseal(created_at=ago(minutes=-1))
    ran = project.run("apply", "--plan", "saved.plan")
    assert ran.code == 4
    assert "the plan was applied already" in ran.err


def test_a_plan_that_only_undid_drift_is_applied_once(project: Any) -> None:
    def drifts() -> None:
        with project.outside() as client:
            client.update_workload_identity(name="ledger-agent", allowedResourceOauth2ReturnUrls=["https://drift/x"])

    project.run("apply", "--auto-approve")
    drifts()
    for file in ("saved.plan", "other.plan"):
        assert project.run("plan", "--out", file, *(["--target", "*.ledger-agent"] * (file == "other.plan"))).code == 0
    assert project.run("apply", "--plan", "saved.plan").code == 0
    drifts()
    before = project.lockfile.read_bytes()
    for file, said in (("saved.plan", "the plan was applied already"), ("other.plan", "(serial 1 then, 2 now)")):
        ran = project.run("apply", "--plan", file)
        assert ran.code == 4
        assert said in ran.err
    assert project.lockfile.read_bytes() == before
    with project.outside() as client:
        found = client.get_workload_identity(name="ledger-agent")["allowedResourceOauth2ReturnUrls"]
    assert found == ["https://drift/x"]
    assert project.run("plan", "--out", "saved.plan").code == 0  # the same drift once more is a plan of its own
    assert project.run("apply", "--plan", "saved.plan").code == 0


def test_a_plan_that_was_applied_before_others_is_known_by_its_serial(stack: Any) -> None:
    assert stack.run("apply", "--plan", "saved.plan").code == 0
    stack.declare("something-else")
    assert stack.run("apply", "--auto-approve").code == 0  # invoice-agent is gone again: a replay would bring it back
    said = refused(stack)
    assert "(serial 3 then, 5 now)" in said
    assert "applied already and others after it" in said


# Its age


def test_a_plan_older_than_a_day_is_too_old(stack: Any) -> None:
    made = ago(hours=25, minutes=10)
    stack.reseal(created_at=made)
    said = refused(stack)
    assert f"too old: it was made {made}, 1 day 1 hour ago, and may be 1 day old" in said
    assert "--max-age" in said


@pytest.mark.parametrize(
    ("age", "limit", "code"),
    [
        ({"hours": 23}, None, 0),
        ({"minutes": 31}, "30m", 4),
        ({"minutes": 29}, "30m", 0),
        ({"days": 6}, "7d", 0),
        ({"days": 8}, "7D", 4),
        ({"seconds": 90}, "60s", 4),
        ({"days": 900}, "none", 0),
        ({"hours": 30}, "", 4),  # a variable of the CI that is empty lifts nothing
    ],
)
def test_how_old_it_may_be_is_said_with_a_unit(stack: Any, age: Any, limit: str | None, code: int) -> None:
    stack.reseal(created_at=ago(**age))
    more = [] if limit is None else ["--max-age", limit]
    if code:
        assert "too old" in refused(stack, *more)
    else:
        assert stack.run("apply", "--plan", "saved.plan", *more).code == 0


@pytest.mark.parametrize("limit", ["24", "0", "0h", "h", "-1h", "1.5h", "1w", "forever", "1h30m", "9999999d", "٣h"])
def test_what_is_no_age_is_an_error(stack: Any, limit: str) -> None:
    assert "30m, 24h or 7d" in refused(stack, f"--max-age={limit}", code=1)


def test_a_file_that_does_not_say_when_it_was_made_may_be_of_any_age(stack: Any) -> None:
    stack.reseal(created_at=None)
    assert "does not say when it was made" in refused(stack)
    assert "does not say when it was made" in stack.run("show", "saved.plan").err
    assert stack.run("apply", "--plan", "saved.plan", "--max-age", "none").code == 0


def test_a_printed_plan_is_no_saved_one(stack: Any) -> None:
    Path("saved.plan").write_text(stack.run("plan", "--format", "json").out)
    assert "plan --out FILE" in refused(stack)


def test_a_plan_from_the_future_says_that_a_clock_is_wrong(stack: Any) -> None:
    stack.reseal(created_at=ago(hours=-2, seconds=-20))
    said = refused(stack)
    assert "made in the future" in said
    assert "One of two clocks is wrong by 2 hours" in said


def test_clocks_may_differ_by_a_few_minutes(stack: Any) -> None:
    stack.reseal(created_at=ago(minutes=-4))
    assert stack.run("apply", "--plan", "saved.plan").code == 0


def test_a_date_that_does_not_exist_is_an_error(stack: Any) -> None:
    stack.reseal(created_at="2026-02-30T10:00:00Z")
    assert "is no date" in refused(stack, code=1)
    assert stack.run("show", "saved.plan").code == 1


def test_show_says_when_it_was_made_and_how_long_ago_that_is(stack: Any) -> None:
    made = ago(days=3, hours=2, minutes=1)
    stack.reseal(created_at=made)
    ran = stack.run("show", "saved.plan")
    assert ran.code == 0
    assert f"saved.plan was made {made}, 3 days 2 hours ago. It is not signed." in ran.err


def test_the_time_is_in_the_file_and_not_in_the_plan(stack: Any) -> None:
    assert stack.run("plan", "--format", "json").out == stack.run("plan", "--format", "json").out
    assert "created_at" not in stack.run("show", "saved.plan", "--format", "json").out


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0 seconds"), (0, "0 seconds"), (1, "1 second"), (61, "1 minute 1 second"), (7200, "2 hours"),
     (90061, "1 day 1 hour")],
)  # fmt: skip
def test_an_age_is_said_in_its_two_largest_units(seconds: int, words: str) -> None:
    assert in_words(timedelta(seconds=seconds)) == words
