"""What an update carries, and what speaks against sending it: what cannot be changed, a secret that has to ride along."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from reconciler.diagnostics import Diagnostic
from reconciler.model.changes import Action, AttributeChange, Change
from reconciler.model.kinds import Shape, kind_of
from reconciler.model.resources import Desired, Known, Live
from reconciler.model.secrets import MANAGED, SecretSource
from reconciler.model.values import Attributes, Value
from reconciler.planning import findings


def sent(desired: Desired, changed: Sequence[AttributeChange]) -> tuple[AttributeChange, ...]:
    """The changes that a call has to carry: all but those of what the service knows nothing of."""
    kind = kind_of(desired.address.type)
    return tuple(one for one in changed if not kind.attribute(one.name).local)


def secrets_of(desired: Desired, changed: Sequence[AttributeChange]) -> Mapping[str, SecretSource]:
    """Where the secrets are read that the update carries: those that changed, and no others."""
    names = {one.name for one in changed}
    return {name: source for name, source in desired.secrets.items() if name in names}


def sending(change: Change) -> frozenset[str]:
    """The attributes whose secrets the change has to send: those that it makes MANAGED, or moves the version of."""
    if change.action in (Action.CREATE, Action.REPLACE):
        names = {one.name for one in kind_of(change.address.type).sent}
    else:
        names = {one.name for one in change.attributes} if change.action is Action.UPDATE else set()
    return frozenset(name for name in names if _managed((change.after or {}).get(name)))


def against_updating(
    desired: Desired, standing: Attributes, changed: Sequence[AttributeChange]
) -> tuple[Diagnostic, ...]:
    """Why what stands cannot be updated to what is declared; empty: it can."""
    kind = kind_of(desired.address.type)
    found = [
        findings.immutable(desired, one.name, one.before, one.after)
        for one in changed
        if kind.attribute(one.name).immutable
    ]
    found += [
        findings.secret_removed(desired, one.name)
        for one in changed
        if kind.attribute(one.name).shape is Shape.REFERENCE and one.after is None
    ]
    names = {one.name for one in changed}
    for one in kind.sent:
        rest = names & {other.name for other in kind.sent if other is not one}
        if one.shape is Shape.REFERENCE and rest and one.name not in names and _managed(standing.get(one.name)):
            found.append(findings.secret_rides_along(desired, one.name, sorted(rest)))
    return (*found, *against_sending(desired, names))


def against_sending(desired: Desired, names: Collection[str]) -> tuple[Diagnostic, ...]:
    """Why those attributes cannot be sent: nobody says where the value of a secret among them is read from."""
    return tuple(
        findings.secret_unsaid(desired, name)
        for name in sorted(names)
        if _managed(desired.attributes.get(name)) and name not in desired.secrets
    )


def notes_on(desired: Desired, live: Live, changed: Sequence[AttributeChange]) -> Iterator[Diagnostic]:
    """What to say of a resource that is updated or stays: it is not ready; its key changes."""
    if not live.ready:
        yield findings.not_ready(desired, live)
    kind = kind_of(desired.address.type)
    if kind.singleton and sent(desired, changed):
        yield findings.key_changes(desired)


def touched(known: Known, live: Live) -> bool:
    """Whether somebody updated it since, and a secret that the service keeps may be another one: nothing else shows that."""
    if not known.updated or live.updated in ("", known.updated):
        return False
    return any(_managed(known.attributes.get(one.name)) for one in kind_of(known.address.type).blurred)


def taken_as_declared(desired: Desired, live: Live, changed: Sequence[AttributeChange]) -> Iterator[Diagnostic]:
    """A note on what enters the lockfile as declared though no reading confirms it: values of secrets, members not shown.

    What is `changed` is sent, and so is certain afterwards.
    """
    going = {one.name for one in changed}
    found, managed = [], []
    for one in kind_of(desired.address.type).sent:
        declared, shown = desired.attributes.get(one.name), live.attributes.get(one.name)
        if one.name in going or not isinstance(declared, dict):
            continue
        if _managed(declared) and _managed(shown):
            managed.append(one.name)
            found.append(f"the value of {one.name}")
        hidden = [path for path in one.vague if path in declared and not (isinstance(shown, dict) and path in shown)]
        found += [f"{one.name}.{path}" for path in hidden]
    if found:
        yield findings.believed_declared(desired, found, versioned=managed)


def _managed(value: Value) -> bool:
    return isinstance(value, dict) and value.get("source") == MANAGED
