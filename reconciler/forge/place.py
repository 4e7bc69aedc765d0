"""Where a request stands and who asks for it: values, checked when they are made."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from reconciler.errors import ForgeError, UsageError

_NAME = r"(?!\.{1,2}(?:/|$))[\w.-]+"
_OWNED = re.compile(f"{_NAME}/{_NAME}", re.ASCII)
_NESTED = re.compile(f"{_NAME}(?:/{_NAME})*", re.ASCII)
_HERE = {"127.0.0.1", "localhost", "::1"}


class Forge(enum.Enum):
    """Which host it is, by its kind of API."""

    GITHUB = "github"
    GITLAB = "gitlab"

    @property
    def title(self) -> str:
        """As people write it."""
        return "GitHub" if self is Forge.GITHUB else "GitLab"

    @property
    def longest(self) -> int:
        """Characters that a comment may have: GitHub answers 422 to more; GitLab's limit is in its documentation of notes."""
        return 65_536 if self is Forge.GITHUB else 1_000_000

    @property
    def noun(self) -> str:
        """What a request is called there."""
        return "pull request" if self is Forge.GITHUB else "merge request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """Who asks. `header` and its `value`; shown nowhere, not even by `repr`. `variable`: where it came from."""

    variable: str
    header: str = field(repr=False)
    value: str = field(repr=False)
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\x21-\x7e]+", self.secret):  # a line break in it would forge headers
            raise ForgeError(
                f"{self.variable} holds something that is no token: it has blanks, line breaks or other signs in it",
                "Look at how the secret was stored; its value is not shown here.",
            )

    def kept_back(self, words: str) -> str:
        """The words of somebody who may repeat the token, without it."""
        return words.replace(self.secret, "***")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One request. `api`: the API's address, no slash at its end. `repository`: `owner/name`; a project's id or path.

    `number` 0: the repository itself.
    """

    forge: Forge
    api: str
    repository: str
    number: int

    def __post_init__(self) -> None:
        shape = _OWNED if self.forge is Forge.GITHUB else _NESTED
        if not shape.fullmatch(self.repository):
            form = "OWNER/NAME" if self.forge is Forge.GITHUB else "GROUP/NAME or the project's id"
            raise UsageError(
                f"{self.repository!r} is no repository on {self.forge.title}", f"Give --repository {form}."
            )
        check_encrypted(self.api)

    @property
    def path(self) -> str:
        """The repository as the API's paths name it."""
        if self.forge is Forge.GITHUB:
            return f"/repos/{self.repository}"
        return f"/projects/{quote(self.repository, safe='')}"

    def __str__(self) -> str:
        mark = "#" if self.forge is Forge.GITHUB else "!"
        return f"{self.repository}{mark}{self.number}" if self.number else self.repository


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port: what has to be the same for a token to go there."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), parts.port or {"https": 443, "http": 80}.get(scheme)


def on_this_machine(host: str) -> bool:
    """Whether it is the loopback address, by name or number."""
    return host in _HERE


def check_encrypted(url: str) -> None:
    """Raise ForgeError for an address to which a token would go in the open, or that is none."""
    try:
        scheme, host, _ = origin(url)
    except ValueError:
        scheme, host = "", ""
    if not host or (scheme != "https" and not (scheme == "http" and on_this_machine(host))):
        raise ForgeError(
            f"{url!r} is no address of an API that a token is sent to",
            "It has to begin with https:// (GITHUB_API_URL, CI_API_V4_URL): a token is never sent in the open.",
        )
