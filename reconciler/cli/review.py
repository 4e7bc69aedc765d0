"""`reconciler review`: what a change of the manifest means, before anybody approves it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.age import today
from reconciler.cli.console import Console
from reconciler.cli.lockfiles import lock_edits, locks_of_base, other_locks
from reconciler.cli.options import Format, Manifest, Outputs, SeveralEnv, Verbose
from reconciler.cli.planned import make
from reconciler.cli.report_files import read_report_files
from reconciler.cli.reported import tell_report
from reconciler.cli.versions import WORKTREE, Versions, read_versions
from reconciler.cli.workspace import open_workspace
from reconciler.errors import ExitCode, ReconcilerError, UsageError
from reconciler.model.report import ChangeReport, Level

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.model.addresses import Remote
    from reconciler.model.environments import Environment


class FailOn(enum.Enum):
    """From which level on a finding refuses."""

    NOTICE = "notice"
    WARNING = "warning"
    CRITICAL = "critical"


def review(
    console: Console,
    *,
    path: Manifest = None,
    env: SeveralEnv = None,
    base: Annotated[
        str | None,
        typer.Option(
            "--base",
            metavar="REF",
            show_default=False,
            help="What the change is to be merged into: a branch, tag or commit. Default: as the CI says, else origin's "
            "default branch, else main. Compared is the commit at which the change left it.",
        ),
    ] = None,
    head: Annotated[
        str, typer.Option("--head", metavar="REF|worktree", help="The change: what stands here, or a commit.")
    ] = WORKTREE,
    form: Annotated[Format, typer.Option("--format", case_sensitive=False, help="How it is printed.")] = Format.TEXT,
    outputs: Outputs = None,
    fail_on: Annotated[
        FailOn | None,
        typer.Option("--fail-on", case_sensitive=False, help="Exit 3 when a finding is of this level or graver."),
    ] = None,
    with_lock: Annotated[
        bool, typer.Option("--with-lock", help="Also what the lockfiles of the base know. Still offline.")
    ] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Also the real plan of each environment. Needs credentials; writes nothing.")
    ] = False,
    detailed: Annotated[bool, typer.Option("--detailed-exitcode", help="Exit 2 when something changes.")] = False,
    verbose: Verbose = False,
) -> ExitCode:
    """Say what a change of the manifest means.

    Reads both versions from git, offline and without credentials, runs nothing that a branch holds, and tells what differs in
    each environment: resources, return URLs, grants, protection, limits, settings; and what is risky about it.

    For example:
      reconciler review
      reconciler review --base origin/main --fail-on critical
      reconciler review --head feature/new-agent --env prod
      reconciler review --output markdown=comment.md --output sarif=review.sarif
      reconciler review --format json | jq '.findings[] | select(.level == "critical")'

    The allow-lists and approvers of settings.review count as the base has them, where the change left it and by now: who
    changes them here gains nothing, nor does a change that began before they were tightened.

    Exit codes: 0 done, 1 error or a version could not be read or understood,
    2 something changes (with --detailed-exitcode), 3 a finding of the level of --fail-on, or a plan that apply refuses
    """
    from reconciler.reviewing import review as reviewed
    from reconciler.reviewing import with_locks

    files = read_report_files(outputs, manifest=path)
    if live and head != WORKTREE:
        raise UsageError(
            f"--live plans what is checked out, and --head says {head!r}", "Check it out, or leave --live away."
        )
    versions = read_versions(path, base=base, head=head)
    chosen = _choice(versions, env)
    report = reviewed(
        versions.base,
        versions.head,
        chosen,
        tip=versions.tip,
        prefix=versions.prefix,
        claimed=_claimed(versions, chosen),
        edits=lock_edits(versions, _kept_beside(versions, chosen)),
        today=today(),
    )
    report = replace(report, manifest=versions.stood[0].path, asked=env or "")
    if with_lock:
        locks, silent = locks_of_base(versions, dict(_environments(versions, chosen)))
        report = with_locks(report, locks)
        report = replace(report, unread=(*report.unread, *silent))
    if live:
        plans, unplanned = _plans(console, versions, chosen)
        report = replace(report, also=tuple(plans), unread=(*report.unread, *unplanned))
    tell_report(console, report, files, form, verbose=verbose)
    return _exit_code(report, fail_on, detailed=detailed)


def _exit_code(report: ChangeReport, fail_on: FailOn | None, *, detailed: bool) -> ExitCode:
    """An error wins over a refusal, a refusal over changes. A plan that apply refuses counts as grave as can be."""
    if not report.complete:
        return ExitCode.ERROR
    if fail_on is not None and (report.refusing or report.at_least(Level(fail_on.value))):
        return ExitCode.REFUSED
    return ExitCode.CHANGES if detailed and not report.empty else ExitCode.OK


def _choice(versions: Versions, env: str | None) -> Callable[[str], bool]:
    """Which environments are looked at: all, or those of either version that --env means. Raises UsageError for none."""
    if env is None:
        return lambda _: True
    declared = {**versions.base.environments, **versions.head.environments}
    names = {name for name, one in declared.items() if env in (name, one.group) or fnmatchcase(name, env)}
    if declared and not names:
        raise UsageError(
            f"Neither version declares an environment {env!r}", f"They declare: {', '.join(sorted(declared))}."
        )
    return names.__contains__


def _claimed(versions: Versions, chosen: Callable[[str], bool]) -> dict[str, dict[Remote, str]]:
    """By environment, whose each resource is that the lockfiles of other stacks in the repository hold."""
    from reconciler.reviewing import claimed_in

    manifest = versions.head.manifest or versions.base.manifest
    others = other_locks(versions)
    if manifest is None or not others:
        return {}
    return {name: claimed_in(one, manifest.stack, others) for name, one in _environments(versions, chosen)}


def _kept_beside(versions: Versions, chosen: Callable[[str], bool]) -> list[str]:
    """The environments whose lockfiles stand in the repository."""
    return [name for name, one in _environments(versions, chosen) if one.state is None]


def _environments(versions: Versions, chosen: Callable[[str], bool]) -> Iterator[tuple[str, Environment]]:
    declared = {**versions.base.environments, **versions.head.environments}
    yield from ((name, declared[name]) for name in sorted(declared) if chosen(name))


def _plans(console: Console, versions: Versions, chosen: Callable[[str], bool]) -> tuple[list[ChangeReport], list[str]]:
    """The plan of each environment that the change leaves standing, and why some could not be made, as sentences."""
    plans, silent = [], []
    manifest = versions.head.manifest
    for name in versions.head.environments if manifest else ():
        if manifest and chosen(name):
            try:
                plans.append(_plan(console, manifest.path, name))
            except ReconcilerError as error:
                said = " ".join(f"{error.summary.rstrip('.')}. {error.detail}".split())
                silent.append(f"Environment {name} could not be planned: {said}")
    return plans, silent


def _plan(console: Console, path: Path, environment: str) -> ChangeReport:
    from reconciler.planning import Allowances, Selection, guard
    from reconciler.reviewing.of_plan import report_of_plan

    made = make(console, open_workspace(path, environment), refresh=None, selection=Selection())
    return report_of_plan(made, guard(made, Allowances()))
