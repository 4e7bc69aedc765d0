"""The file of acknowledgements beside a manifest: its text to values, with every mistake in it at once, and back.

It is read as the manifest is, by the same YAML. Leaves out which drift they fit: see `reconciler.drifting`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from reconciler.diagnostics import Diagnostic, Source, has_errors, in_order
from reconciler.manifest.checking import departures
from reconciler.manifest.composing import compose
from reconciler.manifest.documents import Document, ManifestFile, error, quoted
from reconciler.model.drift import Acknowledgement
from reconciler.model.expiry import Day, day_of
from reconciler.model.values import canonical_json

LONGEST = 90
"""Days for which a drift may be acknowledged. What shall stand longer belongs in the manifest, or among its ignore rules."""

_LIST = "acknowledgements"
_DAYS = ("since", "until")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAcks:
    """What a file holds, nothing where it has errors; and everything there is to say about it, sorted."""

    acknowledgements: tuple[Acknowledgement, ...]
    diagnostics: tuple[Diagnostic, ...]


def read_acks(file: ManifestFile, *, stack: str, environment: str, today: Day) -> ReadAcks:
    """The acknowledgements of that stack and environment. `today`: the day in UTC, after which none can have been made."""
    document, problems = compose(file)
    if document is None:
        return ReadAcks(acknowledgements=(), diagnostics=in_order(problems))
    departed, refused = departures(document, "acknowledgements")
    clear = set(_days_in(document))  # a day there is a day, with quotes or without
    found = [one for one in problems if one.code != "yaml-ambiguous" or one.source not in clear] + departed
    if not refused:
        found += _mistakes(document, stack, environment, today)
    if has_errors(found):
        return ReadAcks(acknowledgements=(), diagnostics=in_order(found))
    raw = document.value[_LIST]
    return ReadAcks(
        acknowledgements=tuple(_acknowledgement(document, index, one) for index, one in enumerate(raw)),
        diagnostics=in_order(found),
    )


def _acknowledgement(document: Document, index: int, raw: dict[str, str]) -> Acknowledgement:
    return Acknowledgement(
        fingerprint=raw["fingerprint"],
        about=raw["about"],
        reason=raw["reason"],
        by=raw["by"],
        since=raw["since"],
        until=raw["until"],
        found=raw.get("found", ""),
        seen=raw.get("seen", ""),
        source=document.source((_LIST, index)),
    )


def _days_in(document: Document) -> Iterator[Source]:
    held = document.value.get(_LIST) if isinstance(document.value, dict) else None
    for index, one in enumerate(held if isinstance(held, list) else ()):
        for name in _DAYS if isinstance(one, dict) else ():
            if isinstance(one.get(name), str):
                yield document.source((_LIST, index, name))


def _mistakes(document: Document, stack: str, environment: str, today: Day) -> Iterator[Diagnostic]:
    """What no schema can tell."""
    for name, wanted in (("stack", stack), ("environment", environment)):
        if document.value[name] != wanted:
            summary = (
                f"These are acknowledgements of {name} {quoted(document.value[name])}, and not of {quoted(wanted)}"
            )
            detail = "Each environment has a file of its own. Was it copied from another one?"
            yield error("wrong-place", summary, detail, source=document.source((name,)))
    first: dict[str, Source] = {}
    for index, one in enumerate(document.value[_LIST]):
        source = document.source((_LIST, index, "fingerprint"))
        earlier = first.setdefault(one["fingerprint"], source)
        if earlier is not source:
            detail = f"It stands at {earlier} already. Keep one of the two."
            yield error("duplicate-key", f"{one['about']}: this is acknowledged twice", detail, source=source)
        yield from _day_mistakes(document, index, one, today)


def _day_mistakes(document: Document, index: int, one: dict[str, str], today: Day) -> Iterator[Diagnostic]:
    days = {name: day_of(one[name]) for name in _DAYS}
    for name, day in days.items():
        if day is None:
            summary, detail = f"{name} {quoted(one[name])} is no day that exists", "Give one, as 2027-03-01."
            yield error("invalid-value", summary, detail, source=document.source((_LIST, index, name)))
    since, until = days["since"], days["until"]
    if since is not None and (since - today).days > 1:  # where it was made, the next day may have begun
        summary, detail = f"since {one['since']} is in the future", f"Today it is {today} (UTC)."
        yield error("invalid-value", summary, detail, source=document.source((_LIST, index, "since")))
    if since is not None and until is not None and not 0 <= (until - since).days <= LONGEST:
        summary = f"until {one['until']} is not within {LONGEST} days of {one['since']}"
        detail = "What shall stand longer belongs in the manifest: `reconciler drift accept`, or a rule to ignore it."
        yield error("invalid-value", summary, detail, source=document.source((_LIST, index, "until")))


def acks_text(stack: str, environment: str, acknowledgements: Sequence[Acknowledgement]) -> str:
    """A new file of them."""
    head = (
        "# Drift that is known and left for now; reviewed like the manifest.\n"
        "# Written by `reconciler drift ack` and `reconciler drift unack`.\n"
        f"version: 1\nstack: {canonical_json(stack)}\nenvironment: {canonical_json(environment)}\n"
    )
    return f"{head}{_LIST}:{'' if acknowledgements else ' []'}\n{''.join(map(_entry, acknowledgements))}"


def _entry(one: Acknowledgement) -> str:
    said = {
        "about": one.about,
        "found": one.found,
        "fingerprint": one.fingerprint,
        "seen": one.seen,
        "reason": one.reason,
        "by": one.by,
        "since": one.since,
        "until": one.until,
    }
    lines = [f"{name}: {canonical_json(text)}" for name, text in said.items() if text]
    return "  - " + "\n    ".join(lines) + "\n"


def with_acks(text: str, read: ReadAcks, *, gone: Collection[str], added: Sequence[Acknowledgement]) -> str:
    """The text of a file without those of the fingerprints `gone`, and with others at its end. Every other line stays.

    `read`: what the text holds. Whoever writes the result reads it first: in a layout of somebody's own it may be wrong.
    """
    lines = text.splitlines(keepends=True)
    starts = [one.source.line - 1 for one in read.acknowledgements if one.source]
    for one, start, after in reversed([*zip(read.acknowledgements, starts, [*starts[1:], len(lines)], strict=True)]):
        if one.fingerprint in gone:
            del lines[start : _end(lines, start, after)]
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    return "".join(lines) + "".join(map(_entry, added))


def _end(lines: Sequence[str], start: int, after: int) -> int:
    """Where an entry ends: what stands above the next one belongs to that."""
    while after > start + 1 and (not lines[after - 1].strip() or lines[after - 1].lstrip().startswith("#")):
        after -= 1
    return after
