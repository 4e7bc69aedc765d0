"""`reconciler.lambda_handler.handler`: drift runs in AWS Lambda, started by EventBridge.

An event of CloudTrail about an identity has just that one read, soon after it happened; a scheduled event makes an ordinary
run. What a run is told comes in environment variables; docs/scheduling/lambda.md says which, and what the answers mean.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.cli.console import Console
from reconciler.errors import ExitCode, ReconcilerError, StateLocked, UsageError, unforeseen

if TYPE_CHECKING:
    from reconciler.cli.fleet.choice import Choice
    from reconciler.cli.metric_files import MetricFiles
    from reconciler.model.drift import DriftRun
    from reconciler.model.trail import Event

_BY_TRAIL, _BY_CLOCK = "AWS API Call via CloudTrail", "Scheduled Event"
_NAMED_AT_MOST = 50  # findings in an answer; the rest is counted


class DriftCheckFailed(Exception):
    """What Lambda is told of a run that failed: one sentence, nothing of what led to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the environment variables ask for."""

    manifest: str
    environment: str | None
    full_every: str
    notify: tuple[str, ...]
    metrics: bool


class _Log(Console):
    """Every word to somebody is a line of JSON on standard output, where CloudWatch Logs reads it."""

    __slots__ = ()

    def tell(self, text: str) -> None:
        """Log it."""
        _log("info", message=text.strip())

    def error(self, error: ReconcilerError) -> None:
        """Log it with what to do."""
        from reconciler.cli.fleet.island import recorded

        words = recorded()
        words.error(error)
        _log("error", message="\n".join(words.said), exit_code=int(error.exit_code))


def handler(event: object, _context: object = None) -> dict[str, Any]:
    """What came of an event, as JSON: `outcome` is none, drift, ignored or busy; `exit_code` as `reconciler drift` has it.

    Raises DriftCheckFailed, so that Lambda counts an error and tries again, where something could not be read or somebody not
    be told; and where an event's identity could not be looked at because an apply or another run is at work.
    """
    console = _Log(colour_out=False, colour_err=False, asks=False, animates=False, width=100)
    told = None
    try:
        answer = _answer(console, event, os.environ)
    except ReconcilerError as error:
        console.error(error)
        told = f"exit code {int(error.exit_code)}: {error.summary}"
    except Exception as error:
        told = f"internal error: {unforeseen(error)}"
        _log("error", message=told, exit_code=int(ExitCode.ERROR))
    else:
        _log("info", message="drift run ended", **answer)
        return answer
    raise DriftCheckFailed(told)


def _answer(console: Console, event: object, environ: Mapping[str, str]) -> dict[str, Any]:
    """Raises ReconcilerError for what is to be tried again."""
    if not isinstance(event, Mapping):
        return _ignored(f"the event is no object of JSON, as those of EventBridge are, but {_described(event)}")
    reason = _foreign(event)
    if not reason and event["detail-type"] == _BY_CLOCK:
        return _by_clock(console, environ)
    told = None if reason else _told(event)
    reason = reason or _unread(told)
    if told is None or reason:
        return _ignored(reason)
    return _run(console, _asked(environ), (told,), places=_places(event))


def _by_clock(console: Console, environ: Mapping[str, str]) -> dict[str, Any]:
    try:
        return _run(console, _asked(environ), ())
    except StateLocked as locked:  # the run that is at work, or the next one, sees what this one would have
        console.error(locked)
        return {"outcome": "busy", "exit_code": int(locked.exit_code), "reason": locked.summary}


def _foreign(event: Mapping[str, Any]) -> str:
    """Why nobody here knows what to do with such an event, or ""."""
    what, source = str(event.get("detail-type"))[:100], str(event.get("source"))
    if what not in (_BY_TRAIL, _BY_CLOCK):
        return f"detail-type {what!r} is neither {_BY_TRAIL!r} nor {_BY_CLOCK!r}"
    if not source.startswith("aws."):  # anybody may send events, but only AWS with such a source
        return "the event was not sent by AWS, so nobody vouches for who did what"
    if what == _BY_TRAIL and not all(_place(event)):
        return "the event does not say of which account and Region it is, as every event of AWS does"
    return ""


def _described(event: object) -> str:
    if isinstance(event, (list, str)):
        return "a list" if isinstance(event, list) else "a text"
    return "null" if event is None else "a single value"


def _unread(told: Event | None) -> str:
    """Why there is nothing to read for that event, or ""."""
    if told is None:
        return "the event is about no identity, provider or vault of AgentCore"
    if told.error:
        return f"{told.operation} was refused, so it changed nothing"
    if not told.remotes:
        return f"{told.operation} does not say what of ours it was about; the next scheduled run looks"
    return ""


def _asked(environ: Mapping[str, str]) -> _Asked:
    """Raises UsageError."""
    metrics = environ.get("RECONCILER_METRICS", "")
    if metrics not in ("", "emf"):
        raise UsageError(
            f"RECONCILER_METRICS {metrics!r} is nothing that is written here", "Set it to emf, or not at all."
        )
    return _Asked(
        manifest=environ.get("RECONCILER_MANIFEST", ""),
        environment=environ.get("RECONCILER_ENV") or None,
        full_every=environ.get("RECONCILER_FULL_EVERY") or "24h",
        notify=tuple(environ.get("RECONCILER_NOTIFY", "").split()),
        metrics=bool(metrics),
    )


def _run(
    console: Console, asked: _Asked, events: tuple[Event, ...], places: Sequence[tuple[str, str]] = ()
) -> dict[str, Any]:
    """The answer of a run; `events`: it looks at what these name alone. `places`: accounts and Regions that they are of."""
    from reconciler.cli.aftermath import Aftermath
    from reconciler.cli.age import seconds_of
    from reconciler.cli.drifted import DriftTerms, Outcomes, Pending, run_several
    from reconciler.cli.workspace import AS_DECLARED
    from reconciler.model.drift import Against
    from reconciler.notifying.recipients import read_recipients

    after = Aftermath(
        console,
        recipients=read_recipients(asked.notify),
        metrics=_metrics(wanted=asked.metrics and not events),  # a glance measures nothing of the whole
        against=Against.LOCKFILE,
        about=asked.manifest or "the manifest",
    )
    every = seconds_of(asked.full_every, option="RECONCILER_FULL_EVERY")
    terms = DriftTerms(every=every, events=events, owed=after.owed)
    with after, Pending() as pending, _manifest(asked.manifest) as path:
        choice = after.chosen(_chosen(path, asked.environment), AS_DECLARED)
        elsewhere = _elsewhere(choice, places)
        if elsewhere:
            after.found(Outcomes(stack=choice.manifest.stack, runs=()))
            return _ignored(elsewhere)
        outcomes = after.found(run_several(console, choice, terms, AS_DECLARED, pending))
        pending.remember()
    return _came_to(outcomes.runs[0])


@contextlib.contextmanager
def _manifest(where: str) -> Iterator[Path | None]:
    if not where.startswith("s3://"):
        yield Path(where) if where else None
        return
    from reconciler.cli.manifest_in_bucket import fetched

    with fetched(where) as path:
        yield path


def _chosen(path: Path | None, environment: str | None) -> Choice:
    """The one target that this function is for. Raises UsageError for several, and for one whose state it would forget."""
    from reconciler.cli.fleet.choice import Wanted, choose

    choice = choose(path, Wanted(env=environment))
    if choice.several:
        raise UsageError(
            f"RECONCILER_ENV {environment!r} means several targets, and a function looks at one",
            "Deploy one for each, with that target's name.",
        )
    (name,) = choice.names
    if choice.manifest.environments[name].state is None:
        raise UsageError(
            f"environment {name!r} keeps its state beside the manifest, where a function finds and remembers nothing",
            "Keep it in a bucket: state: s3://BUCKET/PREFIX in the manifest, and `reconciler lock migrate`.",
        )
    return choice


def _elsewhere(choice: Choice, places: Sequence[tuple[str, str]]) -> str:
    """Why an event of these accounts and Regions is not about the directory that is looked at, or ""."""
    declared = choice.manifest.environments[choice.names[0]]
    region = declared.region or os.environ.get("AWS_REGION", "")
    for at, (what, ours) in enumerate((("account", declared.account), ("Region", region))):
        said = list(dict.fromkeys(place[at] for place in places if place[at]))
        theirs = next((one for one in said if ours and one != ours), "")
        if theirs:
            return f"the event is of {what} {theirs}, and the directory is of {ours}"
        if len(said) > 1:
            return f"the event is of {what} {said[0]}, and what CloudTrail recorded is of {said[1]}"
    return ""


def _told(event: Mapping[str, Any]) -> Event | None:
    """The event as the audit trail would tell it; None for what changes nothing of ours."""
    from reconciler.aws.trail_events import event_of

    account, region = _place(event)
    return event_of({"CloudTrailEvent": json.dumps(event.get("detail"))}, account=account, region=region)


def _places(event: Mapping[str, Any]) -> tuple[tuple[str, str], tuple[str, str]]:
    """Account and Region as the envelope has them, and as CloudTrail's record within does; "" where it does not."""
    detail = event.get("detail")
    record = detail if isinstance(detail, Mapping) else {}
    return (
        (str(event.get("account") or ""), str(event.get("region") or "")),
        (str(record.get("recipientAccountId") or ""), str(record.get("awsRegion") or "")),
    )


