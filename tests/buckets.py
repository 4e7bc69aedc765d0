"""S3 as moto plays it, on a port of this machine: one request at a time, so that conditions hold as they do in S3.

Not a test: `tests/conftest.py` makes a fixture of it.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.client import BaseClient

REGION = "us-east-1"


class Dropped(ConnectionAbortedError):
    """The connection closes without an answer."""


@dataclass
class Trouble:
    """What happens to the next `times` requests whose method and path fit: an error answer, or none at all."""

    method: str
    within: str
    times: int | None
    status: int = 0  # 0: the connection closes
    code: str = ""
    after: bool = False  # the request was carried out first

    def fits(self, environ: dict[str, Any]) -> bool:
        target = f"{environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}"
        return self.method in ("*", environ["REQUEST_METHOD"]) and self.within in target and self.times != 0


class Buckets:
    """A server of buckets; `url` is what AWS_ENDPOINT_URL_S3 is set to."""

    def __init__(self) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
        from werkzeug.serving import make_server

        class Handler(MotoRequestHandler):
            def log_request(self, *_: object) -> None:
                pass

            def connection_dropped(self, *_: object) -> None:
                self.close_connection = True

        self._moto = DomainDispatcherApplication(create_backend_app)
        self._one_at_a_time = threading.Lock()
        self.troubles: list[Trouble] = []
        self.seen: list[str] = []  # "PUT /bucket/key" of each request
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="buckets", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}"

    def client(self) -> BaseClient:
        return boto3.client("s3", region_name=REGION, endpoint_url=self.url)

    def make(self, *, versioned: bool = True, name: str = "") -> str:
        """The name of a new bucket."""
        name = name or f"state-{uuid.uuid4().hex[:12]}"
        client = self.client()
        client.create_bucket(Bucket=name)
        if versioned:
            client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        client.close()
        return name

    def trouble(
        self, method: str, within: str, *, times: int | None = 1, status: int = 0, code: str = "", after: bool = False
    ) -> None:
        self.troubles.append(Trouble(method, within, times, status, code, after))

    def deny(self, method: str, within: str = "") -> None:
        self.trouble(method, within, times=None, status=403, code="AccessDenied")

    def calm(self) -> None:
        """Behave again, and forget what was seen."""
        self.troubles.clear()
        self.seen.clear()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with self._one_at_a_time:
            self.seen.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
            trouble = next((one for one in self.troubles if one.fits(environ)), None)
            if trouble is not None and trouble.times is not None:
                trouble.times -= 1
            answer = [] if trouble is not None and not trouble.after else list(self._moto(environ, start_response))
        if trouble is None:
            return answer
        if not trouble.status:
            raise Dropped
        start_response(f"{trouble.status} No", [("Content-Type", "application/xml")])
        return [f"<Error><Code>{trouble.code}</Code><Message>asked to fail</Message></Error>".encode()]
