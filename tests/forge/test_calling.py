"""Calls that fail: tried again within bounds, or given up with the reason; and the token, which goes to one host only."""

from __future__ import annotations

import json

import pytest

from reconciler.errors import ForgeError
from reconciler.forge import Forge, Request
from reconciler.forge.place import Place, Token, check_encrypted
from tests.forge.opening import GITHUB_TOKEN, opened
from tests.forges import TOKEN, Forges, serve_forges

LIMITED = {"message": "You have exceeded a secondary rate limit."}


def asked(there: Request) -> list[str]:
    return [one.body for one in there.comments()]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_host_in_trouble_is_asked_again(
    request_there: Request, forges: Forges, pauses: list[float], status: int
) -> None:
    forges.add("one")
    forges.trouble("GET", "/12/", status=status, body=b"<html>not JSON</html>", times=2)
    assert asked(request_there) == ["one"]
    assert pauses == [1.0, 2.0]


def test_a_dropped_connection_is_made_again(request_there: Request, forges: Forges, pauses: list[float]) -> None:
    forges.add("one")
    forges.trouble("GET", "/12/")
    assert asked(request_there) == ["one"]
    assert pauses == [1.0]


def test_it_gives_up_and_says_how_often_it_tried(request_there: Request, forges: Forges, pauses: list[float]) -> None:
    forges.trouble("GET", "/12/", status=502, times=99)
    with pytest.raises(ForgeError, match="could not be asked, 5 times: answered 502"):
        asked(request_there)
    assert pauses == [1.0, 2.0, 4.0, 8.0]


@pytest.mark.parametrize(
    ("status", "headers", "body", "pause"),
    [
        (429, {"Retry-After": "7"}, None, 7.0),
        (403, {"Retry-After": "30"}, LIMITED, 30.0),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1800000045"}, {"message": "API rate limit"}, 45.0),
        (403, {"X-RateLimit-Remaining": "4000", "X-RateLimit-Reset": "1800003600"}, LIMITED, 60.0),
        (503, {"Retry-After": "9"}, None, 9.0),
        (429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None, 60.0),
        (429, {"Retry-After": "0"}, None, 1.0),
    ],
    ids=["429", "secondary", "primary", "unsaid", "503", "a date", "zero"],
)
def test_a_limit_is_waited_for_as_long_as_the_host_says_and_no_create_is_lost(
    on_github: Request,
    forges: Forges,
    pauses: list[float],
    status: int,
    headers: dict[str, str],
    body: object,
    pause: float,
) -> None:
    forges.trouble("POST", "/12/comments", status=status, headers=headers, body=body)
    on_github.create("text")
    assert pauses == [pause]
    assert [one["body"] for one in forges.comments] == ["text"]


def test_a_limit_that_lasts_too_long_is_told_and_not_waited_for(
    on_github: Request, forges: Forges, pauses: list[float]
) -> None:
    forges.trouble("GET", "/12/", status=429, headers={"Retry-After": "3600"})
    with pytest.raises(ForgeError, match="wants no call for 3600 s"):
        asked(on_github)
    assert pauses == []


def test_a_plain_refusal_is_not_tried_again(on_github: Request, forges: Forges, pauses: list[float]) -> None:
    forges.trouble("GET", "/12/", status=403, headers={"X-RateLimit-Remaining": "4999"}, body={"message": "Forbidden"})
    with pytest.raises(ForgeError, match="answered 403"):
        asked(on_github)
    assert (pauses, len(forges.seen)) == ([], 1)


def test_a_redirect_to_another_host_is_not_followed(request_there: Request, forges: Forges) -> None:
    with serve_forges() as elsewhere:
        forges.trouble("GET", "/12/", status=307, headers={"Location": f"{elsewhere.url}/repos/acme/identities"})
        with pytest.raises(ForgeError, match=r"sends the call elsewhere, to 127\.0\.0\.1") as caught:
            asked(request_there)
        assert elsewhere.seen == []
        assert TOKEN not in caught.value.summary + caught.value.detail


