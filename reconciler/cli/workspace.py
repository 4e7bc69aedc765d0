"""From the command line to the values that a verb works on: manifest, environment, stack, lockfile, directory, snapshot.

Plain functions over values, in the order in which a verb needs them. Leaves out what is printed.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.age import today
from reconciler.diagnostics import Diagnostic, in_order
from reconciler.errors import DirectoryError, InvalidInput, UsageError
from reconciler.model.environments import EMBEDDED_ACCOUNT, EMBEDDED_REGION, Environment, Target, Where
from reconciler.model.plan import Plan, Route
from reconciler.model.rates import Rates
from reconciler.model.resources import Lock, Stack

if TYPE_CHECKING:
    from reconciler.directory.agentcore import AgentCore
    from reconciler.directory.sharing import Sharing
    from reconciler.manifest import Manifest

AS_DECLARED = Rates()
_STORE = Path(".reconciler", "directory.sqlite")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """One stack in one environment, as its manifest has it, and where its lockfile is kept (a path, or a URL).

    `findings`: what the manifest's check has to say that is no error.
    """

    manifest: Path
    stack: Stack
    lockfile: str
    findings: tuple[Diagnostic, ...]

    @property
    def environment(self) -> Environment:
        """The environment that was chosen."""
        return self.stack.environment

    @property
    def folder(self) -> Path:
        """Where the manifest's files are, and an embedded directory beside them."""
        return self.manifest if self.manifest.is_dir() else self.manifest.parent

    @property
    def route(self) -> Route:
        """The way back for an apply that has no manifest."""
        one = self.environment
        return Route(
            lockfile=self.lockfile,
            where=one.where,
            profile=one.profile,
            role_arn=one.role_arn,
            external_id=one.external_id,
            session_name=one.session_name,
            state_region=one.state.region if one.state else "",
            state_kms_key=one.state.kms_key if one.state else "",
            rates=replace(one.rates, limited=one.where is Where.AWS, look_up=False),
        )


def open_workspace(path: Path | None, environment: str | None, rates: Rates = AS_DECLARED) -> Workspace:
    """The workspace of the manifest at `path` (or where manifests usually stand) in that environment.

    `rates` go before those of the manifest.
    Raises UsageError for a manifest that is not there and an environment that cannot be told, InvalidInput with every
    diagnostic for a manifest with mistakes.
    """
    manifest, found = open_manifest(path)
    return workspace_in(manifest, found, choose_environment(manifest, environment), rates)


def workspace_in(manifest: Manifest, found: tuple[Diagnostic, ...], name: str, rates: Rates) -> Workspace:
    """The workspace of a manifest that is open, in the environment of that name. `found`: what its check had to say.

    Raises InvalidInput with every diagnostic where it has mistakes there.
    """
    from reconciler.manifest import resolve
    from reconciler.state import state_place

    resolved = resolve(manifest, name, today=today())
    findings = in_order((*found, *resolved.diagnostics))
    if resolved.stack is None:
        raise invalid(manifest.path, findings)
    declared = resolved.stack.environment
    stack = replace(resolved.stack, environment=replace(declared, rates=rates.over(declared.rates)))
    lockfile = state_place(manifest.path, stack.name, declared)
    return Workspace(manifest=manifest.path, stack=stack, lockfile=lockfile, findings=findings)


def open_manifest(path: Path | None) -> tuple[Manifest, tuple[Diagnostic, ...]]:
    """The manifest and what there is to say about it short of errors. Raises UsageError, InvalidInput."""
    from reconciler.manifest import find, load

    where = find(path)
    loaded = load(where)
    if loaded.manifest is None:
        raise invalid(where, loaded.diagnostics)
    return loaded.manifest, loaded.diagnostics


def invalid(path: Path, found: tuple[Diagnostic, ...]) -> InvalidInput:
    """The error that says a manifest has mistakes, with all of them."""
    return InvalidInput(f"{path} has mistakes; nothing was read or written", found)


def choose_environment(manifest: Manifest, asked: str | None) -> str:
    """The one environment to work in: the one asked for, else the only one. Raises UsageError that lists what there is.

    What is asked for may also be an environment with one target, or a glob that matches one.
    """
    from reconciler.manifest import meant

    names = tuple(manifest.environments)
    if asked is None and len(names) == 1:
        return names[0]
    listed = ", ".join(names)
    if asked is None:
        raise UsageError(
            f"{manifest.path} declares several environments: {listed}",
            "Choose one with --env NAME or RECONCILER_ENV; plan and apply take all of them with --all.",
        )
    found = meant(manifest, asked)
    if len(found) > 1:
        raise UsageError(
            f"--env {asked!r} means {len(found)} targets, and this works on one: {', '.join(found)}",
            "Give one of these names.",
        )
    if not found:
        raise UsageError(f"{manifest.path} declares no environment {asked!r}", f"It declares: {listed}.")
    return found[0]


def offline_target(stack: str, environment: Environment, lock: Lock | None) -> Target:
    """Where the stack goes as far as it can be told without asking: from the manifest, else from the lockfile."""
    embedded = environment.where is Where.EMBEDDED
    account = environment.account or (lock.account if lock else "") or (EMBEDDED_ACCOUNT if embedded else "")
    region = environment.region or (lock.region if lock else "") or (EMBEDDED_REGION if embedded else "")
    return Target(stack=stack, environment=environment.name, account=account, region=region)


def environment_of(plan: Plan, rates: Rates = AS_DECLARED) -> Environment:
    """The environment as far as a plan keeps it: enough to connect, and to be refused on another account.

    `rates` go before those of the plan.
    """
    from reconciler.state import in_bucket

    route = plan.route
    group, several, _ = plan.target.environment.partition("@")
    return Environment(
        name=plan.target.environment,
        group=group if several else "",
        where=route.where,
        account=plan.target.account,
        region=plan.target.region,
        profile=route.profile,
        role_arn=route.role_arn,
        external_id=route.external_id,
        session_name=route.session_name,
        protect=plan.protected,
        limit=plan.limit,
        rates=rates.over(route.rates),
        state=in_bucket(route.lockfile, region=route.state_region, kms_key=route.state_kms_key),
    )


def _store_in(folder: Path) -> Path:
    """The file of the embedded directory. Raises DirectoryError where a link would lead out of the folder."""
    store = folder / _STORE
    if store.parent.is_symlink() or store.is_symlink():
        raise DirectoryError(
            f"{store} is reached through a symbolic link; an embedded directory is never kept behind one",
            "Take the link away: the embedded directory belongs beside the manifest.",
        )
    return store


@contextlib.contextmanager
def open_directory(environment: Environment, folder: Path, sharing: Sharing | None = None) -> Iterator[AgentCore]:
    """The environment's directory, connected; an embedded one is kept in `folder`. `sharing`: with others at work beside it.

    Raises DirectoryError without credentials, Refused on another account.
    """
    from reconciler.cli.log import quiet_log
    from reconciler.directory.connecting import connect

    quiet_log()

    with contextlib.ExitStack() as opened:
        attached = None
        if environment.where is Where.EMBEDDED:
            from reconciler.emulator import Store, attach

            store = opened.enter_context(contextlib.closing(Store(_store_in(folder))))
            attached = functools.partial(attach, store=store, account=environment.account or EMBEDDED_ACCOUNT)
        yield opened.enter_context(contextlib.closing(connect(environment, attach=attached, sharing=sharing)))
