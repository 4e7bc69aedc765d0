"""A manifest in one environment: variables in place, limits checked, rules applied. Pure; what `plan` works on."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from reconciler.diagnostics import Diagnostic, has_errors, in_order
from reconciler.errors import UsageError
from reconciler.manifest.declarations import Manifest
from reconciler.manifest.documents import did_you_mean, dotted, quoted
from reconciler.manifest.entries import Entry
from reconciler.manifest.ignoring import struck
from reconciler.manifest.parents import PARENT_NAMES, parent_of
from reconciler.manifest.references import access_of, provider_of, secret_of
from reconciler.manifest.rules import RETURN_URLS, Facts, Use, findings
from reconciler.manifest.templates import substitute, variables_of
from reconciler.model.addresses import Address, Remote
from reconciler.model.environments import Environment
from reconciler.model.identity import ACCESS
from reconciler.model.kinds import Attribute, Shape, Text
from reconciler.model.parents import FOLLOWED, Parent
from reconciler.model.pausing import collector_paused
from reconciler.model.providers import CONFIG, VENDOR, config_member
from reconciler.model.resources import Desired, Stack
from reconciler.model.secrets import SecretSource
from reconciler.model.values import canonical, digest

_ADVICE = "The service would refuse it. Mend it, or the variables in it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What a manifest wants in one environment, or None where it has errors; and everything there is to say about it.

    `entries`: what was made of each, for another version that has it as well; none where it has errors.
    """

    stack: Stack | None
    diagnostics: tuple[Diagnostic, ...]
    entries: Mapping[Address, ReadEntry] = field(default_factory=dict, repr=False)


class ReadEntry(NamedTuple):
    """What an entry comes to in an environment."""

    entry: Entry
    desired: Desired
    uses: Sequence[Use]

    def holds_for(self, other: Entry) -> bool:
        """Whether the other is the same as it stands in a file that was read once: the same text at the same place."""
        raw = self.entry.raw
        return (raw is other.raw or not (raw or other.raw)) and self.entry == other


def resolve(
    manifest: Manifest, environment: str, *, today: date | None = None, earlier: Resolved | None = None
) -> Resolved:
    """The desired whole in that environment. Raises UsageError for one that the manifest does not declare.

    `today`: the day (UTC) for the rules that look at one; without it they say nothing. `earlier`: what another version of the
    manifest came to there. What it read of entries that did not change is taken over, the very same values.
    """
    declared = manifest.environments.get(environment)
    if declared is None:
        names = sorted(manifest.environments)
        raise UsageError(
            f"{manifest.path} declares no environment {quoted(environment)}",
            f"{did_you_mean(environment, names)}Declared: {', '.join(names)}.",
        )
    with collector_paused():
        return _resolve(manifest, declared, today, earlier)


def _resolve(manifest: Manifest, declared: Environment, today: date | None, earlier: Resolved | None) -> Resolved:
    reading = _Reading(declared, _known(declared, earlier))
    called = {declared.name, declared.declared}
    for entry in manifest.entries:
        if not called.isdisjoint(entry.raw.get("environments") or called):
            reading.add(entry)
    facts = Facts(environment=declared, desired=list(reading.resources.values()), uses=reading.uses, today=today)
    found = in_order(
        [
            *reading.found,
            *reading.lost_names(),
            *reading.lost_grants(),
            *struck(manifest.settings.drift_ignore, reading.entries, reading.resources),
            *findings(facts, manifest.settings),
        ]
    )
    if has_errors(found):
        return Resolved(stack=None, diagnostics=found)
    stack = Stack(
        name=manifest.stack,
        environment=declared,
        settings=manifest.settings,
        resources=reading.resources,
        digest=_digest(manifest.stack, declared, reading.resources),
    )
    return Resolved(stack=stack, diagnostics=found, entries=reading.read)


def _known(declared: Environment, earlier: Resolved | None) -> Mapping[Address, ReadEntry]:
    """What was read of entries already, if every text has the same meaning in the environment as it had then."""
    if earlier is None or earlier.stack is None:
        return {}
    other = earlier.stack.environment
    same = declared.name == other.name and variables_of(declared) == variables_of(other)
    return earlier.entries if same else {}


