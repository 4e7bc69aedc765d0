"""`plan` and `apply` over several targets: one report, one exit code, each target on an island of its own."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource

from reconciler.schema_files import schema
from reconciler.state import LocalState

HEAD = """\
environments:
  dev: {directory: embedded, account: "111111111111", region: ap-south-1, targets: {one: {}}}
  prod:
    directory: embedded
    region: [eu-west-1, us-east-1]
    variables: {host: app.example.com}
    targets:
      pay: {account: "222222222222"}
      trade: {account: "333333333333", region: us-west-2, variables: {host: trade.example.com}}
"""
PROD = ["prod@pay@eu-west-1", "prod@pay@us-east-1", "prod@trade"]
ALL = ["dev@one", *PROD]


def fit(text: str) -> dict[str, Any]:
    """The JSON document, once it is what its schema says."""
    document: dict[str, Any] = json.loads(text)
    plans = Registry().with_resource("plan.schema.json", Resource.from_contents(schema("plan")))
    jsonschema.Draft202012Validator(schema("targets"), registry=plans).validate(document)
    return document


def lockfile(project: Any, target: str) -> Path:
    path: Path = project.folder / f"reconciler.{target}.lock.json"
    return path


def ended(document: dict[str, Any]) -> dict[str, str]:
    return {one["target"]: one["ended"] for one in document["targets"]}


@pytest.fixture
def fleet(project: Any) -> Any:
    """Two identities in four targets of two environments, none applied yet."""
    project.declare("invoice-agent", "ledger-agent", head=HEAD)
    return project


@pytest.fixture
def applied(fleet: Any) -> Any:
    assert fleet.run("apply", "--all", "--auto-approve").code == 0
    return fleet


def test_a_plan_of_all_tells_each_once(fleet: Any) -> None:
    ran = fleet.run("plan", "--all")

    assert ran.code == 0
    assert ran.out.startswith("Plans for stack payments: 4 targets\n")
    assert "== The same for 4 targets: dev@one, prod@pay@eu-west-1, prod@pay@us-east-1, prod@trade\n" in ran.out
    assert ran.out.count("+ create") == 2
    assert "reconciler:stack = payments/TARGET" in ran.out
    assert ran.out.endswith("4 targets: 4 with changes.\n")
    assert fleet.run("plan", "--all", "--detailed-exitcode").code == 2


def test_plans_that_differ_are_told_apart(fleet: Any) -> None:
    fleet.write((fleet.folder / "reconciler.yaml").read_text() + "  only-one: {environments: [prod@trade]}\n")
    ran = fleet.run("plan", "--all")

    assert "== The same for 3 targets: dev@one, prod@pay@eu-west-1, prod@pay@us-east-1\n" in ran.out
    assert "== prod@trade\n" in ran.out
    assert "payments/prod@trade." in ran.out


@pytest.mark.parametrize(("env", "names"), [("prod", PROD), ("prod@*", PROD), ("*@us-east-1", PROD[1:2]), ("*", ALL)])
def test_an_environment_or_a_glob_chooses(fleet: Any, env: str, names: list[str]) -> None:
    ran = fleet.run("plan", "--env", env, "--format", "json")

    assert [one["target"] for one in fit(ran.out)["targets"]] == names


def test_a_name_or_an_environment_with_one_target_is_planned_as_ever(fleet: Any) -> None:
    by_name = fleet.run("plan", "--env", "dev@one", "--format", "json")

    assert json.loads(by_name.out)["target"] == {
        "stack": "payments",
        "environment": "dev@one",
        "account": "111111111111",
        "region": "ap-south-1",
    }
    assert fleet.run("plan", "--env", "dev", "--format", "json").out == by_name.out


def test_a_command_that_works_on_one_says_which_there_are(fleet: Any) -> None:
    ran = fleet.run("lock", "show", "--env", "prod")

    assert ran.code == 1
    assert "means 3 targets, and this works on one: prod@pay@eu-west-1, prod@pay@us-east-1, prod@trade" in ran.err


def test_an_apply_reaches_every_target_and_then_there_is_nothing_to_do(fleet: Any) -> None:
    ran = fleet.run("apply", "--all", "--auto-approve")

    assert ran.code == 0, ran.err
    assert "4 targets: 4 applied." in ran.out
    locks = [json.loads(lockfile(fleet, target).read_text()) for target in ALL]
    assert [(one["environment"], len(one["resources"])) for one in locks] == [(target, 2) for target in ALL]
    assert {one["account"] for one in locks} == {"111111111111", "222222222222", "333333333333"}
    again = fleet.run("plan", "--all", "--detailed-exitcode", "--format", "json")
    assert again.code == 0
    assert fit(again.out)["summary"]["changed"] == 0
    assert fleet.run("plan", "--env", "prod@trade", "--detailed-exitcode").code == 0
    assert fleet.run("apply", "--all").out.endswith("4 targets: 4 unchanged.\n")


def test_the_document_of_an_apply_fits_the_schema(fleet: Any) -> None:
    ran = fleet.run("apply", "--env", "prod", "--auto-approve", "--format", "json")
    document = fit(ran.out)

    assert ended(document) == dict.fromkeys(PROD, "applied")
    assert [len(one["report"]["outcomes"]) for one in document["targets"]] == [2, 2, 2]
    assert "+ create" in ran.err


def test_no_target_stops_another(applied: Any) -> None:
    """One is locked, one has a damaged lockfile, one refuses; the fourth is applied all the same."""
    applied.declare("invoice-agent", "new-agent", head=HEAD.replace('"333333333333"', '"333333333333", protect: true'))
    lockfile(applied, "prod@pay@us-east-1").write_text("{}")
    with LocalState(lockfile(applied, "dev@one")).exclusive("apply"):
        ran = applied.run("apply", "--all", "--auto-approve", "--format", "json")
    document = fit(ran.out)

    assert ended(document) == {
        "dev@one": "locked",
        "prod@pay@eu-west-1": "applied",
        "prod@pay@us-east-1": "error",
        "prod@trade": "refused",
    }
    assert [one["exit_code"] for one in document["targets"]] == [5, 0, 1, 3]
    assert ran.code == document["exit_code"] == 1
    resources = json.loads(lockfile(applied, "prod@pay@eu-west-1").read_text())["resources"]
    assert list(resources) == ["workload_identity.invoice-agent", "workload_identity.new-agent"]
    held = json.loads(lockfile(applied, "prod@trade").read_text())["resources"]
    assert list(held) == ["workload_identity.invoice-agent", "workload_identity.ledger-agent"]


def test_a_target_that_cannot_connect_stops_no_other(fleet: Any) -> None:
    fleet.declare("invoice-agent", head="environments: {here: {directory: embedded}, there: {profile: nobody}}")
    ran = fleet.run("plan", "--all")

    assert ran.code == 1
    assert "Error: there: " in ran.out
    assert "== here\n" in ran.out
    assert "2 targets: 1 with changes, 1 with an error." in ran.out


def test_what_could_not_be_read_in_one_is_refused_there_alone(project: Any, aws: Any) -> None:
    head = "environments: {prod: {region: [eu-west-1, us-east-1]}}"
    entries = "workloadIdentities:\n  abc: {name: 'abc-${region}'}\n"
    project.write(f"version: 1\nstack: payments\n{head}\n{entries}")
    assert project.run("apply", "--all", "--auto-approve").code == 0
    project.write(f"version: 1\nstack: payments\n{head}\n{entries}  new-agent: {{}}\n")
    aws.misbehaviour.fail("GetWorkloadIdentity", "ValidationException", name="abc-us-east-1", times=None)
    document = fit(project.run("apply", "--all", "--auto-approve", "--format", "json").out)

    assert ended(document) == {"prod@eu-west-1": "applied", "prod@us-east-1": "refused"}
    assert document["exit_code"] == 3
    assert project.run("plan", "--all").code == 1


def test_an_apply_in_part_in_one_and_whole_in_others_is_an_apply_in_part(project: Any, aws: Any) -> None:
    project.declare("invoice-agent", "ledger-agent", head="environments: {prod: {region: [eu-west-1, us-east-1]}}")
    aws.misbehaviour.fail("CreateWorkloadIdentity", "ValidationException")
    ran = project.run("apply", "--all", "--auto-approve", "--format", "json")

    assert sorted(ended(fit(ran.out)).values()) == ["applied", "applied_in_part"]
    assert ran.code == 6


def test_targets_of_one_account_and_region_share_a_pace_and_others_do_not() -> None:
    from reconciler.aws.pacing import Pacing
    from reconciler.directory.sharing import Sharing

    sharing = Sharing(8)
    one = sharing.pacing(("1", "eu-west-1", "https://a"), Pacing)

    assert sharing.pacing(("1", "eu-west-1", "https://a"), Pacing) is one
    assert sharing.pacing(("1", "us-east-1", "https://a"), Pacing) is not one
    assert sharing.pacing(("2", "eu-west-1", "https://a"), Pacing) is not one
    sharing.hurry()
    assert one.hurry.is_set()
    assert sharing.pacing(("3", "eu-west-1", "https://a"), Pacing).hurry.is_set()


def test_two_environments_in_one_place_keep_one_quota_together(project: Any, aws: Any) -> None:
    """Ten identities each, at 20 a second: together they take what twenty take, not what ten do."""
    names = [f"agent-{at}" for at in range(10)]
    head = "environments: {a: {region: us-east-1, variables: {x: a}}, b: {region: us-east-1, variables: {x: b}}}"
    entries = "".join(f"  {name}: {{name: '{name}-${{x}}'}}\n" for name in names)
    project.write(f"version: 1\nstack: payments\n{head}\nworkloadIdentities:\n{entries}")
    assert project.run("apply", "--all", "--auto-approve").code == 0
    moments: list[float] = []
    aws.misbehaviour.before("GetWorkloadIdentity", lambda _: moments.append(time.monotonic()), times=None)
    assert project.run("plan", "--all", "--rate", "20").code == 0

    assert len(moments) == 20
    assert max(moments) - min(moments) >= 0.6


def test_one_question_is_asked_for_all(fleet: Any, terminal: Any) -> None:
    screen = terminal("apply", "--all")
    screen.expect("Apply these plans of stack payments to 4 targets?")
    screen.type("yes")
    assert screen.close() == 0
    assert "4 targets: 4 applied." in screen.seen
    assert screen.seen.count("Only 'yes' will be accepted") == 1


def test_no_is_no_for_all(fleet: Any, terminal: Any) -> None:
    screen = terminal("apply", "--all")
    screen.expect("will be accepted")
    screen.type("no")
    assert screen.close() == 1
    assert not list(fleet.folder.glob("*.lock.json"))


def test_nobody_there_to_ask_is_an_error_and_nothing_is_written(fleet: Any) -> None:
    ran = fleet.other("apply", "--all")

    assert ran.code == 1
    assert "--auto-approve" in ran.err
    assert not list(fleet.folder.glob("*.lock.json"))


def test_plans_are_saved_one_by_one_and_exactly_those_are_applied(fleet: Any) -> None:
    assert fleet.run("plan", "--all", "--out", "plans").code == 0
    assert sorted(one.name for one in (fleet.folder / "plans").iterdir()) == [f"{target}.plan" for target in ALL]
    fleet.declare("another-agent", head=HEAD)
    ran = fleet.run("apply", "--plan", "plans")

    assert ran.code == 0, ran.err
    assert "another-agent" not in ran.out
    assert len(json.loads(lockfile(fleet, "prod@trade").read_text())["resources"]) == 2
    assert fleet.run("show", "plans/prod@trade.plan").code == 0


def test_one_plan_that_no_longer_fits_keeps_all_from_being_begun(fleet: Any) -> None:
    fleet.run("plan", "--all", "--out", "plans")
    fleet.run("apply", "--env", "prod@trade", "--auto-approve")
    ran = fleet.run("apply", "--plan", "plans", "--format", "json")

    assert ran.code == 1
    assert ended(fit(ran.out)) == {**dict.fromkeys(ALL, "not_begun"), "prod@trade": "stale"}
    assert not lockfile(fleet, "dev@one").exists()
    assert "none was begun" in ran.err


def test_two_plans_of_one_target_keep_all_from_being_begun(fleet: Any) -> None:
    fleet.run("plan", "--all", "--out", "plans")
    plans = fleet.folder / "plans"
    (plans / "copy.plan").write_bytes((plans / "prod@trade.plan").read_bytes())
    ran = fleet.run("apply", "--plan", "plans")

    assert ran.code == 1
    assert "two plans are for prod@trade" in ran.out
    assert not list(fleet.folder.glob("*.lock.json"))


def test_a_folder_with_plans_of_another_run_takes_no_more(fleet: Any) -> None:
    fleet.run("plan", "--all", "--out", "plans")
    ran = fleet.run("plan", "--env", "prod", "--out", "plans")

    assert ran.code == 1
    assert "plans holds plans already" in ran.err


def test_shards_are_told_and_together_they_are_all(fleet: Any) -> None:
    documents = [fit(fleet.run("plan", "--all", "--shard", f"{at}/3", "--format", "json").out) for at in (1, 2, 3)]
    ran = fleet.run("plan", "--all", "--shard", "2/3")

    assert sorted(one["target"] for document in documents for one in document["targets"]) == ALL
    assert [document["chosen"] for document in documents] == [4, 4, 4]
    number = len(documents[1]["targets"])
    assert f"Plans for stack payments: shard 2/3: {number} of 4 targets" in ran.out
    assert fleet.run("plan", "--all", "--shard", "7/9").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--all", "--env", "prod"), "--all takes every environment"),
        (("--all", "--shard", "0/3"), "is no shard"),
        (("--all", "--shard", "4/3"), "is no shard"),
        (("--all", "--shard", "half"), "is no shard"),
        (("--env", "dev", "--shard", "1/2"), "--shard is for several targets"),
        (("--env", "staging"), "declares no environment 'staging'"),
        (("--env", "staging-*"), "declares no environment 'staging-*'"),
    ],
)
def test_what_cannot_be_meant_is_refused(fleet: Any, words: tuple[str, ...], said: str) -> None:
    ran = fleet.run("plan", *words)

    assert ran.code == 1
    assert said in ran.err
    assert ran.out == ""


def test_the_report_of_one_target_is_text(fleet: Any) -> None:
    ran = fleet.run("apply", "--env", "dev@one", "--auto-approve", "--format", "json")

    assert ran.code == 1
    assert "--format is for the report of several targets" in ran.err
    assert not lockfile(fleet, "dev@one").exists()


def test_markdown_folds_what_is_the_same(fleet: Any) -> None:
    ran = fleet.run("plan", "--all", "--format", "markdown")

    assert "### Stack `payments`: 4 targets" in ran.out
    assert "| `prod@trade` | `333333333333` | `us-west-2` |" in ran.out
    assert ran.out.count("<details><summary>4 targets</summary>") == 1


def test_an_interrupt_stops_all_and_tells_of_all(project: Any, aws: Any) -> None:
    names = [f"agent-{at:02}" for at in range(12)]
    project.declare(*names, head="environments: {prod: {region: [eu-west-1, us-east-1]}}")
    aws.misbehaviour.latency = 0.3
    process = project.spawn("apply", "--all", "--auto-approve", "--threads", "2", "--format", "json")
    while sum(one.operation == "CreateWorkloadIdentity" for one in list(aws.misbehaviour.calls)) < 6:
        assert process.poll() is None, process.communicate()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)

    assert process.returncode == 6, err
    document = fit(out)
    assert ended(document) == {"prod@eu-west-1": "applied_in_part", "prod@us-east-1": "applied_in_part"}
    for one in document["targets"]:
        done = [outcome["address"] for outcome in one["report"]["outcomes"] if outcome["status"] == "done"]
        left = [outcome for outcome in one["report"]["outcomes"] if outcome["status"] == "left"]
        assert left
        assert list(json.loads(lockfile(project, one["target"]).read_text())["resources"]) == done


def test_an_interrupted_plan_still_tells_what_there_is(project: Any, aws: Any) -> None:
    project.declare("abc", head="environments: {quick: {directory: embedded}, slow: {region: us-east-1}}")
    aws.misbehaviour.latency = 20
    process = project.spawn("plan", "--all", "--format", "json")
    while not aws.misbehaviour.calls:
        assert process.poll() is None, process.communicate()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=40)

    assert process.returncode == 1
    assert "Interrupted" in err
    assert ended(fit(out))["slow"] in ("not_begun", "error")


def test_an_environment_is_offered_to_a_shell(fleet: Any) -> None:
    from reconciler.cli.completion import names_in

    assert names_in(None, "prod") == ["prod", *PROD]
    assert names_in("no-such.yaml", "") == []


def test_a_secret_that_is_missing_stops_all_before_the_question(fleet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (fleet.folder / "reconciler.yaml").read_text()
    fleet.write(text + "apiKeyCredentialProviders: {stripe: {apiKey: {fromEnv: STRIPE_KEY, version: 1}}}\n")
    monkeypatch.delenv("STRIPE_KEY", raising=False)

    ran = fleet.run("apply", "--all", "--auto-approve")

    assert ran.code == 1
    assert "not set, or empty: STRIPE_KEY; nothing was written" in ran.err
    assert not list(fleet.folder.glob("*.lock.json"))
    monkeypatch.setenv("STRIPE_KEY", "a-key")
    assert fleet.run("apply", "--all", "--auto-approve").code == 0
