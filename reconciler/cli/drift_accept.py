"""`reconciler drift accept`: what was changed outside was right, so the manifest says it from now on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.adopt import Words, read_words
from reconciler.cli.age import today
from reconciler.cli.console import Console
from reconciler.cli.drafting import UNTOUCHED, check_meaning, draft
from reconciler.cli.drift_ack import Only
from reconciler.cli.executing import Consent, agreed
from reconciler.cli.options import Env, RateWords, Yes
from reconciler.cli.planned import opened
from reconciler.cli.rates import read_rates
from reconciler.cli.unfinished import settled_in_memory
from reconciler.cli.workspace import Workspace, open_directory, open_workspace
from reconciler.errors import DirectoryError, ExitCode, Refused, StateError, StateLocked, UsageError
from reconciler.model.addresses import Address, Remote
from reconciler.model.values import Attributes

if TYPE_CHECKING:
    from reconciler.model.resources import Desired, Known, Live


def drift_accept(
    console: Console,
    *,
    words: Words = None,
    attribute: Only = None,
    everywhere: Annotated[
        bool, typer.Option("--everywhere", help="Also where other environments share the entry, and would say so too.")
    ] = False,
    env: Env = None,
    auto_approve: Yes = False,
    rate: RateWords = None,
) -> ExitCode:
    """Take what was changed outside into the manifest.

    Reads one resource as it stands now, and writes the attributes that drifted into its entry. Comments, layout and every
    other line stay; the manifest then means exactly that, in every environment, or nothing is written. Shows the difference,
    and asks.

    For example:
      reconciler drift accept workload_identity.invoice-agent
      reconciler drift accept payments.yaml workload_identity.a --env prod --attribute tags --auto-approve

    The next `reconciler apply` records it in the lockfile, with no call that changes anything; until then it is told as drift.

    Exit codes: 0 done or nothing to do, 1 error, 3 refused: it would mean something else, or is another stack's
    """
    path, addresses = read_words(words, needed=True)
    if len(addresses) > 1:
        raise UsageError(
            "several addresses are given", "Accept them one by one: each is a change of its own to review."
        )
    (address,) = addresses
    workspace = open_workspace(path, env, read_rates(rate))
    desired = _declared(workspace, address)
    known, live = _stands(console, workspace, desired)
    _check_ours(workspace, address, live)
    wanted = _wanted(console, workspace, desired, known, live=live, attribute=attribute)
    if not wanted:
        return ExitCode.OK
    drafted = draft(workspace, address, wanted)
    check_meaning(console, workspace, drafted, wanted, everywhere=everywhere)
    console.show(drafted.difference)
    consent = Consent(
        noun="Accept",
        question=f"Write this into {drafted.file.name}?",
        answer="yes",
        given=auto_approve,
        elsewhere="The difference above can be reviewed.",
    )
    if not agreed(console, consent):
        console.note(f"Not accepted. {UNTOUCHED}")
        return ExitCode.ERROR
    drafted.write()
    console.note(
        f"{drafted.file.name} says what stands. Commit it, then `reconciler apply`: it records that in the lockfile, with no "
        "call that changes anything. Until then drift runs go on to tell it."
    )
    return ExitCode.OK


def _declared(workspace: Workspace, address: Address) -> Desired:
    desired = workspace.stack.resources.get(address)
    if desired is None:
        raise UsageError(
            f"{workspace.manifest} does not declare {address} in environment {workspace.environment.name}",
            "What nobody declares is taken over by `reconciler export`, which writes its entry, and `reconciler adopt`.",
        )
    return desired


def _stands(console: Console, workspace: Workspace, desired: Desired) -> tuple[Known, Live]:
    """What the lockfile knows of the resource, and what stands of it right now."""
    from reconciler.directory.snapshot import read_named
    from reconciler.state import open_state

    address = desired.address
    with open_state(workspace.environment, workspace.lockfile) as state:
        lock, holder = state.read(), state.holder()
        if holder is not None:
            raise StateLocked(f"{workspace.lockfile} is being written by {holder}", "Run this again when that is done.")
        with open_directory(workspace.environment, workspace.folder) as directory:
            one = opened(console, workspace, lock, directory)
            lock = settled_in_memory(console, state, lock, directory, one.target) or lock
            known = lock.resources.get(address) if lock else None
            if known is None:
                raise StateError(
                    f"{workspace.lockfile} does not hold {address}, so nobody can tell what of it drifted",
                    f"If it stands already: `reconciler adopt {address}`. If not, `reconciler apply` makes it.",
                )
            remote = Remote(address.type, known.name)
            live, _, unknown = read_named(directory, [remote], threads=1)
    if remote in unknown:
        raise DirectoryError(f"{address} could not be read: {unknown[remote]}", UNTOUCHED)
    if remote not in live:
        raise UsageError(
            f"{address} does not stand any more: it was deleted outside",
            f"If that was right, take its entry out ({desired.source}) and run `reconciler apply`: it lets go of it in the "
            f"lockfile, with no call. If not, `reconciler apply` makes it again. {UNTOUCHED}",
        )
    return known, live[remote]


def _check_ours(workspace: Workspace, address: Address, live: Live) -> None:
    owner = f"{workspace.stack.name}/{workspace.environment.name}"
    if live.owner not in ("", owner):
        raise Refused(
            f"{address} carries the ownership tag of {live.owner}",
            f"Find out whose it is first. What is another stack's is not this manifest's to say. {UNTOUCHED}",
        )


def _wanted(
    console: Console, workspace: Workspace, desired: Desired, known: Known, *, live: Live, attribute: str | None
) -> Attributes:
    """What there is to take over; says what is not, and why. Raises Refused where nothing is and something should be."""
    from reconciler.drifting.accepting import acceptance
    from reconciler.model.kinds import kind_of

    names = [one.name for one in kind_of(desired.address.type).attributes if not one.local]
    if attribute is not None and attribute not in names:
        raise UsageError(f"{desired.address} has no attribute {attribute!r}", f"It has: {', '.join(names)}.")
    one = acceptance(desired, known, live, workspace.stack.settings, only=attribute, today=today().isoformat())
    if one.left and not one.wanted:
        raise Refused(f"{desired.address}: nothing can be taken over", "\n".join((*one.left, UNTOUCHED)))
    for why in one.left:
        console.note(f"{desired.address}: {why}")
    if not one.wanted:
        console.note(
            f"{desired.address}{f', {attribute},' if attribute else ''} stands as the manifest says, or as it was last "
            f"applied: there is nothing to take over. {UNTOUCHED}"
        )
    return one.wanted
