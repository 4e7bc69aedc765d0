"""The manifest's `environments` and `settings` as the model's values, and their mistakes that no schema can tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reconciler.diagnostics import Diagnostic, Severity, Source
from reconciler.manifest.documents import Document, Keys, did_you_mean, dotted, error, quoted
from reconciler.manifest.rules import RULES
from reconciler.manifest.templates import BUILT_IN
from reconciler.model.environments import Environment, Limit, RuleSetting, StatePlace, Where
from reconciler.model.rates import DEFAULT_RATES, EVERY, Rates

RATES_FROM = "from"
"""The one key of `settings.rates` that is no operation: where the rates that are not given come from."""

_CODES = frozenset(rule.code for rule in RULES)
_NO_TEMPLATES = ("profile", "roleArn", "externalId", "sessionName", "state")


def environment_from(
    name: str, raw: Mapping[str, Any], source: Source | None = None, *, rates: Rates | None = None, group: str = ""
) -> Environment:
    """The environment that a sound entry declares, its region a text. `rates`: those of the stack's settings."""
    return Environment(
        name=name,
        group=group,
        where=Where(raw.get("directory", Where.AWS.value)),
        account=raw.get("account", ""),
        region=raw.get("region", ""),
        profile=raw.get("profile", ""),
        role_arn=raw.get("roleArn", ""),
        external_id=raw.get("externalId", ""),
        session_name=raw.get("sessionName", ""),
        variables=dict(sorted((raw.get("variables") or {}).items())),
        protect=raw.get("protect", False),
        limit=_limit_from((raw.get("limits") or {}).get("deletes")),
        state=_state_from(raw.get("state")),
        rates=rates or Rates(),
        source=source,
    )


def _state_from(raw: str | Mapping[str, Any] | None) -> StatePlace | None:
    if raw is None:
        return None
    named = {"url": raw} if isinstance(raw, str) else raw
    bucket, _, prefix = named["url"].removeprefix("s3://").partition("/")
    prefix = prefix.strip("/")
    return StatePlace(
        bucket=bucket,
        prefix=f"{prefix}/" if prefix else "",
        region=named.get("region", ""),
        kms_key=named.get("kmsKey", ""),
    )


def _limit_from(deletes: int | str | None) -> Limit:
    match deletes:
        case None:
            return Limit()
        case int():
            return Limit(percent=None, count=deletes)
        case _:
            return Limit(percent=int(deletes.removesuffix("%")))


def environment_mistakes(
    document: Document, base: Keys, raw: Mapping[str, Any], *, reserved: Sequence[str] = BUILT_IN
) -> Iterator[Diagnostic]:
    """Variables that cannot be declared, and templates where none is read. `base`: where the entry stands."""
    variables = raw.get("variables")
    variables = variables if isinstance(variables, dict) else {}
    for variable in sorted(variables.keys() & set(reserved)):
        detail = f"Every environment has {', '.join(reserved)} by itself. Choose another name."
        source = document.source((*base, "variables", variable), key=True)
        yield error("reserved-variable", f"The variable {variable} cannot be declared", detail, source=source)
    if raw.get("state") and raw.get("directory") == Where.EMBEDDED.value:
        yield error(
            "state-of-embedded",
            f"Environment {base[1]} has an embedded directory, whose state stays beside the manifest",
            "An embedded directory belongs to one machine, and so does its lockfile. Take `state` out.",
            source=document.source((*base, "state"), key=True),
        )
    for field, text in _texts_without_templates(raw, variables):
        if isinstance(text, str) and "${" in text:
            detail = "Variables are read in names, return URLs and tag values only. Write the text out."
            path = (*base, *field)
            source = document.source(path)
            yield error("template-not-read", f"No ${{…}} is read in {dotted(path)}", detail, source=source)


def _texts_without_templates(
    raw: Mapping[str, Any], variables: Mapping[str, Any]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The path and value of every text of an environment that is taken as it stands."""
    for field in _NO_TEMPLATES:
        value = raw.get(field)
        if isinstance(value, dict):
            yield from (((field, part), text) for part, text in value.items())
        else:
            yield (field,), value
    yield from ((("variables", variable), text) for variable, text in variables.items())


def rule_setting_from(raw: str | Mapping[str, str], source: Source) -> RuleSetting:
    """What a sound entry of `settings.rules` says."""
    severity, reason = (raw, "") if isinstance(raw, str) else (raw["severity"], raw.get("reason", ""))
    return RuleSetting(severity=None if severity == "off" else Severity(severity), reason=reason, source=source)


def rule_mistakes(code: str, source: Source) -> Iterator[Diagnostic]:
    """A code that names no rule."""
    if code not in _CODES:
        detail = f"{did_you_mean(code, _CODES)}The rules: {', '.join(sorted(_CODES))}."
        yield error("unknown-rule", f"There is no rule {quoted(code)}", detail, source=source)


def rates_from(raw: Mapping[str, Any]) -> Rates:
    """What sound entries of `settings.rates` say."""
    asked = {operation: float(rate) for operation, rate in sorted(raw.items()) if operation != RATES_FROM}
    return Rates(asked=asked, look_up=RATES_FROM in raw)


def rate_mistakes(operation: str, source: Source) -> Iterator[Diagnostic]:
    """A word that names no operation."""
    if operation not in DEFAULT_RATES and operation not in (EVERY, RATES_FROM):
        known = ", ".join(sorted(DEFAULT_RATES))
        detail = f'{did_you_mean(operation, DEFAULT_RATES)}The operations: {known}; or "{EVERY}" for all others.'
        yield error("unknown-operation", f"reconciler calls no operation {quoted(operation)}", detail, source=source)
