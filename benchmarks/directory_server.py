"""An identity directory that answers as fast as the loop can, each answer after a fixed latency: the far side of a benchmark.

It knows just enough of the API for `plan` and `apply` with well-formed requests, and checks nothing. What the service
really does is in `reconciler.emulator`; this one exists because measuring a client needs a server that is not the bottleneck.
Two more paths are for the benchmark itself: `/calls` tells how often each operation was asked for since it last told,
`/reset` puts the directory back to how it started.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from collections import Counter
from typing import Any
from urllib.parse import parse_qs, unquote

from benchmarks.fleet import ENVIRONMENT, REGION, STACK, arn, identity

PAGE = 20
_BORN = 1_790_000_000.0
_NO_PARENTS: dict[str, Any] = {"agentRuntimes": [], "items": [], "paymentManagers": []}
_NO_OTHERS: dict[str, Any] = {
    "credentialProviders": [],
    "tokenVaultId": "default",
    "kmsConfiguration": {"keyType": "ServiceManagedKey"},
    "lastModifiedDate": _BORN,
}
"""Answers every list and get of another kind: none of it, but the vault that every directory has."""
_REASONS = {200: "OK", 201: "Created", 204: "No Content", 400: "Bad Request", 404: "Not Found"}


_SIGNED_FOR = re.compile(rb"/\d{8}/([a-z0-9-]+)/bedrock-agentcore")
Answer = tuple[int, dict[str, Any] | None]


class Fleet:
    """The identities, and what the API answers about them."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.reset()
        self._operations = {
            "ListWorkloadIdentities": self._list,
            "GetWorkloadIdentity": self._get,
            "CreateWorkloadIdentity": self._create,
            "UpdateWorkloadIdentity": self._update,
            "DeleteWorkloadIdentity": self._delete,
        }

    def reset(self) -> None:
        """As many identities as at the start, and no calls counted."""
        owner = {"reconciler:stack": f"{STACK}/{ENVIRONMENT}"}
        fleet = [identity(number) for number in range(self._count)]
        self._calls: Counter[str] = Counter()
        self._urls = {one.name: one.urls for one in fleet}
        self._tags = {one.name: one.tags | owner for one in fleet}
        self._listing: list[dict[str, str]] = []

    def answer(self, method: str, target: str, body: bytes) -> Answer:
        """Status and body for one request."""
        path, _, query = target.partition("?")
        if path == "/reset":
            self.reset()
            return 204, None
        if path == "/calls":
            told, self._calls = dict(self._calls), Counter()
            return 200, told
        family, _, rest = path[1:].partition("/")
        if family == "tags":
            self._calls[f"{method} tags"] += 1
            return self._tagging(method, unquote(rest).rpartition("/")[2], query, body)
        if family == "identities":
            self._calls[rest] += 1
            if rest not in self._operations:
                return 200, _NO_OTHERS
            return self._operations[rest](json.loads(body or b"{}"))
        self._calls[family] += 1
        return 200, _NO_PARENTS

    def _list(self, request: dict[str, Any]) -> Answer:
        if len(self._listing) != len(self._urls):
            self._listing = [{"name": name, "workloadIdentityArn": arn(name)} for name in self._urls]
        start = int(request.get("nextToken") or 0)
        end = start + min(PAGE, int(request.get("maxResults") or PAGE))
        page = {"workloadIdentities": self._listing[start:end]}
        return 200, page if end >= len(self._listing) else {**page, "nextToken": str(end)}

    def _get(self, request: dict[str, Any]) -> Answer:
        name = request["name"]
        if name not in self._urls:
            return 404, {"__type": "ResourceNotFoundException", "message": f"no identity {name}"}
        return 200, self._whole(name)

    def _create(self, request: dict[str, Any]) -> Answer:
        name = request["name"]
        if name in self._urls:
            return 400, {"__type": "ValidationException", "message": f"WorkloadIdentity {name} already exists"}
        self._urls[name] = tuple(request.get("allowedResourceOauth2ReturnUrls") or ())
        self._tags[name] = request.get("tags") or {}
        return 201, self._whole(name)

    def _update(self, request: dict[str, Any]) -> Answer:
        self._urls[request["name"]] = tuple(request.get("allowedResourceOauth2ReturnUrls") or ())
        return 200, self._whole(request["name"])

    def _delete(self, request: dict[str, Any]) -> Answer:
        self._urls.pop(request["name"], None)
        self._tags.pop(request["name"], None)
        return 204, None

    def _tagging(self, method: str, name: str, query: str, body: bytes) -> Answer:
        tags = self._tags.setdefault(name, {})
        match method:
            case "GET":
                return 200, {"tags": tags}
            case "POST":
                tags |= json.loads(body)["tags"]
            case _:
                for key in parse_qs(query).get("tagKeys", []):
                    tags.pop(key, None)
        return 204, None

    def _whole(self, name: str) -> dict[str, Any]:
        return {
            "name": name,
            "workloadIdentityArn": arn(name),
            "allowedResourceOauth2ReturnUrls": self._urls[name],
            "createdTime": _BORN,
            "lastUpdatedTime": _BORN,
        }


