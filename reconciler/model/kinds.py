"""The kinds of thing a directory holds, each described once: fields, limits, how they compare, how the API spells them.

Everything else in the package is generic over a `Kind`. Limits are botocore's (`bedrock-agentcore-control` 2023-06-05);
a test compares them with its service model. `rate` and `most` are the developer guide's quotas.
"""

from __future__ import annotations

import enum
import functools
import re
from dataclasses import dataclass


class Shape(enum.Enum):
    """How two values of an attribute compare."""

    SET = "set"  # strings without order or repetition
    MAP = "map"  # string to string
    SCALAR = "scalar"


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

    `key` limits the keys of a MAP. `tagging`: it travels by TagResource and UntagResource, not by Update.
    """

    name: str
    shape: Shape
    text: Text
    key: Text | None = None
    max_items: int | None = None
    tagging: bool = False

    @property
    def default(self) -> tuple[str, ...] | dict[str, str] | None:
        """What the service has when nobody said anything; also what an omitted attribute means."""
        match self.shape:
            case Shape.SET:
                return ()
            case Shape.MAP:
                return {}
            case Shape.SCALAR:
                return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """How the control plane spells the kind: operation names, and the fields of its answers."""

    create: str
    get: str
    list: str
    update: str
    delete: str
    items: str  # the member of a List answer that holds the entries
    arn: str  # the member that holds the ARN
    page_size: int  # the largest maxResults that List takes
    resource: str  # the ARN's last part, with {name}: only for what the API has not told us yet
    rate: float  # calls a second that the service gives each of the operations by default

    @property
    def operations(self) -> tuple[str, ...]:
        """Every operation of the kind's own."""
        return (self.create, self.get, self.list, self.update, self.delete)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of resource. `type` begins its addresses, `section` is its key in the manifest."""

    type: str
    section: str
    singular: str
    plural: str
    name: Text
    attributes: tuple[Attribute, ...]
    api: Api
    most: int  # how many the service lets one account hold in one Region by default
    stranded: str = ""  # what people lose when one is deleted or replaced, as a sentence; "" where nothing

    def attribute(self, name: str) -> Attribute:
        """The attribute of that name; KeyError if the kind has none."""
        for one in self.attributes:
            if one.name == name:
                return one
        raise KeyError(name)


WORKLOAD_IDENTITY = Kind(
    type="workload_identity",
    section="workloadIdentities",
    singular="workload identity",
    plural="workload identities",
    name=Text(minimum=3, maximum=255, pattern=r"[A-Za-z0-9_.-]+"),
    attributes=(
        Attribute(
            name="allowedResourceOauth2ReturnUrls",
            shape=Shape.SET,
            text=Text(minimum=1, maximum=2048, pattern=r"\w+:(\/?\/?)[^\s]+"),
        ),
        Attribute(
            name="tags",
            shape=Shape.MAP,
            key=Text(minimum=1, maximum=128, pattern=r"[a-zA-Z0-9\s._:/=+@-]*"),
            text=Text(minimum=0, maximum=256, pattern=r"[a-zA-Z0-9\s._:/=+@-]*"),
            max_items=50,
            tagging=True,
        ),
    ),
    api=Api(
        create="CreateWorkloadIdentity",
        get="GetWorkloadIdentity",
        list="ListWorkloadIdentities",
        update="UpdateWorkloadIdentity",
        delete="DeleteWorkloadIdentity",
        items="workloadIdentities",
        arn="workloadIdentityArn",
        page_size=20,
        resource="workload-identity-directory/default/workload-identity/{name}",
        rate=20.0,
    ),
    most=11_000,
    stranded="Users' OAuth consents are stranded: the token vault keeps them by workload, user and provider.",
)

KINDS: tuple[Kind, ...] = (WORKLOAD_IDENTITY,)

_BY_TYPE = {kind.type: kind for kind in KINDS}


def kind_of(type_: str) -> Kind:
    """The kind whose addresses begin with `type_`; KeyError for a word that names none."""
    return _BY_TYPE[type_]