class _Reading:
    """What was read so far of one environment's entries, in address order. `earlier`: what another version's came to."""

    def __init__(self, environment: Environment, earlier: Mapping[Address, ReadEntry]) -> None:
        self._earlier = earlier
        self.environment = environment.name
        self.known = variables_of(environment)
        self.found: list[Diagnostic] = []
        self.resources: dict[Address, Desired] = {}
        self.uses: list[Use] = []
        self.entries: dict[Address, Entry] = {}
        self.read: dict[Address, ReadEntry] = {}
        self._named: dict[Remote, Entry] = {}

    def add(self, entry: Entry) -> None:
        """Read one entry; an entry with mistakes leaves only its diagnostics."""
        earlier = self._earlier.get(entry.address)
        if earlier is not None and earlier.holds_for(entry):
            self.entries[entry.address] = entry
            self._claim(entry, earlier.desired.name or str(earlier.desired.parent))
            self._keep(earlier)
            return
        mistakes = len(self.found)
        raw = entry.raw
        parent = parent_of(raw)
        name = "" if parent else raw.get("name", entry.key)
        if parent:
            parent = Parent(parent.kind, self._text(entry, parent.name, PARENT_NAMES[parent.kind], (parent.kind,)))
        elif name is not None:
            name = self._text(entry, name, entry.kind.name, ("name",) if "name" in raw else ())
        secrets: dict[str, SecretSource] = {}
        texts: dict[str, Any] = {
            one.name: self._attribute(entry, one, secrets) for one in entry.kind.attributes if one.name in raw
        }
        self.entries[entry.address] = entry
        if len(self.found) > mistakes or name is None:
            return
        self._claim(entry, name or str(parent))
        lifecycle = raw.get("lifecycle") or {}
        desired = Desired(
            address=entry.address,
            name=name,
            attributes=canonical(entry.kind, texts),
            protect=lifecycle.get("protect", False),
            update_only=bool(entry.kind.singleton or parent) or lifecycle.get("updateOnly", False),
            previously=Address(entry.kind.type, raw["previously"]) if raw.get("previously") else None,
            parent=parent,
            secrets=secrets,
            source=entry.source(),
        )
        uses = [
            Use(desired, url, functools.partial(entry.source, RETURN_URLS, index))
            for index, url in enumerate(texts.get(RETURN_URLS) or ())
        ]
        self._keep(ReadEntry(entry, desired, uses))

    def _keep(self, one: ReadEntry) -> None:
        address = one.entry.address
        self.resources[address] = one.desired
        self.read[address] = one
        self.uses += one.uses

    def _attribute(self, entry: Entry, attribute: Attribute, secrets: dict[str, SecretSource]) -> Any:
        value, name = entry.raw[attribute.name], attribute.name
        if value is None:
            return None
        limit = attribute.text
        match attribute.shape:
            case Shape.NESTED | Shape.REFERENCE:
                return self._nested(entry, attribute, secrets)
            case Shape.SET:
                return [self._text(entry, one, limit, (name, at)) for at, one in enumerate(value) if one is not None]
            case Shape.MAP:
                return {
                    key: self._text(entry, one, limit, (name, key)) for key, one in value.items() if one is not None
                }
            case Shape.SCALAR:
                return self._text(entry, value, limit, (name,))

    def _nested(self, entry: Entry, attribute: Attribute, secrets: dict[str, SecretSource]) -> Any:
        """The canonical value of a reference, or of what has members of its own."""
        value = self._filled(entry, entry.raw[attribute.name], (attribute.name,))
        if attribute is CONFIG and value != entry.raw[attribute.name]:
            self._check_config(entry, value)
        if attribute is ACCESS:
            return access_of(value)
        if attribute.shape is not Shape.REFERENCE:
            return value
        secret, source = secret_of(value)
        if source is not None:
            secrets[attribute.name] = source
        return secret

    def _check_config(self, entry: Entry, value: Any) -> None:
        """Note what the service would refuse of a configuration, now that its variables are in place."""
        from reconciler.manifest.checking import unfit

        for path, takes in unfit(config_member(entry.raw[VENDOR.name] or ""), value):
            place = (CONFIG.name, *path)
            shown = quoted(str(functools.reduce(lambda held, step: held[step], path, value)))
            summary = f"{dotted(place)} cannot be {shown} in environment {self.environment}"
            self.found.append(entry.error("invalid-value", summary, f"{takes} {_ADVICE}".strip(), *place))

    def _filled(self, entry: Entry, value: Any, path: tuple[str | int, ...]) -> Any:
        """The value with the variables of all texts in it in place, at any depth."""
        if isinstance(value, str):
            return self._text(entry, value, None, path) if "${" in value else value
        if not isinstance(value, dict | list) or not _has_template(value):
            return value
        if isinstance(value, dict):
            return {key: self._filled(entry, one, (*path, key)) for key, one in value.items()}
        return [self._filled(entry, one, (*path, index)) for index, one in enumerate(value)]

    def _text(self, entry: Entry, text: str, limit: Text | None, path: tuple[str | int, ...]) -> str:
        """The text with its variables in place; what is wrong with it is noted."""
        value = text
        if "${" in text:
            value, mistakes = substitute(text, self.known, self.environment)
            if mistakes:
                self.found += (entry.error(one.code, one.summary, one.detail, *path) for one in mistakes)
                return value
        if limit is not None and (problem := limit.problem(value)) is not None:
            where = f" in environment {self.environment}" if value != text else ""
            summary, detail = f"{path[0] if path else 'The key'} {quoted(value)} {problem}{where}", _ADVICE
            if not path:
                detail = "It is the remote name as long as the entry has no `name`. Give it one, or choose another key."
            self.found.append(entry.error("invalid-value", summary, detail, *path))
        return value

    def _claim(self, entry: Entry, name: str) -> None:
        """Note that the entry has that remote name, or who has it already."""
        other = self._named.setdefault(Remote(entry.kind.type, name), entry)
        if other is not entry:
            templated = any("${" in str(one.raw.get("name")) for one in (entry, other))
            where = f" in environment {self.environment}" if templated else ""
            summary = f"{entry.address} and {other.address} are both named {quoted(name)}{where}"
            path: tuple[str, ...] = tuple(key for key in ("name", *FOLLOWED) if key in entry.raw)[:1]
            if parent_of(entry.raw):
                summary = f"{entry.address} and {other.address} are both the identity of {name}{where}"
            detail = (
                f"{other.address} stands at {other.source()}. Names are unique in a directory: rename one of the two."
            )
            self.found.append(entry.error("duplicate-name", summary, detail, *path))

    def lost_grants(self) -> list[Diagnostic]:
        """Grants of providers that are not declared in the environment, now that all entries are known."""
        found = []
        for entry in self.entries.values():
            for index, one in enumerate(entry.raw.get(ACCESS.name) or ()):
                provider = provider_of(one)
                if provider is None or bool(one.get("external")) != (provider in self.entries):
                    continue
                if one.get("external"):
                    detail = "Take `external` away; or, if another stack's is meant, give the entry here another key."
                    summary = f"{provider} is granted as another stack's, and is declared here"
                    found.append(entry.error("grant-form", summary, detail, ACCESS.name, index))
                    continue
                near = did_you_mean(provider.key, [other.key for other in self.entries if other.type == provider.type])
                detail = f"{near}Declare it, or say `external: true` if it is another stack's."
                summary = f"{provider} is granted, but not declared in environment {self.environment}"
                found.append(entry.error("unknown-provider", summary, detail, ACCESS.name, index))
        return found

    def lost_names(self) -> list[Diagnostic]:
        """What is wrong with `previously`, now that all entries are known."""
        found = []
        claimed: dict[Address, Entry] = {}
        for address, entry in self.entries.items():
            if not entry.raw.get("previously") or entry.raw["previously"] == entry.key:
                continue
            old = Address(address.type, entry.raw["previously"])
            if old in self.entries:
                summary = f"{address} was previously {old}, but that is declared as well"
                detail = f"{old} stands at {self.entries[old].source()}. Take `previously` away, or that entry."
                found.append(entry.error("previously", summary, detail, "previously"))
            elif (other := claimed.setdefault(old, entry)) is not entry:
                summary = f"{address} and {other.address} were both previously {old}"
                detail = f"{other.address} stands at {other.source()}. One resource goes on under one key: choose."
                found.append(entry.error("previously", summary, detail, "previously"))
        return found


def _digest(stack: str, environment: Environment, resources: Mapping[Address, Desired]) -> str:
    """What the stack means there, whatever its files look like."""
    target = (environment.name, environment.where.value, environment.account, environment.region)
    entries = {
        str(address): (
            one.name or str(one.parent),
            one.attributes,
            one.protect,
            one.update_only,
            {name: str(source) for name, source in one.secrets.items()},
            str(one.previously) if one.previously else None,
        )
        for address, one in resources.items()
    }
    return digest({"stack": stack, "environment": target, "resources": entries})


def _has_template(value: Any) -> bool:
    """Whether any text in it, at any depth, has variables."""
    if isinstance(value, str):
        return "${" in value
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(map(_has_template, inside))
