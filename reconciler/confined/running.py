"""Starts the process that answers, feeds it, and ends it when its time is up."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from reconciler.confined.child import TOO_LARGE
from reconciler.errors import ReconcilerError, UsageError
from reconciler.policy import Answer, Job

_CHILD = Path(__file__).with_name("child.py")
_KEPT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")  # an interpreter of a CI's tool cache does not start without
_GRACE = 2  # seconds after which a process ends itself that nobody stopped when its time was up


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What all rules together may use: seconds by the clock (of a processor, as many), bytes of memory."""

    seconds: int = 60
    memory: int = 2 * 1024**3


def answers(job: Job, bounds: Bounds) -> tuple[Answer, ...]:
    """One answer for each question, in their order; those about modules that cannot be read (`number` -1) come instead.

    Raises UsageError where the engine is not installed, ReconcilerError where the process cannot be started at all.
    """
    request = {
        "document": job.document,
        "modules": list(job.modules),
        "questions": list(job.questions),
        "seconds": bounds.seconds + _GRACE,
        "memory": bounds.memory,
    }
    started = time.monotonic()
    code, said = _run(json.dumps(request).encode(), _environment(job), bounds)
    took = time.monotonic() - started
    got = tuple(Answer.decoded(json.loads(line)) for line in said.split(b"\n")[:-1])
    unread = tuple(one for one in got if one.number < 0)
    if unread:
        return unread
    missing = range(len(got), len(job.questions))
    why = _why(code, took, bounds)
    # The first that is missing is the one that did not come to an end; what comes after it was never asked.
    return got + tuple(Answer(number=number, error=why if number == missing[0] else "") for number in missing)


def _run(request: bytes, environment: dict[str, str], bounds: Bounds) -> tuple[int | None, bytes]:
    """How the process ended (None: it was stopped) and what it said until then."""
    command = [sys.executable, "-P", "-S", "-B", str(_CHILD)]
    try:
        process = subprocess.Popen(  # no shell; nothing of it is a user's words
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/", env=environment
        )
    except OSError as error:
        raise ReconcilerError(
            f"the process that evaluates rules cannot be started: {error.strerror or error}", "Nothing was checked."
        ) from error
    try:
        said, _ = process.communicate(request, timeout=bounds.seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
        return None, said
    finally:
        process.kill()
        process.wait()
    return process.returncode, said


def _environment(job: Job) -> dict[str, str]:
    """Where the engines stand, and nothing else of ours: a rule that found its way to it would learn nothing."""
    needed = ["regopy"] if job.modules else []
    needed += ["jsonschema_rs"] if any("schema" in one for one in job.questions) else []
    places = [_folder_of(one) for one in needed]
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(dict.fromkeys(places)), "PYTHONUTF8": "1"}


def _folder_of(package: str) -> str:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise UsageError(
            f"rules in Rego need the package {package}, which is not installed",
            "Install it: pip install 'agentcore-reconciler[policy]'. Rules in JSON Schema do without.",
        )
    return str(Path(found.origin).parent.parent)


def _why(code: int | None, took: float, bounds: Bounds) -> str:
    if code is None or took >= bounds.seconds:
        return f"it did not come to an end within {bounds.seconds} s"
    if code == TOO_LARGE:
        return f"it needs more than {bounds.memory // 1024**2} MiB of memory"
    if code:
        return f"the engine broke down over it ({f'signal {-code}' if code < 0 else f'exit code {code}'})"
    return "the engine gave no answer"
