"""How every verb ends: errors become messages and exit codes here, and nowhere else."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from reconciler import __version__
from reconciler.cli.console import Console, open_console
from reconciler.cli.interrupts import interruptible
from reconciler.cli.options import Log, LogLevel, NoColor
from reconciler.errors import ExitCode, ReconcilerError, unforeseen


def verb(function: Callable[..., ExitCode]) -> Callable[..., ExitCode]:
    """A command for typer out of a function whose first parameter is the console.

    The command also takes `--no-color` and `--log-level`, and returns an exit code of the contract whatever happens
    inside.
    """
    own = inspect.signature(_options, eval_str=True)
    theirs = inspect.signature(function, eval_str=True)
    _, *parameters = theirs.parameters.values()

    def run(*, no_color: bool = False, log_level: LogLevel = LogLevel.WARNING, **arguments: Any) -> ExitCode:
        if log_level is not LogLevel.WARNING:  # Python's own default; the import of logging is then paid by nobody
            from reconciler.cli.log import start_log

            start_log(log_level.name)
        console = open_console(no_color)
        return ending(lambda: function(console, **arguments), console, debug=log_level is LogLevel.DEBUG)

    run.__name__, run.__doc__ = function.__name__, function.__doc__
    vars(run)["__signature__"] = theirs.replace(parameters=[*parameters, *own.parameters.values()])
    return run


def _options(*, no_color: NoColor = False, log_level: Log = LogLevel.WARNING) -> None:
    """What every verb takes; only its signature is used."""


def ending(body: Callable[[], ExitCode], console: Console, *, debug: bool = False) -> ExitCode:
    """Run `body`; its exit code, or that of the error it raised, which is then explained on standard error.

    `debug` adds the traceback.
    """
    try:
        with interruptible():
            result = body()
    except ReconcilerError as error:
        _tell_way(console, error, wanted=debug)
        console.error(error)
        return error.exit_code
    except BrokenPipeError:  # whoever read our output has gone away, and knows
        return ExitCode.ERROR
    except KeyboardInterrupt:
        console.note("Interrupted; nothing was written to the directory.")
        return ExitCode.ERROR
    except Exception as error:
        _tell_way(console, error, wanted=debug)
        console.error(_internal(error, shown=debug))
        return ExitCode.ERROR
    return result


def _internal(error: Exception, *, shown: bool) -> ReconcilerError:
    how = (
        "Report it with the traceback above"
        if shown
        else "Run it again with --log-level debug and report the traceback"
    )
    return ReconcilerError(
        f"internal error in reconciler {__version__}: {unforeseen(error)}",
        "This is a mistake in reconciler, not in your input. The lockfile is whole: it is only ever replaced as one.\n"
        f"{how}, with the command line and the version, to the people who maintain agentcore-reconciler.",
    )


def _tell_way(console: Console, error: Exception, *, wanted: bool) -> None:
    if wanted:
        from reconciler.cli.log import trace_text

        console.tell(trace_text(error))
