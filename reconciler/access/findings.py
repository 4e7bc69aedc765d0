"""What the comparison of a policy with the grants found: each excess, each lack, and what cannot be told."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from reconciler.model.addresses import Address


class Verdict(enum.Enum):
    """What a finding says of the policy."""

    EXCESS = "excess"  # it allows what nobody granted
    LACK = "lack"  # it does not allow what was granted
    UNCLEAR = "unclear"  # whether it allows that depends on what is known only when a call is made


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A statement of a policy: file or policy, its Sid or number from 1, its line in the file (0: not of a file)."""

    policy: str
    statement: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.policy}:{self.line}" if self.line else self.policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference. `code` is stable and kebab-case; `summary` one line; `detail` why it matters or what to do.

    `where` None: no one statement is at fault. `identity`: whose grants it is about, where it is about one's.
    """

    verdict: Verdict
    code: str
    summary: str
    detail: str = ""
    where: Where | None = None
    identity: Address | None = None
    actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The comparison of some policies, as one, with the grants of some identities. `notes`: what was not looked at.

    `role`: the ARN of the role that has them, "" for files. `unseen`: actions they allow that grants say nothing of.
    """

    policies: tuple[str, ...]
    identities: tuple[Address, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    role: str = ""
    unseen: tuple[str, ...] = ()

    @property
    def matches(self) -> bool:
        """Whether the policies allow exactly what is granted, as far as can be told, which is far enough."""
        return not self.findings

    def count(self, verdict: Verdict) -> int:
        """How many findings say so."""
        return sum(one.verdict is verdict for one in self.findings)


_RANK = {Verdict.EXCESS: 0, Verdict.LACK: 1, Verdict.UNCLEAR: 2}


def in_order(found: list[Finding]) -> tuple[Finding, ...]:
    """Without repetition: excesses, lacks, unclear ones; each by policy, line, statement and words."""

    def key(one: Finding) -> tuple[object, ...]:
        where = one.where or Where(policy="", statement="")
        return (
            _RANK[one.verdict],
            where.policy,
            where.line,
            where.statement,
            one.code,
            str(one.identity or ""),
            one.summary,
        )

    return tuple(sorted({key(one): one for one in found}.values(), key=key))
