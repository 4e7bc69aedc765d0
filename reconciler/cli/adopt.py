"""`reconciler adopt` and `reconciler forget`: what is ours begins and ends, the resources themselves stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.age import today
from reconciler.cli.console import Console
from reconciler.cli.executing import Consent, Terms, run_locked
from reconciler.cli.options import Env, LockTimeout, RateWords, Threads, Yes
from reconciler.cli.planned import Opened, snapshot_opened
from reconciler.cli.rates import read_rates
from reconciler.cli.workspace import Workspace, open_workspace
from reconciler.errors import ExitCode, UsageError
from reconciler.model.addresses import Address, Remote
from reconciler.model.kinds import KINDS
from reconciler.model.resources import Lock, Refresh, Snapshot, Stack

if TYPE_CHECKING:
    from reconciler.model.plan import Plan

Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PATH|ADDRESS",
        show_default=False,
        help="Addresses as in workload_identity.invoice-agent; a first word that is none is the manifest's PATH.",
    ),
]


def adopt(
    console: Console,
    *,
    words: Words = None,
    matching: Annotated[
        str | None,
        typer.Option(
            "--all-matching", metavar="GLOB", help="Every declared address that matches and is live, but not ours."
        ),
    ] = None,
    env: Env = None,
    auto_approve: Yes = False,
    lock_timeout: LockTimeout = 0.0,
    threads: Threads = 32,
    rate: RateWords = None,
) -> ExitCode:
    """Make existing resources this stack's.

    Takes resources that are declared and live into the lockfile. Nothing but the ownership tag changes; the next
    plan shows where they differ from the manifest.

    For example:
      reconciler adopt workload_identity.invoice-agent
      reconciler adopt manifests/payments.yaml workload_identity.a workload_identity.b
      reconciler adopt --all-matching 'workload_identity.invoice-*' --auto-approve

    Exit codes: 0 done or nothing to do, 1 error, 3 refused by a guard, 5 state is locked, 6 applied in part
    """
    path, addresses = read_words(words, needed=matching is None)
    return adopt_chosen(
        console, path, addresses, matching, env=env, auto_approve=auto_approve, lock_timeout=lock_timeout,
        threads=threads, rate=rate,
    )  # fmt: skip


def adopt_chosen(
    console: Console,
    path: Path | None,
    addresses: Sequence[Address],
    matching: str | None,
    *,
    env: str | None,
    auto_approve: bool,
    lock_timeout: float,
    threads: int,
    rate: list[str] | None,
    seen: Callable[[Plan], None] | None = None,
) -> ExitCode:
    """Adopt those addresses and what matches. `seen` gets the plan before anything is asked or refused."""
    from reconciler.planning import follow, make_adoption

    workspace = open_workspace(path, env, read_rates(rate))
    stack = workspace.stack
    chosen = _matching(matching, stack) if matching is not None else frozenset()

    def make(one: Opened) -> Plan:
        remotes = {Remote(a.type, stack.resources[a].name) for a in {*chosen, *addresses} if a in stack.resources}
        snapshot = snapshot_opened(console, one, refresh=Refresh.CHANGED, wanted=remotes.__contains__)
        named = follow(stack, one.lock, snapshot).stack
        plan = make_adoption(
            stack=stack,
            lock=one.lock,
            snapshot=snapshot,
            target=one.target,
            route=one.route,
            addresses=sorted({*addresses, *_adoptable(chosen, named, one.lock, snapshot)}),
            today=today(),
        )
        if seen is not None:
            seen(plan)
        return plan

    return _ask_and_run(
        console, workspace, "adopt", make, auto_approve=auto_approve, lock_timeout=lock_timeout, threads=threads
    )


def forget(
    console: Console,
    *,
    words: Words = None,
    env: Env = None,
    auto_approve: Yes = False,
    lock_timeout: LockTimeout = 0.0,
    threads: Threads = 32,
    rate: RateWords = None,
) -> ExitCode:
    """Let go of resources; they stay.

    Takes them out of the lockfile and removes their ownership tag. Take them out of the manifest as well, or the
    next plan refuses: they exist and are not ours.

    For example:
      reconciler forget workload_identity.invoice-agent

    Exit codes: 0 done, 1 error, 3 refused by a guard, 5 state is locked, 6 applied in part
    """
    from reconciler.planning import make_forgetting

    path, addresses = read_words(words, needed=True)
    workspace = open_workspace(path, env, read_rates(rate))

    def make(one: Opened) -> Plan:
        known = _all_managed(one.lock, addresses, workspace.lockfile)
        remotes = {Remote(address.type, known.resources[address].name) for address in addresses}
        return make_forgetting(
            lock=known,
            snapshot=snapshot_opened(console, one, refresh=Refresh.CHANGED, wanted=remotes.__contains__),
            target=one.target,
            route=one.route,
            addresses=sorted(set(addresses)),
        )

    return _ask_and_run(
        console, workspace, "forget", make, auto_approve=auto_approve, lock_timeout=lock_timeout, threads=threads
    )


def read_words(words: Sequence[str] | None, *, needed: bool) -> tuple[Path | None, tuple[Address, ...]]:
    """The manifest's path, if it was given, and the addresses. Raises UsageError for a word that is neither."""
    rest = list(words or ())
    types = tuple(f"{kind.type}." for kind in KINDS)
    path = Path(rest.pop(0)) if rest and not rest[0].startswith(types) else None
    if path is not None and not path.exists():
        example = f"{KINDS[0].type}.{path}"
        raise UsageError(
            f"{str(path)!r} is neither an address nor a manifest that exists",
            f"Addresses begin with their kind, as in {example}.",
        )
    try:
        addresses = tuple(Address.parse(word) for word in rest)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if needed and not addresses:
        raise UsageError("no address is given", f"Name at least one, as in {KINDS[0].type}.invoice-agent.")
    return path, addresses


