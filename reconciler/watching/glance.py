"""A glance at what events name, and at nothing else: for a run that is started by an event, soon after it happened."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.directory.protocol import THREADS, Directory
from reconciler.directory.snapshot import read_named
from reconciler.drifting.choosing import Choice
from reconciler.drifting.remembering import fitting, with_readings
from reconciler.drifting.run import Look
from reconciler.errors import CredentialsMissing, DirectoryError
from reconciler.model.addresses import Remote
from reconciler.model.drift import Why
from reconciler.model.kinds import kind_of
from reconciler.model.trail import Event, Trail
from reconciler.state import Remembered
from reconciler.watching.look import Subject, unlisted


def glance(
    directory: Directory,
    subject: Subject,
    remembered: Remembered,
    events: Sequence[Event],
    *,
    at: str,
    threads: int = THREADS,
) -> Look:
    """What stands of what these events name. `at`: the moment (ISO 8601, UTC).

    Of the rest, everything is as the last run left it; neither is the trail taken to be read, nor the listing.
    Raises CredentialsMissing and StateError.
    """
    lock = subject.lock
    sent, sent_of, throttled = directory.calls, directory.calls_by_operation, directory.throttled
    before = fitting(remembered.read(), lock, subject.against)
    snapshot = unlisted(lock)
    only = _named(events, snapshot.listed)
    live, gone, unknown = read_named(directory, only, threads=threads)
    listed = {remote: arn for remote, arn in snapshot.listed.items() if remote not in gone}
    snapshot = replace(snapshot, live=live, listed=listed, unknown=unknown)
    strangers = {remote: one.arn for remote, one in live.items() if remote not in listed}
    if strangers:
        linked = _linked(directory)
        snapshot = replace(
            snapshot,
            listed=dict(sorted({**listed, **strangers}.items())),
            linked=linked.by_arn,
            linkage_failed=linked.failed,
        )
    return Look(
        stack=subject.stack,
        lock=lock,
        target=subject.target,
        route=subject.route,
        against=subject.against,
        snapshot=snapshot,
        listed=False,
        choice=Choice(why=dict.fromkeys(only, Why.NAMED)),
        trail=Trail(since=min(one.time for one in events), until=at, events=tuple(events)),
        before=before,
        after=with_readings(
            before, lock, snapshot, at=at, ignored=subject.stack.settings.ignore_tags, owner=subject.target.owner
        ),
        at=at,
        calls=directory.calls - sent,
        by_operation={name: count - sent_of.get(name, 0) for name, count in directory.calls_by_operation.items()},
        throttled=directory.throttled - throttled,
        only=frozenset(only),
    )


def _named(events: Sequence[Event], ours: Collection[Remote]) -> list[Remote]:
    """What to read: a vault that nobody manages is not news, since it always stands."""
    named = {remote for event in events for remote in event.remotes}
    return sorted(one for one in named if one in ours or not kind_of(one.type).singleton)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Linked:
    """What the service holds, by ARN, and why that could not be told."""

    by_arn: Mapping[str, str]
    failed: str = ""


def _linked(directory: Directory) -> _Linked:
    """Whether what is new was made by the service itself, only its parents tell."""
    try:
        return _Linked(by_arn={arn: str(holder) for arn, holder in directory.linked().items()})
    except CredentialsMissing:
        raise
    except DirectoryError as error:
        return _Linked(by_arn={}, failed=error.summary)