class Connection(asyncio.Protocol):
    """One keep-alive HTTP/1.1 connection. Requests are taken one after the other, as clients without pipelining send them."""

    def __init__(self, fleet: Fleet, latency: float) -> None:
        self._fleet = fleet
        self._latency = latency
        self._buffer = b""
        self._region = REGION
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where the answers go."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError(f"a stream is needed, not {transport!r}")
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer, after the latency, once a request is whole."""
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end]
        at = head.lower().find(b"\r\ncontent-length:")
        length = int(head[at + 17 :].partition(b"\r\n")[0]) if at >= 0 else 0
        if len(self._buffer) < end + 4 + length:
            return
        body, self._buffer = self._buffer[end + 4 : end + 4 + length], self._buffer[end + 4 + length :]
        method, target, _ = head.partition(b"\r\n")[0].decode("ascii").split(" ", 2)
        if signed := _SIGNED_FOR.search(head):
            self._region = signed[1].decode("ascii")
        status, answer = self._fleet.answer(method, target, body)
        loop = asyncio.get_running_loop()
        loop.call_later(self._latency, self._send, status, answer)

    def _send(self, status: int, answer: dict[str, Any] | None) -> None:
        text = "" if answer is None else json.dumps(answer, separators=(",", ":"))
        body = (text if self._region == REGION else _elsewhere(text, self._region)).encode()
        error = f"x-amzn-ErrorType: {answer['__type']}\r\n" if answer and "__type" in answer else ""
        head = (
            f"HTTP/1.1 {status} {_REASONS[status]}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n{error}\r\n"
        )
        self._transport.write(head.encode("ascii") + body)


def _elsewhere(text: str, region: str) -> str:
    """The answer as the same fleet in another region gives it, where it belongs to that region's own target."""
    owner = f"{STACK}/{ENVIRONMENT}"
    return text.replace(f":{REGION}:", f":{region}:").replace(f'"{owner}"', f'"{owner}@{region}"')


async def serve(count: int, latency: float) -> None:
    """Listen on a free port of 127.0.0.1, say which, and answer until the process is ended."""
    fleet = Fleet(count)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(fleet, latency), "127.0.0.1", 0)
    print(f"listening on http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


def main() -> None:
    """`python -m benchmarks.directory_server [--identities N] [--latency-ms N]`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--identities", type=int, default=0, help="how many stand in the directory at the start")
    parser.add_argument("--latency-ms", type=float, default=50.0, help="how long every answer takes")
    asked = parser.parse_args()
    asyncio.run(serve(asked.identities, asked.latency_ms / 1000))


if __name__ == "__main__":
    main()
