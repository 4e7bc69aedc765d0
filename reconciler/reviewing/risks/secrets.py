"""Risks of where the secrets of providers come from: sources that are new, that are another's, that change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from reconciler.manifest.documents import quoted
from reconciler.model.kinds import Shape, kind_of
from reconciler.model.report import Level
from reconciler.model.resources import Desired
from reconciler.model.secrets import MANAGED, may_name_one, name_of, names_secret
from reconciler.reviewing.difference import Revision
from reconciler.reviewing.risks.facts import Facts, Raised, Risk, named


class _Kept(NamedTuple):
    """Where a secret is kept: in an environment variable, or in Secrets Manager under a key; without one, all of it."""

    env: str
    secret: str
    key: str

    def __str__(self) -> str:
        return self.env or f"{name_of(self.secret)} {self.key}".rstrip()


def _secrets(facts: Facts) -> Iterator[tuple[Revision, str, Mapping[str, Any], Mapping[str, Any]]]:
    """The references to secrets of what stands in both versions, by attribute, where they differ."""
    for one in facts.revisions:
        for attribute in kind_of(one.address.type).attributes:
            if attribute.shape is not Shape.REFERENCE or one.before is None or one.after is None:
                continue
            old, new = (_reference(side, attribute.name) for side in (one.before, one.after))
            if old != new:
                yield one, attribute.name, old, new


def _reference(side: Desired, name: str) -> dict[str, Any]:
    """Where a secret is: what the manifest says, with what it is read from."""
    value = side.attributes.get(name)
    found = dict(value) if isinstance(value, dict) else {}
    if name in side.secrets:
        found["from"] = str(side.secrets[name])
    return found


def _source_changed(facts: Facts) -> Iterator[Raised]:
    for one, name, old, new in _secrets(facts):
        left, right = ({key: value for key, value in side.items() if key != "version"} for side in (old, new))
        if left == right or _same_secret(facts, left, right):
            continue
        yield Raised(
            level=facts.grave(Level.CRITICAL, Level.WARNING),
            about=str(one.address),
            summary=f"{one.address} has its {name} from elsewhere: {_told(old)} -> {_told(new)}",
            consequence="Whoever can write there decides with whose credentials every agent works that is granted it.",
            advice="Make sure that the secret is yours, and who can change it.",
            subject=name,
            place=facts.place(one.address, name),
        )


def _told(reference: Mapping[str, Any]) -> str:
    if not reference:
        return "none"
    if reference.get("source") == MANAGED:
        return f"{reference.get('from', 'nowhere')}, kept by the service"
    return f"secret {quoted(str(reference.get('secretId')))}, key {quoted(str(reference.get('jsonKey')))}"


def _same_secret(facts: Facts, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether only the spelling differs: a secret's name, and its ARN."""
    if {**old, "secretId": ""} != {**new, "secretId": ""} or facts.terms is None:
        return False
    place = {"account": facts.terms.account, "region": facts.terms.region}
    left, right = str(old.get("secretId")), str(new.get("secretId"))
    return names_secret(left, right, **place) or names_secret(right, left, **place)


def _new(facts: Facts) -> Iterator[Raised]:
    """Whoever is new is given a secret: a reviewer has to know which one, so it is told of each, however many there are."""
    for one in facts.revisions:
        if one.before is not None or one.after is None:
            continue
        for name in _references(one.after):
            if reference := _reference(one.after, name):
                yield Raised(
                    level=facts.grave(Level.WARNING, Level.NOTICE),
                    about=str(one.address),
                    summary=f"{one.address} is new, and its {name} comes from {_told(reference)}",
                    consequence="It works with whatever secret is named there, and whoever it asks for tokens gets that.",
                    advice="Make sure that the secret was made for this provider and for nothing else.",
                    subject=name,
                    place=facts.place(one.address, name),
                )


def _shared(facts: Facts) -> Iterator[Raised]:
    """A secret that was one provider's, given to another as well: whoever the new one asks gets it."""
    stack = facts.before.resources if facts.before else {}
    holders = [(str(address), kept) for address, held in stack.items() for _, kept in _kept(held)]
    for one in facts.revisions if holders else ():
        own = {str(side.address) for side in (one.before, one.after) if side}
        had = [kept for _, kept in _kept(one.before)] if one.before else []
        for name, kept in _kept(one.after) if one.after else ():
            if any(_contains(facts, each, kept) for each in had):
                continue
            near = {holder: each for holder, each in holders if holder not in own and _beside(facts, each, kept)}
            same = [holder for holder, each in near.items() if "" in (each.key, kept.key) or each.key == kept.key]
            what, others = ("a secret", same) if same else ("another key of a secret", list(near))
            if others:
                grave, less = (Level.CRITICAL, Level.WARNING) if same else (Level.WARNING, Level.NOTICE)
                yield Raised(
                    level=facts.grave(grave, less),
                    about=str(one.address),
                    summary=f"{one.address} works with {what} of {named(others)}: {quoted(str(kept))}",
                    consequence="Whoever this provider asks for tokens gets a secret that was meant for somebody else.",
                    advice="Give each provider a secret of its own.",
                    subject=str(kept),
                    place=facts.place(one.address, name),
                )


def _references(one: Desired) -> Iterator[str]:
    """The attributes that say where a secret is."""
    yield from (each.name for each in kind_of(one.address.type).attributes if each.shape is Shape.REFERENCE)


def _kept(one: Desired) -> Iterator[tuple[str, _Kept]]:
    """Where the secrets of a provider are kept, by the attribute that says so."""
    for name in _references(one):
        value, source = one.attributes.get(name), one.secrets.get(name)
        if source is not None:
            yield name, _Kept(source.env, source.secret_id, source.json_key)
        elif isinstance(value, dict) and value.get("secretId"):
            yield name, _Kept("", str(value["secretId"]), str(value.get("jsonKey", "")))


def _beside(facts: Facts, one: _Kept, other: _Kept) -> bool:
    """Whether both are of one secret, whatever the key."""
    if one.env or other.env:
        return one.env == other.env
    place = (facts.terms.account, facts.terms.region) if facts.terms else ("", "")
    return may_name_one(one.secret, other.secret, account=place[0], region=place[1])


def _contains(facts: Facts, one: _Kept, other: _Kept) -> bool:
    """Whether who has the one has the other: the whole of a secret holds all its keys."""
    return _beside(facts, one, other) and one.key in ("", other.key)


def _version_lowered(facts: Facts) -> Iterator[Raised]:
    for one, name, old, new in _secrets(facts):
        before, after = old.get("version"), new.get("version")
        if isinstance(before, int) and isinstance(after, int) and after < before:
            yield Raised(
                level=facts.grave(Level.WARNING, Level.NOTICE),
                about=str(one.address),
                summary=f"{one.address}: the version of its {name} goes back: {before} -> {after}",
                consequence="The secret is sent again as it stands in its source now; no earlier one comes back by that.",
                advice="Raise the version instead, once the source holds what is meant.",
                subject=name,
                place=facts.place(one.address, name, "version"),
            )


SECRETS = (
    Risk("secret-shared", "A provider works with a secret that another one has.", _shared),
    Risk("secret-source-changed", "A secret comes from elsewhere.", _source_changed),
    Risk("secret-source-new", "A new provider is given a secret.", _new),
    Risk("secret-version-lowered", "The version of a secret goes back.", _version_lowered),
)
