"""What two versions of a manifest say beside its resources: the stack's name, settings, environments and their limits.

Shown as rows under the words of the manifest, so that a reviewer reads what the author wrote.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.manifest import Manifest
from reconciler.model.changes import AttributeChange
from reconciler.model.environments import Environment, Limit, RuleSetting, Settings, Where
from reconciler.model.rates import Rates
from reconciler.model.values import Value

Terms = Mapping[str, Value]
"""By the path below the entry, as in `limits.deletes`; what is not said is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What differs beside the resources: `kind` is "environment", "settings" or "stack", `about` where in the manifest.

    `before`, `after`: whether it stands in that version at all. `path`: the keys on the way to it. `environments`: whose terms
    these are, none for what holds in all.
    """

    kind: str
    about: str
    path: tuple[str, ...]
    before: bool
    after: bool
    rows: tuple[AttributeChange, ...]
    environments: tuple[str, ...] = ()

    def row(self, name: str) -> AttributeChange | None:
        """What differs in the term of that name, or None."""
        return next((one for one in self.rows if one.name == name), None)


def environment_terms(one: Environment) -> Terms:
    """What the manifest says of an environment or target."""
    said: dict[str, Value] = {
        "directory": one.where.value if one.where is not Where.AWS else None,
        "account": one.account or None,
        "region": one.region or None,
        "profile": one.profile or None,
        "roleArn": one.role_arn or None,
        "externalId": one.external_id or None,
        "sessionName": one.session_name or None,
        "variables": dict(one.variables) or None,
        "protect": one.protect or None,
        "limits.deletes": None if one.limit == Limit() else _limit(one.limit),
        "state": str(one.state) if one.state else None,
        "state.region": (one.state.region if one.state else "") or None,
        "state.kmsKey": (one.state.kms_key if one.state else "") or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def settings_terms(one: Settings) -> Terms:
    """What the manifest's settings say."""
    rules: dict[str, Value] = {code: _rule(setting) for code, setting in one.rules.items()}
    said: dict[str, Value] = {
        "ignoreTags": one.ignore_tags or None,
        "require": one.require or None,
        "rules": rules or None,
        "rates": _rates(one.rates) or None,
        "drift.ignore": tuple(map(str, one.drift_ignore)) or None,
        "review.hosts": one.review.hosts or None,
        "review.approvers": tuple(map(str, one.review.approvers)) or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def amendments(before: Manifest | None, after: Manifest | None, environments: tuple[str, ...]) -> Iterator[Amendment]:
    """Everything beside the resources that differs, in the environments of those names and in all of them."""
    if before and after and before.stack != after.stack:
        renamed = AttributeChange(name="stack", before=before.stack, after=after.stack, cause=None)
        yield Amendment(kind="stack", about="stack", path=("stack",), before=True, after=True, rows=(renamed,))
    old, new = (settings_terms(one.settings) if one else {} for one in (before, after))
    if rows := _differing(old, new):
        yield Amendment(
            kind="settings",
            about="settings",
            path=("settings",),
            before=before is not None,
            after=after is not None,
            rows=rows,
        )
    for name in environments:
        earlier = before.environments.get(name) if before else None
        later = after.environments.get(name) if after else None
        either = later or earlier
        declared = either.declared if either else name
        rows = _differing(environment_terms(earlier) if earlier else {}, environment_terms(later) if later else {})
        if rows or (earlier is None) != (later is None):
            yield Amendment(
                kind="environment",
                about=f"environment.{declared}",
                path=("environments", declared),
                before=earlier is not None,
                after=later is not None,
                rows=rows,
                environments=(name,),
            )


def _differing(before: Terms, after: Terms) -> tuple[AttributeChange, ...]:
    return tuple(
        AttributeChange(name=name, before=before.get(name), after=after.get(name), cause=None)
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name)
    )


def _limit(limit: Limit) -> str:
    return str(limit.count) if limit.count is not None else f"{limit.percent}%"


def _rule(setting: RuleSetting) -> str:
    severity = setting.severity.value if setting.severity else "off"
    return f"{severity} ({setting.reason})" if setting.reason else severity


def _rates(rates: Rates) -> dict[str, Value]:
    asked: dict[str, Value] = {operation: f"{rate:g}" for operation, rate in rates.asked.items()}
    return {**({"from": "service-quotas"} if rates.look_up else {}), **asked}
