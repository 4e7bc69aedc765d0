"""Drift in words: what happened, what it may lead to, who did it, what to do, and what a run rests on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from reconciler.model.changes import Action
from reconciler.model.drift import Coverage, DriftClass, Drifted, DriftRun, Noted, Why
from reconciler.model.environments import OWNER_TAG
from reconciler.model.identity import RETURN_URLS
from reconciler.model.kinds import kind_of
from reconciler.model.report import Level
from reconciler.model.trail import Event
from reconciler.model.visible import is_visible

_LEVELS: Mapping[DriftClass, Level] = {
    DriftClass.DELETED: Level.CRITICAL,
    DriftClass.RECREATED: Level.CRITICAL,
    DriftClass.TAKEN_OVER: Level.CRITICAL,
    DriftClass.ORPHAN: Level.WARNING,
    DriftClass.UNKNOWN: Level.WARNING,
    DriftClass.NEWCOMER: Level.NOTICE,
    DriftClass.UNAPPLIED: Level.NOTICE,
    DriftClass.LINKED_NEWCOMER: Level.INFO,
}
_WORDS: Mapping[DriftClass, tuple[str, str]] = {
    DriftClass.DELETED: ("{about} was deleted outside", "Agents that use it fail."),
    DriftClass.RECREATED: (
        "{about} was deleted and made again outside",
        "It has the same name and is another one.",
    ),
    DriftClass.TAKEN_OVER: (
        "{about} carries the ownership tag of {after}",
        "Two stacks may take it for theirs, and each undo what the other does.",
    ),
    DriftClass.ORPHAN: (
        "{about} carries this stack's ownership tag, and the lockfile does not hold it",
        "Somebody tagged it so, or a run that was interrupted left it.",
    ),
    DriftClass.LINKED_NEWCOMER: ("{about} was made by the service", "It goes with what brought it."),
    DriftClass.NEWCOMER: ("{about} is new and not managed", "Nobody reviewed it here."),
}
_UNAPPLIED: Mapping[str, str] = {
    Action.CREATE.word: "{about} is declared, and not applied yet",
    Action.DELETE.word: "{about} is not to stand any more by the manifest, and that is not applied yet",
    Action.REPLACE.word: "{about} is declared under the name {before}, and that is not applied yet",
    Action.UPDATE.word: "{about}: {attribute} is declared otherwise, and that is not applied yet",
}
_BECAME: Mapping[DriftClass, str] = {
    DriftClass.CHANGED: "changed",
    DriftClass.DELETED: "deleted",
    DriftClass.RECREATED: "made again",
    DriftClass.TAKEN_OVER: "taken over",
    DriftClass.NEWCOMER: "new and not managed",
    DriftClass.LINKED_NEWCOMER: "made by the service",
    DriftClass.ORPHAN: "orphaned",
    DriftClass.UNAPPLIED: "not applied yet",
    DriftClass.UNKNOWN: "unknown",
}
_ADVICE: Mapping[DriftClass, str] = {
    DriftClass.CHANGED: (
        "Undo it with `reconciler apply`; or take it over with `reconciler drift accept`, or let it stand for a while with "
        "`reconciler drift ack`."
    ),
    DriftClass.DELETED: (
        "`reconciler apply` makes it again, as another one of its name. If it was right: take its entry out of the manifest, "
        "and apply lets go of it without a call."
    ),
    DriftClass.TAKEN_OVER: (
        "Find out whose it is: one of the two has to `reconciler forget` it, and the other to `reconciler adopt` it. Until "
        "then `reconciler apply` leaves it alone."
    ),
    DriftClass.RECREATED: "Find out who made it and why; where users had consented, they have to consent again.",
    DriftClass.NEWCOMER: (
        "To manage it: `reconciler export` writes its entry, `reconciler adopt` takes it over. If such are expected: "
        "settings.drift.ignore."
    ),
    DriftClass.ORPHAN: "`reconciler lock rebuild` and `reconciler adopt` take such over.",
    DriftClass.UNAPPLIED: "`reconciler plan` shows what `reconciler apply` does about it.",
}
_NAMED = 3
"""Resources that a line names one by one."""

_LONGEST, _LONGEST_NAME = 60, 160
"""Characters that an agent or an address keeps, and a principal: a role's name and its session's have 64 each."""
_WORD = r"[\w+=,.@:/-]+"
_PRINCIPAL = re.compile(
    rf"somebody unknown|(?:(?:user|federated user|Identity Center user|service|account|root of) )?{_WORD}(?: of {_WORD})?"
    rf"|role {_WORD}(?:, session {_WORD})?|SSO {_WORD}(?:, {_WORD})?"
)
_ADDRESS = re.compile(r"[\w.:-]+")
_TOOL = re.compile(r"AWS CLI|Cloud Control API|AWS SDK for [a-z0-9-]+|[\w.-]+")

_READ_AS: Mapping[Why, str] = {
    Why.FULL: "because everything was to be read",
    Why.NEVER: "for the first time",
    Why.NAMED: "because the audit trail names them",
    Why.DIFFERS: "because the last reading was not what the lockfile says now",
    Why.DUE: "because their last reading grew old",
    Why.LISTED: "because the listing shows them missing, new or updated",
}


def level_of(one: Noted) -> Level:
    """What lets tokens go elsewhere, or strands consents, is grave; what only others' tools and ours read is less."""
    drifted = one.drifted
    if one.acknowledged is not None:
        return Level.INFO
    if drifted.what is not DriftClass.CHANGED:
        return _LEVELS[drifted.what]
    removed_only = drifted.attribute == RETURN_URLS.name and not _added(drifted)
    return Level.WARNING if removed_only or drifted.attribute == "tags" else Level.CRITICAL


