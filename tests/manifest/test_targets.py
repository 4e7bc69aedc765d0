"""An environment with several targets: their names, what each inherits, what entries mean by it, and what cannot be."""

from __future__ import annotations

import pytest

from reconciler.manifest import is_glob, load_files, meant
from reconciler.manifest.documents import ManifestFile
from reconciler.model.environments import Limit, Where

HEAD = "version: 1\nstack: payments\n"
PROD = HEAD + (
    "environments:\n"
    "  dev: {directory: embedded}\n"
    "  prod:\n"
    "    region: [us-east-1, eu-west-1]\n"
    "    profile: shared\n"
    "    variables: {host: app.example.com, tier: gold}\n"
    "    limits: {deletes: 5}\n"
    "    targets:\n"
    "      pay: {account: '222222222222', variables: {host: pay.example.com}}\n"
    "      trade:\n"
    "        account: '333333333333'\n"
    "        region: us-west-2\n"
    "        roleArn: arn:aws:iam::333333333333:role/reconciler\n"
    "        protect: true\n"
    "        limits: {deletes: '10%'}\n"
    "        state: s3://trade-state\n"
)


def manifest_of(text: str):
    loaded = load_files([ManifestFile("m.yaml", text.encode())])
    assert loaded.manifest is not None, loaded.diagnostics
    return loaded.manifest


def test_each_combination_is_an_environment_of_its_own():
    found = manifest_of(PROD).environments

    assert list(found) == ["dev", "prod@pay@eu-west-1", "prod@pay@us-east-1", "prod@trade"]
    assert [one.group for one in found.values()] == ["", "prod", "prod", "prod"]
    assert [one.declared for one in found.values()] == ["dev", "prod", "prod", "prod"]
    assert found["prod@pay@eu-west-1"].region == "eu-west-1"


def test_a_target_inherits_what_it_leaves_out_and_adds_to_the_variables():
    pay, trade = (manifest_of(PROD).environments[name] for name in ("prod@pay@us-east-1", "prod@trade"))

    assert (pay.account, pay.profile, pay.protect, pay.limit) == (
        "222222222222",
        "shared",
        False,
        Limit(percent=None, count=5),
    )
    assert pay.variables == {"host": "pay.example.com", "tier": "gold"}
    assert pay.state is None
    assert (trade.account, trade.region, trade.profile) == ("333333333333", "us-west-2", "shared")
    assert trade.role_arn.endswith("role/reconciler")
    assert (trade.protect, trade.limit, str(trade.state)) == (True, Limit(percent=10), "s3://trade-state")


def test_a_list_of_regions_alone_makes_a_target_of_each():
    found = manifest_of(
        HEAD + "environments: {prod: {directory: embedded, region: [us-east-1, eu-west-1]}}\n"
    ).environments

    assert {name: (one.region, one.where) for name, one in found.items()} == {
        "prod@eu-west-1": ("eu-west-1", Where.EMBEDDED),
        "prod@us-east-1": ("us-east-1", Where.EMBEDDED),
    }


@pytest.mark.parametrize("empty", ["", "targets: {}", "targets: null", "region: us-east-1"])
def test_an_environment_without_targets_is_what_it_was(empty):
    text = HEAD + f"environments: {{prod: {{{empty}}}}}\n"
    (one,) = manifest_of(text).environments.values()

    assert (one.name, one.group, one.source.line) == ("prod", "", 3)


def test_entries_mean_the_whole_environment_or_one_target(stack_of):
    text = PROD + (
        "workloadIdentities:\n  all: {}\n  of-prod: {environments: [prod]}\n  of-trade: {environments: [prod@trade]}\n"
        "  of-dev: {environments: [dev]}\n"
    )
    keys = {name: [one.key for one in stack_of(text, name).resources] for name in manifest_of(text).environments}

    assert keys["dev"] == ["all", "of-dev"]
    assert keys["prod@pay@us-east-1"] == ["all", "of-prod"]
    assert keys["prod@trade"] == ["all", "of-prod", "of-trade"]


