"""Where a stack goes and under which terms: targets, environments, limits, settings."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.diagnostics import Severity, Source
from reconciler.model.ignoring import IgnoreRule
from reconciler.model.rates import Rates
from reconciler.model.review_settings import ReviewSettings

OWNER_TAG = "reconciler:stack"
"""The tag that says whose a resource is; its value is `Target.owner`. Never part of `tags` in a manifest, plan or lockfile."""


EMBEDDED_ACCOUNT, EMBEDDED_REGION = "000000000000", "us-east-1"
"""Where an embedded directory is, unless its environment says otherwise."""


class Where(enum.Enum):
    """Which directory an environment speaks to."""

    AWS = "aws"
    EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The one place that a lockfile and a plan speak of. An empty account or region is one that nobody has named yet."""

    stack: str
    environment: str
    account: str
    region: str

    @property
    def owner(self) -> str:
        """The value of the ownership tag: `stack/environment`."""
        return f"{self.stack}/{self.environment}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How many deletes one apply may make. With `percent`, the floor of 10 deletes is always allowed."""

    percent: int | None = 30
    count: int | None = None

    def allows(self, deletes: int, managed: int) -> bool:
        """Whether `deletes` out of `managed` resources stay inside the limit."""
        if self.count is not None:
            return deletes <= self.count
        return deletes <= 10 or deletes * 100 <= (self.percent or 0) * managed

    def __str__(self) -> str:
        return str(self.count) if self.count is not None else f"{self.percent}% (and more than 10)"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatePlace:
    """Where a state is kept if not beside the manifest: `s3://bucket/prefix`.

    `prefix` is empty or ends with a slash. `region`: the bucket's, where it is not the environment's. `kms_key`: seals what is
    written, in place of the bucket's own default.
    """

    bucket: str
    prefix: str = ""
    region: str = ""
    kms_key: str = ""

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One entry of `environments`, or one target of an entry that has several; None or "" where the manifest is silent.

    `group`: the entry that a target belongs to, "" for an environment that is a target of its own. `state` None: beside the
    manifest.
    """

    name: str
    group: str = ""
    where: Where = Where.AWS
    account: str = ""
    region: str = ""
    profile: str = ""
    role_arn: str = ""
    external_id: str = ""
    session_name: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    protect: bool = False
    limit: Limit = field(default_factory=Limit)
    state: StatePlace | None = None
    rates: Rates = field(default_factory=Rates)
    source: Source | None = None

    @property
    def declared(self) -> str:
        """The entry's name in the manifest, which all targets of one entry share."""
        return self.group or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSetting:
    """What `settings.rules` says of one code: another severity, or None to silence it, for a reason."""

    severity: Severity | None
    reason: str = ""
    source: Source | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The manifest's `settings`: tags that others own, what the house thinks of each rule, how fast calls may go.

    `require`: the attributes that every entry has to have. `review`: what a reviewer need not see, and who has to approve;
    `drift_ignore`: what drift runs leave out. No plan depends on the last two.
    """

    ignore_tags: tuple[str, ...] = ()
    rules: Mapping[str, RuleSetting] = field(default_factory=dict)
    rates: Rates = field(default_factory=Rates)
    require: tuple[str, ...] = ()
    review: ReviewSettings = field(default_factory=ReviewSettings)
    drift_ignore: tuple[IgnoreRule, ...] = ()