def became(one: Noted) -> str:
    """What became of it, in two or three words: what runs sum up."""
    return "acknowledged" if one.acknowledged is not None else _BECAME[one.drifted.what]


def _added(one: Drifted) -> tuple[str, ...]:
    before, after = (side if isinstance(side, tuple) else () for side in (one.before, one.after))
    return tuple(sorted(set(after) - set(before)))


def words_of(one: Drifted) -> tuple[str, str]:
    """What happened, in one line, and what that may lead to."""
    if one.what is DriftClass.CHANGED:
        return _changed(one)
    if one.what is DriftClass.UNKNOWN:
        return f"{one.about} could not be read", "Nobody knows whether it is as it was."
    if one.what is DriftClass.UNAPPLIED:
        words = _UNAPPLIED.get(one.reason, "{about} is declared otherwise, and that is not applied yet")
        said = words.format(about=one.about, attribute=one.attribute, before=one.before)
        return said, "Nobody changed it outside."
    summary, consequence = _WORDS[one.what]
    if one.what in (DriftClass.DELETED, DriftClass.RECREATED):
        consequence = f"{consequence} {kind_of(one.remote.type).stranded}".strip()
    if one.what is DriftClass.NEWCOMER and one.after is None:
        consequence = f"{consequence} It was not read, so nobody knows whose ownership tag it carries."
    return summary.format(about=one.about, after=one.after), consequence


def _changed(one: Drifted) -> tuple[str, str]:
    if one.attribute == OWNER_TAG:
        return f"{one.about} lost its ownership tag outside", "Others may take it for nobody's."
    if one.attribute == RETURN_URLS.name and (added := _added(one)):
        more = f" and {len(added) - 1} more" if len(added) > 1 else ""
        return f"{one.about} was given the return URL {added[0]}{more} outside", "Users' tokens may be sent there."
    return f"{one.about}: {one.attribute} was changed outside", "It is not what was reviewed and applied."


def advice_on(one: Drifted) -> str:
    """What to do about it."""
    if one.what is DriftClass.CHANGED and one.attribute == OWNER_TAG:
        command = f"aws bedrock-agentcore-control tag-resource --resource-arn {one.arn} --tags {OWNER_TAG}={one.before}"
        return f"`reconciler apply` does not put it back by itself: `{command}`."
    return _ADVICE.get(one.what, "")


def who(one: Drifted) -> Iterator[str]:
    """Who did it, event by event, or why nobody knows; as sentences."""
    for event in one.events:
        yield f"{_event(event)}."
    if one.untraced:
        yield f"Who did it is not known: {_open(one.untraced)}."