def _matching(glob: str, stack: Stack) -> frozenset[Address]:
    """The declared addresses that match. Raises UsageError where none does: the glob is a mistake then."""
    chosen = frozenset(address for address in stack.resources if fnmatchcase(str(address), glob))
    if not chosen:
        raise UsageError(
            f"--all-matching {glob!r} matches no declared address",
            "Addresses look like workload_identity.invoice-agent; quote globs from the shell. Only what is declared can be "
            "adopted: `reconciler export` writes entries for what stands in the directory.",
        )
    return chosen


def _adoptable(chosen: Iterable[Address], stack: Stack, lock: Lock | None, snapshot: Snapshot) -> Iterator[Address]:
    """Those that are live and not in the lockfile."""
    known = lock.resources if lock else {}
    for address in chosen:
        if address not in known and Remote(address.type, stack.resources[address].name) in snapshot.listed:
            yield address


def _all_managed(lock: Lock | None, addresses: Iterable[Address], lockfile: str) -> Lock:
    """The lockfile. Raises UsageError for addresses that it does not hold."""
    missing = sorted(str(address) for address in addresses if lock is None or address not in lock.resources)
    if lock is None or missing:
        raise UsageError(
            f"{lockfile} does not hold {', '.join(missing)}",
            "Only what is managed can be forgotten; `reconciler lock show` lists it.",
        )
    return lock


def _ask_and_run(
    console: Console,
    workspace: Workspace,
    command: str,
    make: Callable[[Opened], Plan],
    *,
    auto_approve: bool,
    lock_timeout: float,
    threads: int,
) -> ExitCode:
    from reconciler.planning import Allowances

    where = f"stack {workspace.stack.name}, environment {workspace.environment.name}"
    consent = Consent(
        noun=command.capitalize(),
        question=f"{command.capitalize()} these in {where}?",
        answer="yes",
        given=auto_approve,
    )
    terms = Terms(lock_timeout=lock_timeout, allowances=Allowances(), threads=threads)
    return run_locked(console, workspace, command, make, consent=consent, terms=terms)
