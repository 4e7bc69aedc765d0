"""A plan as text and back: canonical JSON by `schemas/plan.schema.json`, sealed with a digest over everything else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reconciler import __version__
from reconciler.diagnostics import Diagnostic, Severity, Source
from reconciler.errors import InvalidInput, StalePlan
from reconciler.model.changes import Action
from reconciler.model.encoding import (
    decode_change,
    decode_diagnostic,
    decode_drift,
    encode_change,
    encode_diagnostic,
    encode_drift,
)
from reconciler.model.environments import Limit, Target, Where
from reconciler.model.plan import Plan, Route, Untouched
from reconciler.model.resources import Refresh
from reconciler.model.values import canonical_json, digest
from reconciler.planning.attributes import attribute_changes

FORMAT_VERSION = "1.0"
_AGAIN = "Make it again: reconciler plan --out FILE."
_MOST_NAMED = 20  # mistakes that are worth a message each; a file with more is no plan


def dump_plan(plan: Plan) -> str:
    """The plan's canonical JSON in one line, ended by a newline; the same plan gives the same bytes."""
    body = _encode(plan)
    return canonical_json({**body, "digest": digest(body)}) + "\n"


def plan_digest(plan: Plan) -> str:
    """What names the plan: the digest that `dump_plan` writes."""
    return digest(_encode(plan))


def load_plan(text: str, *, file: str) -> Plan:
    """The plan that `dump_plan` wrote. `file` is what messages call it.

    Raises StalePlan for a file that was edited after it was written, InvalidInput for anything else that is no plan.
    """
    raw = _parse(text, file)
    _check_version(raw, file)
    sealed = raw.get("digest")
    body = {name: value for name, value in raw.items() if name != "digest"}
    if isinstance(sealed, str) and sealed != digest(body):
        raise StalePlan(
            f"{file} was changed after it was made: its digest does not fit its content",
            f"A saved plan is applied as it was reviewed, or not at all. {_AGAIN}",
        )
    _check_schema(raw, file)
    plan = _decode(raw)
    if {**_encode(plan), "reconciler_version": raw["reconciler_version"]} != body or not _shows_what_it_does(plan):
        raise _invalid(file, [("", "it contradicts itself: what it shows does not follow from what it does")])
    return plan


def _shows_what_it_does(plan: Plan) -> bool:
    """Whether the attributes that a reviewer reads are the difference that apply would make."""
    return all(
        tuple(replace(one, cause=None) for one in change.attributes)
        == attribute_changes(change.before or {}, change.after or {}, None)
        for change in plan.changes
        if change.action in (Action.UPDATE, Action.REPLACE)
    )


def _encode(plan: Plan) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        "reconciler_version": __version__,
        "target": {
            "stack": plan.target.stack,
            "environment": plan.target.environment,
            "account": plan.target.account,
            "region": plan.target.region,
        },
        "lineage": plan.lineage,
        "serial": plan.serial,
        "manifest_digest": plan.manifest_digest,
        "refresh": plan.refresh.value,
        "route": {
            "lockfile": plan.route.lockfile,
            "directory": plan.route.where.value,
            "profile": plan.route.profile,
            "role_arn": plan.route.role_arn,
            "external_id": plan.route.external_id,
            "session_name": plan.route.session_name,
            "state_region": plan.route.state_region,
            "state_kms_key": plan.route.state_kms_key,
        },
        "resource_changes": [encode_change(change) for change in plan.changes],
        "resource_drift": [encode_drift(drift) for drift in plan.drift],
        "diagnostics": [encode_diagnostic(one) for one in plan.diagnostics],
        "untouched": {
            "unmanaged": _lists(plan.untouched.unmanaged),
            "service_linked": _lists(plan.untouched.service_linked),
        },
        "unknown": dict(plan.unknown),
        "listing_failed": plan.listing_failed,
        "managed": plan.managed,
        "declared": plan.declared,
        "unchanged": plan.unchanged,
        "excluded": plan.excluded,
        "limit": {"percent": plan.limit.percent, "count": plan.limit.count},
        "protected": plan.protected,
        "tags_ignored": list(plan.tags_ignored),
        "summary": _summary(plan),
        "complete": plan.complete,
        "errored": plan.errored,
    }


