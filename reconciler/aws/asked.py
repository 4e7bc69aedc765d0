"""One call to the service as its errors speak of it: operation, what it does, to what."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Verb(enum.Enum):
    """What a call does to the resource, as far as errors depend on it."""

    READ = "read"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    TAG = "tag"  # setting or removing tags twice is the same as once

    @property
    def repeatable(self) -> bool:
        """Whether sending it once more does no harm even if the first one was done."""
        return self in (Verb.READ, Verb.TAG)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A call, for its errors: `action` is the IAM action; `subject` names the resource, "" where it is about none.

    `permission`: the action's name where it is not the operation's. `bearer`: it carries a token of its own beside what signs
    it, and UnauthorizedException is about that.
    """

    operation: str
    verb: Verb = Verb.READ
    subject: str = ""
    service: str = "bedrock-agentcore"
    permission: str = ""
    bearer: bool = False

    @property
    def action(self) -> str:
        """The IAM action that allows it."""
        return f"{self.service}:{self.permission or self.operation}"

    def __str__(self) -> str:
        return f"{self.operation} {self.subject}".rstrip()
