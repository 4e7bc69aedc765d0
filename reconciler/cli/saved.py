"""Applying a saved plan: no manifest, nothing computed again, every reason to refuse looked for first."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from reconciler.cli.age import check_age
from reconciler.cli.console import Console
from reconciler.cli.executing import Consent, Terms, execute, only_writer
from reconciler.cli.plan_files import read_plan, tell
from reconciler.cli.signing import check_not_left_unchecked, check_signature
from reconciler.cli.unfinished import settled_first
from reconciler.cli.workspace import AS_DECLARED, environment_of, open_directory, workspace_in
from reconciler.errors import ExitCode, InvalidInput, Refused, StalePlan
from reconciler.model.plan import Plan
from reconciler.model.rates import Rates

if TYPE_CHECKING:
    from reconciler.manifest import Manifest

Place = TypeVar("Place")
_AGAIN = "Plan again, look at what it says now, and apply that."
_LONGEST, _LONGEST_PATH = 250, 4000  # bytes; what stands beside a lockfile has a longer name


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What a saved plan has to be to be run: no older than `max_age` (None: any age), signed by `verify_with`.

    `manifest`: what it has to be made from, where somebody wants that checked.
    """

    max_age: timedelta | None
    verify_with: str | None
    manifest: Manifest | None = None


def apply_saved(console: Console, file: Path, *, env: str | None, terms: Terms, trust: Trust, rates: Rates) -> ExitCode:
    """Run the plan in `file`, at its own rates where `rates` say nothing else.

    Raises StalePlan for one that no longer fits, Refused for one that nobody vouches for, and whatever reading and running
    raise.
    """
    from reconciler.planning import check_fits
    from reconciler.state import open_state

    plan = trusted(console, file, trust)
    if env is not None and env not in (plan.target.environment, plan.target.environment.partition("@")[0]):
        raise StalePlan(
            f"{file} is a plan for environment {plan.target.environment}, not {env}",
            "Leave out --env (and RECONCILER_ENV): the plan knows where it goes. Or plan for that environment.",
        )
    lockfile = lockfile_of(plan, file)
    environment = environment_of(plan, rates)
    consent = Consent(noun="Apply", question="", answer="yes", given=True)
    with (
        opened_as_planned(open_state(environment, lockfile)) as state,
        only_writer(console, state, "apply", terms.lock_timeout) as writer,
    ):
        if writer.pending is None:  # a plan that is stale needs no credentials to be told so
            check_fits(plan, writer.lock, target=plan.target)
        with opened_as_planned(open_directory(environment, Path(lockfile).parent)) as directory:
            for note in directory.notes:
                console.note(note)
            target = replace(plan.target, account=directory.account, region=directory.region)
            lock = settled_first(console, writer, directory, target)
            check_fits(plan, lock, target=target)
            return execute(console, plan, directory, writer, consent=consent, terms=terms)


def trusted(console: Console, file: Path, trust: Trust) -> Plan:
    """The plan in `file`, once its signature and then its age are what they have to be; nothing else was looked at by then."""
    saved = read_plan(file)
    checked = check_signature(saved, file=str(file), verify_with=trust.verify_with)
    if not checked:
        check_not_left_unchecked(saved, file=str(file))
    check_age(saved.created_at, trust.max_age, file=str(file))
    tell(console, saved, file=file, checked=checked)
    if trust.manifest is not None:
        check_made_from(saved.plan, trust.manifest, file=file)
    return saved.plan


def check_made_from(plan: Plan, manifest: Manifest, *, file: Path) -> None:
    """Raise StalePlan where the manifest means anything else, for the plan's environment, than what the plan was made from.

    Layout, comments and file order are no difference; a change of another environment is none. As `workspace_in` for mistakes.
    """
    name = plan.target.environment
    if name not in manifest.environments:
        raise StalePlan(f"{file} is a plan for environment {name}, which {manifest.path} does not declare", _AGAIN)
    if workspace_in(manifest, (), name, AS_DECLARED).stack.digest != plan.manifest_digest:
        raise StalePlan(
            f"{file} was made from another version of {manifest.path}: for {name}, it says something else", _AGAIN
        )


@contextlib.contextmanager
def opened_as_planned(place: AbstractContextManager[Place]) -> Iterator[Place]:
    """State or directory of the plan. Raises StalePlan where the credentials lead to another account than it was made for."""
    with contextlib.ExitStack() as opened:
        try:
            one = opened.enter_context(place)
        except Refused as error:
            raise StalePlan(f"the plan was made for another account: {error.summary}", error.detail) from error
        yield one


def lockfile_of(plan: Plan, file: Path) -> str:
    """Where the plan's lockfile is kept. A plan is somebody's file: it may not choose just any place to be written to.

    Raises InvalidInput for a place that is no lockfile's of its stack or is reached by a link out of the working folder,
    StalePlan where the lockfile that the plan was made from does not stand.
    """
    from reconciler.state import LocalState, in_bucket

    if in_bucket(plan.route.lockfile) is not None:
        name = f"{plan.target.stack}.{plan.target.environment}.lock.json"
        if plan.route.lockfile.rpartition("/")[2] != name:
            raise InvalidInput(f"{file}: {plan.route.lockfile} is not called {name}", (), "Plan again.")
        return plan.route.lockfile
    path = Path(plan.route.lockfile)
    if len(os.fsencode(path.name)) > _LONGEST or len(os.fsencode(path)) > _LONGEST_PATH:
        raise InvalidInput(f"{file}: the path of its lockfile is too long for any file", (), "Plan again.")
    if not path.name.endswith(".lock.json") or "\0" in plan.route.lockfile:
        raise InvalidInput(f"{file}: {plan.route.lockfile!r} is not a lockfile's path", (), "Plan again.")
    if path.is_symlink() or _leaves(path):
        raise InvalidInput(
            f"{file}: the lockfile {plan.route.lockfile} is reached through a symbolic link",
            (),
            "State is never written through one. Plan again with the manifest that stands beside the real lockfile.",
        )
    if path.parent.is_dir() and not _is_here(path):
        _check_elsewhere(path, plan, file)
    if not path.parent.is_dir() or (plan.lineage and not path.exists() and LocalState(path).unfinished() is None):
        raise StalePlan(
            f"{file} was made from the lockfile {path}, which is not here",
            f"This is {Path.cwd()}. Apply from the folder in which the plan was made, or plan again.",
        )
    return str(path)


def _leaves(path: Path) -> bool:
    """Whether a path that reads as one below the working folder is in truth elsewhere."""
    return not path.is_absolute() and ".." not in path.parts and not _is_here(path)


def _is_here(path: Path) -> bool:
    """Whether it stands in the working folder, or below it."""
    return path.parent.resolve().is_relative_to(Path.cwd().resolve())


def _check_elsewhere(path: Path, plan: Plan, file: Path) -> None:
    """Raise InvalidInput or StalePlan unless the lockfile, outside of the working folder, is the one that the plan knows.

    Looked for before anything is written there, a lock included.
    """
    from reconciler.state import LocalState

    if not plan.lineage:
        raise InvalidInput(
            f"{file} would make the lockfile {path}, which is not below this folder",
            (),
            f"This is {Path.cwd()}. A first lockfile is made only where its plan is applied: go to {path.parent.resolve()}.",
        )
    lock = LocalState(path).read()
    if lock is not None and lock.lineage != plan.lineage:
        raise StalePlan(
            f"{file} was made from another lockfile than {path} (lineage {plan.lineage}, not {lock.lineage})",
            _AGAIN,
        )
