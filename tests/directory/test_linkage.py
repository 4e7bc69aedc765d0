"""Which identities the service holds, told by their parents."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.directory.agentcore import AgentCore
from reconciler.errors import AccessDenied, CredentialsMissing, DirectoryError
from reconciler.model.parents import Holder, Parent

KINDS = ("runtime", "gateway", "payment-manager")


def test_each_kind_of_parent_names_its_identity(door: Any) -> None:
    made = {kind: door.make(kind, "invoice") for kind in KINDS}
    directory = AgentCore(door.client, account=door.scope.account)
    assert directory.linked() == {
        arn: Holder(Parent(kind.replace("-", " "), "invoice"), id_) for kind, (id_, arn) in made.items()
    }


def test_the_order_is_that_of_arns_whatever_thread_was_first(world: Any) -> None:
    for number in (3, 1, 2):
        world.store.link(_scope(world), "runtime", f"agent{number}-0123456789", name=f"agent{number}")
    world.store.link(_scope(world), "gateway", "agent0-0123456789", name="agent0")
    assert list(world.directory.linked()) == sorted(world.arn(f"agent{number}-0123456789") for number in range(4))


def test_all_pages_of_parents_are_read(world: Any) -> None:
    for number in range(205):
        world.store.link(_scope(world), "runtime", f"agent{number}-0123456789", name=f"agent{number}")
    assert len(world.directory.linked()) == 205
    assert world.misbehaviour.count("ListAgentRuntimes") == 3


@pytest.mark.parametrize(
    "operation",
    [
        "ListAgentRuntimes",
        "GetAgentRuntime",
        "ListGateways",
        "GetGateway",
        "ListPaymentManagers",
        "GetPaymentManager",
    ],
)
def test_a_denial_names_the_iam_action(world: Any, operation: str) -> None:
    for kind in KINDS:
        world.store.link(_scope(world), kind, "agent-0123456789", name="agent")
    world.misbehaviour.deny(operation)
    with pytest.raises(AccessDenied) as caught:
        world.directory.linked()
    assert f"bedrock-agentcore:{operation}" in caught.value.detail


def test_all_denials_are_told_at_once(world: Any) -> None:
    world.misbehaviour.deny("ListGateways")
    world.misbehaviour.deny("ListPaymentManagers")
    with pytest.raises(AccessDenied) as caught:
        world.directory.linked()
    assert "bedrock-agentcore:ListGateways" in caught.value.detail
    assert "bedrock-agentcore:ListPaymentManagers" in caught.value.detail


def test_a_parent_that_goes_meanwhile_is_passed_over(world: Any) -> None:
    for name in ("stays", "goes"):
        world.store.link(_scope(world), "gateway", f"{name}-0123456789", name=name)
    world.misbehaviour.fail("GetGateway", "ResourceNotFoundException")
    assert len(world.directory.linked()) == 1


def test_an_operation_that_the_endpoint_does_not_know_is_not_taken_for_no_parents(world: Any) -> None:
    world.misbehaviour.fail("ListPaymentManagers", "UnknownOperationException", times=None)
    with pytest.raises(DirectoryError, match="ListPaymentManagers: the endpoint does not know this operation"):
        world.directory.linked()


def test_expired_credentials_are_told_as_such(world: Any) -> None:
    world.misbehaviour.expire()
    with pytest.raises(CredentialsMissing):
        world.directory.linked()


def _scope(world: Any) -> Any:
    from reconciler.emulator import ACCOUNT, Scope

    return Scope(ACCOUNT, world.directory.region)
