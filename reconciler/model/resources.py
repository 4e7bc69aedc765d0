"""One resource seen from the three sides: desired (the manifest), known (the lockfile), live (the directory)."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.diagnostics import Source
from reconciler.model.addresses import Address, Remote
from reconciler.model.environments import Environment, Settings
from reconciler.model.parents import Parent
from reconciler.model.secrets import SecretSource
from reconciler.model.values import Attributes


class Origin(enum.Enum):
    """How a resource came to be ours."""

    CREATED = "created"
    ADOPTED = "adopted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """What the manifest wants of one resource in one environment; `attributes` canonical and whole.

    `update_only`: it exists through somebody else; its attributes are kept, it is never created or deleted.
    `previously`: the address it had before it was renamed in the manifest. `secrets`: where apply reads the value of each
    MANAGED secret, by attribute. `parent`: what brings it, where it is declared by that; its `name` is "" then, until the
    directory has told it (see `planning.following`).
    """

    address: Address
    name: str
    attributes: Attributes
    protect: bool = False
    update_only: bool = False
    previously: Address | None = None
    parent: Parent | None = None
    secrets: Mapping[str, SecretSource] = field(default_factory=dict)
    source: Source | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """The desired whole in one environment. `digest` names its meaning: no file order, layout or comment changes it."""

    name: str
    environment: Environment
    settings: Settings
    resources: Mapping[Address, Desired]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the lockfile holds of one resource: what we last made or found it to be, and what it is to us.

    `updated`: when it was last updated, as the service says it, where its listing shows that too. `outputs`: what the
    service gave beside the attributes, as a callback URL that people have to register.
    """

    address: Address
    name: str
    arn: str
    origin: Origin
    attributes: Attributes
    protect: bool = False
    update_only: bool = False
    updated: str = ""  # ISO 8601, UTC
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A lockfile's content. `lineage` is the UUID of its line, `serial` counts its changes.

    `last_plan` is the digest of the plan that was applied last, so that its replay can be named as such.
    """

    lineage: str
    serial: int
    stack: str
    environment: str
    account: str
    region: str
    resources: Mapping[Address, Known]
    last_plan: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What the directory answered about one resource. `attributes` has every tag but the ownership tag, which is `owner`.

    `status`: where it comes to be ready only some time after it was made or updated; `failure`: why it did not. What is not
    ready has no date in `updated`: a lockfile that held it would keep the next plan from reading it, and from saying so.
    """

    remote: Remote
    arn: str
    attributes: Attributes
    owner: str = ""
    created: str = ""  # ISO 8601, UTC
    updated: str = ""  # ISO 8601, UTC; only of a kind whose listing shows it too
    outputs: Mapping[str, str] = field(default_factory=dict)
    status: str = ""
    failure: str = ""

    @property
    def ready(self) -> bool:
        """Whether it can be used, as far as the service says."""
        return self.status in ("", "READY")

    @property
    def settling(self) -> bool:
        """Whether the service is still at work on it."""
        return self.status in ("CREATING", "UPDATING")


class Refresh(enum.Enum):
    """How much of the directory a plan reads.

    FULL: the listing, and everything that is desired or known one by one. CHANGED: the listing, and one by one only what
    the manifest changed against the lockfile or the listing shows missing or new. NONE: nothing; the lockfile is believed.
    """

    FULL = "full"
    CHANGED = "changed"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What was read of a directory. A remote that is in none of the maps does not exist, if `listing_failed` is empty.

    `live`: read in full. `listed`: ARN of everything the listing showed, read or not. `unknown`: could not be read, with
    the reason; neither absent nor unchanged. `linked`: ARN of each service-linked identity, with what holds it
    ("runtime invoice-AbCdEfGhIj"). `parents`: the ARNs of those that parents of a name hold. `linkage_failed`: why
    service-linked identities cannot be told apart, or "". `listing_failed`: why the listings are not whole, or "";
    `unlisted`: the types whose listings are not. `trusted`: not read, because the listing says that nothing was updated
    since the lockfile was written. `calls`: API calls made.
    """

    refresh: Refresh
    live: Mapping[Remote, Live]
    listed: Mapping[Remote, str]
    unknown: Mapping[Remote, str]
    linked: Mapping[str, str]
    parents: Mapping[Parent, tuple[str, ...]] = field(default_factory=dict)
    linkage_failed: str = ""
    listing_failed: str = ""
    unlisted: frozenset[str] = frozenset()
    trusted: frozenset[Remote] = frozenset()
    calls: int = 0
