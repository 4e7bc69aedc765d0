"""`reconciler drift ack`, `unack` and `acks`: drift that is known and left for now."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.acknowledging import AcksFile, open_acks, rewrite
from reconciler.cli.adopt import Words, read_words
from reconciler.cli.age import today
from reconciler.cli.console import Console
from reconciler.cli.options import Env, Manifest
from reconciler.cli.workspace import Workspace, open_workspace
from reconciler.errors import ExitCode, ReconcilerError, StateError, UsageError
from reconciler.model.drift import Acknowledgement, Drifted, Memory

if TYPE_CHECKING:
    from reconciler.model.addresses import Address

Only = Annotated[
    str | None,
    typer.Option("--attribute", metavar="NAME", help="Only what was found of this attribute, as in tags."),
]
_DAYS = re.compile(r"([1-9][0-9]{0,3})d")


def drift_ack(
    console: Console,
    *,
    words: Words = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it may stand for now.")],
    until: Annotated[
        str,
        typer.Option(
            "--until", metavar="DAY", help="The last day (UTC), as in 2027-03-01 or 14d; at most 90 days from now."
        ),
    ],
    by: Annotated[
        str | None,
        typer.Option("--by", metavar="NAME", show_default=False, help="Who says so. Default: who git says you are."),
    ] = None,
    attribute: Only = None,
    env: Env = None,
) -> ExitCode:
    """Say that a drift is known, so that it does not alarm.

    Takes what the last run of `reconciler drift` found of a resource, and writes it into a file beside the manifest, to be
    committed and reviewed like that. Only what was found is meant: other drift of the same resource alarms all the same.

    For example:
      reconciler drift ack workload_identity.invoice-agent --reason 'Incident 4711' --until 14d
      reconciler drift ack workload_identity.a --attribute tags --reason 'See OPS-12' --until 2027-03-01 --by jane

    Exit codes: 0 done, 1 error, 5 a drift run is at work
    """
    path, addresses = read_words(words, needed=True)
    workspace = open_workspace(path, env)
    file = open_acks(workspace)
    memory = _memory(workspace)
    found = [one for address in addresses for one in _found(memory, address, attribute)]
    since, last = today(), _last_day(until)
    who = _said(by or _author(workspace), "--by")
    made = [
        Acknowledgement(
            fingerprint=one.fingerprint,
            about=one.about,
            found=_words(one),
            seen=memory.findings[one.fingerprint].first,
            reason=_said(reason, "--reason"),
            by=who,
            since=since.isoformat(),
            until=last,
        )
        for one in {one.fingerprint: one for one in found}.values()
    ]
    rewrite(workspace, file, gone={one.fingerprint for one in made}, added=made)
    for one in made:
        console.show(f"Acknowledged until {one.until}: {one.found}")
    console.note(f"Written to {file.path}, as found at {memory.last_run}. Commit it: it holds for whoever has it.")
    return ExitCode.OK


def drift_unack(console: Console, *, words: Words = None, env: Env = None) -> ExitCode:
    """Take back that a drift is known.

    Whatever was acknowledged of these resources alarms again.

    For example:
      reconciler drift unack workload_identity.invoice-agent

    Exit codes: 0 done, 1 error
    """
    path, addresses = read_words(words, needed=True)
    workspace = open_workspace(path, env)
    file = open_acks(workspace)
    named = {str(address) for address in addresses}
    gone = [one for one in file.acknowledgements if one.about in named]
    if missing := sorted(named - {one.about for one in gone}):
        raise UsageError(
            f"{file.path} acknowledges nothing of {', '.join(missing)}", "`reconciler drift acks` lists what it does."
        )
    rewrite(workspace, file, gone={one.fingerprint for one in gone})
    for one in gone:
        console.show(f"Not acknowledged any more: {one.found or one.about}")
    console.note(f"Written to {file.path}. Commit it.")
    return ExitCode.OK


def drift_acks(console: Console, *, path: Manifest = None, env: Env = None) -> ExitCode:
    """List what is acknowledged.

    Each with who said so, why and until when; and whether the last drift run still found it.

    For example:
      reconciler drift acks --env prod

    Exit codes: 0 done, 1 error
    """
    workspace = open_workspace(path, env)
    file = open_acks(workspace)
    if not file.acknowledgements:
        console.show("Nothing is acknowledged.")
        return ExitCode.OK
    console.show("\n".join(_listed(file, _remembered(workspace))))
    return ExitCode.OK


def _listed(file: AcksFile, memory: Memory | None) -> Iterator[str]:
    day = today().isoformat()
    for one in sorted(file.acknowledgements, key=lambda ack: (ack.about, ack.until)):
        over = f"until {one.until}" if one.until >= day else f"until {one.until}, so it alarms again"
        yield f"{one.about}  {over}"
        yield f"    {one.found}" if one.found else f"    {one.fingerprint}"
        yield f"    {one.by}, {one.since}: {one.reason}"
        if memory is not None and one.fingerprint not in memory.findings:
            yield f"    Superfluous: the run of {memory.last_run} did not find it."
        elif memory is not None and one.mark(memory.against) in memory.spent:
            yield "    Spent: it was over in between, so that it alarms. `reconciler drift ack` acknowledges it anew."


def _memory(workspace: Workspace) -> Memory:
    """What the last run remembered. Raises StateError where there was none that fits."""
    memory = _remembered(workspace)
    if memory is None or not memory.last_run:
        raise StateError(
            f"no drift run has looked at {workspace.lockfile} from here yet, so there is nothing to acknowledge",
            "What is acknowledged is what was found, not a resource whatever becomes of it. Run `reconciler drift` first.",
        )
    return memory


def _remembered(workspace: Workspace) -> Memory | None:
    from reconciler.drifting.remembering import fitting
    from reconciler.state import open_state

    with open_state(workspace.environment, workspace.lockfile) as state:
        lock = state.read()
        with state.remembering("drift ack") as remembered:
            memory = remembered.read()
    return (
        memory if lock is not None and memory is not None and fitting(memory, lock, memory.against) is memory else None
    )


def _found(memory: Memory, address: Address, attribute: str | None) -> Sequence[Drifted]:
    """What stands of that address. Raises UsageError, with what is known, where nothing does."""
    standing = [one.drifted for one in memory.findings.values()]
    of_it = [one for one in standing if one.about == str(address)]
    named = [one for one in of_it if attribute in (None, one.attribute)]
    lasting = [one for one in named if not one.what.passing]
    if lasting:
        return lasting
    if named:
        raise UsageError(
            f"{address}: {_words(named[0])}; that is told once and then over, so there is nothing to acknowledge",
            "Newcomers that nobody need hear of go into `settings.drift.ignore`.",
        )
    known = sorted({f"{one.about} {one.attribute}".strip() for one in standing if not one.what.passing})
    what = f"{address}, {attribute}," if attribute else str(address)
    raise UsageError(
        f"the drift run of {memory.last_run} found nothing of {what} that stands",
        f"What stands: {', '.join(known)}." if known else "Nothing stands at all. `reconciler drift` looks again.",
    )


def _words(one: Drifted) -> str:
    from reconciler.drifting.wording import words_of

    return words_of(one)[0]


def _last_day(text: str) -> str:
    """The day that --until says. Raises UsageError for none, one that is over, and one too far away."""
    from reconciler.manifest.acknowledgements import LONGEST
    from reconciler.model.expiry import day_of

    days = _DAYS.fullmatch(text)
    day = today() + timedelta(days=int(days[1])) if days else day_of(text)
    if day is None or (not days and day.isoformat() != text):
        raise UsageError(f"--until {text!r} is no day", "Give one as in 2027-03-01, or a number of days as in 14d.")
    left = (day - today()).days
    if left < 0:
        raise UsageError(f"--until {text} is over: today it is {today()} (UTC)", "Give a day that comes.")
    if left > LONGEST:
        raise UsageError(
            f"--until {text} is {left} days away, and at most {LONGEST} are allowed",
            "What shall stand longer belongs in the manifest: `reconciler drift accept`, or a rule of `settings.drift.ignore`.",
        )
    return day.isoformat()


def _author(workspace: Workspace) -> str:
    """Who git says that commits here are from. Raises UsageError where it does not: somebody has to be named."""
    from reconciler.repository import author

    try:
        named = author(workspace.folder)
    except ReconcilerError:
        named = ""
    if not named:
        raise UsageError("nobody says who acknowledges this", "Say it: --by NAME. Or tell git: git config user.email.")
    return named


def _said(text: str, option: str) -> str:
    """What an option says, on one line. Raises UsageError where that is nothing."""
    line = " ".join(text.split())
    if not line:
        raise UsageError(f"{option} is empty", "Say it in a few words, for those who read it next.")
    return line
