"""What a kind of resource is described with: its fields, how they compare, what the service accepts, how the API spells it.

The descriptions themselves: `identity`, `providers`, `vault`; all of them together: `kinds`.
"""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

Secrets = Mapping[str, str]
"""The values of MANAGED secrets by attribute, for the one call that carries them. Never kept, never shown."""


NO_SECRETS: Secrets = MappingProxyType({})


class Shape(enum.Enum):
    """How two values of an attribute compare."""

    SET = "set"  # strings without order or repetition
    MAP = "map"  # string to string
    SCALAR = "scalar"
    NESTED = "nested"  # members by name, to any depth; lists in them have no order
    REFERENCE = "reference"  # of a secret: {source: EXTERNAL, secretId, jsonKey}, or {source: MANAGED, version}


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What the service accepts as a string; the pattern matches the whole of it."""

    minimum: int
    maximum: int
    pattern: str

    def problem(self, value: str) -> str | None:
        """Why the service would refuse the value, as the end of a sentence ("is shorter than 3 characters"), or None."""
        if len(value) < self.minimum:
            return f"is shorter than {self.minimum} character{'s' if self.minimum != 1 else ''}"
        if len(value) > self.maximum:
            return f"has {len(value)} characters, more than the {self.maximum} allowed"
        if not _compiled(self.pattern).fullmatch(value):
            return f"does not match {self.pattern}"
        return None


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One field of a kind. Its name is the service's own, in the manifest, the plan and the lockfile alike.

    `key` limits the keys of a MAP. `tagging`: it travels by TagResource and UntagResource, not by Update. `local`: the
    service knows nothing of it; it stands in manifest and lockfile. `immutable`: only another resource has another one.
    `vague`: dotted paths in a NESTED that Get may not show, or may fill in where nobody set them: they are compared only
    where both sides have them.
    """

    name: str
    shape: Shape
    text: Text | None = None
    key: Text | None = None
    max_items: int | None = None
    tagging: bool = False
    local: bool = False
    immutable: bool = False
    vague: tuple[str, ...] = ()

    @property
    def default(self) -> tuple[str, ...] | dict[str, str] | None:
        """What the service has when nobody said anything; also what an omitted attribute means."""
        match self.shape:
            case Shape.SET:
                return ()
            case Shape.MAP | Shape.NESTED:
                return {}
            case Shape.SCALAR | Shape.REFERENCE:
                return None

    @property
    def blurred(self) -> bool:
        """Whether a reading does not show all of it."""
        return self.local or self.shape is Shape.REFERENCE or bool(self.vague)


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """How the control plane spells the kind: operation names, and the fields of its requests and answers.

    A singleton, which stands always, has no `create`, `list` and `delete`, and no `arn` in its answers.
    """

    create: str = ""
    get: str
    list: str = ""
    update: str
    delete: str = ""
    name: str = "name"  # the member of a request that holds the name
    items: str = ""  # the member of a List answer that holds the entries
    arn: str = ""  # the member that holds the ARN
    page_size: int = 0  # the largest maxResults that List takes
    resource: str  # the ARN's last part, with {name}: only for what the API has not told us yet
    rate: float  # calls a second that the service gives each of the operations by default
    dated: bool = False  # a List entry says when it was last updated
    settles: bool = False  # it is ready only some time after a Create or Update, says its `status`

    @property
    def operations(self) -> tuple[str, ...]:
        """Every operation of the kind's own."""
        every = (self.create, self.get, self.list, self.update, self.delete)
        return tuple(one for one in every if one)


Request = Callable[[Mapping[str, Any], Secrets], dict[str, Any]]
"""Canonical attributes and secret values -> what Create and Update take beside the name and the tags."""

Answer = Callable[[Mapping[str, Any]], dict[str, Any]]
"""An answer of Get -> the raw attributes; or -> what the service gave beside them, as text by name."""


@dataclass(
    frozen=True, kw_only=True, eq=False
)  # one of each, and asked ten thousand times: it keeps what it worked out
class Kind:
    """One kind of resource. `type` begins its addresses, `section` is its key in the manifest.

    `rank`: what is granted comes before those it is granted to; deletes go the other way round.
    """

    type: str
    section: str
    singular: str
    plural: str
    name: Text
    attributes: tuple[Attribute, ...]
    api: Api
    rank: int
    most: int  # how many the service lets one account hold in one Region by default
    stranded: str = ""  # what people lose when one is deleted or replaced, as a sentence; "" where nothing
    singleton: str = ""  # the name of the only one, which is never made or deleted; "" where there are many
    request: Request
    answer: Answer
    outputs: Answer = lambda _: {}

    def attribute(self, name: str) -> Attribute:
        """The attribute of that name; KeyError if the kind has none."""
        for one in self.attributes:
            if one.name == name:
                return one
        raise KeyError(name)

    @functools.cached_property
    def tagged(self) -> bool:
        """Whether it carries tags, the ownership tag among them."""
        return any(one.tagging for one in self.attributes)

    @functools.cached_property
    def sent(self) -> tuple[Attribute, ...]:
        """What Create and Update carry: all but tags, and what the service knows nothing of."""
        return tuple(one for one in self.attributes if not one.tagging and not one.local)

    @functools.cached_property
    def blurred(self) -> tuple[Attribute, ...]:
        """The attributes that a reading does not show in full."""
        return tuple(one for one in self.attributes if one.blurred)

    @property
    def looks_after(self) -> bool:
        """Whether a write is followed by a reading: it settles, or the listing will be believed by its date."""
        return self.api.settles or self.api.dated


TAGS = Attribute(
    name="tags",
    shape=Shape.MAP,
    key=Text(minimum=1, maximum=128, pattern=r"[a-zA-Z0-9\s._:/=+@-]*"),
    text=Text(minimum=0, maximum=256, pattern=r"[a-zA-Z0-9\s._:/=+@-]*"),
    max_items=50,
    tagging=True,
)

OWNER = Attribute(name="owner", shape=Shape.SCALAR, text=Text(minimum=1, maximum=256, pattern=r"[^\r\n]+"), local=True)
EXPIRES = Attribute(
    name="expires", shape=Shape.SCALAR, text=Text(minimum=10, maximum=10, pattern=r"\d{4}-\d{2}-\d{2}"), local=True
)
"""Who answers for a resource, and the day (UTC) from which on it is not wanted any more."""


def plain(value: Any) -> Any:
    """A canonical value as the API and JSON take it: tuples as lists, to any depth."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, tuple) else value
