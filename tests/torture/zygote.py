"""A process that has imported everything, and forks one that runs a command line for each order: `zygote.py FOLDER`.

An order is a line of JSON on standard input, {"folder", "arguments", "environment", "signals": [[point, number], …]}; the
answer a line of JSON on standard output, {"code" (negative: the signal that ended it), "out", "err", "labels" (of the points
that it passed, if it lived), "hit" (of the points at which it was sent a signal)}. Starting Python and importing everything
for each of some thousand runs would take longer than the runs. FOLDER is for its files.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import json
import os
import pkgutil
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import boto3
import botocore.loaders

import reconciler
from reconciler.applying import Patience
from reconciler.cli.main import run
from tests.torture.points import Points, watch

LONGEST = 60.0
"""Seconds that a run may take; one that takes longer hangs, and is killed and told so."""


def main() -> None:
    """Serve orders until standard input ends."""
    folder = Path(sys.argv[1])
    answers = os.fdopen(os.dup(1), "w")
    _warm_up()
    for line in sys.stdin:
        answers.write(json.dumps(_served(json.loads(line), folder)) + "\n")
        answers.flush()


def _warm_up() -> None:
    """Import whatever a command line could, and let botocore read its files once: the children find all of it here."""
    load = botocore.loaders.JSONFileLoader.load_file
    botocore.loaders.JSONFileLoader.load_file = functools.cache(load)
    for module in pkgutil.walk_packages(reconciler.__path__, "reconciler."):
        if not module.name.endswith(("__main__", "moto_extension")):
            importlib.import_module(module.name)
    for name in ("filelock", "jsonschema", "jsonschema_rs", "rich.progress"):
        importlib.import_module(name)
    keys = {"region_name": "us-east-1", "aws_access_key_id": "none", "aws_secret_access_key": "none"}
    for service in ("bedrock-agentcore-control", "sts"):
        boto3.client(service, **keys).close()
    # Nothing lags here, and nothing is under way any more when the next command is run.
    importlib.import_module("reconciler.applying.settle").REREADS = Patience(total=0.01, first=0.01)
    gc.collect()
    gc.freeze()


def _served(order: dict[str, Any], folder: Path) -> dict[str, Any]:
    out, err, labels, hit = (folder / name for name in ("out", "err", "labels", "hit"))
    for file in (out, err, labels, hit):
        file.write_bytes(b"")
    child = os.fork()
    if child == 0:
        _live(order, out, err, labels, hit)
    code = _awaited(child)
    passed = labels.read_text()
    return {
        "code": code,
        "out": out.read_text(errors="replace"),
        "err": err.read_text(errors="replace"),
        "labels": json.loads(passed) if passed else [],
        "hit": hit.read_text().splitlines(),
    }


def _awaited(child: int) -> int | str:
    until = time.monotonic() + LONGEST
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "it did not end"


def _live(order: dict[str, Any], out: Path, err: Path, labels: Path, hit: Path) -> None:
    """The child: run the command line, and end as the program would."""
    code = 70
    with contextlib.suppress(BaseException):
        try:
            for file, descriptor in ((out, 1), (err, 2)):
                os.dup2(os.open(file, os.O_WRONLY | os.O_APPEND), descriptor)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.chdir(order["folder"])
            os.environ.clear()
            os.environ.update(order["environment"])
            told = os.open(hit, os.O_WRONLY | os.O_APPEND)
            points = Points(order["signals"], lambda label: os.write(told, f"{label}\n".encode()))
            watch(points)
            code = int(run(order["arguments"]))
            labels.write_text(json.dumps(points.labels))
        except BaseException:
            traceback.print_exc()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
