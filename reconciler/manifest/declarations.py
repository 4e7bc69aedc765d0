"""What the documents of a stack declare together: its name, settings, environments and entries, positions kept.

Everything here holds in every environment. Leaves out what differs from one to another: see `reconciler.manifest.resolving`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from reconciler.diagnostics import Diagnostic, Source
from reconciler.manifest.documents import (
    Branch,
    Document,
    Keys,
    did_you_mean,
    dotted,
    error,
    quoted,
    source_of,
)
from reconciler.manifest.entries import Entry
from reconciler.manifest.environments import (
    environment_from,
    rate_mistakes,
    rates_from,
    rule_mistakes,
    rule_setting_from,
)
from reconciler.manifest.ignoring import ignore_mistakes, ignore_rules_from
from reconciler.manifest.parents import parent_mistakes
from reconciler.manifest.references import reference_mistakes
from reconciler.manifest.reviewers import review_from, review_mistakes
from reconciler.manifest.targets import entry_mistakes, environments_from
from reconciler.model.environments import OWNER_TAG, Environment, Settings
from reconciler.model.expiry import day_of
from reconciler.model.ignoring import IgnoreRule
from reconciler.model.kind import EXPIRES
from reconciler.model.kinds import KINDS, Kind, Shape
from reconciler.model.rates import Rates
from reconciler.model.review_settings import ReviewSettings

DEFAULT_ENVIRONMENT = "default"
_TOP = ("version", "stack", "settings", "environments", *(kind.section for kind in KINDS))
_CONTAINERS: Mapping[Shape, type] = {Shape.SET: list, Shape.MAP: dict, Shape.NESTED: dict, Shape.REFERENCE: dict}

Unsound = Mapping[tuple[str, Keys], Sequence[Keys]]
"""What does not fit the schema: by file and first two keys, the paths from there to the parts that are refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A sound manifest. `environments` is never empty; `entries` stand in address order; `documents` are its files."""

    path: Path
    stack: str
    environments: Mapping[str, Environment]
    settings: Settings
    entries: tuple[Entry, ...] = field(repr=False)
    documents: tuple[Document, ...] = field(repr=False, default=())

    def source(self, *path: str | int) -> Source | None:
        """Where the key or element at that path stands, or the last on the way that does; None if no file has the first."""
        best: tuple[int, Document] | None = None
        for document in self.documents:
            depth, value = 0, document.value
            for step in path:
                held = isinstance(value, dict) and step in value
                held = held or (isinstance(value, list) and isinstance(step, int) and step < len(value))
                if not held:
                    break
                depth, value = depth + 1, value[step]
            if depth and (best is None or depth > best[0]):
                best = (depth, document)
        return best[1].source(path[: best[0]], key=True) if best else None


def declare(
    path: Path, documents: Sequence[Document], unsound: Unsound, start: Source
) -> tuple[Manifest, list[Diagnostic]]:
    """The manifest as far as it is sound, and the mistakes that show only when all its documents are seen together.

    `start` is where the manifest begins, which is where things are missing.
    """
    found: list[Diagnostic] = []
    stack = _one_word(documents, "stack", "Name the stack: `stack: payments`.", start, found)
    _one_word(documents, "version", "Begin with `version: 1`.", start, found)
    settings = _settings(documents, unsound, found)
    environments, names = _environments(documents, unsound, settings.rates, found)
    entries = tuple(_entries(documents, unsound, found))
    found.extend(_entry_mistakes(entries, settings, names))
    found.extend(one for entry in entries for one in reference_mistakes(entry))
    found.extend(review_mistakes(documents, settings.review, {one.address for one in entries}, names))
    manifest = Manifest(
        path=path,
        stack=stack if isinstance(stack, str) else "",
        environments=environments,
        settings=settings,
        entries=entries,
        documents=tuple(documents),
    )
    return manifest, found


def _one_word(documents: Sequence[Document], key: str, advice: str, start: Source, found: list[Diagnostic]) -> object:
    """What all documents that have the key agree on."""
    stands = [(one, one.value[key]) for one in documents if key in one.value]
    if not stands:
        found.append(error("missing-key", f"The manifest has no {key}", advice, source=start))
        return None
    first, value = stands[0]
    for document, other in stands[1:]:
        if other != value:
            summary = f"{key} is {other} here and {value} at {first.source((key,))}"
            detail = "All files of a folder are one stack. Make them agree, or keep another stack in another folder."
            found.append(error(f"{key}-mismatch", summary, detail, source=document.source((key,))))
    return value


class _Member(NamedTuple):
    """One key of a section, with the places of the section it stands in."""

    document: Document
    branch: Branch
    key: str
    value: Any

    @property
    def source(self) -> Source:
        return source_of(self.document.file, self.branch.keys[self.key])


def _members(
    documents: Sequence[Document], section: Keys, found: list[Diagnostic], *, repeatable: AbstractSet[str] = frozenset()
) -> Iterator[_Member]:
    """Every member of a section, whichever file it stands in; of a key that stands in two files, the first, said so."""
    first: dict[str, _Member] = {}
    for document in documents:
        value, marks = document.value, document.marks
        for step in section:
            child = marks.child(step) if isinstance(marks, Branch) else None
            value, marks = (value[step], child) if isinstance(value, dict) and child is not None else (None, 0)
        if not isinstance(value, dict) or not isinstance(marks, Branch):
            continue
        for key in value:
            member = _Member(document, marks, key, value[key])
            earlier = first.setdefault(key, member)
            if earlier is member or key in repeatable:
                yield member
                continue
            summary = f"{dotted((*section, key))} stands here a second time"
            detail = f"It stands at {earlier.source} already. Keep one of the two."
            found.append(error("duplicate-key", summary, detail, source=member.source))


def _settings(documents: Sequence[Document], unsound: Unsound, found: list[Diagnostic]) -> Settings:
    ignored: Sequence[str] = ()
    required: Sequence[str] = ()
    review = ReviewSettings()
    for member in _members(documents, ("settings",), found, repeatable={"rules", "rates", "drift"}):
        if member.key == "ignoreTags" and (member.document.file, ("settings", "ignoreTags")) not in unsound:
            ignored = member.value or ()
        if member.key == "require" and (member.document.file, ("settings", "require")) not in unsound:
            required = member.value or ()
        if member.key == "review" and (member.document.file, ("settings", "review")) not in unsound:
            review = review_from(member.value or {})
    rules = {}
    for member in _members(documents, ("settings", "rules"), found):
        mistakes = list(rule_mistakes(member.key, member.source))
        found.extend(mistakes)
        if not mistakes and (member.document.file, ("settings", "rules")) not in unsound:
            rules[member.key] = rule_setting_from(member.value, member.source)
    return Settings(
        ignore_tags=tuple(sorted(set(ignored))),
        rules=dict(sorted(rules.items())),
        rates=_rates(documents, unsound, found),
        require=tuple(sorted(set(required))),
        review=review,
        drift_ignore=_drift_ignore(documents, unsound, found),
    )


def _drift_ignore(documents: Sequence[Document], unsound: Unsound, found: list[Diagnostic]) -> tuple[IgnoreRule, ...]:
    for member in _members(documents, ("settings", "drift"), found):
        if member.key == "ignore" and (member.document.file, ("settings", "drift")) not in unsound:
            found.extend(ignore_mistakes(member.document, member.value or ()))
            return ignore_rules_from(member.document, member.value or ())
    return ()


def _rates(documents: Sequence[Document], unsound: Unsound, found: list[Diagnostic]) -> Rates:
    rates = {}
    for member in _members(documents, ("settings", "rates"), found):
        mistakes = list(rate_mistakes(member.key, member.source))
        found.extend(mistakes)
        if not mistakes and (member.document.file, ("settings", "rates")) not in unsound:
            rates[member.key] = member.value
    return rates_from(rates)


def _environments(
    documents: Sequence[Document], unsound: Unsound, rates: Rates, found: list[Diagnostic]
) -> tuple[dict[str, Environment], frozenset[str]]:
    """The sound environments, and the names of all, those of targets and of what they are targets of included."""
    environments: dict[str, Environment] = {}
    names = set()
    for member in _members(documents, ("environments",), found):
        names.add(member.key)
        raw = member.value or {}
        sound = (member.document.file, ("environments", member.key)) not in unsound
        if isinstance(raw, dict):
            found.extend(entry_mistakes(member.document, member.key, raw, sound=sound))
        if sound:
            environments |= environments_from(member.document, member.key, raw, member.source, rates=rates)
    names |= environments.keys()
    if not names:
        names.add(DEFAULT_ENVIRONMENT)
        environments[DEFAULT_ENVIRONMENT] = environment_from(DEFAULT_ENVIRONMENT, {}, rates=rates)
    return dict(sorted(environments.items())), frozenset(names)


def _entries(documents: Sequence[Document], unsound: Unsound, found: list[Diagnostic]) -> Iterator[Entry]:
    for kind in sorted(KINDS, key=lambda one: one.type):
        if kind.singleton:
            yield from _only_entry(kind, documents, unsound, found)
            continue
        for member in sorted(_members(documents, (kind.section,), found), key=lambda one: one.key):
            document, branch, key, value = member
            raw = value or {}
            if unsound and (refused := unsound.get((document.file, (kind.section, key)))) is not None:
                raw = _sound_part(kind, raw, refused)
            if raw is not None:
                yield Entry(kind, key, raw, document.file, branch.keys[key], branch.child(key) or 0)


def _only_entry(
    kind: Kind, documents: Sequence[Document], unsound: Unsound, found: list[Diagnostic]
) -> Iterator[Entry]:
    """The entry of a kind of which there is one: the section is the entry."""
    for member in _members(documents, (), found, repeatable=frozenset(_TOP) - {kind.section}):
        if member.key != kind.section or member.value is None:
            continue
        file, raw = member.document.file, member.value
        refused = [
            (*keys[1:], *path)
            for (name, keys), paths in unsound.items()
            for path in paths
            if name == file and keys[:1] == (kind.section,)
        ]
        if refused:
            raw = _sound_part(kind, raw, refused)
        if raw is not None:
            place = member.branch.keys[kind.section]
            yield Entry(kind, kind.singleton, raw, file, place, member.branch.child(kind.section) or 0)


def _sound_part(kind: Kind, raw: Any, refused: Sequence[Keys]) -> Mapping[str, Any] | None:
    """An entry with None for all that is refused in it, so that the rest can be looked at; None if nothing is left.

    A list or mapping that is refused for its size or for a key stays: it has the shape that readers expect.
    """
    if not isinstance(raw, dict):
        return None
    shapes: dict[str, type] = {"environments": list, "lifecycle": dict}
    shapes |= {one.name: _CONTAINERS.get(one.shape, str) for one in kind.attributes}
    nested = {one.name for one in kind.attributes if one.shape in (Shape.NESTED, Shape.REFERENCE)}
    part: dict[str, Any] = {
        key: value.copy() if isinstance(value, dict | list) else value for key, value in raw.items()
    }
    for path in refused:
        match path:
            case []:
                return None
            case [str() as key, *_] if key in nested:
                part[key] = None
            case [str() as key] if not isinstance(part[key], shapes.get(key, str)) or isinstance(part[key], str):
                part[key] = None
            case [str() as key, step]:
                holder: Any = part[key]
                if holder is not None:
                    holder[step] = None
    return part


def _entry_mistakes(entries: Sequence[Entry], settings: Settings, names: AbstractSet[str]) -> Iterator[Diagnostic]:
    """Tags that are not the manifest's to set, environments that nobody declares, entries that were themselves before."""
    fine: set[str] = set()  # tag keys that were looked at, so that each is matched with the globs once
    for entry in entries:
        for index, name in enumerate(entry.raw.get("environments") or ()):
            if name is not None and name not in names:
                yield _unknown_environment(entry, index, name, names)
        yield from _day_mistakes(entry)
        yield from parent_mistakes(entry)
        yield from _unsaid(entry, settings.require)
        if entry.raw.get("previously") == entry.key:
            summary = f"{entry.address} was previously itself"
            detail = "previously is the key that the entry had before. Take it away."
            yield entry.error("previously", summary, detail, "previously")
        for attribute in entry.kind.attributes:
            for key in (entry.raw.get(attribute.name) or ()) if attribute.tagging else ():
                if key in fine:
                    continue
                if (why := _not_ours(key, settings.ignore_tags)) is None:
                    fine.add(key)
                else:
                    code, reason, detail = why
                    yield entry.error(code, f"The tag {quoted(key)} {reason}", detail, attribute.name, key, key=True)


