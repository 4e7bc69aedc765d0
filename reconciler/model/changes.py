"""What a plan consists of: actions, and why each is planned. The action is its symbol; what before and after mean:

| action  | before                  | after                      | calls                                   |
|---------|-------------------------|----------------------------|-----------------------------------------|
| create  | None                    | what will stand            | Create                                  |
| update  | what stands             | what will stand            | Get, then Update and/or Tag, Untag      |
| delete  | what stands             | None                       | Get, then Delete                        |
| replace | what stands (old name)  | what will stand (new name) | Create new; the old stays, at `Address.leftover` |
| adopt   | what stands             | the same                   | Get, then Tag (the ownership tag)       |
| forget  | what stands, None: gone | None                       | Untag (the ownership tag) where it stands |
| no-op   | what stands             | the same                   | none; the lockfile's entry is renewed   |
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.diagnostics import Source
from reconciler.model.addresses import Address
from reconciler.model.resources import Origin
from reconciler.model.secrets import SecretSource
from reconciler.model.values import Attributes, Value


class Action(enum.Enum):
    """What apply will do. The value is the symbol that people read."""

    CREATE = "+"
    UPDATE = "~"
    DELETE = "-"
    REPLACE = "-/+"
    ADOPT = "<="
    FORGET = "."
    NO_OP = " "

    @property
    def word(self) -> str:
        """`create`, `update`, …, `no-op`: how plans in JSON and sentences spell it."""
        return self.name.lower().replace("_", "-")


class Reason(enum.Enum):
    """Why an action is planned; the value stands in the plan's `action_reason`."""

    DECLARED = "declared"  # create: in the manifest, nowhere else
    DELETED_OUTSIDE = "deleted_outside"  # create again; forget: gone already
    MANIFEST_CHANGED = "manifest_changed"
    CHANGED_OUTSIDE = "changed_outside"
    CHANGED_BOTH = "changed_both"  # some here, some outside, or the same attribute on both sides
    OURS_BY_TAG = "ours_by_tag"  # adopt, update: the ownership tag says so though the lockfile does not
    UPDATE_ONLY = (
        "update_only"  # adopt, update: declared with lifecycle.updateOnly; no-op: it became so, or ceased to be
    )
    NOT_DECLARED = "not_declared"  # delete: no longer in the manifest; forget: an update-only one
    EXPIRED = "expired"  # delete; forget: an update-only one
    RENAMED = "renamed"  # replace
    RENAME_FINISHED = "rename_finished"  # delete: of what a rename left, asked for by --finish-renames
    ASKED = "asked"  # adopt, forget, delete: the command named it
    CONVERGED = "converged"  # no-op: live is what is desired, the lockfile is behind
    MOVED = "moved"  # no-op: another address, the same resource
    PROTECTION = "protection"  # no-op: only `protect` changes, in the lockfile
    TOUCHED = "touched"  # no-op: updated outside, and a secret that nobody can read may be another one
    RECORDED = "recorded"  # no-op: only what the service knows nothing of changes: access, owner, …
    REBUILT = "rebuilt"  # no-op: the lockfile was lost; declared, and the ownership tag says that it is ours
    REBUILT_UNDECLARED = "rebuilt_undeclared"  # no-op: the same, and the manifest does not declare it


TAKES_OVER = (Reason.OURS_BY_TAG, Reason.UPDATE_ONLY)
"""Updates for these reasons set the ownership tag too, where it is not ours yet."""


class Cause(enum.Enum):
    """Who made an attribute differ: the manifest (desired ≠ known), somebody outside (live ≠ known), or both."""

    MANIFEST = "manifest"
    OUTSIDE = "outside"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeChange:
    """One attribute that will differ, canonical values on both sides. `cause` is None where nothing was known (adoption)."""

    name: str
    before: Value
    after: Value
    cause: Cause | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One step of a plan, complete: apply needs nothing but this, the directory and the lockfile.

    `name` is the remote name after the step. `arn`, `updated` and `outputs` are those of what stands before it ("" and none
    where nothing does).
    `previous` and `previous_name`: where the step leaves another address or remote name behind (moved, renamed).
    `protect`, `update_only`, `origin`: what the lockfile will say. `owner`: the ownership tag found on what stands.
    `secrets`: where apply reads the secrets that its call carries, by attribute. `source`: the manifest's line.
    """

    action: Action
    reason: Reason
    address: Address
    name: str
    before: Attributes | None
    after: Attributes | None
    attributes: tuple[AttributeChange, ...] = ()
    arn: str = ""
    updated: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    owner: str = ""
    origin: Origin = Origin.CREATED
    protect: bool = False
    update_only: bool = False
    previous: Address | None = None
    previous_name: str = ""
    secrets: Mapping[str, SecretSource] = field(default_factory=dict)
    source: Source | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Where live is not what was known, whatever the plan then does about it. `after` None: deleted outside."""

    address: Address
    name: str
    before: Attributes
    after: Attributes | None
    attributes: tuple[AttributeChange, ...] = ()
