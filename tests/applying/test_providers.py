"""Credential providers as they are applied: what carries a secret, what is awaited, what a lost answer leaves behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from reconciler.emulator import ACCOUNT, API_KEY_PROVIDER, OAUTH2_PROVIDER, Provider, Scope, Terms
from reconciler.model import kinds
from reconciler.model.addresses import Address
from reconciler.model.changes import Action, Change, Reason
from reconciler.model.environments import OWNER_TAG
from reconciler.model.outcomes import Status
from reconciler.model.secrets import SecretSource
from reconciler.model.values import canonical

SCOPE = Scope(ACCOUNT, "us-east-1")
GITHUB = Address("oauth2_credential_provider", "github")
VALUE = "hunter2-of-github"
UPDATE, CREATE = "UpdateOauth2CredentialProvider", "CreateOauth2CredentialProvider"


class Providers:
    """The OAuth2 provider `github` of a world, and the changes to it. `sent`: the secrets that arrived, in their order."""

    def __init__(self, world: Any) -> None:
        self.world = world
        self.sent: list[str] = []
        for operation in (CREATE, UPDATE):
            world.misbehaviour.before(operation, self._note, times=None)

    def _note(self, params: dict[str, Any]) -> None:
        (config,) = params["oauth2ProviderConfigInput"].values()
        self.sent.append(config.get("clientSecret", ""))

    def attributes(self, version: int = 0, client: str = "Iv1.abc", **tags: str) -> dict[str, Any]:
        """A version of 0: the secret is the customer's own."""
        own = {"source": "EXTERNAL", "secretId": "prod/github", "jsonKey": "clientSecret"}
        secret = {"source": "MANAGED", "version": version} if version else own
        raw = {"credentialProviderVendor": "GithubOauth2", "config": {"clientId": client}, "clientSecret": secret}
        return canonical(kinds.OAUTH2_PROVIDER, {**raw, "tags": tags})

    def put(self, *, managed: bool = True, client: str = "Iv1.abc", owner: str | None = None, **status: Any) -> None:
        """Let it stand, through nobody."""
        where = {} if managed else {"source": "EXTERNAL", "secret_id": "prod/github", "json_key": "clientSecret"}
        mark = self.world.ours if owner is None else owner
        tags = {OWNER_TAG: mark} if mark else {}
        self.world.store.put(
            SCOPE,
            Provider(name="github", vendor="GithubOauth2", config={"clientId": client}, tags=tags, **where, **status),
        )

    @property
    def stands(self) -> Provider | None:
        found: Provider | None = self.world.store.get(SCOPE, "github", OAUTH2_PROVIDER)
        return found

    def create(self, after: dict[str, Any]) -> Change:
        return self._change(Action.CREATE, None, after)

    def update(self, before: dict[str, Any], after: dict[str, Any]) -> Change:
        return self._change(Action.UPDATE, before, after)

    def _change(self, action: Action, before: Any, after: Any) -> Change:
        carries = (
            after["clientSecret"]["source"] == "MANAGED" and (before or {}).get("clientSecret") != after["clientSecret"]
        )
        return Change(
            action=action,
            reason=Reason.DECLARED if action is Action.CREATE else Reason.MANIFEST_CHANGED,
            address=GITHUB,
            name="github",
            before=before,
            after=after,
            arn="" if before is None else SCOPE.arn("token-vault/default/oauth2credentialprovider/github"),
            owner="" if before is None else self.world.ours,
            secrets={"clientSecret": SecretSource(env="GITHUB_SECRET")} if carries else {},
        )

    @property
    def entry(self) -> Any:
        lock = self.world.state.read()
        return lock.resources.get(GITHUB) if lock else None


@pytest.fixture
def providers(world: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Providers]:
    monkeypatch.setenv("GITHUB_SECRET", VALUE)
    yield Providers(world)
    assert VALUE not in "".join(
        path.read_text(errors="replace") for path in world.state.path.parent.iterdir() if path.is_file()
    )


