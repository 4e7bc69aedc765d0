"""What comes after a drift run, also after one that broke off: people are told, measures are written.

Each target's memory is opened once more for that, and says afterwards who was told what.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import TYPE_CHECKING

from reconciler.cli.age import stamp
from reconciler.cli.console import Console
from reconciler.cli.metric_files import MetricFiles
from reconciler.cli.workspace import Workspace, offline_target, workspace_in
from reconciler.errors import ExitCode, NotTold, ReconcilerError, StateLocked
from reconciler.model.drift import Against, DriftRun, Memory
from reconciler.model.environments import Environment
from reconciler.model.fleet import Failure
from reconciler.model.measures import Measures
from reconciler.model.telling import BROKEN_OFF, CheckFailure, Notice, Told

if TYPE_CHECKING:
    from reconciler.cli.drifted import Outcomes
    from reconciler.cli.fleet.choice import Choice
    from reconciler.model.rates import Rates
    from reconciler.notifying import Errand, Letter, Recipient
    from reconciler.state import Remembered


@dataclass(slots=True, kw_only=True)
class _End:
    """How one target ended: `run`, or `failure`. `remembered` None: its memory cannot be opened; `shut`: why.

    `notices` by recipient. `untold`: how many recipients were not told of it.
    """

    name: str
    at: str
    run: DriftRun | None = None
    failure: Failure | None = None
    workspace: Workspace | None = None
    remembered: Remembered | None = None
    memory: Memory | None = None
    shut: str = ""
    untold: int = 0
    notices: dict[str, Notice] = field(default_factory=dict)


class Aftermath:
    """A context around drift runs. Inside, `chosen` and `found` are told what is known; on leaving, people and files are.

    Leaving raises NotTold where somebody was not told, or measures were not written, and nothing else has gone wrong.
    """

    def __init__(
        self,
        console: Console,
        *,
        recipients: Sequence[Recipient],
        metrics: MetricFiles,
        against: Against,
        about: str,
    ) -> None:
        self._console = console
        self._recipients = tuple(recipients)
        self._metrics = metrics
        self._suffix = "" if against is Against.LOCKFILE else f" against {against.value}"
        self._about = about
        self._began = time.monotonic()
        self._choice: tuple[Choice, Rates] | None = None
        self._outcomes: Outcomes | None = None

    @property
    def owed(self) -> tuple[str, ...]:
        """By which names what a run finds is owed, from before it is told on."""
        return tuple(one.name + self._suffix for one in self._recipients)

    def chosen(self, choice: Choice, rates: Rates) -> Choice:
        """Say which targets are meant."""
        self._choice = (choice, rates)
        return choice

    def found(self, outcomes: Outcomes) -> Outcomes:
        """Say what the runs came to."""
        self._outcomes = outcomes
        return outcomes

    def __enter__(self) -> Aftermath:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not (self._recipients or self._metrics.files) or not isinstance(error, Exception | None):
            return
        if isinstance(error, StateLocked) and self._outcomes is None:
            return  # another run is at work, and tells
        failed = self._follow(error)
        if not failed:
            return
        untold = _untold(failed, of=len(self._recipients) + len(self._metrics.files))
        if error is not None:
            self._console.error(untold)
        else:
            raise untold

    def _follow(self, error: Exception | None) -> dict[str, str]:
        """Who was not told and what was not written, and why."""
        seconds = time.monotonic() - self._began
        failed: dict[str, str] = {}
        with contextlib.ExitStack() as opened:
            ends = list(self._ends(error))
            for end in ends:
                self._open(end, opened)
            if self._recipients:
                failed |= self._tell(ends)
            measured = [_measures(one, seconds, told=bool(self._recipients)) for one in ends]
        return failed | (self._metrics.write(self._console, measured) if measured else {})

    def _ends(self, error: Exception | None) -> Iterator[_End]:
        from reconciler.cli.fleet.island import failure_of

        if self._outcomes is None:
            names = self._choice[0].names if self._choice else (self._about,)
            failure = failure_of(error) if error is not None else Failure(summary="nothing was looked at")
            ends = [_End(name=name, at=stamp(), failure=failure) for name in names]
        else:
            ends = [_End(name=run.target.environment, at=run.at, run=run) for run in self._outcomes.runs]
            ends += [
                _End(name=name, at=stamp(), failure=failure)
                for name, failure in self._outcomes.failures
                if failure.exit_code is not ExitCode.LOCKED
            ]
        yield from ends

    def _open(self, end: _End, opened: contextlib.ExitStack) -> None:
        """Its memory, as far as that can be had."""
        from reconciler.state import open_state

        if self._choice is None:
            return
        choice, rates = self._choice
        try:
            end.workspace = workspace_in(choice.manifest, choice.found, end.name, rates)
            state = opened.enter_context(open_state(end.workspace.environment, end.workspace.lockfile))
            end.remembered = opened.enter_context(state.remembering("drift"))
            end.memory = end.remembered.read()
        except ReconcilerError as error:
            end.remembered, end.shut = None, error.summary

    def _tell(self, ends: Sequence[_End]) -> dict[str, str]:
        from reconciler.notifying import deliver

        failed: dict[str, str] = {}
        for end in ends:
            if end.run is not None and end.remembered is None:  # who knows what was told? the next run
                end.untold = len(self._recipients)
                failed |= {one.name: f"{end.name}: {end.shut}" for one in self._recipients}
        errands = [errand for one in self._recipients for errand in self._errands(one, ends)]
        for done in deliver([errand for errand, _ in errands], environ=os.environ):
            name = done.errand.recipient.name
            theirs = next(about for errand, about in errands if errand is done.errand)
            if done.failed is not None:
                failed[name] = done.failed.summary + (f" ({done.failed.detail})" if done.failed.detail else "")
            for end in theirs:
                if done.failed is not None:
                    end.untold += 1
                else:
                    failed |= self._remembered(end, name, done.reference)
        told = {(id(end), errand.recipient.name) for errand, theirs in errands for end in theirs}
        for end in ends:
            for name in (one for one in end.notices if (id(end), one) not in told):  # where there was nothing to tell
                failed |= self._remembered(end, name, "")
        return failed

    def _errands(self, recipient: Recipient, ends: Sequence[_End]) -> Iterator[tuple[Errand, list[_End]]]:
        """One for each message: one in all, but an issue of its own for each target."""
        from reconciler.notifying import Channel, Errand

        told = [end for end in ends if end.run is None or end.remembered is not None]
        notices = {id(end): self._notice(recipient, end) for end in told}
        for end in told:
            end.notices[recipient.name] = notices[id(end)]
        if recipient.channel is Channel.GITHUB:
            for end in told:
                errand = Errand(
                    recipient=recipient,
                    letter=_letter([notices[id(end)]]),
                    environment=_environment(end),
                    reference=self._told(recipient.name, end).reference,
                )
                yield errand, [end]
            return
        loud = [end for end in told if not notices[id(end)].quiet]
        if loud:
            letter = _letter([notices[id(end)] for end in loud])
            yield Errand(recipient=recipient, letter=letter, environment=_environment(loud[0])), loud

    def _told(self, name: str, end: _End) -> Told:
        return end.memory.told.get(name + self._suffix, Told()) if end.memory else Told()

    def _notice(self, recipient: Recipient, end: _End) -> Notice:
        from reconciler.drifting.telling import notice_of, notice_of_failure

        told = self._told(recipient.name, end)
        if end.run is not None:
            return notice_of(told, end.run)
        failure = end.failure or Failure(summary="nothing was looked at")
        said = [str(one) for one in failure.diagnostics] or failure.detail.splitlines()
        target = None
        if end.workspace is not None:
            stack, environment = end.workspace.stack.name, end.workspace.environment
            target = offline_target(stack, environment, None)
        return notice_of_failure(
            told,
            CheckFailure(code=BROKEN_OFF, summary=failure.summary, said=tuple(said)),
            target=target,
            subject=target.owner if target else end.name,
            at=end.at,
        )

    def _remembered(self, end: _End, name: str, reference: str) -> dict[str, str]:
        """Remember it; why that could not be."""
        try:
            self._remember(end, name, reference)
        except ReconcilerError as error:
            return {name: f"what was told cannot be remembered, and is told again: {error.summary}"}
        return {}

    def _remember(self, end: _End, name: str, reference: str) -> None:
        """That it was told. Raises StateError. Where there is no memory, nobody remembers, and the next run tells again."""
        from reconciler.drifting.telling import told_after

        if end.remembered is None:
            return
        told = self._told(name, end)
        after = replace(told_after(told, end.notices[name], end.run), reference=reference)
        if after == told:
            return
        memory = end.memory or Memory(lineage="", account="", region="")
        end.memory = replace(memory, told={**memory.told, name + self._suffix: after})
        end.remembered.write(end.memory)


def _environment(end: _End) -> Environment:
    """Whose credentials AWS is spoken to with."""
    return end.workspace.environment if end.workspace is not None else Environment(name=end.name)


def _letter(notices: Sequence[Notice]) -> Letter:
    from reconciler.drifting.telling import key_of
    from reconciler.notifying import Letter
    from reconciler.render import notices as render

    first = notices[0]
    return Letter(
        key=key_of(notices),
        headline=render.headline(notices),
        text=render.notice_text(notices),
        json=render.payload_json(notices),
        slack=render.slack_json(notices),
        title=render.issue_title(first),
        body=render.issue_body(first),
        comment=render.issue_comment(first),
        known=first.known,
        quiet=first.quiet,
        over=first.all_clear,
    )


def _untold(failed: Mapping[str, str], *, of: int) -> NotTold:
    """What is raised where some of so many were not told: each is named once, with its reason."""
    later = "They are told with the next run."
    if len(failed) == 1:
        ((name, why),) = failed.items()
        return NotTold(f"1 of {of} were not told: {name}", f"{why}\n{later}")
    return NotTold(
        f"{len(failed)} of {of} were not told", "\n".join([*(f"{name}: {why}" for name, why in failed.items()), later])
    )


def _measures(end: _End, seconds: float, *, told: bool) -> Measures:
    from reconciler.drifting.measuring import measures_of, measures_of_failure

    untold = end.untold if told else None
    if end.run is not None:
        return measures_of(end.run, end.memory, seconds=seconds, not_told=untold)
    stack = end.workspace.stack.name if end.workspace else ""
    return measures_of_failure(
        end.memory, stack=stack, environment=end.name, at=end.at, seconds=seconds, not_told=untold
    )