def _summary(plan: Plan) -> dict[str, int]:
    counts = plan.counts()
    return {
        **{action.word.replace("-", "_"): counts[action] for action in Action},
        "drift": len(plan.drift),
        "unchanged": plan.unchanged,
        "unmanaged": plan.untouched.unmanaged_count,
        "service_linked": plan.untouched.service_linked_count,
        "unknown": len(plan.unknown),
    }


def _decode(raw: dict[str, Any]) -> Plan:
    route = raw["route"]
    return Plan(
        target=Target(**raw["target"]),
        lineage=raw["lineage"],
        serial=raw["serial"],
        manifest_digest=raw["manifest_digest"],
        refresh=Refresh(raw["refresh"]),
        route=Route(
            lockfile=route["lockfile"],
            where=Where(route["directory"]),
            profile=route["profile"],
            role_arn=route["role_arn"],
            external_id=route["external_id"],
            session_name=route["session_name"],
            state_region=route["state_region"],
            state_kms_key=route["state_kms_key"],
        ),
        changes=tuple(decode_change(one) for one in raw["resource_changes"]),
        drift=tuple(decode_drift(one) for one in raw["resource_drift"]),
        diagnostics=tuple(decode_diagnostic(one) for one in raw["diagnostics"]),
        untouched=Untouched(
            unmanaged=_tuples(raw["untouched"]["unmanaged"]),
            service_linked=_tuples(raw["untouched"]["service_linked"]),
        ),
        unknown=dict(sorted(raw["unknown"].items())),
        listing_failed=raw["listing_failed"],
        managed=raw["managed"],
        declared=raw["declared"],
        unchanged=raw["unchanged"],
        excluded=raw["excluded"],
        limit=Limit(percent=raw["limit"]["percent"], count=raw["limit"]["count"]),
        protected=raw["protected"],
        tags_ignored=tuple(raw["tags_ignored"]),
    )


def _lists(names: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    return {type_: list(some) for type_, some in names.items()}


def _tuples(names: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {type_: tuple(some) for type_, some in sorted(names.items())}


def _parse(text: str, file: str) -> dict[str, Any]:
    try:
        raw = json.loads(text)
    except json.JSONDecodeError as error:
        place = Source(file, error.lineno, error.colno)
        raise _invalid(file, [("", f"it is not JSON: {error.msg}")], place) from error
    except (ValueError, RecursionError) as error:
        raise _invalid(file, [("", f"it cannot be read as JSON: {error}")]) from error
    if not isinstance(raw, dict) or "format_version" not in raw:
        raise _invalid(file, [("", "it is JSON, but not a plan of reconciler")])
    return raw


def _check_version(raw: dict[str, Any], file: str) -> None:
    version = raw["format_version"]
    if version == FORMAT_VERSION:
        return
    maker = raw.get("reconciler_version")
    if not isinstance(version, str) or not isinstance(maker, str):
        raise _invalid(file, [("format_version", "it is JSON with a format_version, but not a plan of reconciler")])
    raise _invalid(
        file,
        [
            (
                "format_version",
                f"its format is {version}, made by reconciler {maker}; this is {__version__}, which reads {FORMAT_VERSION}",
            )
        ],
    )


def _check_schema(raw: dict[str, Any], file: str) -> None:
    import jsonschema_rs  # a first pass in milliseconds; jsonschema then words what is wrong

    from reconciler.schema_files import schema

    rules = schema("plan")
    if jsonschema_rs.validator_for(rules).is_valid(raw):
        return
    import jsonschema

    found = sorted(jsonschema.Draft202012Validator(rules).iter_errors(raw), key=lambda error: error.json_path)
    raise _invalid(file, [(error.json_path.removeprefix("$."), error.message) for error in found[:_MOST_NAMED]])


def _invalid(file: str, mistakes: list[tuple[str, str]], place: Source | None = None) -> InvalidInput:
    found = [
        Diagnostic(
            severity=Severity.ERROR,
            code="plan-format",
            summary=f"{at}: {_short(what)}" if at else _short(what),
            detail=_AGAIN,
            source=place or Source(file),
        )
        for at, what in mistakes
    ]
    return InvalidInput(f"{file} is not a plan that this version can use", found, _AGAIN)


def _short(text: str) -> str:
    return text if len(text) <= 200 else text[:200] + " …"
