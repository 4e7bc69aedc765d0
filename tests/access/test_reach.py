"""From a stack and its lockfile to grants: who may reach what, by which ARNs."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.access import Inbound, grants_declared, grants_recorded, with_planned_arns
from reconciler.access.arns import container, planned_arn, spellings
from reconciler.model.addresses import Address
from reconciler.model.environments import Environment, Settings, Target
from reconciler.model.kinds import API_KEY_PROVIDER, OAUTH2_PROVIDER, WORKLOAD_IDENTITY, Kind
from reconciler.model.resources import Desired, Known, Lock, Origin, Stack
from reconciler.model.values import canonical
from tests.access.stack import DIRECTORY, TARGET, VAULT

ACCESS = {
    "oauth2_credential_provider.github": {"scopes": ["repo", "gist"], "flows": ["USER_FEDERATION", "M2M"]},
    "oauth2_credential_provider.shared": {"flows": ["M2M"], "external": True},
    "api_key_credential_provider.stripe": {},
}
DECLARED: list[tuple[Kind, str, dict[str, Any]]] = [
    (
        WORKLOAD_IDENTITY,
        "agent",
        {"inbound": "jwt", "access": ACCESS, "allowedResourceOauth2ReturnUrls": ["https://a/b"]},
    ),
    (WORKLOAD_IDENTITY, "idle", {}),
    (OAUTH2_PROVIDER, "github", {}),
    (API_KEY_PROVIDER, "stripe", {}),
]
ARNS = {
    "workload_identity.agent": f"{DIRECTORY}/workload-identity/agent",
    "oauth2_credential_provider.github": f"{VAULT}/oauth2credentialprovider/github".replace(
        "bedrock-agentcore", "acps"
    ),
}


def stack() -> Stack:
    found = [
        Desired(address=Address(kind.type, key), name=key, attributes=canonical(kind, raw))
        for kind, key, raw in DECLARED
    ]
    return Stack(
        name="payments",
        environment=Environment(name="prod"),
        settings=Settings(),
        resources={one.address: one for one in found},
        digest="",
    )


def lock(**renamed: str) -> Lock:
    found = [
        Known(
            address=Address(kind.type, key),
            name=renamed.get(key, key),
            arn=ARNS[f"{kind.type}.{key}"],
            origin=Origin.CREATED,
            attributes=canonical(kind, raw),
            outputs={"secretArn": f"secret of {key}"},
        )
        for kind, key, raw in DECLARED
        if f"{kind.type}.{key}" in ARNS
    ]
    return Lock(
        lineage="", serial=1, stack="payments", environment="prod", account=TARGET.account, region=TARGET.region,
        resources={one.address: one for one in found},
    )  # fmt: skip


def test_grants_come_from_the_manifest_and_their_arns_from_the_lockfile() -> None:
    grants = grants_declared(stack(), TARGET, lock())
    agent, idle = grants.reaches
    assert (agent.arn, agent.inbound, agent.return_urls) == (
        ARNS["workload_identity.agent"],
        Inbound.JWT,
        ("https://a/b",),
    )
    assert (idle.arn, idle.inbound, idle.grants) == ("", Inbound.IAM, ())
    found = {one.provider.name: one for one in agent.grants}
    assert found["github"].scopes == ("gist", "repo")
    assert found["github"].flows == ("M2M", "USER_FEDERATION")
    assert found["github"].provider.arn == ARNS["oauth2_credential_provider.github"]
    assert found["github"].provider.secret_arn == "secret of github"
    assert found["shared"].provider.external
    assert (found["stripe"].provider.arn, found["stripe"].scopes) == ("", ())


def test_an_identity_that_waits_for_its_new_name_has_no_arn_yet() -> None:
    assert grants_declared(stack(), TARGET, lock(agent="old-name")).reaches[0].arn == ""


def test_the_lockfile_knows_its_grants_without_the_manifest() -> None:
    grants = grants_recorded(lock())
    assert [str(one.identity) for one in grants.reaches] == ["workload_identity.agent"]
    assert [one.provider.name for one in grants.reaches[0].grants] == ["stripe", "github", "shared"]
    assert grants.target == TARGET


def test_planned_arns_fill_what_is_missing_and_leave_what_the_api_said() -> None:
    agent, idle = with_planned_arns(grants_declared(stack(), TARGET, lock())).reaches
    assert idle.arn == f"{DIRECTORY}/workload-identity/idle"
    assert [one.provider.arn for one in agent.grants] == [
        f"{VAULT}/apikeycredentialprovider/stripe",
        ARNS["oauth2_credential_provider.github"],
        f"{VAULT}/oauth2credentialprovider/shared",
    ]


@pytest.mark.parametrize(
    ("region", "partition"), [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_a_planned_arn_is_in_the_partition_of_its_region(region: str, partition: str) -> None:
    target = Target(stack="s", environment="e", account="222222222222", region=region)
    made = planned_arn("workload_identity", "x", target)
    assert made.startswith(f"arn:{partition}:bedrock-agentcore:{region}:222222222222:")


@pytest.mark.parametrize(
    ("arn", "within"),
    [
        (f"{DIRECTORY}/workload-identity/x", DIRECTORY),
        (f"{VAULT}/oauth2credentialprovider/x", VAULT),
        (f"{VAULT}/apikeycredentialprovider/x", VAULT),
    ],
)
def test_the_container_is_the_beginning_of_the_arn(arn: str, within: str) -> None:
    assert container(arn) == within


def test_both_names_of_the_service_are_spellings() -> None:
    one, other = spellings(VAULT)
    assert (one, other) == (VAULT, VAULT.replace("bedrock-agentcore", "acps"))
    assert spellings(other) == (other, one)
    assert spellings("arn:aws:s3:::x") == ("arn:aws:s3:::x",)
