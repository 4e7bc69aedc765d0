"""`settings.drift.ignore`: its rules as values, and what is wrong with them; above all that they hit what is declared.

A rule that left out drift of what the manifest declares would have reviews approve what nobody watches.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from reconciler.diagnostics import Diagnostic, Source
from reconciler.manifest.documents import Document, did_you_mean, error, quoted
from reconciler.manifest.entries import Entry
from reconciler.model.addresses import Address
from reconciler.model.expiry import day_of
from reconciler.model.identity import RETURN_URLS
from reconciler.model.ignoring import ALL, IgnoreRule
from reconciler.model.kinds import KINDS, Attribute, Shape
from reconciler.model.resources import Desired

PATH = ("settings", "drift", "ignore")
_SEEN: Mapping[str, Attribute] = {
    one.name: one for kind in KINDS for one in kind.attributes if not one.local and one.shape is not Shape.REFERENCE
}
"""What drifts, but for where a secret comes from, which is always told."""
_LEFT = sorted(_SEEN.keys() - {RETURN_URLS.name})
"""What can be left out."""
_SHOWN = 3


def ignore_rules_from(document: Document, raw: Sequence[Mapping[str, Any]]) -> tuple[IgnoreRule, ...]:
    """What the sound entries of `settings.drift.ignore` say."""
    return tuple(
        IgnoreRule(
            reason=one["reason"],
            attributes=tuple(one.get("attributes") or ()),
            resources=tuple(one.get("resources") or ALL),
            newcomers=tuple(one.get("newcomers") or ()),
            until=one.get("until") or "",
            source=document.source((*PATH, index)),
        )
        for index, one in enumerate(raw)
    )


def ignore_mistakes(document: Document, raw: Sequence[Mapping[str, Any]]) -> Iterator[Diagnostic]:
    """Rules without an object, words that can never match, and days that no calendar has."""
    for index, one in enumerate(raw):
        if not one.get("attributes") and not one.get("newcomers"):
            detail = "Add `attributes: […]`, or `newcomers: […]`, or both."
            source = document.source((*PATH, index))
            yield error("missing-key", "The rule does not say what it leaves out", detail, source=source)
        for at, glob in enumerate(one.get("attributes") or ()):
            yield from _attribute_mistakes(glob, document.source((*PATH, index, "attributes", at)))
        until = one.get("until")
        if until and day_of(until) is None:
            detail = "Give a day of the calendar, as 2027-03-01."
            source = document.source((*PATH, index, "until"))
            yield error("invalid-value", f"until {quoted(until)} is no day that exists", detail, source=source)


def _attribute_mistakes(glob: str, source: Source) -> Iterator[Diagnostic]:
    name, dot, element = glob.partition(".")
    meant = [one for attribute, one in _SEEN.items() if fnmatchcase(attribute, name)]
    if not meant:
        detail = f"{did_you_mean(name, _LEFT)}What can be left out: {', '.join(_LEFT)}."
        yield error("unknown-attribute", f"No attribute that drifts is called {quoted(name)}", detail, source=source)
    elif not dot and RETURN_URLS in meant:  # also where none are declared: that says that there shall be none
        summary = f"{quoted(glob)} would leave out return URLs"
        detail = (
            f"Each lets tokens go somewhere, so one that arrives outside is always told. Name what else is meant, of "
            f"{', '.join(_LEFT)}."
        )
        yield error("ignored-return-urls", summary, detail, source=source)
    elif dot and (not element or not any(one.shape in (Shape.MAP, Shape.NESTED) for one in meant)):
        summary = f"{quoted(glob)} names no part of an attribute"
        detail = (
            "Parts are tags by their key, as tags.cost-*, and members of a configuration, as config.oauthDiscovery*. "
            "Return URLs cannot be left out, not even single ones: each lets tokens go somewhere."
        )
        yield error("unknown-attribute", summary, detail, source=source)


def struck(
    rules: Sequence[IgnoreRule], entries: Mapping[Address, Entry], resources: Mapping[Address, Desired]
) -> Iterator[Diagnostic]:
    """An error for each rule that hits something that is declared, naming what, and where it stands."""
    if not rules:
        return
    names = {address: one.name for address, one in resources.items()}
    for rule in rules:
        hit = [
            (what, source)
            for address, entry in entries.items()
            for what, source in _hits(rule, entry, names.get(address) or address.key)
        ]
        if hit:
            shown = ", ".join(f"{what} ({source})" for what, source in hit[:_SHOWN])
            more = f" and {len(hit) - _SHOWN} more" if len(hit) > _SHOWN else ""
            yield error(
                "ignored-declared",
                f"The rule leaves out drift of what this manifest declares: {shown}{more}",
                "Nobody would hear when it is changed outside. Make the rule narrower; or take it out of the entries, if "
                "others decide about it.",
                source=rule.source,
            )


def _hits(rule: IgnoreRule, entry: Entry, name: str) -> Iterator[tuple[str, Source]]:
    """What of an entry a rule leaves out."""
    if rule.takes_newcomer(entry.kind.type, name):
        yield str(entry.address), entry.source()
    if not rule.attributes or not rule.speaks_of(entry.address, name):
        return
    for attribute in entry.kind.attributes:
        value = entry.raw.get(attribute.name)
        if attribute.name not in _SEEN or value is None:
            continue
        if rule.takes_attribute(attribute.name):
            yield f"{entry.address} {attribute.name}", entry.source(attribute.name, key=True)
        elif isinstance(value, dict):
            for path in _leaves(value, nested=attribute.shape is Shape.NESTED):
                dotted = ".".join(path)
                if rule.takes_element(attribute.name, dotted):
                    yield f"{entry.address} {attribute.name}.{dotted}", entry.source(attribute.name, *path, key=True)


def _leaves(value: Mapping[str, Any], *, nested: bool) -> Iterator[tuple[str, ...]]:
    """The paths of what stands in a mapping. The key of a tag is one step, whatever dots it has."""
    for key, one in value.items():
        if nested and isinstance(one, dict):
            yield from ((key, *path) for path in _leaves(one, nested=True))
        else:
            yield (key,)


def days_in(document: Document) -> Iterator[Source]:
    """Where a rule says `until`: a day there is a day, with quotes or without."""
    value = document.value
    for step in PATH:
        value = value.get(step) if isinstance(value, dict) else None
    for index, one in enumerate(value if isinstance(value, list) else ()):
        if isinstance(one, dict) and isinstance(one.get("until"), str):
            yield document.source((*PATH, index, "until"))
