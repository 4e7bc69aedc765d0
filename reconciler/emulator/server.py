"""The door over HTTP: the emulated directory for any AWS client, on a port of the loopback interface.

moto serves the rest (STS, runtimes, gateways), so that a tool which asks who it is gets an answer.
"""

from __future__ import annotations

import importlib
import signal
import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from reconciler.emulator.door import Door
from reconciler.emulator.misbehaviour import Misbehaviour, strict_misbehaviour
from reconciler.emulator.store import Store
from reconciler.errors import UsageError

HOST = "127.0.0.1"
_LOOK_UPS = 2.0  # LookupEvents a second that CloudTrail answers, by its API reference


class Server:
    """A running server; `url` is its address. Stops at the end of a `with` block."""

    def __init__(self, door: Door, port: int) -> None:
        from werkzeug.serving import make_server

        from reconciler.emulator import moto_extension

        with _listening(port) as listener:
            self._server = make_server(
                HOST, port, _application(door), threaded=True, request_handler=_quiet_handler(), fd=listener.fileno()
            )
        moto_extension.hold()
        self._release = moto_extension.release
        self._door = door
        self._stopped = threading.Event()
        # The interval is how long `stop` may take; requests do not wait for it.
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="emulator", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens: what AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL, …_AGENTCORE and …_CLOUDTRAIL are set to."""
        return f"http://{HOST}:{self._server.port}"

    @property
    def store(self) -> Store:
        """What it serves."""
        return self._door.store

    @property
    def misbehaviour(self) -> Misbehaviour:
        """How it serves; may be changed while it runs."""
        return self._door.misbehaviour

    def stop(self) -> None:
        """Stop listening and close the store; a second time: nothing."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._release()
        self._door.store.close()

    def wait(self, announce: Callable[[str], object] | None = None) -> None:
        """Serve until SIGTERM or SIGINT arrives, then stop. Only from the main thread; puts the signal handlers back.

        `announce` is told the url when signals are taken care of already: who reads it may send one at once.
        """
        asked = threading.Event()

        def ask(*_: object) -> None:
            asked.set()

        previous = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            if announce is not None:
                announce(self.url)
            asked.wait()
        finally:
            self.stop()
            for number, handler in previous.items():
                signal.signal(number, handler)

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def serve(
    *,
    port: int = 0,
    store: Path | Store | None = None,
    quota: float | None = None,
    max_identities: int | None = None,
    latency_ms: float = 0.0,
    strict: bool = False,
    misbehaviour: Misbehaviour | None = None,
) -> Server:
    """Start a server and return it, listening. Port 0 takes a free one.

    `store`: a file that keeps the directory (the embedded directory's own file, too), or an open store; without it, memory.
    It is closed when the server stops.
    `quota`: calls a second of each operation, beyond which it is throttled; a second's worth may come at once. Without it
    nothing is; with it, LookupEvents is answered twice a second at most. `max_identities`: how many an account and region may
    hold, if not the service's 11,000. `latency_ms`: added to each call.
    `strict` plays every inconvenience that people saw or that is undocumented, at once: a deleted name "already exists"
    for two seconds; Get and List lag 0.3 seconds behind writes; Update with an empty list answers success and keeps the old
    list; identities outlive their Runtime, Gateway or PaymentManager by two seconds; OAuth2 providers are CREATING or UPDATING
    for half a second; ARNs of providers are of the service `acps`; lastUpdatedTime moves with tags; the trail is two seconds
    behind. `misbehaviour` is used in its place.
    Raises UsageError if the `emulator` extra is not installed, or the port is taken.
    """
    try:
        importlib.import_module("moto.server")
    except ImportError as error:
        raise UsageError(
            "the emulator over HTTP needs moto, which is not installed",
            "Install it with: pip install 'agentcore-reconciler[emulator]'",
        ) from error
    behaviour = misbehaviour or (strict_misbehaviour() if strict else Misbehaviour())
    if quota is not None:
        behaviour.throttle(rate=quota, burst=max(1.0, quota))
        behaviour.throttle("LookupEvents", rate=min(_LOOK_UPS, quota), burst=_LOOK_UPS)
    if max_identities is not None:
        behaviour.terms = replace(behaviour.terms, max_identities=max_identities)
    behaviour.latency = max(behaviour.latency, latency_ms / 1000)
    opened = store if isinstance(store, Store) else Store(store)
    try:
        return Server(Door(opened, behaviour), port)
    except UsageError:
        opened.close()
        raise


def _listening(port: int) -> socket.socket:
    # werkzeug ends the process where it cannot have a port: so the port is taken here, and handed over.
    try:
        return socket.create_server((HOST, port), backlog=128)
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"the emulator cannot listen on {HOST}:{port}: {error}", "Choose another port; --port 0 takes a free one."
        ) from error


def _application(door: Door) -> Any:
    """The WSGI application of moto, with each request going through this server's own door."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    from reconciler.emulator.moto_extension import serving

    moto = DomainDispatcherApplication(create_backend_app)

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with serving(door):
            answer: Iterable[bytes] = moto(environ, start_response)
            return answer

    return application


def _quiet_handler() -> Any:
    """A request handler that writes no line for each request; errors are still logged."""
    from moto.moto_server.werkzeug_app import MotoRequestHandler

    class Handler(MotoRequestHandler):
        def log_request(self, *_: object) -> None:
            pass

        def connection_dropped(self, *_: object) -> None:
            # werkzeug would go on to wait for the next request: without an answer, nothing tells it to close.
            self.close_connection = True

    return Handler
