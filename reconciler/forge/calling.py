"""Calls to the API of a forge: the token goes to one host only, what may be tried again is, all within bounds.

urllib3 does the HTTP. Its own `Retry` is not used: it knows no 403 that means "later", would wait as long as a host likes, and
cannot tell a create that may have happened from one that has not.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import urllib3

from reconciler import __version__
from reconciler.errors import ForgeAnswerLost, ForgeDenied, ForgeError
from reconciler.forge.place import Place, Token, origin
from reconciler.forge.proxies import pool_for

_AGAIN = {500, 502, 503, 504}
_MOVED = {301, 302, 307, 308}
_PAGE, _PAGES = 100, 100
_HOPS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long calls are tried, in seconds: `attempts` in all, `first` pause, each twice the one before.

    `total`: all pauses of one call together; a host that asks for more is given up on. `unsaid`: the pause after a limit that
    does not say how long it lasts, as GitHub asks for it. `connect`, `read`: for one attempt.
    """

    attempts: int = 5
    first: float = 1.0
    total: float = 120.0
    unsaid: float = 60.0
    connect: float = 10.0
    read: float = 30.0
    sleep: Callable[[float], object] = time.sleep
    clock: Callable[[], float] = time.time


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. `headers` by their names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def words(self) -> str:
        """What the host says about a failure, or ""."""
        try:
            said = json.loads(self.body)
        except ValueError:
            return ""
        found = (said.get("message") or said.get("error") or "") if isinstance(said, dict) else ""
        return found if isinstance(found, str) else json.dumps(found)


