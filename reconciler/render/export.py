"""The live directory as the text of a manifest that, once adopted, plans to nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from reconciler.model.addresses import Address, Remote
from reconciler.model.environments import Environment, Target, Where
from reconciler.model.identity import ACCESS
from reconciler.model.kinds import Kind, Shape, kind_of
from reconciler.model.providers import CONFIG, CUSTOM, VENDOR
from reconciler.model.reading import beside
from reconciler.model.resources import Known, Live, Lock
from reconciler.model.values import Attributes, canonical, without_tags
from reconciler.render.manifest_text import SCHEMA, Entry, manifest_yaml


def export_yaml(
    entries: Iterable[Entry],
    *,
    target: Target,
    where: Where = Where.AWS,
    ignored: Sequence[str] = (),
    schema: str = SCHEMA,
    group: str = "",
) -> str:
    """The manifest, in the order of kinds and names. `ignored`: globs of tags that others own, for `settings.ignoreTags`.

    `group`: the environment that the target is one of several of, if it is.
    """
    place = Environment(name=target.environment, group=group, where=where, account=target.account, region=target.region)
    return manifest_yaml(entries, stack=target.stack, environment=place, ignored=ignored, schema=schema)


def exported(
    live: Iterable[Live],
    *,
    target: Target,
    linked: Mapping[str, str],
    ignored: Sequence[str] = (),
    lock: Lock | None = None,
) -> tuple[Entry, ...]:
    """The entries for what is live. `linked`: what holds a service-linked identity, by ARN.

    `ignored`: tags that do not go into the entries. `lock`: what it records of a resource and the service does not show
    (grants, owner, a secret's version) goes into them.
    """
    found = tuple(live)
    recorded = {Remote(known.address.type, known.name): known for known in (lock.resources.values() if lock else ())}
    names = _Names(recorded, {one.remote for one in found})
    made = []
    for one in found:
        known = recorded.get(one.remote)
        attributes = entry_attributes(kind_of(one.remote.type), one, known.attributes if known else {})
        made.append(_entry(one, names.renamed(attributes), linked.get(one.arn, ""), target, ignored))
    return tuple(made)


def _entry(live: Live, attributes: Attributes, holder: str, target: Target, ignored: Sequence[str]) -> Entry:
    kind = kind_of(live.remote.type)
    comments = []
    foreign = f"made by the service for {holder}" if holder else ""
    if holder:
        kept = " and ".join(one.name for one in kind.attributes if not one.local)
        comments.append(f"service-linked: {holder} made it; only {kept} can be kept here")
    if kind.singleton:
        comments.append("one for the whole account and Region: let one stack alone declare it")
    if live.owner and live.owner != target.owner:
        foreign = foreign or f"belongs to stack {live.owner}"
        comments.append(f"managed by another stack, {live.owner}: adopting it will be refused")
    return Entry(
        kind=kind,
        key=live.remote.name,
        attributes=without_tags(kind, attributes, ignored),
        update_only=bool(holder),
        comments=tuple(comments),
        foreign=foreign,
    )


def entry_attributes(kind: Kind, live: Live, other: Attributes) -> Attributes:
    """What an entry says of it: what is live, and what a reading does not show as `other` has it.

    A secret that the service keeps is said even where `other` knows of none: whoever takes it over has to care for it. And
    what a custom provider answers is said in full: there the service has nothing of its own to add.
    """
    seen = dict(beside(kind, live, canonical(kind, other)))
    for one in kind.attributes:
        if one.shape is Shape.REFERENCE and seen.get(one.name) is None:
            seen[one.name] = live.attributes.get(one.name)
    if seen.get(VENDOR.name) == CUSTOM:
        seen[CONFIG.name] = live.attributes[CONFIG.name]
    return seen


class _Names:
    """How grants name providers in an export: by their remote names, and as another stack's where they are not in it."""

    def __init__(self, recorded: Mapping[Remote, Known], here: set[Remote]) -> None:
        self._name = {str(known.address): known.name for known in recorded.values()}
        self._here = here

    def renamed(self, attributes: Attributes) -> Attributes:
        """The attributes with the grants named so."""
        access = attributes.get(ACCESS.name)
        if not isinstance(access, dict):
            return attributes
        return {**attributes, ACCESS.name: dict(sorted(self._grants(access)))}

    def _grants(self, access: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for address, grant in access.items():
            parsed = Address.parse(address)
            name = parsed.key if grant.get("external") else self._name.get(address, parsed.key)
            inside = not grant.get("external") and Remote(parsed.type, name) in self._here
            kept = {key: value for key, value in grant.items() if key != "external"}
            yield str(Address(parsed.type, name)), kept if inside else {**kept, "external": True}
