"""Taking over what another tool's record holds: read it live, write the manifest, adopt. What both `import` verbs share."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from reconciler.cli.adopt import adopt_chosen
from reconciler.cli.console import Console
from reconciler.cli.output import check_new, write_new
from reconciler.cli.rates import read_rates
from reconciler.cli.reading import take_snapshot
from reconciler.cli.workspace import open_directory, open_manifest
from reconciler.errors import ExitCode, InvalidInput, ReconcilerError, UsageError
from reconciler.model.addresses import Remote
from reconciler.model.environments import Environment, Settings
from reconciler.model.resources import Live, Refresh, Snapshot, Stack

if TYPE_CHECKING:
    from reconciler.foreign import Found, Reading

Out: TypeAlias = Annotated[
    Path, typer.Option("--out", metavar="FILE", help="The manifest to write; it must not exist yet.")
]
StackName: TypeAlias = Annotated[
    str | None,
    typer.Option("--stack", metavar="NAME", help="The stack that they will belong to, as the manifest names it."),
]
EnvName: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--env",
        envvar="RECONCILER_ENV",
        metavar="NAME",
        show_default=False,
        help="What the manifest calls the environment. Default: default.",
    ),
]
Account: TypeAlias = Annotated[
    str | None, typer.Option("--account", metavar="ID", help="Only what is in this account; where there are several.")
]
Region: TypeAlias = Annotated[
    str | None, typer.Option("--region", metavar="NAME", help="Only what is in this region; where there are several.")
]
Profile: TypeAlias = Annotated[
    str | None, typer.Option("--profile", metavar="NAME", help="The AWS profile of the environment.")
]
RoleArn: TypeAlias = Annotated[
    str | None, typer.Option("--role-arn", metavar="ARN", help="The IAM role of the environment.")
]
Offline: TypeAlias = Annotated[
    bool, typer.Option("--offline", help="Only write the manifest, from what the record says; read and adopt nothing.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked for on the command line, of either verb."""

    stack: str
    environment: Environment
    out: Path
    offline: bool
    auto_approve: bool
    lock_timeout: float
    threads: int
    rate: list[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Another tool's record, read. `tool` and `name` for comments; `farewell`: how it lets go of what was taken."""

    tool: str
    name: str
    reading: Reading
    farewell: Callable[[Sequence[Found]], str]


def environment_for(
    name: str | None, account: str | None, region: str | None, profile: str | None, role_arn: str | None
) -> Environment:
    """The environment that the options describe."""
    return Environment(
        name=name or "default",
        account=account or "",
        region=region or "",
        profile=profile or "",
        role_arn=role_arn or "",
    )


def read_record(file: str) -> bytes:
    """The bytes of the file; `-` is standard input. Raises ReconcilerError."""
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise ReconcilerError(f"cannot read {file}: {error.strerror or error}", "Give the path of a file.") from error


def take_over(console: Console, record: Record, wish: Wish) -> ExitCode:
    """Write the manifest of what the record holds, adopt it, and say how the other tool lets go.

    Raises UsageError, InvalidInput for what a manifest needs and the record hides, and whatever reading and adopting raise.
    """
    check_new(wish.out)
    chosen, environment = _in_one_place(record, wish.environment)
    wish = replace(wish, environment=environment)
    _tell_what_is_left(console, record, chosen)
    if wish.offline:
        _check_told(record, chosen)
        taken, live = chosen, None
    else:
        taken, live = _standing(console, record, chosen, wish)
    text = _manifest(record, taken, live, wish)
    _check_sound(text, wish.out)
    write_new(wish.out, text)
    console.note(f"Wrote {wish.out}: {len(taken)} of {record.name}.")
    loaded, _ = open_manifest(wish.out)  # what a manifest may not be, it is told here
    if wish.offline:
        console.show(f"Next: look at {wish.out}, then `{_adopt_command(wish)}`.\n\n{record.farewell(taken)}")
        return ExitCode.OK
    return _adopted(console, record, taken, wish, str(loaded.path))


def _check_sound(text: str, out: Path) -> None:
    """Raise InvalidInput for a manifest that would have mistakes: whatever the record has put into it, it is not written."""
    from reconciler.manifest import ManifestFile, load_files

    loaded = load_files([ManifestFile(str(out), text.encode())], out)
    if loaded.manifest is None:
        raise InvalidInput(
            f"what would stand in {out} has mistakes; nothing was written", loaded.diagnostics, confidential=True
        )


def _adopted(console: Console, record: Record, taken: Sequence[Found], wish: Wish, path: str) -> ExitCode:
    refused: list[str] = []
    try:
        code = adopt_chosen(
            console,
            Path(path),
            (),
            "*",
            env=wish.environment.name,
            auto_approve=wish.auto_approve,
            lock_timeout=wish.lock_timeout,
            threads=wish.threads,
            rate=wish.rate,
            seen=lambda plan: refused.extend(plan.refused),
        )
    except ReconcilerError:
        console.note(f"{wish.out} stands, and nothing was adopted. To go on with it: {_adopt_command(wish)}")
        raise
    if code is ExitCode.OK:
        console.show(f"\n{record.farewell(taken)}")
    elif refused:
        console.note(
            f"{wish.out} stands, and nothing was adopted. First take what is refused out of it, or have the stack that "
            f"owns it forget it (`reconciler forget ADDRESS` there):\n"
            + "\n".join(f"  {address}" for address in refused)
            + f"\nOnly then go on: {_adopt_command(wish)}"
        )
    else:
        console.note(f"{wish.out} stands. To go on with it: {_adopt_command(wish)}")
    return code


def _adopt_command(wish: Wish) -> str:
    return f"reconciler adopt {shlex.quote(str(wish.out))} --all-matching '*'"


def _in_one_place(record: Record, asked: Environment) -> tuple[tuple[Found, ...], Environment]:
    """What is in the account and region asked for, or in the only ones; and the environment with both.

    Raises UsageError where there are several, ReconcilerError where nothing is left.
    """
    kept = tuple(
        one
        for one in record.reading.found
        if asked.account in ("", one.account) or not one.account
        if asked.region in ("", one.region) or not one.region
    )
    if not kept:
        others = sum(record.reading.others.values())
        where = " in that account and region" if record.reading.found else ""
        raise ReconcilerError(
            f"{record.name} holds no workload identity, credential provider or token vault{where}",
            f"It holds {others} others, none of which is looked at." if others else "",
        )
    account = asked.account or _only(record, "account", [one.account for one in kept])
    region = asked.region or _only(record, "region", [one.region for one in kept])
    return kept, replace(asked, account=account, region=region)


def _only(record: Record, word: str, places: Iterable[str]) -> str:
    """The one account or region that is named, "" where none is. Raises UsageError where several are."""
    counts = Counter(place for place in places if place)
    if len(counts) > 1:
        listed = ", ".join(f"{place} ({count})" for place, count in sorted(counts.items()))
        raise UsageError(
            f"{record.name} holds resources of several {word}s: {listed}",
            f"One environment is one {word}: choose with --{word}, and import each into a manifest or folder of its own.",
        )
    return next(iter(counts), "")


def _tell_what_is_left(console: Console, record: Record, chosen: Sequence[Found]) -> None:
    from reconciler.render import clean

    for note in record.reading.notes:
        console.note(clean(note))
    elsewhere = len(record.reading.found) - len(chosen)
    if elsewhere:
        console.note(f"Left out: {elsewhere} in another account or region.")
    others = sum(record.reading.others.values())
    if others:
        kinds = ", ".join(f"{clean(type_)} ({count})" for type_, count in list(record.reading.others.items())[:5])
        more = " and others" if len(record.reading.others) > 5 else ""
        console.note(f"Not looked at: {others} of other types: {kinds}{more}.")


def _check_told(record: Record, chosen: Sequence[Found]) -> None:
    """Raise InvalidInput with everything that the record hides."""
    hidden = [diagnostic for one in chosen for diagnostic in one.hidden]
    if hidden:
        raise InvalidInput(
            f"{record.name} does not tell everything that a manifest needs; nothing was written",
            hidden,
            "Without --offline, it is read in the directory.",
            confidential=True,
        )


def _standing(
    console: Console, record: Record, chosen: Sequence[Found], wish: Wish
) -> tuple[tuple[Found, ...], Mapping[Remote, Live]]:
    """Those that stand in the directory, and how. Raises ReconcilerError where that cannot be told of one."""
    from reconciler.model.kinds import kind_of

    remotes = {Remote(one.type, one.name) for one in chosen}
    environment = replace(wish.environment, rates=read_rates(wish.rate).over(wish.environment.rates))
    nothing = Stack(name=wish.stack, environment=environment, settings=Settings(), resources={}, digest="")
    with open_directory(environment, wish.out.parent) as directory:
        snapshot = take_snapshot(
            console,
            directory,
            stack=nothing,
            lock=None,
            refresh=Refresh.FULL,
            wanted=remotes.__contains__,
            kinds=[kind_of(type_) for type_ in sorted({one.type for one in remotes})],
        )
    _check_read(snapshot, remotes)
    for remote in sorted(remotes - snapshot.live.keys()):
        console.note(f"Left out: {remote.type} {remote.name} stands in {record.name}, and not in the directory.")
    taken = tuple(one for one in chosen if Remote(one.type, one.name) in snapshot.live)
    if not taken:
        raise ReconcilerError(
            f"nothing of what {record.name} holds stands in this directory; nothing was written",
            "Look at --account, --region and --profile: is it this one?",
        )
    return taken, snapshot.live


def _check_read(snapshot: Snapshot, remotes: set[Remote]) -> None:
    unknown = {remote: reason for remote, reason in snapshot.unknown.items() if remote in remotes}
    reasons = [f"{remote.type} {remote.name}: {reason}" for remote, reason in sorted(unknown.items())]
    if snapshot.listing_failed and remotes - snapshot.live.keys():
        reasons.append(f"the listing: {snapshot.listing_failed}")
    if reasons:
        raise ReconcilerError(
            "not everything could be read; nothing was written",
            "\n".join([*reasons, "Try again; or write the manifest alone, from what the record says, with --offline."]),
        )


def _manifest(record: Record, taken: Sequence[Found], live: Mapping[Remote, Live] | None, wish: Wish) -> str:
    from reconciler.render.imported import imported_entry
    from reconciler.render.manifest_text import manifest_yaml

    entries = [
        imported_entry(one, live[Remote(one.type, one.name)] if live else None, tool=record.tool) for one in taken
    ]
    origin = f"Taken over from {record.name} ({record.tool})."
    where = "What it says is how they stood in the directory then." if live else "Nobody looked at the directory."
    return manifest_yaml(entries, stack=wish.stack, environment=wish.environment, head=(origin, where))
