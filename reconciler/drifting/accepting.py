"""What of a live resource a manifest can take over, and whether a manifest that was rewritten says that and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.drifting.ignoring import without_ignored
from reconciler.manifest import Manifest, resolve
from reconciler.model.addresses import Address, Remote
from reconciler.model.changes import AttributeChange
from reconciler.model.drift import DriftClass, Drifted
from reconciler.model.environments import Settings
from reconciler.model.ignoring import IgnoreRule
from reconciler.model.kinds import KINDS, Attribute, Shape, kind_of
from reconciler.model.reading import beside
from reconciler.model.resources import Desired, Known, Live
from reconciler.model.values import Attributes, Value, without_tags
from reconciler.reviewing.difference import revisions

_SECTIONS = frozenset(kind.section for kind in KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """The attributes to take over, with their live values; and why others that drifted are not, as sentences."""

    wanted: Attributes
    left: tuple[str, ...] = ()


def acceptance(
    desired: Desired, known: Known, live: Live, settings: Settings, *, only: str | None, today: str
) -> Acceptance:
    """What drifted of the resource, as far as a manifest can say it. `only`: of this attribute alone, and then also where the
    manifest was changed as well.
    """
    kind = kind_of(desired.address.type)
    seen = without_tags(kind, beside(kind, live, desired.attributes), settings.ignore_tags)
    then = without_tags(kind, beside(kind, live, known.attributes), settings.ignore_tags)
    recorded = without_tags(kind, known.attributes, settings.ignore_tags)
    rules = [one for one in settings.drift_ignore if not one.lapsed(today)]
    wanted: dict[str, Value] = {}
    left = []
    for one in kind.attributes:
        name = one.name
        if only not in (None, name) or then.get(name) == recorded.get(name):
            continue
        value = _told(desired, one, seen.get(name), rules)
        if value == desired.attributes.get(name):
            continue
        why = _refusal(one, desired, recorded, named=only is not None)
        if why:
            left.append(f"{name} is not taken over: {why}.")
        else:
            wanted[name] = value
    return Acceptance(wanted=wanted, left=tuple(left))


def _told(desired: Desired, attribute: Attribute, value: Value, rules: Sequence[IgnoreRule]) -> Value:
    """The live value without what is nobody's news: what others decide is not written into the manifest."""
    declared = desired.attributes.get(attribute.name)
    one = Drifted(
        what=DriftClass.CHANGED,
        remote=Remote(desired.address.type, desired.name),
        address=desired.address,
        attribute=attribute.name,
        before=declared,
        after=value,
    )
    told, _ = without_ignored((one,), rules)
    return told[0].after if told else declared


def _refusal(attribute: Attribute, desired: Desired, recorded: Attributes, *, named: bool) -> str:
    """Why the manifest cannot take the attribute over, as the end of a sentence, or ""."""
    if attribute.shape is Shape.REFERENCE:
        return "where a secret comes from is for people to say, and what stands there is never read"
    if attribute.immutable:
        return "only another resource has another one"
    if desired.attributes.get(attribute.name) != recorded.get(attribute.name) and not named:
        return (
            "the manifest was changed as well since it was applied, and would lose that; name it with "
            f"--attribute {attribute.name} if it shall"
        )
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a rewritten manifest says otherwise. `problems`: what it must not, as the ends of sentences.

    `elsewhere`: what changes in other environments, because they share the entry.
    """

    problems: tuple[str, ...]
    elsewhere: Mapping[str, tuple[AttributeChange, ...]]


def meaning_of(before: Manifest, after: Manifest, environment: str, address: Address, wanted: Attributes) -> Meaning:
    """How far the later manifest says that those attributes have those values in that environment, and nothing else."""
    problems = [*_differences(before, after, address, frozenset(wanted))]
    elsewhere: dict[str, tuple[AttributeChange, ...]] = {}
    for name in before.environments:
        old, new = resolve(before, name).stack, resolve(after, name).stack
        if old is None or new is None:
            problems.append(
                f"in environment {name} the manifest has mistakes, so that nobody can tell what it means there"
            )
            continue
        found = revisions(old, new)
        if name == environment:
            expected = {**old.resources[address].attributes, **wanted}
            held = new.resources.get(address)
            if held is None or dict(held.attributes) != expected or any(one.address != address for one in found):
                problems.append("it would not say what stands")
        elif found:
            elsewhere[name] = tuple(row for one in found for row in one.rows)
    return Meaning(problems=tuple(problems), elsewhere=elsewhere)


def _differences(before: Manifest, after: Manifest, address: Address, attributes: frozenset[str]) -> Iterator[str]:
    """What else stands otherwise: beside the resources, in other entries, and in this one beside those attributes."""
    if _beside(before) != _beside(after):
        yield "it would say something else beside the resources"
    old, new = ({one.address: dict(one.raw) for one in manifest.entries} for manifest in (before, after))
    for entries in (old, new):
        if address in entries:
            entries[address] = {name: one for name, one in entries[address].items() if name not in attributes}
    changed = sorted(str(one) for one in {*old, *new} if old.get(one) != new.get(one))
    if changed:
        yield f"{', '.join(changed[:3])} would change as well"


def _beside(manifest: Manifest) -> list[tuple[str, Any]]:
    return [
        (document.file, {key: value for key, value in document.value.items() if key not in _SECTIONS})
        for document in manifest.documents
    ]
