"""Those who are told, on ports of this machine: an HTTP server that writes down what it is sent, and a mail server.

Not a test: `tests/notifying` and `tests/cli` make fixtures of them.
"""

from __future__ import annotations

import contextlib
import email
import email.policy
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session


class Sent(NamedTuple):
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Inbox:
    """An HTTP server that answers `status` to everything, after `held` is set if that is given."""

    url: str = ""
    status: int = 200
    answers: list[int] = field(default_factory=list)  # these first, one each
    headers: dict[str, str] = field(default_factory=dict)
    words: bytes = b"ok"
    held: threading.Event | None = None
    drip: bool = False  # an answer that never ends, a byte at a time
    drops: bool = False  # the connection closes once the request was read
    sent: list[Sent] = field(default_factory=list)

    @property
    def only(self) -> Sent:
        (one,) = self.sent
        return one


@contextlib.contextmanager
def serve_inbox(tls: ssl.SSLContext | None = None) -> Iterator[Inbox]:
    """One, for as long as the context lasts."""
    inbox = Inbox()
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Say nothing on the test's standard error."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            inbox.sent.append(Sent(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            if inbox.drops:
                self.close_connection = True
                return
            if inbox.held is not None:
                inbox.held.wait(30)
            with contextlib.suppress(OSError):
                self._answer()

        def _answer(self) -> None:
            self.send_response(inbox.answers.pop(0) if inbox.answers else inbox.status)
            for name, value in inbox.headers.items():
                self.send_header(name, value)
            if inbox.drip:
                self.wfile.write(b"X-Slow: ")
                while not over.wait(0.05):
                    self.wfile.write(b"x")
                return
            self.send_header("Content-Length", str(len(inbox.words)))
            self.end_headers()
            self.wfile.write(inbox.words)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    inbox.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="inbox", daemon=True)
    thread.start()
    try:
        yield inbox
    finally:
        over.set()
        if inbox.held is not None:
            inbox.held.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


@dataclass
class Mailbox:
    """A mail server: what it took, and from whom it takes."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    refused: str = ""  # this recipient is not known
    login: tuple[bytes, bytes] | None = None
    seen_tls: list[bool] = field(default_factory=list)
    signed_in: list[bool] = field(default_factory=list)

    async def handle_RCPT(self, server: Any, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        if address == self.refused:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        self.seen_tls.append(session.ssl is not None)
        self.signed_in.append(session.authenticated is True)
        self.envelopes.append(envelope)
        parsed = email.message_from_bytes(cast(bytes, envelope.content), policy=email.policy.default)
        self.mails.append(cast(EmailMessage, parsed))
        return "250 OK"

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        given = (data.login, data.password) if isinstance(data, LoginPassword) else None
        return AuthResult(success=given == self.login, handled=False)


@contextlib.contextmanager
def serve_mail(
    *,
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
    login: tuple[bytes, bytes] | None = None,
) -> Iterator[Mailbox]:
    """One, for as long as the context lasts."""
    box = Mailbox(login=login)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        box.port = probe.getsockname()[1]
    options: dict[str, Any] = {}
    if starttls is not None:
        options |= {"tls_context": starttls, "require_starttls": True}
    if login is not None:  # beside implicit TLS, aiosmtpd wants to require nothing: it does not see that TLS
        options |= {"authenticator": box.authenticate, "auth_required": tls is None, "auth_require_tls": tls is None}
    server = Controller(box, hostname="127.0.0.1", port=box.port, ssl_context=tls, **options)
    server.start()
    try:
        yield box
    finally:
        server.stop()
