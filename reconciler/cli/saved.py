"""Applying a saved plan: no manifest, nothing computed again, every reason to refuse looked for first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from reconciler.cli.console import Console
from reconciler.cli.executing import Consent, Terms, execute
from reconciler.cli.plan import read_plan
from reconciler.cli.unfinished import settled_first
from reconciler.cli.workspace import open_directory
from reconciler.errors import ExitCode, InvalidInput, StalePlan, UsageError
from reconciler.model.environments import Environment
from reconciler.model.plan import Plan


def apply_saved(console: Console, file: Path, *, env: str | None, terms: Terms) -> ExitCode:
    """Run the plan in `file`. Raises StalePlan for one that no longer fits, and whatever reading and running raise."""
    from reconciler.planning import check_fits
    from reconciler.state import open_state

    plan = read_plan(file)
    if env is not None and env != plan.target.environment:
        raise UsageError(
            f"{file} is a plan for environment {plan.target.environment}, not {env}",
            "Leave out --env (and RECONCILER_ENV): the plan knows where it goes.",
        )
    lockfile = lockfile_of(plan, file)
    environment = environment_of(plan)
    consent = Consent(noun="Apply", question="", answer="yes", given=True)
    with open_state(environment, lockfile) as state, state.exclusive("apply", terms.lock_timeout) as writer:
        if writer.pending is None:  # a plan that is stale needs no credentials to be told so
            check_fits(plan, writer.lock, target=plan.target)
        with open_directory(environment, Path(lockfile).parent) as directory:
            for note in directory.notes:
                console.note(note)
            lock = settled_first(console, writer, directory)
            check_fits(plan, lock, target=replace(plan.target, account=directory.account, region=directory.region))
            return execute(console, plan, directory, writer, consent=consent, terms=terms)


def environment_of(plan: Plan) -> Environment:
    """The environment as far as a plan keeps it: enough to connect, and to be refused on another account."""
    from reconciler.state import in_bucket

    route = plan.route
    return Environment(
        name=plan.target.environment,
        where=route.where,
        account=plan.target.account,
        region=plan.target.region,
        profile=route.profile,
        role_arn=route.role_arn,
        external_id=route.external_id,
        session_name=route.session_name,
        protect=plan.protected,
        limit=plan.limit,
        state=in_bucket(route.lockfile, region=route.state_region, kms_key=route.state_kms_key),
    )


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
    if not path.name.endswith(".lock.json") or "\0" in plan.route.lockfile:
        raise InvalidInput(f"{file}: {plan.route.lockfile!r} is not a lockfile's path", (), "Plan again.")
    if path.is_symlink() or _leaves(path):
        raise InvalidInput(
            f"{file}: the lockfile {plan.route.lockfile} is reached through a symbolic link",
            (),
            "State is never written through one. Plan again with the manifest that stands beside the real lockfile.",
        )
    if not path.parent.is_dir() or (plan.lineage and not path.exists() and LocalState(path).unfinished() is None):
        raise StalePlan(
            f"{file} was made from the lockfile {path}, which is not here",
            f"This is {Path.cwd()}. Apply from the folder in which the plan was made, or plan again.",
        )
    return str(path)


def _leaves(path: Path) -> bool:
    """Whether a path that reads as one below the working folder is in truth elsewhere."""
    if path.is_absolute() or ".." in path.parts:
        return False
    return not path.parent.resolve().is_relative_to(Path.cwd().resolve())