@pytest.mark.parametrize("location", ["https://127.0.0.1/x", "//evil.example/x", "http://[", "ftp://127.0.0.1/x"])
def test_another_scheme_or_port_is_another_host(on_github: Request, forges: Forges, location: str) -> None:
    forges.trouble("GET", "/12/", status=301, headers={"Location": location})
    with pytest.raises(ForgeError, match="sends the call elsewhere"):
        asked(on_github)
    assert len(forges.seen) == 1


def test_a_renamed_repository_is_found_on_the_same_host(on_github: Request, forges: Forges) -> None:
    forges.trouble(
        "POST", "/12/comments", status=301, headers={"Location": "/repos/acme/identities/issues/12/comments"}
    )
    on_github.create("text")
    assert forges.writes == ["POST", "POST"]
    assert len(forges.comments) == 1


def test_redirects_in_a_circle_end(on_github: Request, forges: Forges) -> None:
    forges.trouble("GET", "/12/", status=302, headers={"Location": "/12/again"}, times=99)
    with pytest.raises(ForgeError, match="in a circle"):
        asked(on_github)
    assert len(forges.seen) == 3


def test_an_answer_that_is_no_json_is_told(request_there: Request, forges: Forges) -> None:
    forges.trouble("GET", "/12/", status=200, body=b"<html>a captive portal</html>")
    with pytest.raises(ForgeError, match="not its API's"):
        asked(request_there)


def test_a_listing_without_end_is_given_up(on_github: Request, forges: Forges) -> None:
    forges.trouble("GET", "/12/", status=200, body=[{"id": 1, "body": "again"}] * 100, times=999)
    with pytest.raises(ForgeError, match="more than 10,000"):
        asked(on_github)


def test_a_host_that_is_not_there_is_told(forges: Forges, pauses: list[float]) -> None:
    forges.url = "http://127.0.0.1:9"  # the port that discards; nobody listens
    with (
        opened(forges, pauses)(Forge.GITHUB) as there,
        pytest.raises(ForgeError, match=r"no connection to 127\.0\.0\.1"),
    ):
        asked(there)


def test_a_host_that_repeats_the_token_does_not_have_it_repeated(on_github: Request, forges: Forges) -> None:
    forges.trouble("GET", "/12/", status=422, body={"message": f"no such token {TOKEN}"})
    with pytest.raises(ForgeError, match=r"no such token \*\*\*") as caught:
        asked(on_github)
    assert TOKEN not in str(caught.value)


def test_a_token_is_not_shown_by_its_repr() -> None:
    assert TOKEN not in repr(GITHUB_TOKEN)
    assert "GITHUB_TOKEN" in repr(GITHUB_TOKEN)


@pytest.mark.parametrize("secret", ["a\nX-Evil: 1", "a b", "t\u00f6ken"])
def test_what_would_forge_a_header_is_no_token(secret: str) -> None:
    with pytest.raises(ForgeError, match="is no token") as caught:
        Token(variable="GITHUB_TOKEN", header="Authorization", value=f"Bearer {secret}", secret=secret)
    assert secret not in caught.value.summary + caught.value.detail


@pytest.mark.parametrize(
    "api", ["http://github.example/api/v3", "api.github.com", "ftp://x", "", "http://127.0.0.1.evil.example"]
)
def test_a_token_goes_nowhere_in_the_open(api: str) -> None:
    with pytest.raises(ForgeError, match="is no address"):
        Place(forge=Forge.GITHUB, api=api, repository="acme/identities", number=1)
    check_encrypted("https://api.github.com")


@pytest.mark.parametrize("api", ["", "/api/v3"])
def test_graphql_stands_where_the_kind_of_host_has_it(forges: Forges, pauses: list[float], api: str) -> None:
    forges.url += api
    forges.trouble("POST", "graphql", status=200, body={"data": {"viewer": {"login": "me"}}})
    with opened(forges, pauses)(Forge.GITHUB) as there:
        assert there.me() == "me"
    assert forges.seen == [("POST", "/api/graphql" if api else "/graphql")]


def test_every_request_carries_the_token_and_nothing_secret_in_its_address(on_github: Request, forges: Forges) -> None:
    asked(on_github)
    assert forges.tokens == [TOKEN]
    assert TOKEN not in json.dumps(forges.seen)
