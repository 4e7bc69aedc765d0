"""Changes, lock entries and diagnostics as plain JSON values, and back: the one shape that plan, lockfile and journal share.

Decoding trusts the shape; whoever reads a file from outside checks it against its schema first.
"""

from __future__ import annotations

from typing import Any

from reconciler.diagnostics import Diagnostic, Severity, Source
from reconciler.model.addresses import Address, Remote
from reconciler.model.changes import Action, AttributeChange, Cause, Change, Drift, Reason
from reconciler.model.kinds import kind_of, plain
from reconciler.model.resources import Known, Origin
from reconciler.model.secrets import SecretSource
from reconciler.model.trail import Event, Principal
from reconciler.model.values import Attributes, Value, canonical

# A rename makes the new one and leaves the old one: a create to all that read actions, told apart by its reason.
_WORDS: dict[Action, str] = {action: action.word for action in Action} | {Action.REPLACE: Action.CREATE.word}
_ACTION_OF = {word: action for action, word in _WORDS.items() if action is not Action.REPLACE}


def encode_change(change: Change) -> dict[str, Any]:
    """One entry of a plan's `resource_changes`, with the member names that policy tools know from Terraform."""
    return {
        "address": str(change.address),
        "type": change.address.type,
        "name": change.name,
        "change": {
            "actions": [_WORDS[change.action]],
            "before": encode_attributes(change.address.type, change.before),
            "after": encode_attributes(change.address.type, change.after),
            "attributes": [_encode_attribute(one) for one in change.attributes],
        },
        "action_reason": change.reason.value,
        "arn": change.arn,
        "updated": change.updated,
        "outputs": dict(change.outputs),
        "owner": change.owner,
        "origin": change.origin.value,
        "protect": change.protect,
        "update_only": change.update_only,
        "previous_address": str(change.previous) if change.previous else None,
        "previous_name": change.previous_name,
        "secrets": {name: _encode_secret(one) for name, one in change.secrets.items()},
        "source": encode_source(change.source),
    }


def decode_change(raw: dict[str, Any]) -> Change:
    """The change that `encode_change` wrote."""
    address = Address.parse(raw["address"])
    inner, reason = raw["change"], Reason(raw["action_reason"])
    return Change(
        action=Action.REPLACE if reason is Reason.RENAMED else _ACTION_OF[inner["actions"][0]],
        reason=reason,
        address=address,
        name=raw["name"],
        before=decode_attributes(address.type, inner["before"]),
        after=decode_attributes(address.type, inner["after"]),
        attributes=tuple(_decode_attribute(one) for one in inner["attributes"]),
        arn=raw["arn"],
        updated=raw["updated"],
        outputs=dict(sorted(raw["outputs"].items())),
        owner=raw["owner"],
        origin=Origin(raw["origin"]),
        protect=raw["protect"],
        update_only=raw["update_only"],
        previous=Address.parse(raw["previous_address"]) if raw["previous_address"] else None,
        previous_name=raw["previous_name"],
        secrets={name: _decode_secret(one) for name, one in raw["secrets"].items()},
        source=decode_source(raw["source"]),
    )


def encode_drift(drift: Drift) -> dict[str, Any]:
    """One entry of a plan's `resource_drift`."""
    return {
        "address": str(drift.address),
        "type": drift.address.type,
        "name": drift.name,
        "change": {
            "actions": ["delete"] if drift.after is None else ["update"],
            "before": encode_attributes(drift.address.type, drift.before),
            "after": encode_attributes(drift.address.type, drift.after),
            "attributes": [_encode_attribute(one) for one in drift.attributes],
        },
    }


def decode_drift(raw: dict[str, Any]) -> Drift:
    """The drift that `encode_drift` wrote."""
    address = Address.parse(raw["address"])
    before = decode_attributes(address.type, raw["change"]["before"])
    return Drift(
        address=address,
        name=raw["name"],
        before=before if before is not None else {},
        after=decode_attributes(address.type, raw["change"]["after"]),
        attributes=tuple(_decode_attribute(one) for one in raw["change"]["attributes"]),
    )


def encode_known(known: Known) -> dict[str, Any]:
    """One resource of a lockfile; its address is the key it stands under."""
    entry = {
        "name": known.name,
        "arn": known.arn,
        "origin": known.origin.value,
        "protect": known.protect,
        "updateOnly": known.update_only,
        "attributes": encode_attributes(known.address.type, known.attributes),
    }
    if kind_of(known.address.type).looks_after:
        entry |= {"updated": known.updated, "outputs": dict(known.outputs)}
    return entry


