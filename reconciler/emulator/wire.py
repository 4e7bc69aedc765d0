"""AWS's protocols rest-json and json, the server's side of them: requests into operations and parameters, answers into bytes.

Driven by botocore's service model, for the operations that the emulator knows. Those of rest-json use paths, query strings
and JSON bodies, and no headers of their own; those of json name themselves in a header, `X-Amz-Target`.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from reconciler.emulator.faults import Fault


class Answer(NamedTuple):
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes


class Request(NamedTuple):
    """A request understood: which operation, with which parameters."""

    operation: str
    params: dict[str, Any]


class Wire:
    """The requests and answers of those of the operations that the models have."""

    def __init__(self, models: Iterable[ServiceModel], operations: Iterable[str]) -> None:
        wanted = frozenset(operations)
        self._operations = {
            name: model.operation_model(name) for model in models for name in model.operation_names if name in wanted
        }
        self._static: dict[tuple[str, str], str] = {}
        self._patterns: list[tuple[str, re.Pattern[str], str]] = []
        self._targets: dict[str, str] = {}
        for name, operation in self._operations.items():
            if operation.service_model.protocol == "json":
                self._targets[f"{operation.service_model.metadata['targetPrefix']}.{name}"] = name
                continue
            method, path = operation.http["method"], operation.http["requestUri"].rstrip("/")
            if "{" in path:
                pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))
                self._patterns.append((method, re.compile(pattern), name))
            else:
                self._static[method, path] = name

    def input_shape(self, operation: str) -> Shape | None:
        """The shape of an operation's parameters."""
        return self._operations[operation].input_shape

    def parse(self, method: str, url: str, body: bytes | str | None, target: str = "") -> Request | None:
        """The request, or None if it is for none of the operations. Paths are expected as sent, percent-encoded.

        Raises Fault for a body that is no JSON object, or a query parameter of the wrong type.
        """
        if target:
            meant = self._targets.get(target)
            return Request(meant, _members(body)) if meant else None
        parts = urlsplit(url)
        found = self._route(method, parts.path.rstrip("/"))
        if found is None:
            return None
        name, labels = found
        shape = self._operations[name].input_shape
        params = _members(body)
        query = parse_qs(parts.query, keep_blank_values=True) if parts.query else {}
        for member, inner in shape.members.items() if shape is not None else ():
            wire_name = inner.serialization.get("name", member)
            match inner.serialization.get("location"):
                case "uri":
                    params[member] = labels[wire_name]
                case "querystring" if wire_name in query:
                    params[member] = _queried(inner, wire_name, query[wire_name])
        return Request(name, params)

    def encoded(self, operation: str, members: dict[str, Any]) -> dict[str, Any]:
        """The members as JSON has them; those that the operation's output does not have are left out."""
        shape = self._operations[operation].output_shape
        body: dict[str, Any] = {} if shape is None else _encode(shape, members)
        return body

    def answer(self, operation: str, body: dict[str, Any]) -> Answer:
        """The answer of success, from encoded members."""
        return _answer(_success(self._operations[operation]), {}, body)

    def fault(self, fault: Fault) -> Answer:
        """The error answer."""
        return _answer(fault.status, {"x-amzn-ErrorType": fault.code}, fault.members)

    def _route(self, method: str, path: str) -> tuple[str, dict[str, str]] | None:
        name = self._static.get((method, path))
        if name is not None:
            return name, {}
        for wanted, pattern, operation in self._patterns:
            match = pattern.fullmatch(path) if wanted == method else None
            if match:
                return operation, {label: unquote(text) for label, text in match.groupdict().items()}
        return None


def _success(model: OperationModel) -> int:
    status: int = model.http.get("responseCode", 200)
    return status


def _answer(status: int, headers: dict[str, str], body: Any) -> Answer:
    raw = b"" if status == 204 else json.dumps(body).encode()
    return Answer(status, {"Content-Type": "application/json", "Content-Length": str(len(raw)), **headers}, raw)


def _members(body: bytes | str | None) -> dict[str, Any]:
    if not body:
        return {}
    try:
        members = json.loads(body)
    except ValueError as error:
        raise Fault("SerializationException", f"The body is not JSON: {error}") from error
    if not isinstance(members, dict):
        raise Fault("SerializationException", "The body is not a JSON object")
    return members


def _queried(shape: Shape, name: str, texts: list[str]) -> Any:
    if isinstance(shape, ListShape):
        return texts
    if shape.type_name in ("integer", "long"):
        try:
            return int(texts[0])
        except ValueError as error:
            raise Fault("SerializationException", f"The query parameter {name} is not a number") from error
    return texts[0]


def _encode(shape: Shape, value: Any) -> Any:
    match shape:
        case StructureShape():
            return {
                name: _encode(inner, value[name])
                for name, inner in shape.members.items()
                if value.get(name) is not None
            }
        case ListShape():
            return [_encode(shape.member, one) for one in value]
        case MapShape():
            return dict(value)
    if shape.type_name == "timestamp" and shape.serialization.get("timestampFormat") == "iso8601":
        return datetime.datetime.fromtimestamp(value, datetime.UTC).isoformat().replace("+00:00", "Z")
    return value
