"""A plan: inert data that is printed, saved, reviewed and executed, never computed again in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.diagnostics import Diagnostic, Severity, has_errors
from reconciler.model.changes import Action, Change, Drift
from reconciler.model.environments import Limit, Target, Where
from reconciler.model.rates import Rates
from reconciler.model.resources import Refresh


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How apply finds the way back without a manifest: directory, credentials by name (never a secret), lockfile.

    `lockfile` is a path as it was at plan time, relative to the working folder where the manifest's was; or a URL, in whose
    bucket `state_region` and `state_kms_key` hold. `rates`: how fast its calls may go.
    """

    lockfile: str
    where: Where
    profile: str = ""
    role_arn: str = ""
    external_id: str = ""
    session_name: str = ""
    state_region: str = ""
    state_kms_key: str = ""
    rates: Rates = field(default_factory=Rates)


@dataclass(frozen=True, slots=True, kw_only=True)
class Untouched:
    """What stands in the directory and is not ours: remote names, sorted, by type. Only what the listing showed."""

    unmanaged: Mapping[str, tuple[str, ...]]
    service_linked: Mapping[str, tuple[str, ...]]

    @property
    def unmanaged_count(self) -> int:
        """How many are unmanaged, of all kinds."""
        return sum(len(names) for names in self.unmanaged.values())

    @property
    def service_linked_count(self) -> int:
        """How many are service-linked, of all kinds."""
        return sum(len(names) for names in self.service_linked.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that one apply will do to one target, in address order, and everything worth saying about it.

    `lineage` and `serial` are the lockfile's at plan time ("" and 0: there was none). `changes` holds no resource that
    stays as it is, in the directory and in the lockfile. `managed`: resources in the lockfile. `unchanged`: managed and
    left alone. `trusted`: not read one by one, since the listing dates them as the lockfile does. `excluded`: left out
    by --target or --exclude. `protected`: the whole environment forbids deletes. `declared`: resources that the manifest
    declares. `tags_ignored`: settings.ignoreTags, for apply's own comparison.
    """

    target: Target
    lineage: str
    serial: int
    manifest_digest: str
    refresh: Refresh
    route: Route
    changes: tuple[Change, ...]
    drift: tuple[Drift, ...]
    diagnostics: tuple[Diagnostic, ...]
    untouched: Untouched
    unknown: Mapping[str, str]  # address, or type.name, of what could not be read -> reason
    listing_failed: str
    managed: int
    declared: int
    unchanged: int
    excluded: int
    limit: Limit
    protected: bool
    tags_ignored: tuple[str, ...]
    trusted: int = 0

    @property
    def complete(self) -> bool:
        """Whether everything that the plan rests on could be read."""
        return not self.unknown and not self.listing_failed

    @property
    def errored(self) -> bool:
        """Whether something in it is refused, so that apply will not run."""
        return has_errors(self.diagnostics)

    @property
    def refused(self) -> tuple[str, ...]:
        """The addresses of which something is refused."""
        return tuple(
            sorted({one.address for one in self.diagnostics if one.severity is Severity.ERROR and one.address})
        )

    @property
    def empty(self) -> bool:
        """Whether apply would change nothing, neither in the directory nor in the lockfile."""
        return not self.changes

    def count(self, action: Action) -> int:
        """How many changes have that action."""
        return self.counts()[action]

    def counts(self) -> Counter[Action]:
        """How many changes there are of each action."""
        return Counter(change.action for change in self.changes)

    @property
    def deletes(self) -> int:
        """How many resources the directory loses; a rename loses none before it is finished."""
        return self.count(Action.DELETE)
