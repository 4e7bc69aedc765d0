"""A plan as text and back: canonical JSON by `schemas/plan.schema.json`, sealed with a digest over everything else.

A plan is the same bytes for the same inputs. What is saved of it also says when it was made, and perhaps who vouches for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler import __version__
from reconciler.errors import StalePlan
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
from reconciler.model.rates import Rates
from reconciler.model.resources import Refresh
from reconciler.model.values import canonical_json, digest
from reconciler.planning.attributes import attribute_changes
from reconciler.planning.cost import cost
from reconciler.planning.saved_form import AGAIN, FORMAT_VERSION, check_schema, check_version, invalid, parse
from reconciler.planning.sending import sending
from reconciler.planning.signatures import Method, Signature

_HALF = re.compile("[\ud800-\udfff]")
_SAVED_ONLY = frozenset({"created_at", "digest", "signature"})  # members of the file, and not of the plan in it


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """What a file holds. `digest` covers everything in it but the `signature`, which is made over the digest.

    `created_at`: ISO 8601, UTC; "" where the file does not say (an older version, or `--format json`).
    """

    plan: Plan
    created_at: str
    digest: str
    signature: Signature | None


def dump_plan(plan: Plan) -> str:
    """The plan's canonical JSON in one line, ended by a newline; the same plan gives the same bytes."""
    body = _encode(plan)
    return _sealed(body, digest(body), None)


def dump_saved(plan: Plan, *, created_at: str, sign: Callable[[str], Signature | None]) -> str:
    """The plan as a file keeps it; `sign` makes the signature of the file's digest, or None for a file without one."""
    body = {**_encode(plan), "created_at": created_at}
    sealed = digest(body)
    return _sealed(body, sealed, sign(sealed))


def plan_digest(plan: Plan) -> str:
    """What names the plan, whenever it was saved and whoever signed it: the digest that `dump_plan` writes."""
    return digest(_encode(plan))


def load_plan(text: str, *, file: str) -> Plan:
    """The plan in what `dump_plan` or `dump_saved` wrote. Raises as `load_saved`."""
    return load_saved(text, file=file).plan


def load_saved(text: str, *, file: str) -> SavedPlan:
    """What `dump_saved` wrote, its signature unchecked. `file` is what messages call it.

    Raises StalePlan for a file that was edited after it was written, InvalidInput for anything else that is no plan.
    """
    raw = parse(text, file)
    check_version(raw, file)
    sealed = raw.get("digest")
    if isinstance(sealed, str) and sealed != digest(_without(raw, {"digest", "signature"})):
        raise StalePlan(
            f"{file} was changed after it was made: its digest does not fit its content",
            f"A saved plan is applied as it was reviewed, or not at all. {AGAIN}",
        )
    check_schema(raw, file)
    plan = _decode(raw)
    if {**_encode(plan), "reconciler_version": raw["reconciler_version"]} != _without(raw, _SAVED_ONLY) or (
        not _shows_what_it_does(plan)
    ):
        raise invalid(file, [("", "it contradicts itself: what it shows does not follow from what it does")])
    _check_characters(plan, file)
    signature = raw.get("signature")
    return SavedPlan(
        plan=plan,
        created_at=raw.get("created_at", ""),
        digest=raw["digest"],
        signature=Signature(**{**signature, "method": Method(signature["method"])}) if signature else None,
    )


def _sealed(body: dict[str, Any], sealed: str, signature: Signature | None) -> str:
    whole: dict[str, Any] = {**body, "digest": sealed}
    if signature is not None:
        whole["signature"] = {"method": signature.method.value, "key": signature.key, "mac": signature.mac}
    return canonical_json(whole) + "\n"


def _without(raw: Mapping[str, Any], names: frozenset[str] | set[str]) -> dict[str, Any]:
    return {name: value for name, value in raw.items() if name not in names}


def _check_characters(plan: Plan, file: str) -> None:
    """Raise InvalidInput where half a character (a lone surrogate) stands in what would be sent: nobody can encode it."""
    for one in plan.changes:
        sent = [plan.target.owner, str(one.address), one.name, one.previous_name, one.arn, one.before, one.after]
        if _HALF.search(json.dumps(sent, ensure_ascii=False)):
            raise invalid(file, [(str(one.address), "it holds half a character (a lone surrogate)")])


def _shows_what_it_does(plan: Plan) -> bool:
    """Whether the attributes and secrets that a reviewer reads are the difference that apply would make, and send."""
    return all(change.secrets.keys() == sending(change) for change in plan.changes) and all(
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
            "rates": dict(plan.route.rates.asked),
            "limited": plan.route.rates.limited,
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
        "trusted": plan.trusted,
        "excluded": plan.excluded,
        "limit": {"percent": plan.limit.percent, "count": plan.limit.count},
        "protected": plan.protected,
        "tags_ignored": list(plan.tags_ignored),
        "summary": _summary(plan),
        "cost": _cost(plan),
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


def _cost(plan: Plan) -> dict[str, Any]:
    found = cost(plan)
    return {"calls": dict(found.calls), "total": found.total, "seconds": found.seconds}


def _rates(raw: dict[str, float]) -> dict[str, float]:
    return {operation: float(rate) for operation, rate in sorted(raw.items())}


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
            rates=Rates(asked=_rates(route["rates"]), limited=route["limited"]),
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
        trusted=raw["trusted"],
        excluded=raw["excluded"],
        limit=Limit(percent=raw["limit"]["percent"], count=raw["limit"]["count"]),
        protected=raw["protected"],
        tags_ignored=tuple(raw["tags_ignored"]),
    )


def _lists(names: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    return {type_: list(some) for type_, some in names.items()}


def _tuples(names: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {type_: tuple(some) for type_, some in sorted(names.items())}
