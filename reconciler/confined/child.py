"""Run as a program of its own: answers questions about a JSON document by Rego and JSON Schema, and can do nothing else.

Reads one JSON object from standard input, writes a line of JSON for each answer. It takes from itself, before it looks at any
rule, what rules have no need of: memory and processor time beyond a bound, files, sockets. It imports nothing of reconciler,
so that it starts fast and has nothing to be talked into.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import resource
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

TOO_LARGE = 71
"""The exit code of a process that ended itself because its memory was up."""

_LONGEST = 32 * 1024 * 1024  # characters of all answers together
_LOOK = 0.02  # seconds between two looks at the memory in use
_PEAK = re.compile(rb"^VmHWM:\s+(\d+) kB$", re.MULTILINE)
_ESCAPED = re.compile(r'["\\\x00-\x1f]')
_PLACED = re.compile(r"\(error \d+:m(\d+)\|(\d+)\|\d+\s+\(errormsg (\d+):")
_UNPLACED = re.compile(r"\(errormsg (\d+):")


class _Out:
    """Where answers go: the pipe that was standard output, on which the engines cannot write any more."""

    def __init__(self) -> None:
        self._descriptor = os.dup(1)
        self._left = _LONGEST
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        os.close(nothing)

    def say(self, **said: Any) -> None:
        line = json.dumps(said).encode() + b"\n"
        if len(line) > self._left:
            line = json.dumps({"number": said["number"], "error": "it finds more than can be told"}).encode() + b"\n"
        self._left -= len(line)
        while line:
            line = line[os.write(self._descriptor, line) :]


def _confine(seconds: int, memory: int) -> None:
    threading.Thread(target=_watch, args=(_meter(), memory), daemon=True).start()
    for what, most in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 0),  # what is open stays so; no file and no socket is opened any more
    ):
        try:
            resource.setrlimit(what, (most, most))
        except (OSError, ValueError):  # a system that lacks this one: the parent's clock stands all the same
            continue


def _meter() -> Callable[[], int]:
    """What tells how many bytes this program has held at most, made before files cannot be opened any more.

    `getrusage` alone would tell how large its parent was when it was made, too: Linux takes that over.
    """
    unit = 1 if sys.platform == "darwin" else 1024
    try:
        status = os.open("/proc/self/status", os.O_RDONLY)
    except OSError:
        status = -1

    def held() -> int:
        peak = None
        with contextlib.suppress(OSError):  # without a meter there would be no bound
            peak = _PEAK.search(os.pread(status, 8192, 0))
        return int(peak[1]) * 1024 if peak else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit

    return held


def _watch(held: Callable[[], int], memory: int) -> None:
    """End the process when it holds more than that.

    No limit of the system does it: the engine's allocator reserves 256 GiB of addresses when it is loaded, and cannot be
    loaded where it may not. It lets other threads run while it evaluates.
    """
    while held() < memory:
        time.sleep(_LOOK)
    os._exit(TOO_LARGE)


def _answer(asked: dict[str, Any], out: _Out) -> None:
    document = asked["document"]
    interpreter, sound = _read_modules(asked, out)
    if not sound:
        return
    for number, one in enumerate(asked["questions"]):
        try:
            answer = _queried(interpreter, one["query"]) if "query" in one else _fitted(document, one)
        except MemoryError:
            out.say(number=number, error="it needs more memory than it may have")
        except Exception as error:
            out.say(number=number, **_worded(str(error)))
        else:
            out.say(number=number, answer=answer)


def _read_modules(asked: dict[str, Any], out: _Out) -> tuple[Any, bool]:
    """The interpreter with every module, and whether all could be read; each that could not is told."""
    if not asked["modules"]:
        return None, True
    regopy = importlib.import_module("regopy")
    interpreter = regopy.Interpreter()
    interpreter.strict_built_in_errors = True  # a function that fails is no answer; by default it would count as "no"
    sound = True
    for index, text in enumerate(asked["modules"]):
        try:
            interpreter.add_module(f"m{index}", text)
        except Exception as error:
            out.say(number=-1, **{**_worded(str(error)), "module": index})
            sound = False
    if sound:
        document = asked["document"]
        interpreter.set_input(_spelled(document) if _compares_spellings(regopy) else document)
    return interpreter, sound


def _compares_spellings(regopy: Any) -> bool:
    """Whether the engine takes a text of its input for one as Rego spells it, escapes included, as regopy 1.5.2 does.

    It is asked rather than looked up by its version: a quote or backslash that two sides read differently would let pass
    what a rule forbids.
    """
    trial = regopy.Interpreter()
    trial.add_module("trial", 'package trial\n\nimport rego.v1\n\nsame if input.text == "\\"\\\\"\n')
    trial.set_input({"text": '"\\'})
    return _queried(trial, "data.trial.same") is None


def _spelled(value: Any) -> Any:
    """The value with every text in it as JSON spells it, letters beyond ASCII as they are."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)[1:-1] if _ESCAPED.search(value) else value
    if isinstance(value, dict):
        return {_spelled(key): _spelled(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_spelled(one) for one in value]
    return value


def _queried(interpreter: Any, query: str) -> Any:
    """The value of the query; None where it has none. Raises ValueError with the engine's own words."""
    shared = importlib.import_module("regopy.rego_shared")
    said = shared.rego_query(interpreter._impl, query)
    text = shared.rego_output_string(said)
    if not shared.rego_output_ok(said):
        raise ValueError("(errormsg 5:fails")
    if text == "undefined":
        return None
    if not text.startswith("{"):
        raise ValueError(text)
    return json.loads(text)["expressions"][0]


def _fitted(document: Any, one: dict[str, Any]) -> list[Any]:
    """For each path whether what stands there fits: None, or the place and the words of its first mistake."""
    library = importlib.import_module("jsonschema_rs")

    def refuse(uri: str) -> Any:
        raise ValueError(f"{uri} is not part of it")

    rules = library.Draft202012Validator(one["schema"], retriever=refuse, pattern_options=library.RegexOptions())
    answers: list[Any] = []
    for path in one["paths"]:
        value = document
        for step in path:
            value = value[step]
        error = next(iter(rules.iter_errors(value)), None)
        answers.append(None if error is None else [list(error.instance_path), str(error.message)[:300]])
    return answers


def _worded(text: str) -> dict[str, Any]:
    """The engine's words in its form of an error, and where in which module it stands, if it says so."""
    placed = _PLACED.search(text)
    if placed:
        words = (
            text.encode()[placed.end() :][: int(placed[3])]
            if text.isascii()
            else text[placed.end() :][: int(placed[3])]
        )
        said = words.decode(errors="replace") if isinstance(words, bytes) else words
        return {"error": said, "module": int(placed[1]), "offset": int(placed[2])}
    unplaced = _UNPLACED.search(text)
    said = text[unplaced.end() :][: int(unplaced[1])] if unplaced else text
    return {"error": said.strip()[:300] or "the engine gives no reason"}


def main() -> None:
    """Answer what standard input asks."""
    out = _Out()
    asked = json.load(sys.stdin)
    if asked["modules"]:
        importlib.import_module("regopy")
    if any("schema" in one for one in asked["questions"]):
        importlib.import_module("jsonschema_rs")
    _confine(asked["seconds"], asked["memory"])
    _answer(asked, out)
    os._exit(0)  # taking a large document apart again would take longer than the answers did


if __name__ == "__main__":
    main()
