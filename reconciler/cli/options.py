"""The arguments and options that several verbs share, each declared once with its help."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from reconciler.model.report_formats import ReportFormat
from reconciler.model.resources import Refresh


class Format(enum.Enum):
    """How a plan is shown."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


class LogLevel(enum.Enum):
    """What of the log reaches standard error."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def environment_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """What a shell offers after --env: the environments and targets of the manifest that the line names, or of the default."""
    from reconciler.cli.completion import names_in

    return names_in(ctx.params.get("path"), incomplete)


def report_formats(incomplete: str) -> list[tuple[str, str]]:
    """What a shell offers after --output: the formats, each with what it is for."""
    return [(f"{one.value}=", one.purpose) for one in ReportFormat if one.value.startswith(incomplete)]


Manifest: TypeAlias = Annotated[
    Path | None,
    typer.Argument(
        metavar="PATH",
        show_default=False,
        help="Manifest file, or folder of *.yaml that together are one stack. Default: reconciler.yaml, else manifests/.",
    ),
]
Env: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--env",
        envvar="RECONCILER_ENV",
        metavar="NAME",
        help="Environment of the manifest. Needed where it declares several.",
        autocompletion=environment_names,
    ),
]
SeveralEnv: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--env",
        envvar="RECONCILER_ENV",
        metavar="NAME|GLOB",
        help="Environment of the manifest, or a target of it; of several, all that match, as in 'prod-*' or 'prod@*'.",
        autocompletion=environment_names,
    ),
]
Every: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--all", help="Every environment and target of the manifest, side by side: one report, one exit code."
    ),
]
Scheduler: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        help="Run several targets as tasks of the Dask cluster behind it, as in tcp://10.0.0.5:8786. Needs the extra dask.",
    ),
]
ShardWords: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="I/N",
        help="Of several targets, part I of N, for a CI matrix: the same on every machine, each target in one part.",
    ),
]
NoColor: TypeAlias = Annotated[
    bool, typer.Option("--no-color", help="No colour, also on a terminal. NO_COLOR=1 does the same.")
]
Log: TypeAlias = Annotated[
    LogLevel,
    typer.Option(
        "--log-level", envvar="RECONCILER_LOG", case_sensitive=False, help="What of the log goes to standard error."
    ),
]
Targets: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--target", metavar="GLOB", help="Only addresses that match, as in 'workload_identity.invoice-*'. Repeatable."
    ),
]
Excludes: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="GLOB", help="All but the addresses that match. Repeatable; not with --target."),
]
FinishRenames: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--finish-renames",
        help="Delete what renames left behind: the old one lives beside the new one until then. Guards apply.",
    ),
]
HowMuch: TypeAlias = Annotated[
    Refresh | None,
    typer.Option(
        "--refresh",
        case_sensitive=False,
        show_default=False,
        help="Default: read every declared or managed identity, and each credential provider that the listing dates otherwise "
        "than the lockfile. full: read all of them. changed: list all, read what the manifest changed or the listing shows "
        "missing, new or updated. none: no call at all, the lockfile is believed.",
    ),
]
Yes: TypeAlias = Annotated[
    bool, typer.Option("--auto-approve", help="Do not ask. Needed where no terminal is there to answer.")
]
Deletes: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--allow-deletes",
        metavar="N",
        min=0,
        help="Let this run delete up to N resources, whatever limits.deletes says.",
    ),
]
Empty: TypeAlias = Annotated[
    bool, typer.Option("--allow-empty", help="Let a manifest that declares nothing delete everything that is managed.")
]
Incomplete: TypeAlias = Annotated[
    bool, typer.Option("--allow-incomplete", help="Go on though something could not be read; that is left alone.")
]
Untagged: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--allow-untagged", help="Delete also what bears no ownership tag: only the lockfile says it is ours."
    ),
]
LockTimeout: TypeAlias = Annotated[
    float,
    typer.Option(
        "--lock-timeout", metavar="SECONDS", min=0, help="How long to wait for another writer of the same state."
    ),
]
Threads: TypeAlias = Annotated[
    int, typer.Option("--threads", metavar="N", min=1, max=256, help="How many changes are under way at the same time.")
]
RateWords: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--rate",
        metavar="[OPERATION=]N",
        help="Calls a second of each operation, or of one. Repeatable; goes before settings.rates. service-quotas: as many as "
        "the account may make. Default: the service's 20, and 200 for tokens.",
    ),
]
Verbose: TypeAlias = Annotated[
    bool, typer.Option("--verbose", "-v", help="Also what stays as it is, and every untouched name.")
]
Outputs: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--output",
        metavar="FORMAT=FILE",
        help="Also write a report, whatever the exit code. Repeatable. FILE - is standard output, in place of what else is "
        f"shown there. FORMAT: {', '.join(one.value for one in ReportFormat)}.",
        autocompletion=report_formats,
    ),
]
MaxAge: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--max-age",
        metavar="AGE",
        help="How old the saved plan may be, as in 30m, 24h, 7d; none takes it at any age. Default: 24h.",
        show_default=False,
    ),
]
VerifyWith: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--verify-with",
        metavar="KMS_KEY",
        help="The plan has to be signed by this HMAC key of AWS KMS: an ARN, id or alias.",
    ),
]