def test_the_value_of_a_secret_goes_out_once_and_the_entry_has_its_date_and_outputs(world: Any, providers: Any) -> None:
    outcome = world.apply_one(providers.create(providers.attributes(1)))
    assert (outcome.status, providers.sent) == (Status.DONE, [VALUE])
    assert outcome.outputs["callbackUrl"].startswith("https://")
    assert providers.entry.attributes == providers.attributes(1)
    assert providers.entry.outputs == outcome.outputs
    live = world.directory.read(kinds.OAUTH2_PROVIDER, "github")
    assert providers.entry.updated == live.updated != ""


def test_a_variable_that_is_gone_by_then_fails_that_change_alone(
    world: Any, providers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_SECRET")
    first, second = world.apply(
        providers.create(providers.attributes(1)), world.create("agent", "https://a.example.com/cb")
    ).outcomes
    assert (first.status, second.status) == (Status.FAILED, Status.DONE)
    assert "environment variable GITHUB_SECRET is not set, or empty" in first.message
    assert (providers.stands, providers.entry) == (None, None)


@pytest.mark.parametrize("env", ["AWS_SECRET_ACCESS_KEY", "RECONCILER_PLAN_KEY", "aws_session_token"])
def test_a_variable_of_aws_or_ours_is_never_sent_whatever_the_plan_says(world: Any, providers: Any, env: str) -> None:
    change = replace(providers.create(providers.attributes(1)), secrets={"clientSecret": SecretSource(env=env)})
    outcome = world.apply_one(change)
    assert outcome.status is Status.FAILED
    assert "is never sent" in outcome.message
    assert providers.sent == []


# What is awaited


def test_it_is_awaited_until_it_is_ready(world: Any, providers: Any) -> None:
    world.misbehaviour.terms = Terms(settling_reads=2)
    assert world.apply_one(providers.create(providers.attributes())).status is Status.DONE
    assert world.misbehaviour.count("GetOauth2CredentialProvider") == 3


def test_what_does_not_become_ready_in_time_fails_and_is_ours(world: Any, providers: Any) -> None:
    world.misbehaviour.terms = Terms(settling_reads=1000)
    outcome = world.apply_one(providers.create(providers.attributes()))
    assert (outcome.status, outcome.message) == (Status.FAILED, "it is still CREATING (waited 0.05 s)")
    assert providers.entry.attributes == providers.attributes()
    assert providers.entry.updated == ""
    assert world.state.unfinished() is None


def test_waiting_ends_when_the_run_is_stopped(world: Any, providers: Any) -> None:
    from reconciler.applying import Patience

    world.misbehaviour.terms = Terms(settling_reads=1000)
    stop = threading.Event()
    world.misbehaviour.before("GetOauth2CredentialProvider", lambda _: stop.set())
    outcome = world.apply_one(providers.create(providers.attributes()), stop=stop, patience=Patience(total=60.0))
    assert (outcome.status, outcome.message) == (Status.FAILED, "it is still CREATING (the run was stopped)")
    assert providers.entry.attributes == providers.attributes()


def test_what_cannot_be_read_after_it_was_made_is_ours_and_said(world: Any, providers: Any) -> None:
    world.misbehaviour.deny("GetOauth2CredentialProvider")
    outcome = world.apply_one(providers.create(providers.attributes()))
    assert outcome.status is Status.FAILED
    assert outcome.message.startswith("it cannot be read whether it is ready")
    assert providers.entry.attributes == providers.attributes()


def test_a_failed_update_keeps_the_version_that_stood(world: Any, providers: Any) -> None:
    providers.put()
    world.misbehaviour.terms = Terms(update_failures={"github": "The client is unknown"})
    outcome = world.apply_one(providers.update(providers.attributes(1), providers.attributes(2, "Iv1.new")))
    assert (outcome.status, providers.sent) == (Status.FAILED, [VALUE])
    assert "UPDATE_FAILED: The client is unknown" in outcome.message
    assert providers.entry.attributes == providers.attributes(1, "Iv1.new")


def test_what_failed_is_ours_though_its_secret_can_be_read_no_more(
    world: Any, providers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason is looked through for the secret: where that is gone, the reason is kept back, and the entry is not lost."""
    world.misbehaviour.terms = Terms(create_failures={"github": f"{VALUE} is no secret"})
    world.misbehaviour.before(
        "GetOauth2CredentialProvider", lambda _: monkeypatch.delenv("GITHUB_SECRET", raising=False)
    )
    outcome = world.apply_one(providers.create(providers.attributes(1)))
    assert outcome.status is Status.FAILED
    assert "kept back" in outcome.message
    assert VALUE not in outcome.message
    assert providers.entry.attributes == providers.attributes(1)


def test_a_reason_that_repeats_the_secret_is_kept_back(world: Any, providers: Any) -> None:
    world.misbehaviour.terms = Terms(create_failures={"github": f"{VALUE} is no secret"})
    outcome = world.apply_one(providers.create(providers.attributes(1)))
    assert outcome.message.startswith("the service took it and then failed: CREATE_FAILED: (")
    assert VALUE not in outcome.message


def test_what_somebody_changes_before_we_look_is_not_trusted_by_its_date(world: Any, providers: Any) -> None:
    """The date that we then see is that of their write: with it, their change would never be read."""
    world.misbehaviour.before("GetOauth2CredentialProvider", lambda _: providers.put(client="Iv1.theirs", updated=5.0))
    assert world.apply_one(providers.create(providers.attributes(1))).status is Status.DONE
    assert providers.entry.attributes == providers.attributes(1)
    assert providers.entry.updated == ""


# What is lost


@pytest.mark.parametrize("committed", [True, False])
def test_a_lost_answer_to_a_create_makes_one_and_leaves_its_version_to_the_next_plan(
    world: Any, providers: Any, committed: bool
) -> None:
    world.misbehaviour.drop(CREATE, committed=committed)
    assert world.apply_one(providers.create(providers.attributes(1))).status is Status.DONE
    assert providers.sent == [VALUE] * (1 if committed else 2)
    secret = (
        {"source": "MANAGED"} if committed else {"source": "MANAGED", "version": 1}
    )  # whose call made it, nobody knows
    assert providers.entry.attributes == {**providers.attributes(1), "clientSecret": secret}


@pytest.mark.parametrize("committed", [True, False])
def test_a_lost_answer_to_an_update_with_a_secret_is_followed_by_another(
    world: Any, providers: Any, committed: bool
) -> None:
    """Nothing shows whether the first one arrived, and the same secret twice does no harm."""
    providers.put()
    world.misbehaviour.drop(UPDATE, committed=committed)
    assert world.apply_one(providers.update(providers.attributes(1), providers.attributes(2))).status is Status.DONE
    assert providers.sent == [VALUE, VALUE]
    assert providers.entry.attributes == providers.attributes(2)


def test_answers_that_are_lost_for_ever_end_and_the_version_stays_what_it_was(world: Any, providers: Any) -> None:
    providers.put()
    world.misbehaviour.drop(UPDATE, committed=True, times=None)
    outcome = world.apply_one(providers.update(providers.attributes(1), providers.attributes(2)))
    assert outcome.status is Status.FAILED
    assert outcome.message.startswith("unclear whether it happened")
    assert 2 <= len(providers.sent) <= 6
    assert providers.entry is None
    world.misbehaviour.reset()
    world.recover()
    assert world.state.unfinished() is None
    assert providers.entry is None  # the next plan has version 1 as known, and sends 2 again


def test_an_update_without_a_secret_whose_answer_is_lost_is_read_back(world: Any, providers: Any) -> None:
    providers.put(managed=False)
    world.misbehaviour.drop(UPDATE, committed=True)
    change = providers.update(providers.attributes(), providers.attributes(client="Iv1.new"))
    assert world.apply_one(change).status is Status.DONE
    assert world.misbehaviour.count(UPDATE) == 1


def test_an_interrupted_update_that_changed_more_is_settled_without_the_version(world: Any, providers: Any) -> None:
    providers.put()
    world.misbehaviour.drop(UPDATE, committed=True, times=None)
    world.apply_one(providers.update(providers.attributes(1), providers.attributes(2, "Iv1.new")))
    world.misbehaviour.reset()
    settled = world.recover()
    assert [one.code for one in settled.findings if one.address] == ["interrupted-change"]
    assert providers.entry.attributes == providers.attributes(1, "Iv1.new")


@pytest.mark.parametrize("owner", [None, ""])
def test_a_provider_of_our_values_is_taken_for_ours_by_its_tag_alone(
    world: Any, providers: Any, owner: str | None
) -> None:
    """Whose secret is in it nothing shows: without our tag, somebody else may have made it."""
    world.misbehaviour.drop(CREATE, committed=True)
    world.misbehaviour.deny("GetOauth2CredentialProvider")
    world.apply_one(providers.create(providers.attributes(1)))
    providers.put(owner=owner)
    world.misbehaviour.reset()
    settled = world.recover()
    if owner is None:
        assert providers.entry.attributes == {**providers.attributes(1), "clientSecret": {"source": "MANAGED"}}
    else:
        assert providers.entry is None
        assert ["not taken" in one.summary for one in settled.findings if one.address] == [True]


def test_tags_that_fail_leave_the_version_to_the_next_plan(world: Any, providers: Any) -> None:
    providers.put()
    world.misbehaviour.fail("TagResource", "InternalServerException", times=None)
    outcome = world.apply_one(providers.update(providers.attributes(1), providers.attributes(2, team="payments")))
    assert outcome.status is Status.DONE_WITHOUT_TAGS
    assert providers.sent == [VALUE]
    assert providers.entry.attributes == providers.attributes(1)


def test_giving_up_a_managed_secret_is_sent_though_nothing_shows_it(world: Any, providers: Any) -> None:
    providers.put()
    before = providers.attributes(1)
    after = {**before, "clientSecret": None}
    change = replace(providers.update(before, before), after=after)
    assert world.apply_one(change).status is Status.DONE
    assert providers.sent == [""]


# What depends on each other


def test_a_provider_is_not_deleted_while_the_change_that_takes_its_grant_away_failed(
    world: Any, providers: Any
) -> None:
    providers.put(managed=False)
    world.put("agent", "https://a.example.com/cb")
    grant = {"access": {str(GITHUB): {"flows": ("M2M",)}}}
    update = world.update("agent", "https://b.example.com/cb")
    update = replace(update, before={**update.before, **grant})
    gone = replace(providers.update(providers.attributes(), providers.attributes()), action=Action.DELETE, after=None)
    world.misbehaviour.deny("UpdateWorkloadIdentity")
    first, second = world.apply(update, gone).outcomes
    assert {first.status, second.status} == {Status.FAILED, Status.REFUSED}
    refused = first if first.status is Status.REFUSED else second
    assert "it is still granted to workload_identity.agent" in refused.message
    assert providers.stands is not None


def test_deletes_go_the_other_way_round(world: Any, providers: Any) -> None:
    providers.put(managed=False)
    stripes: dict[str, Any] = {"name": "stripe", "source": "EXTERNAL", "secret_id": "x", "json_key": "k"}
    world.store.put(SCOPE, Provider(**stripes, tags={OWNER_TAG: world.ours}))
    world.put("agent", "https://a.example.com/cb")
    key = Address("api_key_credential_provider", "stripe")
    gone = replace(providers.update(providers.attributes(), providers.attributes()), action=Action.DELETE, after=None)
    stripe = replace(
        gone,
        address=key,
        name="stripe",
        before=canonical(kinds.API_KEY_PROVIDER, {"apiKey": {"source": "EXTERNAL", "secretId": "x", "jsonKey": "k"}}),
    )
    assert world.apply(gone, stripe, world.delete("agent")).whole
    deletes = [one.operation for one in world.misbehaviour.calls if one.operation.startswith("Delete")]
    assert deletes[0] == "DeleteWorkloadIdentity"
    assert world.store.all(SCOPE, API_KEY_PROVIDER) == []
