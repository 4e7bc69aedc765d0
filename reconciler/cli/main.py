"""The program `reconciler`: its verbs, and the one place where a process ends.

Nothing here or at the top of a verb's module may import what `--help` does not need.
"""

from __future__ import annotations

import contextlib
import gc
import inspect
import io
import os
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Annotated, Any, NoReturn, TextIO, cast

import typer
import typer.core

from reconciler import __version__
from reconciler.cli.access import access_matrix, access_policy
from reconciler.cli.access_check import access_check
from reconciler.cli.adopt import adopt, forget
from reconciler.cli.apply import apply, destroy
from reconciler.cli.check import check
from reconciler.cli.ci import ci_comment, ci_labels
from reconciler.cli.ci_merged import ci_merged
from reconciler.cli.compare import compare
from reconciler.cli.drift import drift
from reconciler.cli.drift_accept import drift_accept
from reconciler.cli.drift_ack import drift_ack, drift_acks, drift_unack
from reconciler.cli.emulator import emulator
from reconciler.cli.export import export
from reconciler.cli.graph import graph
from reconciler.cli.import_cloudformation import import_cloudformation
from reconciler.cli.import_terraform import import_terraform
from reconciler.cli.interrupts import deaf
from reconciler.cli.lock import lock_show, lock_status
from reconciler.cli.lock_history import lock_history, lock_restore
from reconciler.cli.lock_migrate import lock_migrate
from reconciler.cli.lock_rebuild import lock_rebuild
from reconciler.cli.lock_unlock import lock_unlock
from reconciler.cli.outputs import output
from reconciler.cli.plan import plan, show
from reconciler.cli.review import review
from reconciler.cli.schema import schema
from reconciler.cli.validate import validate
from reconciler.cli.verb import verb
from reconciler.cli.verify import verify
from reconciler.errors import ExitCode

_ABOUT = """Keep the agent identities of Amazon Bedrock AgentCore equal to a YAML manifest in git.

Start with: validate, plan, apply. Every command explains itself: reconciler COMMAND --help

Exit codes: 0 done or nothing to do, 1 error, 2 changes present (plan, review with --detailed-exitcode), drift, or a policy that
differs (access check), 3 refused by a guard or policy, 4 stale plan, 5 state is locked, 6 applied in part
"""
_VERBS: tuple[Callable[..., ExitCode], ...] = (
    validate, plan, review, check, apply, show, destroy, adopt, forget, export, output, compare, verify,
    drift, drift_accept, drift_ack, drift_unack, drift_acks, graph, schema, emulator,
)  # fmt: skip
_LOCK_VERBS: tuple[Callable[..., ExitCode], ...] = (
    lock_show, lock_status, lock_unlock, lock_migrate, lock_history, lock_restore, lock_rebuild,
)  # fmt: skip
_ACCESS_VERBS: tuple[Callable[..., ExitCode], ...] = (access_policy, access_matrix, access_check)
_CI_VERBS: tuple[Callable[..., ExitCode], ...] = (ci_comment, ci_labels, ci_merged)
_IMPORT_VERBS: tuple[Callable[..., ExitCode], ...] = (import_terraform, import_cloudformation)

_OF_A_LIBRARY = "Value error, "
"""What typer, from 0.29 on, puts before what it says of a value that is none of the choices."""

_USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[1]
"""What the parser raises for any command line that it cannot take; typer exports only this one of its kind."""


def main() -> NoReturn:
    """Run the command line of this process and end it with the contract's exit code."""
    gc.set_threshold(50_000, 20, 100)  # by default it would walk 10,000 resources again and again and find nothing
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that the terminal's encoding lacks must not end the program
            stream.reconfigure(errors="backslashreplace")
    code = run(sys.argv[1:])
    deaf()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            _silence(stream)
    if threading.active_count() > 1:  # calls that nobody waits for any more; the interpreter would, however long
        os._exit(int(code))
    sys.exit(int(code))


def _open_closed_streams() -> None:
    """Point each standard stream that the caller closed at nothing: the next file opened would take its descriptor."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))


def _silence(stream: TextIO) -> None:
    """Point it at nothing: its reader is gone or its disk full, and the interpreter's own last flush should not say so."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, stream.fileno())
    os.close(nothing)


def run(arguments: Sequence[str]) -> ExitCode:
    """Run one command line; its exit code. Leaves the process alone, but for `--help` and the like which may exit 0."""
    try:
        result = typer.main.get_command(_app())(list(arguments), prog_name="reconciler", standalone_mode=False)
    except _USAGE_ERROR as error:
        with contextlib.suppress(OSError):
            mistake = cast(typer.BadParameter, error)
            mistake.message = mistake.message.removeprefix(_OF_A_LIBRARY)
            mistake.show()
        return ExitCode.ERROR
    except (typer.Abort, OSError):  # OSError: the help could not be written; a verb's own errors end in `verb`
        return ExitCode.ERROR
    known = isinstance(result, int) and result in list(ExitCode)
    return ExitCode(result) if known else (ExitCode.ERROR if result else ExitCode.OK)


def _app() -> typer.Typer:
    """The commands. Made on demand, so that importing this module costs next to nothing."""
    app = typer.Typer(
        cls=_Verbs,
        help=_teaching(_ABOUT),
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )
    app.callback()(_root)
    for function in _VERBS:
        app.command(function.__name__.replace("_", " "), help=_teaching(inspect.getdoc(function) or ""))(verb(function))
    _add_family(app, "access", "Who may reach which provider, and the IAM policies for it.", _ACCESS_VERBS)
    _add_family(app, "ci", "Write reports on the pull request of a job.", _CI_VERBS)
    _add_family(app, "import", "Take over what another tool manages.", _IMPORT_VERBS)
    _add_family(app, "lock", "Look at, unlock, move, restore or rebuild a lockfile.", _LOCK_VERBS)
    return app


class _Verbs(typer.core.TyperGroup):
    """Commands of which some have names of two words, as `drift ack`; `drift` alone is one, too.

    A word after the first that is no such name goes to the verb: a manifest called `ack` is `./ack`.
    """

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """As the library's, with both words taken where they name a command."""
        if " ".join(args[:2]) in self.commands:
            args = [" ".join(args[:2]), *args[2:]]
        return super().resolve_command(ctx, args)


def _add_family(app: typer.Typer, name: str, about: str, verbs: Sequence[Callable[..., ExitCode]]) -> None:
    """The verbs `NAME_VERB` as the commands `NAME VERB`."""
    family = typer.Typer(help=about, no_args_is_help=True, rich_markup_mode=None)
    for function in verbs:
        own = function.__name__.removeprefix(f"{name}_")
        family.command(own, help=_teaching(inspect.getdoc(function) or ""))(verb(function))
    app.add_typer(family, name=name)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"reconciler {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version."),
    ] = False,
) -> None:
    del version  # answered by its callback


def _teaching(text: str) -> str:
    """Help whose indented or aligned paragraphs keep their lines; typer would flow them together otherwise."""
    return "\n\n".join(
        f"\b\n{paragraph}" if "\n  " in paragraph else paragraph for paragraph in inspect.cleandoc(text).split("\n\n")
    )
