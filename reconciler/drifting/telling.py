"""What to tell a target of a run, given what it was told before: what is new, what still stands, what is over.

A finding is told when it is new, then again once it has stood for 1, 3, 7, 14 and 30 days and every 30 days after, and once
when it is over. What is acknowledged is not told. The check itself, where it fails, is told in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.model.drift import DriftClass, DriftRun, Memory, Noted, Standing, Status
from reconciler.model.environments import Target
from reconciler.model.moments import seconds_between
from reconciler.model.telling import INCOMPLETE, CheckFailure, Failing, Notice, Over, Telling, Told, Trouble
from reconciler.model.values import digest

_DAY = 86_400
_REMINDED = (1, 3, 7, 14, 30)  # days after it was told first; then every time the last of them has passed again
_OWED = 1_000  # of what happened, that somebody who is told no more is remembered to be owed
_SLACK = 3_600  # a nightly run that begins a little earlier than the last one did does not miss its day


def owing(told: Told, run: DriftRun) -> Told:
    """What the target knows, with what it has yet to be told and no later run will find again.

    Remembered before anything is sent: what happened once is then not lost with a message that cannot be.
    """
    passing = {
        one.drifted.fingerprint: Standing(drifted=one.drifted, first=one.first, last=one.last, count=one.count)
        for one in run.alarming
        if one.drifted.what.passing and one.status is Status.NEW
    }
    owed = {**told.owed, **passing}
    return replace(told, owed=dict(list(owed.items())[-_OWED:]))


def all_owing(memory: Memory, run: DriftRun, names: Sequence[str]) -> Memory:
    """The memory in which each recipient of these names is owed that, and each that was told anything before.

    So a run by hand, which tells nobody, takes nothing from those whom the next one tells.
    """
    told = {name: owing(memory.told.get(name, Told()), run) for name in dict.fromkeys((*memory.told, *names))}
    return replace(memory, told=told)


def notice_of(told: Told, run: DriftRun) -> Notice:
    """What the target is to be told of a run that came to its end, whole or not. `owing` has been seen to."""
    at = run.at
    standing = tuple(one for one in run.alarming if not one.drifted.what.passing)
    owed = tuple(
        Noted(drifted=one.drifted, status=Status.NEW, first=one.first, last=one.last, count=one.count)
        for one in told.owed.values()
    )
    notice = Notice(
        target=run.target,
        subject=run.target.owner,
        at=at,
        new=(*owed, *(one for one in standing if _is_news(one, told))),
        reminded=tuple(one for one in standing if not _is_news(one, told) and _is_due(one, told, at)),
        over=tuple(_over(told, run)),
        standing=standing,
        acknowledged=sum(one.acknowledged is not None for one in run.noted),
    )
    failure = _incompleteness(run)
    if run.glance and failure is None:  # that one thing could be read does not say that all can
        return _sealed(notice, told)
    return _sealed(_with_failure(notice, told, failure), told)


def notice_of_failure(told: Told, failure: CheckFailure, *, target: Target | None, subject: str, at: str) -> Notice:
    """What the target is to be told of a run that broke off: that, and what it is owed. Of what stands, nothing is known."""
    owed = tuple(
        Noted(drifted=one.drifted, status=Status.NEW, first=one.first, last=one.last, count=one.count)
        for one in told.owed.values()
    )
    notice = Notice(target=target, subject=subject, at=at, new=owed, known=False)
    return _sealed(_with_failure(notice, told, failure), told)


def told_after(told: Told, notice: Notice, run: DriftRun | None) -> Told:
    """What the target knows once it was told that, or where there was nothing to tell."""
    findings = dict(_known_after(told, notice, run)) if run is not None else told.findings
    kept = run is not None and run.glance and notice.failure is None
    failing = told.failing if kept else _failing_after(told.failing, notice)
    return replace(told, findings=findings, owed={}, failing=failing)


def _known_after(told: Told, notice: Notice, run: DriftRun) -> Iterator[tuple[str, Telling]]:
    said = {one.drifted.fingerprint for one in (*notice.new, *notice.reminded)}
    news = {one.drifted.fingerprint for one in notice.new}
    for one in notice.standing:
        fingerprint = one.drifted.fingerprint
        earlier = told.findings.get(fingerprint)
        first = notice.at if earlier is None or fingerprint in news else earlier.first
        last = notice.at if earlier is None or fingerprint in said else earlier.last
        yield fingerprint, Telling(place=one.drifted.place, since=one.first, first=first, last=last)
    by_fingerprint = {one.drifted.fingerprint: one for one in run.noted}
    gone, places = {one.fingerprint for one in notice.over}, _places(run)
    for fingerprint, telling in told.findings.items():
        noted = by_fingerprint.get(fingerprint)
        if noted is not None and noted.acknowledged is not None:
            yield fingerprint, replace(telling, hushed=True)
        elif noted is None and fingerprint not in gone and telling.place not in places:
            yield fingerprint, telling


def _failing_after(failing: Failing | None, notice: Notice) -> Failing | None:
    if notice.failure is None:
        return None
    if notice.trouble is Trouble.NONE:
        return failing
    codes = failing.codes if failing else ()
    return Failing(
        since=notice.failed_since,
        first=failing.first if failing else notice.at,
        last=notice.at,
        codes=tuple(sorted({*codes, notice.failure.code})),
    )


def _is_news(one: Noted, told: Told) -> bool:
    telling = told.findings.get(one.drifted.fingerprint)
    return telling is None or telling.hushed


def _is_due(one: Noted, told: Told, at: str) -> bool:
    telling = told.findings[one.drifted.fingerprint]
    return _step(telling.first, at) > _step(telling.first, telling.last)


def _step(first: str, moment: str) -> int:
    """How many reminders are due by then, of what was told first at that moment."""
    days = (seconds_between(first, moment) + _SLACK) / _DAY
    last = _REMINDED[-1]
    return sum(days >= one for one in _REMINDED) + max(0, int(days // last) - 1)


def _over(told: Told, run: DriftRun) -> Iterator[Over]:
    """What stands no longer. What a run could not look at stands, and what has only become another finding does too."""
    by_fingerprint, places = {one.drifted.fingerprint: one for one in run.noted}, _places(run)
    for fingerprint, telling in told.findings.items():
        noted = by_fingerprint.get(fingerprint)
        resolved = noted is not None and noted.status is Status.RESOLVED
        vanished = noted is None and run.complete and not run.glance and telling.place not in places
        if resolved or vanished:
            yield Over(fingerprint=fingerprint, place=telling.place, since=telling.since)


def _places(run: DriftRun) -> set[tuple[str, str, str, str]]:
    """Where something stands: what stood there before is then not over, only another finding."""
    return {one.drifted.place for one in run.noted if one.status is not Status.RESOLVED}


def _incompleteness(run: DriftRun) -> CheckFailure | None:
    if run.complete:
        return None
    count = run.unreadable
    summary = "something could not be read" if count == 1 else f"{count} things could not be read"
    return CheckFailure(code=INCOMPLETE, summary=f"{summary}, so what changed there is not known", said=run.unread)


def _with_failure(notice: Notice, told: Told, failure: CheckFailure | None) -> Notice:
    failing = told.failing
    if failure is None:
        over = Trouble.OVER if failing else Trouble.NONE
        return replace(notice, trouble=over, failed_since=failing.since if failing else "")
    trouble = Trouble.NONE
    if failing is None or failure.code not in failing.codes:
        trouble = Trouble.NEW
    elif _step(failing.first, notice.at) > _step(failing.first, failing.last):
        trouble = Trouble.REMINDED
    since = failing.since if failing else notice.at
    return replace(notice, failure=failure, trouble=trouble, failed_since=since)


def _sealed(notice: Notice, told: Told) -> Notice:
    """The notice with its key: made of what is told and since when, so that news that is sent twice has it twice."""
    steps: Mapping[str, int] = {
        one.drifted.fingerprint: _step(told.findings[one.drifted.fingerprint].first, notice.at)
        for one in notice.reminded
    }
    failure = notice.failure.code if notice.failure else ""
    trouble = [] if notice.trouble is Trouble.NONE else [notice.trouble.value, failure, notice.failed_since]
    if notice.trouble is Trouble.REMINDED and told.failing:
        trouble.append(str(_step(told.failing.first, notice.at)))
    target = notice.target
    parts = [
        [notice.subject, target.account if target else "", target.region if target else ""],
        sorted([one.drifted.fingerprint, one.first] for one in notice.new),
        sorted([fingerprint, step] for fingerprint, step in steps.items()),
        sorted([one.fingerprint, one.since] for one in notice.over),
        trouble,
    ]
    return replace(notice, key=digest(parts).removeprefix("sha256:"))


def key_of(notices: Sequence[Notice]) -> str:
    """The key of a message that tells all of them: of one, its own."""
    keys = [one.key for one in notices]
    return keys[0] if len(keys) == 1 else digest(sorted(keys)).removeprefix("sha256:")


def counted(notice: Notice) -> dict[DriftClass, int]:
    """How many findings of each class stand, the classes in their order and without those that have none."""
    found = [one.drifted.what for one in notice.standing]
    return {what: found.count(what) for what in DriftClass if what in found}