def decode_known(address: Address, raw: dict[str, Any]) -> Known:
    """The lock entry that `encode_known` wrote."""
    return Known(
        address=address,
        name=raw["name"],
        arn=raw["arn"],
        origin=Origin(raw["origin"]),
        protect=raw["protect"],
        update_only=raw["updateOnly"],
        attributes=canonical(kind_of(address.type), raw["attributes"]),
        updated=raw.get("updated", ""),
        outputs=dict(sorted(raw.get("outputs", {}).items())),
    )


def encode_diagnostic(one: Diagnostic) -> dict[str, Any]:
    """A diagnostic as machine output gives it."""
    return {
        "severity": one.severity.value,
        "code": one.code,
        "summary": one.summary,
        "detail": one.detail,
        "address": one.address,
        "source": encode_source(one.source),
    }


def decode_diagnostic(raw: dict[str, Any]) -> Diagnostic:
    """The diagnostic that `encode_diagnostic` wrote."""
    return Diagnostic(
        severity=Severity(raw["severity"]),
        code=raw["code"],
        summary=raw["summary"],
        detail=raw["detail"],
        address=raw["address"],
        source=decode_source(raw["source"]),
    )


def encode_source(source: Source | None) -> dict[str, Any] | None:
    """A place in a file, or null."""
    return None if source is None else {"file": source.file, "line": source.line, "column": source.column}


def decode_source(raw: dict[str, Any] | None) -> Source | None:
    """The place that `encode_source` wrote."""
    return None if raw is None else Source(raw["file"], raw["line"], raw["column"])


def encode_attributes(type_: str, attributes: Attributes | None) -> dict[str, Any] | None:
    """Attributes with sets as sorted lists, or null. What the service knows nothing of stands there only if it was declared."""
    if attributes is None:
        return None
    return {
        one.name: plain(attributes.get(one.name, one.default))
        for one in kind_of(type_).attributes
        if not one.local or one.name in attributes
    }


def decode_attributes(type_: str, raw: dict[str, Any] | None) -> Attributes | None:
    """The canonical attributes that `encode_attributes` wrote."""
    return None if raw is None else canonical(kind_of(type_), raw)


def decode_value(raw: Any) -> Value:
    """The canonical value of which `plain` made JSON."""
    if isinstance(raw, dict):
        return {key: decode_value(one) for key, one in sorted(raw.items())}
    return tuple(decode_value(one) for one in raw) if isinstance(raw, list) else raw


def encode_event(event: Event) -> dict[str, Any]:
    """An event of the trail as plain JSON values."""
    who = event.principal
    return {
        "id": event.id,
        "time": event.time,
        "operation": event.operation,
        "principal": {"kind": who.kind, "arn": who.arn, "name": who.name},
        "remotes": [f"{one.type}.{one.name}" for one in event.remotes],
        "address": event.address,
        "agent": event.agent,
        "tool": event.tool,
        "error": event.error,
    }


def decode_event(raw: dict[str, Any]) -> Event:
    """The event that `encode_event` wrote."""
    return Event(
        id=raw["id"],
        time=raw["time"],
        operation=raw["operation"],
        principal=Principal(**raw["principal"]),
        remotes=tuple(Remote(*one.split(".", 1)) for one in raw["remotes"]),
        address=raw["address"],
        agent=raw["agent"],
        tool=raw["tool"],
        error=raw["error"],
    )


def _encode_secret(one: SecretSource) -> dict[str, str]:
    return {"env": one.env} if one.env else {"secret_id": one.secret_id, "json_key": one.json_key}


def _decode_secret(raw: dict[str, str]) -> SecretSource:
    return SecretSource(**raw)


def _encode_attribute(one: AttributeChange) -> dict[str, Any]:
    return {
        "name": one.name,
        "before": plain(one.before),
        "after": plain(one.after),
        "cause": one.cause.value if one.cause else None,
    }


def _decode_attribute(raw: dict[str, Any]) -> AttributeChange:
    return AttributeChange(
        name=raw["name"],
        before=decode_value(raw["before"]),
        after=decode_value(raw["after"]),
        cause=Cause(raw["cause"]) if raw["cause"] else None,
    )
