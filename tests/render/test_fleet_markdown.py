"""Several targets as one comment: a table, the same plan once, and never more than a comment may hold."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from reconciler.model.changes import Action, Reason
from reconciler.model.fleet import Failure, FleetResult, TargetResult
from reconciler.model.plan import Plan
from reconciler.render.fleet_markdown import fleet_markdown


def fleet(*targets: TargetResult) -> FleetResult:
    return FleetResult(command="plan", stack="payments", targets=targets, chosen=len(targets))


def planned(make: Any, name: str, *, changes: int = 1, prefix: str = "agent") -> TargetResult:
    plan: Plan = make.plan(
        *(
            make.change(
                Action.CREATE, f"{prefix}-{n}", Reason.DECLARED, after=make.held(f"https://h{n}.example.com/cb")
            )
            for n in range(changes)
        )
    )
    plan = replace(plan, target=replace(plan.target, environment=name))
    return TargetResult(name=name, account="222222222222", region="us-east-1", plan=plan)


def test_the_same_plan_stands_there_once_below_the_table(make: Any) -> None:
    lost = TargetResult(name="c", failure=Failure(summary="no | credentials", detail="log in"))
    shown = fleet_markdown(fleet(planned(make, "a"), planned(make, "b"), lost))
    assert shown.startswith("<!-- reconciler:plan payments/a+b+c -->\n### Stack `payments`: 3 targets\n")
    assert shown.count("workload_identity.agent-0") == 1
    assert "#### The same for `2 targets: a, b`" in shown
    assert "| `c` |  |  | `error: no ¦ credentials` |" in shown
    assert "```text\nc:\nno | credentials\nlog in\n```" in shown
    assert shown.count("<!--") == 1, "only the first line is a marker"


def test_plans_that_do_not_fit_share_the_room_and_each_says_what_it_lost(make: Any) -> None:
    big = [planned(make, f"t{n}", changes=1_000, prefix=f"p{n}") for n in range(3)]
    shown = fleet_markdown(fleet(*big, planned(make, "small")))
    assert len(shown) <= 60_000
    assert len(re.findall(r"Cut to fit a comment", shown)) == 3
    assert all(f"workload_identity.p{n}-0" in shown for n in range(3))
    assert "workload_identity.agent-0" in shown


def test_very_many_targets_are_counted(make: Any) -> None:
    shown = fleet_markdown(fleet(*(planned(make, f"t{n}", changes=40, prefix=f"p{n}") for n in range(900))))
    assert len(shown) <= 60_000
    rows = len(re.findall(r"^\| `t", shown, re.MULTILINE))
    headings = len(re.findall(r"^#### ", shown, re.MULTILINE))
    cut = re.search(r"\*\*Cut to fit a comment:\*\* (.*)\. `--format", shown)
    assert cut is not None
    counts = {noun: int(number) for number, noun in re.findall(r"(\d+) (targets|plans) ?(?:and|left)", cut.group(1))}
    assert rows + counts.get("targets", 0) == 900
    assert headings + counts["plans"] == 900
