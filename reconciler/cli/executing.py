"""From a printed plan to its outcomes: guards, the question, the calls, the report. The one path of every verb that writes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.cli.console import Console
from reconciler.cli.interrupts import stoppable
from reconciler.cli.options import Format
from reconciler.cli.plan import print_plan
from reconciler.cli.planned import Opened, opened
from reconciler.cli.progress import followed
from reconciler.cli.unfinished import settled_first
from reconciler.cli.workspace import Workspace, open_directory
from reconciler.errors import ExitCode, ReconcilerError, StateLocked, UsageError
from reconciler.model.outcomes import Report
from reconciler.model.plan import Plan

if TYPE_CHECKING:
    from reconciler.directory.protocol import Directory
    from reconciler.planning import Allowances
    from reconciler.state import State, Writer


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What has to be answered before anything is written. `answer` is the one word that agrees.

    `given`: --auto-approve, or a saved plan, which was looked at when it was made. `elsewhere`: what else the verb offers
    where nobody can be asked, as a sentence.
    """

    noun: str
    question: str
    answer: str
    given: bool
    elsewhere: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Under which terms a verb runs its plan: seconds to wait for the state, guards lifted, changes at the same time."""

    lock_timeout: float
    allowances: Allowances
    threads: int


@contextlib.contextmanager
def only_writer(console: Console, state: State, command: str, timeout: float) -> Iterator[Writer]:
    """The only writer of the state while inside; says for whom it waits, up to `timeout` seconds. Raises StateLocked."""
    with contextlib.ExitStack() as held:
        try:
            writer = held.enter_context(state.exclusive(command))
        except StateLocked as error:
            if not timeout:
                raise
            console.note(f"{error.summary}. Waiting up to {timeout:g} s.")
            writer = held.enter_context(state.exclusive(command, timeout))
        yield writer


def run_locked(
    console: Console,
    workspace: Workspace,
    command: str,
    make: Callable[[Opened], Plan],
    *,
    consent: Consent,
    terms: Terms,
) -> ExitCode:
    """Make a plan and run it, all under the state's lock, so that nothing moves in between, the question included.

    What an earlier run left unfinished is settled first. Raises StateLocked where another writer holds the state.
    """
    from reconciler.state import open_state

    with (
        open_state(workspace.environment, workspace.lockfile) as state,
        only_writer(console, state, command, terms.lock_timeout) as writer,
        open_directory(workspace.environment, workspace.folder) as directory,
    ):
        one = opened(console, workspace, writer.lock, directory)
        lock = settled_first(console, writer, directory, one.target)
        plan = make(replace(one, lock=lock))
        return execute(console, plan, directory, writer, consent=consent, terms=terms)


def execute(
    console: Console, plan: Plan, directory: Directory, writer: Writer, *, consent: Consent, terms: Terms
) -> ExitCode:
    """Print the plan, look at the guards, ask, run it, report. Raises UsageError where nobody is there to be asked."""
    print_plan(console, plan, Format.TEXT)
    if _refused(console, plan, terms.allowances):
        return ExitCode.REFUSED
    if plan.empty:
        return ExitCode.OK
    check_secrets((plan,))
    if not agreed(console, consent):
        console.note(f"{consent.noun} cancelled. Nothing was changed.")
        return ExitCode.ERROR
    return _run(console, plan, directory, writer, terms.threads)


def _refused(console: Console, plan: Plan, allowances: Allowances) -> bool:
    from reconciler.planning import guard

    found = guard(plan, allowances)
    if found:
        console.diagnostics(found)
        console.note("Refused: nothing was written.")
    return bool(found)


def check_secrets(plans: Iterable[Plan]) -> None:
    """Raise UsageError for secrets that the plans send and the environment does not hold: all at once, before any call."""
    missing = [
        (source.env, str(change.address), name)
        for plan in plans
        for change in plan.changes
        for name, source in sorted(change.secrets.items())
        if source.env and not os.environ.get(source.env)
    ]
    if missing:
        raise UsageError(
            f"not set, or empty: {', '.join(sorted({env for env, *_ in missing}))}; nothing was written",
            "\n".join(f"{env} is read for {name} of {address}." for env, address, name in missing)
            + "\nSet them in the environment of this command; their values are sent and kept nowhere.",
        )


def agreed(console: Console, consent: Consent) -> bool:
    """Whether it was given, or is when asked. Raises UsageError where nobody is there to be asked."""
    if consent.given:
        return True
    if not console.asks:
        raise UsageError(
            "nobody is here to agree to this (no terminal, or RECONCILER_INPUT=0, or CI is set); nothing was written",
            f"{consent.elsewhere} To go on without being asked: --auto-approve.".lstrip(),
        )
    return console.ask(f"\n{consent.question}\n  Only '{consent.answer}' will be accepted: ") == consent.answer


def _run(console: Console, plan: Plan, directory: Directory, writer: Writer, threads: int) -> ExitCode:
    from reconciler.applying import RunBroken, RunUnheard, apply

    stop = directory.hurry  # it also ends the waiting of calls that are under way
    with stoppable(console, stop):
        try:
            with followed(console, plan) as on_event:
                report = apply(plan, directory, writer, threads=threads, on_event=on_event, stop=stop)
        except RunBroken as broken:  # what was done is told before why the rest was not
            _tell(console, broken.report, plan)
            raise
        except RunUnheard as unheard:
            _tell(console, unheard.report, plan)
            raise unheard.reason from None
        _tell(console, report, plan)
    return ExitCode.OK if report.whole else ExitCode.PARTIAL


def _tell(console: Console, report: Report, plan: Plan) -> None:
    from reconciler.render import report_text

    # What was done is done, and the exit code says how it ended.
    try:
        console.show(report_text(report, plan, colour=console.colour_out, width=console.width))
    except BrokenPipeError:
        return
    except ReconcilerError as error:
        console.note(f"The report is lost: {error.summary}. `reconciler lock show` lists what is managed now.")
