"""How many calls a second each operation may make: asked for, read from the account, or the service's default."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reconciler.model.kinds import KINDS

EVERY = "*"
"""Stands for every operation that has no rate of its own."""

LEAST, MOST = 0.1, 10_000.0
"""What a rate may be, in calls a second."""

# Not documented. Tags are read as often as identities, so a lower rate would slow every refresh down for a limit that perhaps
# does not exist; if it does, the pace finds it within a second. Parents belong to others, whose deployments call the same
# operations, and are few: half of what the identities have is left to those.
_TAGS = dict.fromkeys(("ListTagsForResource", "TagResource", "UntagResource"), 20.0)
_PARENTS = dict.fromkeys(
    (
        "ListAgentRuntimes",
        "GetAgentRuntime",
        "ListGateways",
        "GetGateway",
        "ListPaymentManagers",
        "GetPaymentManager",
    ),
    10.0,
)

TOKEN_RATES: Mapping[str, float] = dict.fromkeys(
    (
        "GetWorkloadAccessToken",
        "GetWorkloadAccessTokenForJWT",
        "GetWorkloadAccessTokenForUserId",
        "GetResourceApiKey",
        "GetResourceOauth2Token",
    ),
    200.0,
)
"""Those of the data plane, which hands out tokens and credentials (developer guide, "Quotas")."""

TRAIL_RATES: Mapping[str, float] = {"LookupEvents": 2.0}
"""CloudTrail's (API reference). Whoever asks for a rate of all operations does not mean this one."""

DEFAULT_RATES: Mapping[str, float] = {
    **{operation: kind.api.rate for kind in KINDS for operation in kind.api.operations},
    **_TAGS,
    **_PARENTS,
    **TOKEN_RATES,
    **TRAIL_RATES,
}
"""Calls a second by operation: every operation that reconciler calls, with what the service gives an account by default."""

_LEAST_OF_ALL = min(rate for operation, rate in DEFAULT_RATES.items() if operation not in TRAIL_RATES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Under which rates calls are sent.

    `asked`: calls a second by operation, or for `EVERY` other one. `limited`: where nothing is asked, the service's default
    holds; not so for an emulated directory, which has no quota unless it says so. `look_up`: ask Service Quotas for the rest.
    """

    asked: Mapping[str, float] = field(default_factory=dict)
    limited: bool = True
    look_up: bool = False

    def of(self, operation: str) -> float | None:
        """Calls a second of the operation; None: as many as will go."""
        asked = self.asked.get(operation)
        if asked is None and EVERY in self.asked:
            asked = min(self.asked[EVERY], TRAIL_RATES.get(operation, MOST))
        return asked if asked is not None or not self.limited else default_rate(operation)

    def over(self, other: Rates) -> Rates:
        """These, and where they say nothing, the other's."""
        rest = {} if EVERY in self.asked else other.asked
        asked = {**rest, **self.asked}
        return replace(other, asked=dict(sorted(asked.items())), look_up=self.look_up or other.look_up)

    def known(self, quotas: Mapping[str, float]) -> Rates:
        """With the account's own where nothing is asked: nothing is left to look up."""
        rest = {} if EVERY in self.asked else quotas
        return replace(self, asked=dict(sorted({**rest, **self.asked}.items())), look_up=False)


def default_rate(operation: str) -> float:
    """What the service gives by default; for an operation that nobody foresaw, the least of the directory's own."""
    return DEFAULT_RATES.get(operation, _LEAST_OF_ALL)


def is_rate(value: float) -> bool:
    """Whether the number can be a rate."""
    return math.isfinite(value) and LEAST <= value <= MOST
