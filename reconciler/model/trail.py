"""Who did what in a directory, as an audit trail tells it: events of calls that change something."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.addresses import Remote

OWN_TOOL = "reconciler"
"""What `Event.tool` is where the caller says to be this program. Anybody can say so: a hint, never a proof."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who called. `arn`: of a role, the assumed session's; `name`: what people know them by, as "role Admin, session jane".

    `kind`: as the trail says it: IAMUser, AssumedRole, Root, AWSService, …
    """

    kind: str
    arn: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One call that changed something, or was refused (`error`: the code, "" for one that was answered).

    `time`: ISO 8601, UTC, as the trail has it, in whole seconds. `remotes`: what it was about; none where nobody can tell.
    `address`: the caller's network address or AWS service. `agent`: its user agent as sent; `tool`: what that is, as
    "console", "AWS CLI", "Terraform", "reconciler". `vague`: it changed something of ours, and nothing in it says what.
    """

    id: str
    time: str
    operation: str
    principal: Principal
    remotes: tuple[Remote, ...] = ()
    address: str = ""
    agent: str = ""
    tool: str = ""
    error: str = ""
    vague: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """What the trail said of a span of time. `since`, `until`: ISO 8601, UTC. `events` by time, then id, each once.

    `failed`: why it could not be read whole, or "": then events may be missing. `calls`: API calls made; `throttled`: how many
    of those the service wanted later.
    """

    since: str
    until: str
    events: tuple[Event, ...]
    failed: str = ""
    calls: int = 0
    throttled: int = 0