def _unsaid(entry: Entry, required: Sequence[str]) -> Iterator[Diagnostic]:
    """What settings.require wants of every entry, and this one does not say. One that is refused is not missing."""
    for name in () if entry.kind.singleton else required:
        if name not in entry.raw:
            detail = f"`settings.require` wants it in every entry of this stack. Add `{name}: …`."
            yield entry.error("required", f"{entry.address} does not say {name}", detail)


def _day_mistakes(entry: Entry) -> Iterator[Diagnostic]:
    """A day that looks like one, and that no calendar has."""
    text = entry.raw.get(EXPIRES.name)
    if isinstance(text, str) and day_of(text) is None:
        detail = "Give a day of the calendar, as 2027-03-01."
        yield entry.error("invalid-value", f"{EXPIRES.name} {quoted(text)} is no day that exists", detail, EXPIRES.name)


def _unknown_environment(entry: Entry, index: int, name: str, names: AbstractSet[str]) -> Diagnostic:
    detail = f"{did_you_mean(name, sorted(names))}Declared: {', '.join(sorted(names))}."
    summary = f"{entry.address} names environment {quoted(name)}, which is not declared"
    return entry.error("unknown-environment", summary, detail, "environments", index)


def _not_ours(key: str, ignored: Sequence[str]) -> tuple[str, str, str] | None:
    """Why the manifest cannot set the tag (code, reason, advice), or None."""
    if key == OWNER_TAG:
        return "reserved-tag", "says whose a resource is; reconciler sets it itself", "Take it away."
    if key.lower().startswith("aws:"):
        return "reserved-tag", "is AWS's own: nobody else can set keys that begin with aws:", "Take it away."
    for glob in ignored:
        if fnmatchcase(key, glob):
            detail = "Take the tag away here, or the glob there: an ignored tag is never set."
            return "ignored-tag", f"is ignored by {quoted(glob)} in settings.ignoreTags", detail
    return None