def _event(event: Event) -> str:
    """`UpdateWorkloadIdentity at 2026-11-24T02:10:00Z by role Admin, session jane, from 203.0.113.7 with the console`."""
    said = f"{event.operation} at {event.time} by {principal_of(event)}"
    said += f", from {address_of(event)}" if event.address else ""
    return said + (f" with {tool_of(event)}" if event.tool or event.agent else "")


def principal_of(event: Event) -> str:
    """Who called. Whoever begins a session gives it its name: what is more than a name is quoted."""
    return _named(event.principal.name or event.principal.arn or "somebody", _PRINCIPAL, _LONGEST_NAME)


def address_of(event: Event) -> str:
    """From where, "" where nobody knows."""
    return _named(event.address, _ADDRESS, _LONGEST)


def tool_of(event: Event) -> str:
    """With what, "" where nothing is told. Anybody can send any agent: one that is no tool that we know is quoted."""
    return _named(event.tool, _TOOL, _LONGEST) or _quoted(event.agent, _LONGEST)


def _named(text: str, shape: re.Pattern[str], most: int) -> str:
    """A name as it stands; quoted where it has not the shape of one, and might be read as a sentence of ours."""
    return _short(text, most) if shape.fullmatch(text) else _quoted(text, most)


def _quoted(text: str, most: int) -> str:
    """What somebody else wrote, in quotes that it cannot end, on one line."""
    said = "".join(one if is_visible(one) else f"\\u{ord(one):04x}" for one in text.replace('"', "'"))
    return f'"{_short(said, most)}"' if text else ""


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def acknowledged(run: DriftRun) -> Iterator[str]:
    """What is known and left for now, what was, and what need not be any more; as lines."""
    for one in run.noted:
        if ack := one.acknowledged:
            attribute = f", {one.drifted.attribute}" if one.drifted.attribute else ""
            yield f"Acknowledged until {ack.until}: {one.drifted.about}{attribute} ({ack.reason}; {ack.by})."
    for ack in run.expired:
        yield (
            f"Acknowledged until {ack.until} and not any more: {ack.about} ({ack.reason}; {ack.by}). "
            "`reconciler drift ack` gives it another day, `drift unack` takes it out."
        )
    for ack in run.spent:
        place = f" {ack.source}:" if ack.source else ""
        yield f"Spent:{place} what was acknowledged of {ack.about} was over in between, and alarms ({ack.reason}; {ack.by})."
        yield "  `reconciler drift ack` acknowledges it anew, `reconciler drift unack` takes the entry out."
    for ack in run.superfluous:
        place = f" {ack.source}:" if ack.source else ""
        yield f"Superfluous:{place} what was acknowledged of {ack.about} does not stand any more, or not as it was."


def ignored(run: DriftRun) -> Iterator[str]:
    """What the manifest's rules left out, and which of them are over; as lines."""
    for one in run.ignored:
        named = ", ".join(one.about[:_NAMED]) + (f" and {len(one.about) - _NAMED} more" if one.about[_NAMED:] else "")
        by = one.rule.source or "settings.drift.ignore"
        yield f"Ignored by {by}: {one.count}, of {named} ({one.rule.reason})."
    for rule in run.lapsed:
        yield f"The rule at {rule.source} held until {rule.until} and leaves nothing out any more ({rule.reason})."


def coverage(one: Coverage) -> Iterator[str]:
    """What the run rests on, as lines."""
    read = sum(one.read.values())
    yield f"Read one by one: {read}; believed as last read: {one.believed}." + (
        f" The oldest reading believed is of {one.oldest}." if one.oldest else ""
    )
    for why, count in one.read.items():
        yield f"  {count} {_READ_AS[why]}"
    if one.fell_back:
        yield f"Everything was to be read, since {_open(one.fell_back)}."
    if one.trail_since and not one.trail_failed:
        yield f"Audit trail from {one.trail_since} to {one.trail_until}: {one.events} events."
    if not one.listed:
        yield "Nothing was listed: what exists is taken from the audit trail."
    yield f"Calls to the directory: {one.calls}."


def _open(reason: str) -> str:
    """A reason, which may be sentences of its own, in one line and without the stop at its end."""
    return " ".join(reason.split()).rstrip(".")
