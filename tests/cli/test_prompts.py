"""Questions, asked on a terminal and nowhere else; only the one word agrees."""

from __future__ import annotations

import re
from typing import Any

import pytest


def test_yes_applies(project: Any, terminal: Any) -> None:
    screen = terminal("apply")
    screen.expect("Only 'yes' will be accepted")
    screen.type("yes")
    assert screen.close() == 0
    assert set(project.lock["resources"]) == {"workload_identity.invoice-agent", "workload_identity.ledger-agent"}


@pytest.mark.parametrize("answer", ["no", "y", "YES", "yes please", ""])
def test_anything_but_yes_changes_nothing(project: Any, terminal: Any, answer: str) -> None:
    screen = terminal("apply")
    screen.expect("Only 'yes' will be accepted")
    screen.type(answer)
    assert screen.close() == 1
    assert "Apply cancelled" in screen.seen
    assert not project.lockfile.exists()


def test_the_end_of_input_changes_nothing(project: Any, terminal: Any) -> None:
    screen = terminal("apply")
    screen.expect("Only 'yes' will be accepted")
    screen.type("\x04")
    assert screen.close() == 1
    assert not project.lockfile.exists()


def test_an_interrupt_at_the_question_changes_nothing(project: Any, terminal: Any) -> None:
    screen = terminal("apply")
    screen.expect("Only 'yes' will be accepted")
    screen.process.send_signal(2)
    assert screen.close() == 1
    assert "nothing was written" in screen.seen
    assert not project.lockfile.exists()


def test_where_nobody_can_be_asked_each_verb_names_its_own_way(project: Any) -> None:
    assert "reconciler apply --plan FILE" in project.other("apply").err
    project.run("apply", "--auto-approve")
    ran = project.other("destroy")
    assert ran.code == 1
    assert "--auto-approve" in ran.err
    assert "--plan" not in ran.err


def test_destroy_wants_the_name_of_the_stack(project: Any, terminal: Any) -> None:
    project.run("apply", "--auto-approve")
    screen = terminal("destroy")
    screen.expect("Only 'payments' will be accepted")
    screen.type("yes")
    assert screen.close() == 1
    assert project.lock["resources"]
    screen = terminal("destroy")
    screen.expect("Only 'payments' will be accepted")
    screen.type("payments")
    assert screen.close() == 0
    assert project.lock["resources"] == {}


def test_the_plan_is_on_the_screen_before_the_question(project: Any, terminal: Any) -> None:
    screen = terminal("apply")
    screen.expect("Only 'yes' will be accepted")
    assert "invoice-agent" in screen.seen.split("Apply this plan")[0]
    screen.type("no")
    screen.close()


@pytest.mark.parametrize("switch", [{"RECONCILER_INPUT": "0"}, {"CI": "true"}])
def test_a_terminal_where_nobody_may_be_asked_gets_no_question(
    project: Any, terminal: Any, switch: dict[str, str]
) -> None:
    screen = terminal("apply", env=switch)
    assert screen.close() == 1
    assert "--auto-approve" in screen.seen
    assert "--plan FILE" in screen.seen
    assert "Only 'yes'" not in screen.seen
    assert not project.lockfile.exists()


def test_colour_is_for_terminals_and_can_be_declined(project: Any, terminal: Any) -> None:
    coloured = re.compile(r"\x1b\[[0-9;]*m")
    screen = terminal("plan")
    screen.close()
    assert coloured.search(screen.seen)
    for arguments, env in ((["plan", "--no-color"], {}), (["plan"], {"NO_COLOR": "1"}), (["plan"], {"TERM": "dumb"})):
        screen = terminal(*arguments, env=env)
        assert screen.close() == 0
        assert not coloured.search(screen.seen)


def test_a_terminal_sees_each_outcome_and_the_report(project: Any, terminal: Any) -> None:
    screen = terminal("apply", "--auto-approve")
    assert screen.close() == 0
    assert "created in" in screen.seen
    assert "Applied:" in screen.seen
