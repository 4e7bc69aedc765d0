"""The journal as text: what one run intended and what came of it, one JSON value a line; and how it is read back.

    {"journal": 1, "lineage": …, "serial": …, "plan": …, "target": {…}, "ignore_tags": […], "command": …, "who": …, "when": …}
    {"intent": {a change, as in a plan}}
    {"outcome": "done", "address": …, "message": …, "drop": [addresses], "put": {address: lock entry}}

An intent is durable before its call is sent; what has no outcome may or may not have happened. Leaves out the writing: see
`reconciler.state.journal_file`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.errors import StateError
from reconciler.model.addresses import Address
from reconciler.model.changes import Change
from reconciler.model.encoding import decode_change, decode_known, encode_change, encode_known
from reconciler.model.environments import Target
from reconciler.model.outcomes import Outcome
from reconciler.model.resources import Lock
from reconciler.model.strict_json import load_json
from reconciler.model.values import canonical_json
from reconciler.state.edits import Edits

VERSION = 1
SUFFIX = ".journal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Which run writes: on which lockfile (`lineage`, `serial` before it), which plan (digest), where, who, since when.

    `ignore_tags`: the plan's, so that settling compares as apply did. `when` is ISO 8601 in UTC.
    """

    lineage: str
    serial: int
    plan: str
    target: Target
    ignore_tags: tuple[str, ...]
    command: str
    who: str
    when: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """What a run left behind: its header, the intents without outcome, the lock edits of all others, both in their order."""

    header: Header
    intents: tuple[Change, ...]
    edits: tuple[Edits, ...]


def journal_path(lockfile: Path) -> Path:
    """Where the journal of that lockfile stands."""
    return lockfile.with_name(lockfile.name + SUFFIX)


def header_line(header: Header) -> str:
    """The first line, newline included."""
    target = header.target
    return _line(
        {
            "journal": VERSION,
            "lineage": header.lineage,
            "serial": header.serial,
            "plan": header.plan,
            "target": {
                "stack": target.stack,
                "environment": target.environment,
                "account": target.account,
                "region": target.region,
            },
            "ignore_tags": list(header.ignore_tags),
            "command": header.command,
            "who": header.who,
            "when": header.when,
        }
    )


def intent_line(change: Change) -> str:
    """The line that says a change is about to be made."""
    return _line({"intent": encode_change(change)})


def outcome_line(outcome: Outcome, edits: Edits) -> str:
    """The line that closes the intent of the outcome's address and says what the lockfile will hold."""
    return _line(
        {
            "outcome": outcome.status.value,
            "address": str(outcome.change.address),
            "message": outcome.message,
            "drop": [str(address) for address in edits.drop],
            "put": {str(known.address): encode_known(known) for known in edits.put},
        }
    )


def journal_text(header: Header, intents: Iterable[Change]) -> str:
    """A whole journal that says: these may or may not have happened."""
    return header_line(header) + "".join(intent_line(change) for change in intents)


def parse_journal(data: bytes, *, file: str) -> Journal | None:
    """The journal in `data`; None if the run died before its first line was whole (then it had sent nothing).

    A last line that is torn is left out: it was not durable, so its call was not sent, or its outcome will be found by
    looking. A second header begins the journal anew: what stands
    before it is folded. Raises StateError, with the line, for damage anywhere else and for a newer format.
    """
    lines = data.rstrip(b"\0").split(b"\n")[:-1]
    if not lines:
        return None
    header = _read_header(_decode(lines[0], file, 1), file)
    intents: dict[str, Change] = {}
    steps: list[Edits] = []
    for number, line in enumerate(lines[1:], start=2):
        raw = _decode(line, file, number)
        if "journal" in raw:  # what is left of a run that has folded the rest
            header, intents, steps = _read_header(raw, file), {}, []
            continue
        try:
            if "intent" in raw:
                intents[raw["intent"]["address"]] = decode_change(raw["intent"])
            else:
                intents.pop(raw["address"], None)
                steps.append(_read_edits(raw))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _damaged(file, number) from error
    return Journal(header=header, intents=tuple(intents.values()), edits=tuple(steps))


def check_fits(header: Header, lock: Lock | None, *, journal: str, lockfile: str) -> None:
    """Raise StateError for a journal that speaks of another lockfile than the one that stands.

    It fits the lockfile that its run began with, and the one which that run wrote (it died before it removed its journal).
    """
    if lock is None:
        fits = header.serial == 0
    else:
        same = lock.lineage == header.lineage
        began = lock.serial == header.serial
        wrote = lock.serial == header.serial + 1 and lock.last_plan == header.plan
        fits = same and (began or wrote)
    if not fits:
        stands = f"lineage {lock.lineage}, serial {lock.serial}" if lock else "missing"
        raise StateError(
            f"{journal} does not belong to {lockfile}: it was begun by {header.who} at {header.when} on lineage "
            f"{header.lineage}, serial {header.serial}, and the lockfile is {stands}",
            "Was the lockfile taken from another commit? Put the one back that the journal was begun on and run plan. "
            "If it is lost, move the journal away and run plan: what that run made shows as ours by its ownership tag, what "
            "it changed or deleted shows as drift.",
        )


def _line(raw: dict[str, Any]) -> str:
    return canonical_json(raw) + "\n"


def _decode(line: bytes, file: str, number: int) -> dict[str, Any]:
    try:
        raw = load_json(line)
    except (ValueError, RecursionError) as error:
        raise _damaged(file, number) from error
    if not isinstance(raw, dict):
        raise _damaged(file, number)
    return raw


def _read_header(raw: dict[str, Any], file: str) -> Header:
    version = raw.get("journal")
    if isinstance(version, int) and version > VERSION:
        raise StateError(
            f"{file} was written by a newer reconciler (journal version {version}; this one reads {VERSION})",
            "Upgrade with `pip install --upgrade agentcore-reconciler`, then run the same command again.",
        )
    try:
        header = Header(
            lineage=raw["lineage"],
            serial=raw["serial"],
            plan=raw["plan"],
            target=Target(**raw["target"]),
            ignore_tags=tuple(raw["ignore_tags"]),
            command=raw["command"],
            who=raw["who"],
            when=raw["when"],
        )
    except (KeyError, TypeError) as error:
        raise _damaged(file, 1) from error
    target = header.target
    words = (header.lineage, header.plan, header.command, header.who, header.when, *header.ignore_tags)
    places = (target.stack, target.environment, target.account, target.region)
    typed = type(header.serial) is int and isinstance(raw["ignore_tags"], list)
    if not typed or not all(isinstance(one, str) for one in (*words, *places)):
        raise _damaged(file, 1)
    return header


def _read_edits(raw: dict[str, Any]) -> Edits:
    put = ((Address.parse(key), entry) for key, entry in raw["put"].items())
    return Edits(
        drop=tuple(Address.parse(key) for key in raw["drop"]),
        put=tuple(decode_known(address, entry) for address, entry in put),
    )


def _damaged(file: str, number: int) -> StateError:
    return StateError(
        f"{file}:{number}: damaged: not a journal line",
        "It says what an interrupted run was doing, and cannot be trusted any more. Move the file away and run plan: what "
        "that run made shows as ours by its ownership tag, what it changed or deleted shows as drift.",
    )
