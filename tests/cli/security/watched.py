"""A process that runs command lines and tells what it did to the world: `watched.py '[["plan"], ["validate"]]'`.

Prints one JSON object as its last line: the exit codes, every address that was connected to or asked for, every program
that was started.
"""

from __future__ import annotations

import json
import sys
from typing import Any

CONNECTED: list[list[Any]] = []
STARTED: list[str] = []
_STARTING = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "pty.spawn")


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        CONNECTED.append(
            [event, *map(str, arguments[1])] if isinstance(arguments[1], tuple) else [event, str(arguments[1])]
        )
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        CONNECTED.append([event, *map(str, arguments[:2])])
    elif event in _STARTING:
        STARTED.append(f"{event} {arguments[0]!r}")


def main() -> None:
    sys.addaudithook(_hook)
    from reconciler.cli.main import run

    codes = []
    for command in json.loads(sys.argv[1]):
        try:
            codes.append(int(run(command)))
        except SystemExit as end:  # --help ends the process itself
            codes.append(int(end.code or 0))
    print(json.dumps({"codes": codes, "connected": CONNECTED, "started": STARTED}))


if __name__ == "__main__":
    main()
