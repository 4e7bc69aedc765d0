"""What `verify` found: whether identities can be used as declared, check by check. Holds no secret, and nothing made of one."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.model.addresses import Address
from reconciler.model.environments import Target


class Verdict(enum.Enum):
    """What one check came to. UNKNOWN: it cannot be told, which is neither of the others."""

    PASSED = "pass"
    FAILED = "fail"
    UNKNOWN = "unknown"


class What(enum.Enum):
    """What a check asks the service for. FOREIGN_URL is to be refused; all others are to be had."""

    WORKLOAD = "workload access token"
    API_KEY = "API key"
    M2M = "M2M"
    USER_FEDERATION = "USER_FEDERATION"
    FOREIGN_URL = "foreign return URL"
    ON_BEHALF = "ON_BEHALF_OF_TOKEN_EXCHANGE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was tried for an identity. `why` and `hint`: the reason and the next step; "" for what passed plainly.

    `provider` is the address that the grant names, "" where the check is about the identity alone. `unanswered`: the
    service could not be asked (throttled, no answer), so that another run may tell.
    """

    address: Address
    what: What
    verdict: Verdict
    why: str = ""
    hint: str = ""
    provider: str = ""
    return_url: str = ""
    unanswered: bool = False

    @property
    def words(self) -> str:
        """What was tried, on one line."""
        url = f" to {self.return_url}" if self.return_url else ""
        return f"{self.provider} {self.what.value}{url}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """All checks, in the order of addresses and of what was tried. `calls` were sent, retries included."""

    target: Target
    checks: tuple[Check, ...]
    calls: int = 0

    @property
    def counts(self) -> Mapping[Verdict, int]:
        """How many checks came to each verdict."""
        found = Counter(one.verdict for one in self.checks)
        return {verdict: found[verdict] for verdict in Verdict}

    @property
    def verdict(self) -> Verdict:
        """Of all together: the worst."""
        return next((one for one in (Verdict.FAILED, Verdict.UNKNOWN) if self.counts[one]), Verdict.PASSED)

    @property
    def nothing_proven(self) -> bool:
        """Whether there were checks to make, and not one of them told anything."""
        return bool(self.checks) and self.counts[Verdict.UNKNOWN] == len(self.checks)

    @property
    def unanswered(self) -> bool:
        """Whether the service could not be asked for something."""
        return any(one.unanswered for one in self.checks)
