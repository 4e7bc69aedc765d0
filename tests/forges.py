"""GitHub and GitLab as far as comments and labels go, on a port of this machine; they can misbehave.

Not a test: `tests/forge` and `tests/pipelines` make fixtures of it. Written from the hosts' API references: the limit of a
body, read-only tokens of forks, pages of 100, redirects of renamed repositories.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "ghs_0123456789abcdefSECRET"
LONGEST = 65_536


@dataclass
class Trouble:
    """What happens to the next `times` requests that fit: an answer of ours, or (status 0) none at all."""

    method: str
    within: str
    times: int = 1
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    after: bool = False  # the request was carried out first


@dataclass
class Account:
    """Who a token belongs to; `writes`: it may."""

    login: str
    id: int
    writes: bool = True


@dataclass
class Forges:
    """Both hosts behind one address: `api` for either. `comments` and `labels` of request 12 of acme/identities."""

    url: str = ""
    comments: list[dict[str, Any]] = field(default_factory=list)
    labels: set[str] = field(default_factory=set)
    issues: list[dict[str, Any]] = field(default_factory=list)  # numbered from 1, each with its comments as `said`
    pulls: list[dict[str, Any]] = field(default_factory=list)  # each with its `commits`, which GitHub does not show
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    accounts: dict[str, Account] = field(default_factory=lambda: {TOKEN: Account("github-actions[bot]", 41898282)})
    troubles: list[Trouble] = field(default_factory=list)
    seen: list[tuple[str, str]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    @property
    def writes(self) -> list[str]:
        """The methods of the requests that changed something, or tried to."""
        return [method for method, path in self.seen if method != "GET" and not path.endswith("/graphql")]

    def add(
        self, body: str, login: str = "github-actions[bot]", account: int = 41898282, **more: Any
    ) -> dict[str, Any]:
        number = 1000 + len(self.comments)
        account_of = {"login": login, "id": account, "username": login}
        made = {"id": number, "body": body, "user": account_of, "author": account_of, **more}
        made["html_url"] = f"https://github.com/acme/identities/pull/12#issuecomment-{number}"
        self.comments.append(made)
        return made

    def trouble(self, method: str, within: str, **what: Any) -> None:
        self.troubles.append(Trouble(method, within, **what))

    def struck(self, method: str, path: str) -> Trouble | None:
        for one in self.troubles:
            if one.times > 0 and one.method in ("*", method) and one.within in path:
                one.times -= 1
                return one
        return None


@contextmanager
def serve_forges() -> Iterator[Forges]:
    """Them, for as long as the context lasts."""
    forges = Forges()
    verbs = {f"do_{method}": _Handler._handle for method in ("GET", "POST", "PATCH", "PUT", "DELETE")}
    handler = type("Handler", (_Handler,), {"forges": forges, **verbs})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    forges.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="forges", daemon=True)
    thread.start()
    try:
        yield forges
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    forges: Forges

    def log_message(self, *_: object) -> None:
        """Say nothing on the test's standard error."""

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        path = self.path
        self.forges.seen.append((self.command, path))
        token = self._token()
        self.forges.tokens.append(token)
        struck = self.forges.struck(self.command, path)
        if struck is not None and not struck.after:
            self._strike(struck)
            return
        status, body = self._answer(token, path, json.loads(raw) if raw else None)
        if struck is not None:
            self._strike(struck)
            return
        self._send(status, body, {})

    def _token(self) -> str:
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
        return bearer or self.headers.get("PRIVATE-TOKEN") or self.headers.get("JOB-TOKEN") or ""

    def _strike(self, trouble: Trouble) -> None:
        if trouble.status == 0:
            self.close_connection = True
            self.connection.close()
            return
        self._send(trouble.status, trouble.body or {"message": "as the test wants it"}, trouble.headers)

    def _send(self, status: int, body: Any, headers: dict[str, str]) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _answer(self, token: str, path: str, body: Any) -> tuple[int, Any]:
        account = self.forges.accounts.get(token)
        if account is None:
            return 401, {"message": "Bad credentials"}
        where, query = urlsplit(path).path, parse_qs(urlsplit(path).query)
        if where == "/graphql":
            return 200, {"data": {"viewer": {"login": account.login}}}
        if where in ("/user", "/job"):
            who = {"id": account.id, "username": account.login}
            return 200, who if where == "/user" else {"id": 5, "user": who}
        if self.command != "GET" and not account.writes:
            return 403, {"message": "Resource not accessible by integration"}
        if found := re.fullmatch(r"/repos/acme/identities/issues(?:/(\d)(/comments)?)?", where):
            return self._issues(found[1], bool(found[2]), query, body, account)
        if where.startswith("/repos/acme/identities/issues/"):
            return self._github(where.removeprefix("/repos/acme/identities/issues/"), query, body, account)
        if found := re.fullmatch(r"/repos/acme/identities/commits/(\w+)/pulls", where):
            return 200, [one for one in self.forges.pulls if found[1] in one["commits"]]
        if where == "/repos/acme/identities/actions/artifacts":
            return 200, {"artifacts": [one for one in self.forges.artifacts if one["name"] == query["name"][0]]}
        if where.startswith(("/projects/acme%2Fidentities/merge_requests/12", "/projects/77/merge_requests/12")):
            return self._gitlab(where.partition("/merge_requests/12")[2], query, body, account)
        return 404, {"message": "Not Found"}

    def _github(self, rest: str, query: dict[str, list[str]], body: Any, account: Account) -> tuple[int, Any]:
        forges = self.forges
        if rest == "12/comments":
            return self._listed_or_made(query, body, account)
        if found := re.fullmatch(r"comments/(\d+)", rest):
            return self._changed(int(found[1]), body)
        if rest == "12/labels" and self.command == "GET":
            return 200, self._page(query, [{"name": name} for name in sorted(forges.labels)])
        if rest == "12/labels":
            forges.labels |= set(body["labels"])
            return 200, []
        if rest.startswith("12/labels/"):
            forges.labels.discard(unquote(rest.removeprefix("12/labels/")))
            return 200, []
        return 404, {"message": "Not Found"}

    def _issues(
        self, number: str | None, comments: bool, query: dict[str, list[str]], body: Any, account: Account
    ) -> tuple[int, Any]:
        issues = self.forges.issues
        if number is None and self.command == "GET":
            return 200, self._page(query, [one for one in issues if one["state"] == query["state"][0]])
        if number is None:
            made = {"number": len(issues) + 1, "state": "open", "said": [], "user": {"login": account.login}, **body}
            issues.append(made)
            return 201, made
        if not 1 <= int(number) <= len(issues):
            return 404, {"message": "Not Found"}
        one = issues[int(number) - 1]
        if comments and self.command == "GET":
            return 200, self._page(query, [{"body": said} for said in one["said"]])
        if comments:
            one["said"].append(body["body"])
            return 201, {"id": len(one["said"]), "body": body["body"]}
        one.update(body or {})
        return 200, one

    def _gitlab(self, rest: str, query: dict[str, list[str]], body: Any, account: Account) -> tuple[int, Any]:
        if rest == "/notes":
            return self._listed_or_made(query, body, account)
        if found := re.fullmatch(r"/notes/(\d+)", rest):
            return self._changed(int(found[1]), body)
        if rest == "" and self.command == "PUT":
            self.forges.labels |= {one for one in body.get("add_labels", "").split(",") if one}
            self.forges.labels -= set(body.get("remove_labels", "").split(","))
        return 200, {"iid": 12, "labels": sorted(self.forges.labels)}

    def _listed_or_made(self, query: dict[str, list[str]], body: Any, account: Account) -> tuple[int, Any]:
        if self.command == "GET":
            return 200, self._page(query, self.forges.comments)
        if len(body["body"]) > LONGEST:
            return 422, {"message": "Validation Failed: body is too long (maximum is 65536 characters)"}
        return 201, self.forges.add(body["body"], account.login, account.id)

    def _changed(self, number: int, body: Any) -> tuple[int, Any]:
        for one in self.forges.comments:
            if one["id"] == number:
                one["body"] = body["body"]
                return 200, one
        return 404, {"message": "Not Found"}

    def _page(self, query: dict[str, list[str]], entries: list[Any]) -> list[Any]:
        size, page = min(100, int(query.get("per_page", ["30"])[0])), int(query.get("page", ["1"])[0])
        return entries[(page - 1) * size : page * size]