class Caller:
    """The API at `place`, spoken to with one token. Use it as a context; its connections end with it.

    Raises ForgeError for a proxy, named in `environ`, that cannot be used.
    """

    def __init__(
        self, place: Place, token: Token, environ: Mapping[str, str], patience: Patience | None = None
    ) -> None:
        self.place = place
        self._token = token
        self._patience = patience or Patience()
        # with the runner's certificate authority
        self._pool = pool_for(place.api, environ, authority=environ.get("CI_SERVER_TLS_CA_FILE") or None)
        self._headers = {
            "Accept": "application/vnd.github+json, application/json",
            "Content-Type": "application/json",
            "User-Agent": f"agentcore-reconciler/{__version__}",
            token.header: token.value,
        }

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.clear()

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        """Every entry of a listing, in its order. Raises ForgeError for one that has no end."""
        for page in range(1, _PAGES + 1):
            found = self.call("GET", f"{path}{'&' if '?' in path else '?'}per_page={_PAGE}&page={page}")
            if not isinstance(found, list):
                raise self._nonsense(path)
            yield from (one for one in found if isinstance(one, dict))
            if len(found) < _PAGE:
                return
        raise ForgeError(f"{self.place} has more than {_PAGE * _PAGES:,} entries; nobody looks through them all")

    def call(self, method: str, path: str, body: object = None, *, repeatable: bool | None = None) -> Any:
        """Send it to `path` below the API's address (or to a whole URL of the same host); the JSON of the answer, or None.

        `repeatable`: it may be sent again though it may have happened; all but POST. Raises ForgeAnswerLost for a call that may
        not and may have, ForgeDenied, ForgeError.
        """
        url = path if "://" in path else f"{self.place.api}{path}"
        again = method != "POST" if repeatable is None else repeatable
        data = None if body is None else json.dumps(body).encode()
        answer = self._until_answered(method, url, data, again)
        if answer.status >= 300:
            raise self._refusal(answer, method)
        if not answer.body:
            return None
        try:
            return json.loads(answer.body)
        except ValueError as error:
            raise self._nonsense(path) from error

    def _until_answered(self, method: str, url: str, data: bytes | None, again: bool) -> Answer:
        left, reason = self._patience.total, ""
        for attempt in range(self._patience.attempts):
            pause = self._patience.first * 2**attempt
            try:
                answer = self._followed(method, url, data)
            except _NotSent as error:
                reason = str(error)
            except _Lost as error:
                if not again:
                    raise ForgeAnswerLost(f"{self._title} did not answer: {error}") from error
                reason = str(error)
            else:
                asked = self._asked_to_wait(answer)
                if asked is None and answer.status not in _AGAIN:
                    return answer
                if asked is None and not again:
                    raise ForgeAnswerLost(f"{self._title} answered {answer.status}")
                pause = max(pause, asked or 0.0)
                reason = self._token.kept_back(f"answered {answer.status} {answer.words()}".strip())
            if attempt + 1 == self._patience.attempts:
                break
            if pause > left:
                raise ForgeError(
                    f"{self._title} wants no call for {pause:.0f} s ({reason})", "Run this again after that time."
                )
            left -= pause
            self._patience.sleep(pause)
        raise ForgeError(
            f"{self._title} could not be asked, {self._patience.attempts} times: {reason}",
            f"The address is {self.place.api}.",
        )

    def _followed(self, method: str, url: str, data: bytes | None) -> Answer:
        """The answer behind redirects within the same host, as a renamed repository's.

        Raises ForgeError for one that leads elsewhere: whoever stands there is not to see the token.
        """
        for _ in range(_HOPS):
            answer = self._once(method, url, data)
            if answer.status not in _MOVED or "location" not in answer.headers:
                return answer
            location = answer.headers["location"]
            if onward := _onward(url, location):
                url = onward
                continue
            raise ForgeError(
                f"{self._title} sends the call elsewhere, to {_host(location)}; it was not followed",
                f"The token goes to {self.place.api} and nowhere else. Correct the address, or the repository's name.",
            )
        raise ForgeError(f"{self._title} redirects in a circle", f"The address is {self.place.api}.")

    def _once(self, method: str, url: str, data: bytes | None) -> Answer:
        timeout = urllib3.Timeout(connect=self._patience.connect, read=self._patience.read)
        try:
            got = self._pool.request(
                method, url, body=data, headers=self._headers, timeout=timeout, retries=False, redirect=False
            )
        except urllib3.exceptions.SSLError as error:
            raise ForgeError(
                f"{self._title} could not be trusted: {_reason(error)}",
                "With a certificate authority of your own: SSL_CERT_FILE, or CI_SERVER_TLS_CA_FILE on GitLab.",
            ) from error
        except (
            urllib3.exceptions.NewConnectionError,
            urllib3.exceptions.ConnectTimeoutError,
            urllib3.exceptions.ProxyError,
        ) as error:
            raise _NotSent(f"no connection to {_host(url)}") from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _Lost("the connection was dropped or timed out") from error
        return Answer(
            status=got.status, headers={one.lower(): value for one, value in got.headers.items()}, body=got.data
        )

    def _asked_to_wait(self, answer: Answer) -> float | None:
        """Seconds that the host wants no call for; None where it says nothing of the kind. Such a call was not carried out."""
        limited = answer.status == 429
        if answer.status == 403:  # GitHub says so of its limits, primary and secondary
            limited = (
                "retry-after" in answer.headers
                or answer.headers.get("x-ratelimit-remaining") == "0"
                or "rate limit" in answer.words().lower()
            )
        if not limited and not (answer.status == 503 and "retry-after" in answer.headers):
            return None
        exhausted = answer.headers.get("x-ratelimit-remaining") == "0"
        try:
            if "retry-after" not in answer.headers and exhausted:
                return max(0.0, float(answer.headers["x-ratelimit-reset"]) - self._patience.clock())
            return max(0.0, float(answer.headers["retry-after"]))
        except (KeyError, ValueError):
            return self._patience.unsaid

    def _refusal(self, answer: Answer, method: str) -> ForgeError:
        """The error of an answer that is final."""
        said = self._token.kept_back(answer.words()) or "no reason given"
        words = f"{self._title} answered {answer.status} to {method} for {self.place}: {said}"
        if answer.status == 401:
            return ForgeDenied(words, f"{self._token.variable} is wrong, or has expired.")
        if answer.status in (403, 404):
            return ForgeDenied(words, _denied(self._token.variable))
        return ForgeError(words)

    def _nonsense(self, path: str) -> ForgeError:
        return ForgeError(
            f"{self._title} answered {path} with something that is not its API's", f"The address is {self.place.api}."
        )

    @property
    def _title(self) -> str:
        return self.place.forge.title


class _NotSent(Exception):
    """No connection came about: it has certainly not happened."""


class _Lost(Exception):
    """Sent, and perhaps done."""


def _denied(variable: str) -> str:
    """What to do where the token may not."""
    match variable:
        case "GITHUB_TOKEN":
            return (
                "The job needs permissions: {pull-requests: write}. For a pull request from a fork the token is read-only by "
                "design: read the report in the job's summary, or see docs/ci.md, Forks."
            )
        case "CI_JOB_TOKEN":
            return (
                "Many versions of GitLab let a job token write no comments. Make a project access token with scope api and "
                "role Reporter, and store it as the masked variable GITLAB_TOKEN."
            )
        case _:
            return "The token needs scope api and at least the role Reporter in this project."


def _onward(url: str, location: str) -> str:
    """Where a redirect leads on the same host; "" for anywhere else."""
    try:
        target = urljoin(url, location)
        return target if origin(target) == origin(url) else ""
    except ValueError:
        return ""


def _host(url: str) -> str:
    """The host alone: the rest of an address may hold what is not to be shown."""
    try:
        return origin(url)[1] or "?"
    except ValueError:
        return "?"


def _reason(error: BaseException) -> str:
    return " ".join(str(one) for one in error.args[:1])[:200] or type(error).__name__
