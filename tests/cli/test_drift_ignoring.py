"""Drift that is nobody's news: counted and said, never told as drift, and never of what the manifest declares."""

from __future__ import annotations

from typing import Any

import pytest

RULES = """\
settings:
  drift:
    ignore:
      - {attributes: ["tags.cost-*"], resources: ["invoice-*"], reason: The billing tool sets them.}
      - {newcomers: ["lab-*"], reason: Everybody may try things., until: 2999-01-01}
"""


@pytest.fixture
def watched(project: Any) -> Any:
    text = (project.folder / "reconciler.yaml").read_text(encoding="utf-8")
    project.write(text.replace("environments:\n", f"{RULES}environments:\n", 1))
    assert project.run("apply", "--auto-approve").code == 0
    assert project.run("drift").code == 0
    return project


def tag(project: Any, name: str, **tags: str) -> None:
    with project.outside() as client:
        arn = client.get_workload_identity(name=name)["workloadIdentityArn"]
        client.tag_resource(resourceArn=arn, tags={key.replace("_", "-"): value for key, value in tags.items()})


def test_tags_of_others_are_counted_and_not_told(watched: Any) -> None:
    tag(watched, "invoice-agent", cost_center="4711")
    ran = watched.run("drift")
    assert ran.code == 0
    assert (
        "Ignored by reconciler.yaml:6:9: 1, of workload_identity.invoice-agent (The billing tool sets them.)."
        in " ".join(ran.out.split())
    )


def test_what_is_not_meant_is_told_without_what_is(watched: Any) -> None:
    tag(watched, "invoice-agent", cost_center="4711", team="thieves")
    tag(watched, "ledger-agent", cost_center="4711")
    ran = watched.run("drift")
    assert ran.code == 2
    assert "team: payments -> thieves" in ran.out
    assert ran.out.count("cost-center") == 1  # the ledger's, which no rule speaks of
    before = watched.run("drift", "--format", "json").out
    tag(watched, "invoice-agent", cost_center="4712")
    assert watched.run("drift", "--new-only").code == 0, "an ignored element moves, and the finding is a new one"
    assert before.count("thieves") == watched.run("drift", "--format", "json").out.count("thieves")


def test_newcomers_of_a_naming_scheme_are_left_out_and_no_others(watched: Any) -> None:
    with watched.outside() as client:
        client.create_workload_identity(name="lab-one")
        client.create_workload_identity(name="lab-two")
    ran = watched.run("drift")
    assert ran.code == 0
    assert "Ignored by reconciler.yaml:7:9: 2, of workload_identity.lab-one, workload_identity.lab-two" in " ".join(
        ran.out.split()
    )
    with watched.outside() as client:
        client.create_workload_identity(name="stranger")
    assert watched.run("drift").code == 2


def test_a_deletion_is_never_left_out(watched: Any) -> None:
    with watched.outside() as client:
        client.delete_workload_identity(name="invoice-agent")
    ran = watched.run("drift")
    assert ran.code == 2
    assert "was deleted outside" in ran.out


def test_a_rule_that_comes_later_does_not_call_what_stands_over(project: Any) -> None:
    project.run("apply", "--auto-approve")
    project.run("drift")
    tag(project, "invoice-agent", cost_center="4711")
    assert project.run("drift").code == 2
    text = (project.folder / "reconciler.yaml").read_text(encoding="utf-8")
    project.write(text.replace("environments:\n", f"{RULES}environments:\n", 1))
    ran = project.run("drift")
    assert ran.code == 0
    assert "Over since" not in ran.out


def test_a_rule_whose_day_is_over_leaves_nothing_out_and_is_said_so(watched: Any) -> None:
    text = (watched.folder / "reconciler.yaml").read_text(encoding="utf-8")
    watched.write(text.replace("2999-01-01", "2020-01-01"))
    with watched.outside() as client:
        client.create_workload_identity(name="lab-one")
    ran = watched.run("drift")
    assert ran.code == 2
    assert "The rule at reconciler.yaml:7:9 held until 2020-01-01" in " ".join(ran.out.split())


@pytest.mark.parametrize(
    ("rule", "hit"),
    [
        ('attributes: ["tags.te*"]', "workload_identity.invoice-agent tags.team (reconciler.yaml:12:12)"),
        ("attributes: [tags]", "workload_identity.invoice-agent tags (reconciler.yaml:12:5)"),
        ('attributes: ["allowed*"], resources: ["ledger*"]', "workload_identity.ledger-agent allowedResource"),
        ("attributes: [tags, x-tags]", "No attribute that drifts is called"),
        ('newcomers: ["*-agent"]', "workload_identity.invoice-agent (reconciler.yaml:10:3), workload_identity.ledger"),
        ("resources: [x]", "needs attributes beside resources"),
        ('attributes: ["allowedResourceOauth2ReturnUrls.http*"]', "not even single ones"),
        ("until: 2027-01-01", "does not say what it leaves out"),
        ("attributes: [tags], until: 2027-02-31", "no day that exists"),
    ],
)
def test_a_rule_that_hits_what_is_declared_or_can_never_hit_is_refused(project: Any, rule: str, hit: str) -> None:
    text = (project.folder / "reconciler.yaml").read_text(encoding="utf-8")
    rules = f"settings:\n  drift:\n    ignore:\n      - {{{rule}, reason: r}}\n"
    project.write(text.replace("environments:\n", f"{rules}environments:\n", 1))
    for verb in ("validate", "plan", "drift"):
        ran = project.run(verb)
        assert ran.code == 1
        said = " ".join(ran.err.split())
        assert hit in said
        assert "reconciler.yaml:6:" in said


@pytest.mark.parametrize("glob", ["allowed*", "*", "allowedResourceOauth2ReturnUrls", "*Urls"])
def test_return_urls_are_told_also_of_what_declares_none(project: Any, glob: str) -> None:
    text = (project.folder / "reconciler.yaml").read_text(encoding="utf-8")
    rules = f'settings: {{drift: {{ignore: [{{attributes: [tags, "{glob}"], resources: [bare], reason: r}}]}}}}\n'
    project.write(text.replace("environments:\n", f"{rules}environments:\n", 1).rstrip("\n") + "\n  bare: {}\n")
    for verb in ("validate", "plan", "drift"):
        ran = project.run(verb)
        assert ran.code == 1
        assert f'"{glob}" would leave out return URLs' in ran.err
        assert "reconciler.yaml:3:" in ran.err


def test_a_plan_is_the_same_with_and_without_rules(project: Any) -> None:
    project.run("plan", "--out", "one.plan")
    text = (project.folder / "reconciler.yaml").read_text(encoding="utf-8")
    without = project.run("plan", "--format", "json").out
    project.write(text + RULES)
    assert project.run("plan", "--format", "json").out == without
