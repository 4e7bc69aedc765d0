"""What hands out credentials to workloads, as a protocol of three verbs. Implemented by `reconciler.directory.data_plane`."""

from __future__ import annotations

import enum
import threading
from collections.abc import Sequence
from typing import NoReturn, Protocol


class Token:
    """A workload access token: handed on to the next call, shown by nothing."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "Token(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a token is never written down")

    def reveal(self) -> str:
        """The token itself, for the call that carries it."""
        return self._text


class Answered(enum.Enum):
    """What the service gave for an OAuth2 flow: a token, or the address where a user has to agree first."""

    TOKEN = enum.auto()
    AUTHORIZATION_URL = enum.auto()


class DataPlane(Protocol):
    """What hands out credentials to the identities of a directory, as far as it can be asked whether it does.

    Of what it hands out, nothing but a workload access token leaves these verbs. Errors and threads as with `Directory`.
    """

    @property
    def calls(self) -> int:
        """API calls sent so far, retries included."""

    @property
    def hurry(self) -> threading.Event:
        """Once it is set, calls end within seconds: none waits long for its turn, none is tried again."""

    def token(self, name: str, *, user_token: Token | None = None, user_id: str = "") -> Token:
        """A token for the identity, for a user where one is given. Raises ServiceLinked, TokenRefused."""

    def api_key(self, token: Token, provider: str) -> None:
        """See that there is an API key. It is let go of at once."""

    def oauth2(
        self, token: Token, provider: str, *, flow: str, scopes: Sequence[str], return_url: str = ""
    ) -> Answered:
        """See what there is for that flow. It is let go of at once."""