def _place(event: Mapping[str, Any]) -> tuple[str, str]:
    (account, region), (recorded, recorded_region) = _places(event)
    return account or recorded, region or recorded_region


def _metrics(*, wanted: bool) -> MetricFiles:
    from reconciler.cli.metric_files import MetricFile, MetricFiles, MetricFormat

    return MetricFiles(files=(MetricFile(form=MetricFormat.EMF, file=None),) if wanted else ())


def _came_to(run: DriftRun) -> dict[str, Any]:
    """Raises ReconcilerError where the run does not know everything that it was to look at."""
    from reconciler.model.drift import Status

    if not run.complete:
        raise ReconcilerError(f"{run.target.owner}: {run.unread[0]}", "\n".join(run.unread[1:]))
    news = [one for one in run.noted if one.status is not Status.STANDING]
    return {
        "outcome": "drift" if run.alarming else "none",
        "exit_code": int(ExitCode.CHANGES if run.alarming else ExitCode.OK),
        "stack": run.target.stack,
        "environment": run.target.environment,
        "at": run.at,
        "whole": not run.glance,
        "read": sum(run.coverage.read.values()),
        "calls": run.coverage.calls,
        **{status.value: sum(one.status is status for one in run.noted) for status in Status},
        "findings": [
            {
                "class": one.drifted.what.value,
                "about": one.drifted.about,
                "attribute": one.drifted.attribute,
                "status": one.status.value,
                "fingerprint": one.drifted.fingerprint,
                "by": [event.principal.name for event in one.drifted.events[-1:]],
            }
            for one in news[:_NAMED_AT_MOST]
        ],
    }


def _ignored(reason: str) -> dict[str, Any]:
    return {"outcome": "ignored", "exit_code": int(ExitCode.OK), "reason": reason}


def _log(level: str, **said: Any) -> None:
    print(json.dumps({"level": level, **said}), flush=True)
