"""The data plane of an account: asked with the directory's own credentials, at a pace, and nothing of its answers is kept."""

from __future__ import annotations

import copy
import gc
import pickle
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from reconciler.directory.agentcore import AgentCore
from reconciler.directory.connecting import connect
from reconciler.directory.handing_out import Answered, Token
from reconciler.emulator import Identity, Provider, Scope, Store, attach
from reconciler.errors import NotFound, Refused, TokenRefused
from reconciler.model.environments import Environment, Where
from reconciler.model.rates import Rates

BACK = "https://app.example.com/cb"
CONTROL, DATA = "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL", "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE"
CANARY = "C4N4RY-of-a-token"


def furnish(store: Store, account: str) -> None:
    things = [
        Identity(name="agent", urls=(BACK,)),
        Provider(name="stripe"),
        Provider(name="github", vendor="GithubOauth2", config={"clientId": "c"}),
    ]
    store.put_all(Scope(account, "us-east-1"), things)


@pytest.fixture(params=["embedded", "http"])
def directory(
    request: pytest.FixtureRequest, store: Store, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., AgentCore]]:
    """`directory(rates)`: connected, in process or over HTTP, with the same things in it."""
    opened = []
    url = ""
    if request.param == "http":
        url = request.getfixturevalue("http_emulator").url
        for name in (CONTROL, DATA, "AWS_ENDPOINT_URL_STS"):
            monkeypatch.setenv(name, url)

    def open_(rates: Rates | None = None) -> AgentCore:
        where = Where.AWS if url else Where.EMBEDDED
        environment = Environment(name="prod", where=where, region="us-east-1", rates=rates or Rates())
        opened.append(connect(environment, attach=None if url else lambda client: attach(client, store)))
        furnish(store, opened[-1].account)
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


def test_it_hands_out_behind_every_door(directory: Any) -> None:
    plane = directory().data_plane(2)
    token = plane.token("agent", user_id="alice")
    plane.api_key(token, "stripe")
    assert plane.oauth2(token, "github", flow="M2M", scopes=()) is Answered.TOKEN
    federated = plane.oauth2(token, "github", flow="USER_FEDERATION", scopes=("repo",), return_url=BACK)
    assert federated is Answered.AUTHORIZATION_URL
    assert plane.calls == 4
    plane.close()


def test_what_is_not_there_and_what_is_no_token(directory: Any) -> None:
    plane = directory().data_plane(1)
    with pytest.raises(NotFound):
        plane.token("nobody")
    with pytest.raises(TokenRefused):
        plane.token("agent", user_token=Token("no.jwt.at-all"))
    with pytest.raises(TokenRefused):
        plane.api_key(Token("nonsense"), "stripe")
    plane.close()


def test_the_rates_are_the_directorys(directory: Any) -> None:
    plane = directory(Rates(asked={"GetWorkloadAccessToken": 4.0})).data_plane(1)
    begun = time.monotonic()
    for _ in range(4):
        plane.token("agent")
    assert time.monotonic() - begun >= 2 / 4
    plane.close()


def test_words_that_repeat_what_was_sent_are_kept_back(directory: Any, misbehaviour: Any, store: Store) -> None:
    opened = connect(
        Environment(name="local", where=Where.EMBEDDED),
        attach=lambda client: attach(client, store, misbehaviour=misbehaviour),
    )
    plane = opened.data_plane(1)
    misbehaviour.fail("*", "ValidationException", times=None, message=f"<{CANARY}> is odd")
    for call in (
        lambda: plane.token("agent", user_token=Token(CANARY)),
        lambda: plane.api_key(Token(CANARY), "stripe"),
        lambda: plane.oauth2(Token(CANARY), "github", flow="M2M", scopes=()),
    ):
        with pytest.raises(Exception, match="ValidationException") as told:
            call()
        assert "they repeat a secret that was sent" in told.value.detail
        assert CANARY not in told.value.summary + told.value.detail
    plane.close()
    opened.close()


def test_a_token_is_shown_and_written_down_by_nothing() -> None:
    token = Token(CANARY)
    assert CANARY not in f"{token!r} {token} {[token]}"
    for write_down in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            write_down(token)


def test_a_key_is_gone_when_the_verb_returns(directory: Any) -> None:
    """Nothing that a garbage collector sees holds the answer any more."""
    plane = directory().data_plane(1)
    token = plane.token("agent")
    plane.api_key(token, "stripe")
    assert plane.oauth2(token, "github", flow="M2M", scopes=()) is Answered.TOKEN
    gc.collect()
    words = {"emulated-key-of-stripe", "emulated-token-of-github"}
    kept = [one for one in gc.get_objects() if isinstance(one, dict) and words & {*filter(_is_text, one.values())}]
    assert kept == []
    plane.close()


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


@pytest.mark.parametrize(("here", "there"), [(CONTROL, DATA), (DATA, CONTROL)])
def test_tokens_of_one_place_are_not_asked_for_in_another(
    http_emulator: Any, monkeypatch: pytest.MonkeyPatch, here: str, there: str
) -> None:
    monkeypatch.setenv(here, http_emulator.url)
    monkeypatch.setenv(there, "https://somewhere.example.invalid")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", http_emulator.url)
    opened = connect(Environment(name="prod", region="us-east-1"))
    with pytest.raises(Refused, match="one of them is on this machine") as refused:
        opened.data_plane(1)
    assert here in refused.value.detail
    opened.close()


def test_a_directory_that_nobody_connected_to_has_no_data_plane(embedded_client: Any) -> None:
    with pytest.raises(ValueError, match="nothing beside it"):
        AgentCore(embedded_client, account="").data_plane(1)
