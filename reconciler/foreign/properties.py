"""The properties of CloudFormation's three AgentCore identity types, in a manifest's names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.diagnostics import Diagnostic, Source
from reconciler.foreign.found import hidden
from reconciler.foreign.intrinsics import Hidden, NoValue, Scope, evaluate
from reconciler.foreign.templates import Node

Properties = Mapping[str, Node]

_FREE = frozenset({"AdditionalHeaderClaims", "AdditionalPayloadClaims", "Tags"})  # maps whose keys are the user's
_SECRETS = ("ClientSecret", "ClientSecretConfig", "ClientSecretSource")
_STORED = re.compile(
    r"\{\{resolve:secretsmanager:(?P<id>arn:[^:{}]+:secretsmanager:[^:{}]+:[^:{}]+:secret:[^:{}]+|[^:{}]+)"
    r"(?::SecretString(?::(?P<key>[^:{}]*)(?::[^:{}]*){0,2})?)?\}\}"
)
_WAY_OUT = "Or give the name of the deployed stack, which tells it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One resource's properties, read: see `Found`."""

    attributes: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads properties of one resource and collects what is hidden of them in `problems`."""

    file: str
    logical: str
    scope: Scope
    problems: list[Diagnostic]

    def value(self, node: Node | None, path: str) -> Any:
        """The node's value; None where there is none, or it is hidden: then `problems` says so."""
        if node is None:
            return None
        try:
            return evaluate(node, self.scope)
        except NoValue:
            return None
        except Hidden as why:
            self.problems.append(self.problem(why, f"Properties.{path}"))
            return None

    def text(self, properties: Properties, name: str, path: str = "") -> str:
        """The property's text, "" where there is none."""
        value = self.value(properties.get(name), f"{path}{name}")
        return value if isinstance(value, str) else ""

    def name(self, properties: Properties, node: Node) -> str:
        """What the resource is called; "" where that is hidden or missing."""
        name = self.text(properties, "Name")
        if not name and not self.problems:
            self.problems.append(self.problem(Hidden("it has none", node), "Properties.Name"))
        return name

    def problem(self, why: Hidden, path: str) -> Diagnostic:
        """What is hidden, where, and the way out."""
        given = f"Give it: --parameter {why.parameter}=VALUE. " if why.parameter else ""
        return hidden(
            f"Resources.{self.logical}.{path} cannot be told: {why}",
            given + _WAY_OUT,
            Source(self.file, why.node.line, why.node.column),
        )


def _identity(reader: Reader, properties: Properties) -> Read:
    urls = reader.value(properties.get("AllowedResourceOauth2ReturnUrls"), "AllowedResourceOauth2ReturnUrls") or ()
    return Read(
        attributes={
            "allowedResourceOauth2ReturnUrls": tuple(sorted({one for one in urls if isinstance(one, str)})),
            "tags": _tags(reader, properties),
        },
        notes=_unknown(properties, {"Name", "Tags", "AllowedResourceOauth2ReturnUrls"}),
    )


def _oauth2(reader: Reader, properties: Properties) -> Read:
    config: dict[str, Any] = {}
    secret: tuple[dict[str, str], dict[str, str]] = ({"source": "MANAGED"}, {})
    outer = properties.get("Oauth2ProviderConfigInput")
    for member, inner in (outer.members if outer else {}).items():
        path = f"Oauth2ProviderConfigInput.{member}."
        secret = _secret(reader, inner.members, _SECRETS, path)
        for name, node in inner.members.items():
            value = reader.value(node, path + name) if name not in _SECRETS else None
            if value is not None:
                config[_lower(name)] = value if name in _FREE else _renamed(value)
    known = {"Name", "Tags", "CredentialProviderVendor", "Oauth2ProviderConfigInput"}
    return Read(
        attributes={
            "credentialProviderVendor": reader.text(properties, "CredentialProviderVendor"),
            "config": config,
            "clientSecret": secret[0],
            "tags": _tags(reader, properties),
        },
        notes=_unknown(properties, known),
        secrets={"clientSecret": secret[1]} if secret[1] else {},
    )


def _api_key(reader: Reader, properties: Properties) -> Read:
    names = ("ApiKey", "ApiKeySecretConfig", "ApiKeySecretSource")
    secret, stored = _secret(reader, properties, names, "")
    return Read(
        attributes={"apiKey": secret, "tags": _tags(reader, properties)},
        notes=_unknown(properties, {"Name", "Tags", *names}),
        secrets={"apiKey": stored} if stored else {},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Type:
    """One of CloudFormation's types: what we call it, and how its properties are read."""

    type: str
    read: Callable[[Reader, Properties], Read]


PROPERTIES: Mapping[str, Type] = {
    "AWS::BedrockAgentCore::WorkloadIdentity": Type(type="workload_identity", read=_identity),
    "AWS::BedrockAgentCore::OAuth2CredentialProvider": Type(type="oauth2_credential_provider", read=_oauth2),
    "AWS::BedrockAgentCore::ApiKeyCredentialProvider": Type(type="api_key_credential_provider", read=_api_key),
}


def _secret(
    reader: Reader, properties: Properties, names: tuple[str, str, str], path: str
) -> tuple[dict[str, str], dict[str, str]]:
    """Where the secret comes from; and of a MANAGED one that the template takes from Secrets Manager, where it lies there."""
    literal, reference, source = names
    if properties.get(reference) is not None or reader.text(properties, source, path) == "EXTERNAL":
        node = properties.get(reference)
        inner = node.members if node else {}
        id_ = reader.text(inner, "SecretId", f"{path}{reference}.")
        key = reader.text(inner, "JsonKey", f"{path}{reference}.")
        return {"source": "EXTERNAL", "secretId": id_, "jsonKey": key}, {}
    node = properties.get(literal)
    stored = _STORED.fullmatch(_spelled(node, reader.scope)) if node else None
    if stored is None:
        return {"source": "MANAGED"}, {}
    where = {"secretId": stored["id"], **({"jsonKey": stored["key"]} if stored["key"] else {})}
    return {"source": "MANAGED"}, where


def _spelled(node: Node, scope: Scope) -> str:
    """The text of a secret's property if it is a dynamic reference; "" for all else, which is not looked at."""
    text = node.text or (node.call[1].text if node.call and node.call[0] == "Fn::Sub" else "")
    if not text.startswith("{{resolve:"):
        return ""
    if node.text:
        return text
    inner = Node({"Fn::Sub": Node(text.replace("{{resolve:", "", 1), node.line, node.column)}, node.line, node.column)
    try:
        return "{{resolve:" + str(evaluate(inner, scope))
    except (Hidden, NoValue):
        return ""


def _tags(reader: Reader, properties: Properties) -> dict[str, str]:
    tags: dict[str, str] = {}
    value = reader.value(properties.get("Tags"), "Tags")
    for one in value if isinstance(value, tuple) else ():
        if isinstance(one, dict) and isinstance(one.get("Key"), str) and isinstance(one.get("Value"), str):
            tags[one["Key"]] = one["Value"]
    return dict(sorted(tags.items()))


def _renamed(value: Any) -> Any:
    """With the API's names: CloudFormation's begin with a capital."""
    if isinstance(value, dict):
        return {_lower(name): inner if name in _FREE else _renamed(inner) for name, inner in value.items()}
    if isinstance(value, tuple):
        return tuple(_renamed(one) for one in value)
    return value


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _unknown(properties: Properties, known: set[str]) -> tuple[str, ...]:
    names = sorted(name for name in properties if name not in known)
    return (f"Not carried over, because it was not known when this was written: {', '.join(names)}.",) if names else ()
