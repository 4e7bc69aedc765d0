"""`reconciler emulator`: the emulated directory over HTTP, for any AWS client."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reconciler.cli.console import Console
from reconciler.errors import ExitCode


def emulator(
    console: Console,
    *,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port on 127.0.0.1; 0: any free one.")] = 0,
    store: Annotated[
        Path | None,
        typer.Option("--store", metavar="FILE", help="Keep the directory in this file. Default: in memory."),
    ] = None,
    quota: Annotated[
        float | None,
        typer.Option(
            "--quota",
            metavar="N",
            min=0.1,
            help="Calls a second of each operation, a second's worth at once; the service's is 20. Default: no quota.",
        ),
    ] = None,
    max_identities: Annotated[
        int | None,
        typer.Option(
            "--max-identities", metavar="N", min=0, help="Identities that the account may hold. Default: 11,000."
        ),
    ] = None,
    latency_ms: Annotated[
        float, typer.Option("--latency-ms", metavar="MS", min=0, help="How long every answer takes at least.")
    ] = 0.0,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="With every inconvenience that was seen live: tombstones, lists that do not clear, slow providers.",
        ),
    ] = False,
) -> ExitCode:
    """Serve an emulated directory over HTTP.

    Identities, credential providers, the token vault, and the data plane that hands out credentials: none of them is real, and
    no secret is kept. CloudTrail's LookupEvents shows who changed what; an access key that is a word, as jane, names a user.

    On 127.0.0.1, until it is interrupted. Prints `listening on http://127.0.0.1:PORT` on standard output once it answers.

    For example:
      reconciler emulator --port 4566 --store directory.sqlite
      reconciler emulator --quota 20
      export AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL=http://127.0.0.1:4566
      aws bedrock-agentcore-control list-workload-identities
      export AWS_ENDPOINT_URL_BEDROCK_AGENTCORE=http://127.0.0.1:4566
      aws bedrock-agentcore get-workload-access-token --workload-name invoice-agent
      aws cloudtrail lookup-events --endpoint-url http://127.0.0.1:4566

    Exit codes: 0 interrupted, 1 error
    """
    from reconciler.emulator.server import serve

    with serve(
        port=port, store=store, quota=quota, max_identities=max_identities, latency_ms=latency_ms, strict=strict
    ) as server:
        server.wait(announce=lambda url: console.show(f"listening on {url}"))
    return ExitCode.OK
