"""Saved plans in which somebody touched what is sent: the secrets of a change, and the grants that keep a provider."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.errors import InvalidInput, StalePlan
from reconciler.model.addresses import Address
from reconciler.model.changes import Action, AttributeChange, Change, Reason
from reconciler.model.kinds import OAUTH2_PROVIDER, WORKLOAD_IDENTITY
from reconciler.model.resources import Known, Lock, Origin
from reconciler.model.secrets import SecretSource
from reconciler.model.values import canonical
from reconciler.planning import check_fits, dump_plan, load_plan
from reconciler.planning.granting import still_granted

GITHUB = Address("oauth2_credential_provider", "github")


def attributes(version: int, client: str) -> dict[str, Any]:
    raw = {
        "credentialProviderVendor": "GithubOauth2",
        "config": {"clientId": client},
        "clientSecret": {"source": "MANAGED", "version": version},
    }
    return canonical(OAUTH2_PROVIDER, raw)


def raised() -> Change:
    before, after = attributes(1, "a"), attributes(2, "b")
    return Change(
        action=Action.UPDATE,
        reason=Reason.MANIFEST_CHANGED,
        address=GITHUB,
        name="github",
        before=before,
        after=after,
        attributes=tuple(
            AttributeChange(name=name, before=before[name], after=after[name], cause=None)
            for name in ("clientSecret", "config")
        ),
        secrets={"clientSecret": SecretSource(env="GITHUB_SECRET")},
    )


@pytest.mark.parametrize("secrets", [{}, {"apiKey": SecretSource(env="X")}], ids=["left out", "of another attribute"])
def test_a_plan_sends_the_secrets_that_it_shows_and_no_others(make: Any, secrets: Any) -> None:
    honest = replace(make.plan(), changes=(raised(),))
    assert load_plan(dump_plan(honest), file="saved.plan").changes == honest.changes

    forged = dump_plan(replace(honest, changes=(replace(raised(), secrets=secrets),)))
    with pytest.raises(InvalidInput) as told:
        load_plan(forged, file="saved.plan")
    assert "saved.plan" in told.value.summary


@pytest.mark.parametrize("env", ["AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "CI_JOB_TOKEN"])
def test_a_secret_from_a_variable_of_awss_or_the_pipelines_is_no_plan(make: Any, env: str) -> None:
    greedy = replace(raised(), secrets={"clientSecret": SecretSource(env=env)})
    with pytest.raises(InvalidInput):
        load_plan(dump_plan(replace(make.plan(), changes=(greedy,))), file="saved.plan")


def test_a_provider_that_is_still_granted_is_deleted_by_no_plan(make: Any) -> None:
    identity = Address("workload_identity", "invoice-agent")
    granted = canonical(WORKLOAD_IDENTITY, {"access": {str(GITHUB): {"flows": ["M2M"]}}})
    plan = make.plan()
    entries = (
        Known(address=GITHUB, name="github", arn="", origin=Origin.CREATED, attributes=attributes(1, "a")),
        Known(address=identity, name="invoice-agent", arn="", origin=Origin.CREATED, attributes=granted),
    )
    lock = Lock(
        lineage=plan.lineage or "11111111-2222-3333-4444-555555555555",
        serial=plan.serial,
        stack=plan.target.stack,
        environment=plan.target.environment,
        account=plan.target.account,
        region=plan.target.region,
        resources={one.address: one for one in entries},
    )
    deletion = replace(
        raised(), action=Action.DELETE, reason=Reason.NOT_DECLARED, before=attributes(1, "a"), after=None,
        attributes=(), secrets={},
    )  # fmt: skip
    with pytest.raises(StalePlan, match="granted"):
        check_fits(replace(plan, lineage=lock.lineage, changes=(deletion,)), lock, target=plan.target)


def test_what_a_rename_left_behind_stays_while_its_old_name_is_granted() -> None:
    """The provider lives on under another address; who was not updated since is granted it by the old one."""
    holder = Address("workload_identity", "agent")
    old = canonical(WORKLOAD_IDENTITY, {"access": {str(GITHUB): {"flows": ["M2M"]}}})
    new = Address("oauth2_credential_provider", "gh2")
    left = new.leftover("github")
    entries = {
        one.address: one
        for one in (
            Known(address=new, name="gh2", arn="", origin=Origin.CREATED, attributes=attributes(1, "a")),
            Known(address=left, name="github", arn="", origin=Origin.CREATED, attributes=attributes(1, "a")),
            Known(address=holder, name="agent", arn="", origin=Origin.CREATED, attributes=old),
        )
    }
    deletion = replace(
        raised(), action=Action.DELETE, reason=Reason.RENAME_FINISHED, address=left, after=None, attributes=(),
        secrets={},
    )  # fmt: skip
    (refusal,) = still_granted([deletion], entries)
    assert (refusal.code, refusal.address) == ("still-granted", str(left))

    granted_anew = canonical(WORKLOAD_IDENTITY, {"access": {str(new): {"flows": ["M2M"]}}})
    entries[holder] = replace(entries[holder], attributes=granted_anew)
    assert list(still_granted([deletion], entries)) == []
