"""What judging one resource comes to, and the terms that are the same for every resource of a plan."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.diagnostics import Diagnostic, Severity, Source
from reconciler.model.addresses import Address
from reconciler.model.changes import Cause, Change, Drift
from reconciler.model.expiry import Day
from reconciler.model.kinds import kind_of
from reconciler.model.reading import beside
from reconciler.model.resources import Live, Snapshot
from reconciler.model.values import Attributes, without_tags
from reconciler.planning import findings
from reconciler.planning.attributes import attribute_changes
from reconciler.planning.pairs import Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Under which terms every resource of a plan is judged.

    `owner`: our ownership tag. `protected_environment`: the name of an environment that forbids deletes, or "".
    `asked`: the command itself wants everything gone (destroy). `finishing`: what renames left behind is to go.
    `leftovers`: all that renames left behind. `today`: the day (UTC) by which resources expire; None: none.
    """

    snapshot: Snapshot
    owner: str
    ignored: tuple[str, ...] = ()
    protected_environment: str = ""
    asked: bool = False
    finishing: bool = False
    leftovers: frozenset[Address] = frozenset()
    today: Day | None = None

    def see(self, address: Address, attributes: Attributes) -> Attributes:
        """The attributes without the tags that are not ours to see."""
        return without_tags(kind_of(address.type), attributes, self.ignored)

    def standing(self, address: Address, live: Live, known: Attributes) -> Attributes:
        """What stands, as far as a reading shows it beside what is known of it, without what is not ours to see."""
        return without_tags(kind_of(address.type), beside(kind_of(address.type), live, known), self.ignored)

    def foreign(self, live: Live) -> bool:
        """Whether another stack's ownership tag stands on it."""
        return live.owner not in ("", self.owner)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one pair comes to. `change` None: it stays as it is, or is refused. `unread`: why it could not be judged."""

    change: Change | None = None
    drift: Drift | None = None
    findings: tuple[Diagnostic, ...] = ()
    unread: str = ""

    @property
    def unchanged(self) -> bool:
        """Whether all three sides agree."""
        return (
            self.change is None and not self.unread and all(one.severity is not Severity.ERROR for one in self.findings)
        )


AGREED = Verdict()


def drift_of(pair: Pair, live: Live | None, terms: Terms) -> Drift | None:
    """Where live is not what was known, under the pair's address; None where it is."""
    known = pair.known
    if known is None:
        return None
    before = terms.see(known.address, known.attributes)
    if live is None:
        return Drift(address=pair.address, name=known.name, before=before, after=None)
    after = terms.standing(known.address, live, known.attributes)
    if before == after:
        return None
    changed = tuple(replace(one, cause=Cause.OUTSIDE) for one in attribute_changes(before, after, None))
    return Drift(address=pair.address, name=known.name, before=before, after=after, attributes=changed)


def made_by_service(address: Address, live: Live, source: Source | None, terms: Terms) -> Diagnostic:
    return findings.service_linked(address, live, terms.snapshot.linked[live.arn], source)