def test_environment_is_the_entrys_name_and_target_the_whole_one(stack_of):
    text = PROD + "workloadIdentities: {abc: {name: 'abc-${environment}', tags: {in: '${target}', at: '${region}'}}}\n"
    (one,) = stack_of(text, "prod@pay@eu-west-1").resources.values()
    (dev,) = stack_of(text.replace(", at: '${region}'", ""), "dev").resources.values()

    assert one.name == "abc-prod"
    assert one.attributes["tags"] == {"at": "eu-west-1", "in": "prod@pay@eu-west-1"}
    assert dev.attributes["tags"] == {"in": "dev"}


def test_a_variable_of_ones_own_called_target_still_holds_where_there_are_no_targets(stack_of):
    text = (
        HEAD
        + "environments: {dev: {variables: {target: moon}}}\nworkloadIdentities: {abc: {tags: {in: '${target}'}}}\n"
    )
    (one,) = stack_of(text, "dev").resources.values()

    assert one.attributes["tags"] == {"in": "moon"}


ROLE = "arn:aws:iam::222222222222:role/r"
MISTAKES = {
    "a region twice": ("{region: [us-east-1, us-east-1]}", ["m.yaml:3:43 same-target"]),
    "two targets in one place": (
        "{region: us-east-1, targets: {a: {account: '222222222222'}, b: {account: '222222222222', profile: p}}}",
        ["m.yaml:3:82 same-target"],
    ),
    "two targets with the same credentials": (
        "{targets: {a: {}, b: {variables: {x: z}}}}",
        ["m.yaml:3:40 same-target"],
    ),
    "two embedded ones that say nothing": (
        "{directory: embedded, targets: {a: {region: us-east-1}, b: {account: '000000000000'}}}",
        ["m.yaml:3:78 same-target"],
    ),
    "no region in a list": ("{region: []}", ["m.yaml:3:31 invalid-value"]),
    "a number for a region": ("{region: 5}", ["m.yaml:3:31 wrong-type"]),
    "no region in the list": ("{region: [moon]}", ["m.yaml:3:32 invalid-value"]),
    "an at sign in a target's name": ("{targets: {a@b: {}}}", ["m.yaml:3:33 invalid-key"]),
    "an unknown key of a target": ("{targets: {a: {directory: embedded}}}", ["m.yaml:3:37 unknown-key"]),
    "a variable called target": ("{targets: {a: {variables: {target: x}}}}", ["m.yaml:3:49 reserved-variable"]),
    "a template in a target": ("{targets: {a: {profile: '${region}'}}}", ["m.yaml:3:46 template-not-read"]),
    "an external id without a role": ("{targets: {a: {externalId: abc}}}", ["m.yaml:3:37 missing-key"]),
    "an external id beside it": ("{externalId: abc}", ["m.yaml:3:22 missing-key"]),
    "state of an embedded target": (
        "{directory: embedded, targets: {a: {state: s3://bucket}}}",
        ["m.yaml:3:58 state-of-embedded"],
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_each_mistake_is_told_where_it_stands(case, places):
    entry, expected = MISTAKES[case]

    assert places(HEAD + f"environments: {{prod: {entry}}}\n") == expected


def test_two_targets_in_one_place_are_both_named(findings):
    text = HEAD + "environments:\n  prod:\n    targets:\n      a: {profile: x}\n      b: {profile: x}\n"
    (one,) = findings(text)

    assert one.summary == "Target prod@b goes where prod@a goes"
    assert "m.yaml:6:7" in one.detail


def test_the_external_id_of_an_environment_goes_with_the_roles_of_its_targets():
    text = HEAD + f"environments: {{prod: {{externalId: abc, targets: {{a: {{roleArn: '{ROLE}'}}}}}}}}\n"

    assert manifest_of(text).environments["prod@a"].external_id == "abc"


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("dev", ["dev"]),
        ("prod@trade", ["prod@trade"]),
        ("prod", ["prod@pay@eu-west-1", "prod@pay@us-east-1", "prod@trade"]),
        ("prod@*", ["prod@pay@eu-west-1", "prod@pay@us-east-1", "prod@trade"]),
        ("*@eu-west-1", ["prod@pay@eu-west-1"]),
        ("*", ["dev", "prod@pay@eu-west-1", "prod@pay@us-east-1", "prod@trade"]),
        ("staging", []),
        ("Dev", []),
        ("", []),
    ],
)
def test_a_name_an_environment_or_a_glob(asked, names):
    assert list(meant(manifest_of(PROD), asked)) == names
    assert is_glob(asked) == ("*" in asked)
