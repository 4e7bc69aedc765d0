"""A manifest as text, out of entries: one fixed layout, comments beside what they are about. Pure.

Written by hand and not by a YAML library: every string is in double quotes, so that no key or value can turn into a number, a
date or a truth value on the way back. Leaves out where entries come from: see `export`, and `reconciler.foreign`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.model.environments import Environment, Where
from reconciler.model.identity import ACCESS
from reconciler.model.kinds import KINDS, Attribute, Kind, Shape
from reconciler.model.secrets import MANAGED, SecretSource, is_reserved
from reconciler.model.values import Attributes
from reconciler.model.visible import COMMAND, is_visible
from reconciler.render.clean import clean

SCHEMA = "../schemas/manifest.schema.json"
_NAMED_BY = {"oauth2_credential_provider": "oauth2", "api_key_credential_provider": "apiKey"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A resource as its manifest has it. `key` is the remote name, too.

    `attributes` canonical; of a MANAGED secret `secrets` says where its value is read, else a variable to be set is named.
    `foreign`: why it is not ours to give to another tool, or "".
    """

    kind: Kind
    key: str
    attributes: Attributes
    update_only: bool = False
    comments: tuple[str, ...] = ()
    foreign: str = ""
    secrets: Mapping[str, SecretSource] = field(default_factory=dict)


def manifest_yaml(
    entries: Iterable[Entry],
    *,
    stack: str,
    environment: Environment,
    ignored: Sequence[str] = (),
    head: Sequence[str] = (),
    schema: str = SCHEMA,
) -> str:
    """The manifest, in the order of kinds and keys. `ignored`: globs of tags of others. `head`: comments at its top."""
    made = sorted(entries, key=lambda one: one.key)
    variables = secret_variables(made)
    lines = [f"# yaml-language-server: $schema={clean(schema)}", *(f"# {clean(line)}".rstrip() for line in head)]
    lines += ["version: 1", f"stack: {quoted(stack)}"]
    if ignored:
        lines += ["settings:", f"  ignoreTags: [{', '.join(map(quoted, ignored))}]"]
    lines += _environment(environment)
    for kind in KINDS:
        mine = [one for one in made if one.kind.type == kind.type]
        if kind.singleton:
            lines += [line for one in mine for line in _singleton(one)]
            continue
        if mine or kind is KINDS[0]:
            lines.append(f"{kind.section}:" if mine else f"{kind.section}: {{}}")
        for one in mine:
            lines += _entry(one, variables)
    return "\n".join(lines) + "\n"


def secret_variables(entries: Iterable[Entry]) -> dict[tuple[str, str, str], str]:
    """By type, key and attribute: the environment variable that a MANAGED secret is to be read from; no two alike."""
    made: dict[tuple[str, str, str], str] = {}
    for entry in entries:
        for one in entry.kind.attributes:
            value = entry.attributes.get(one.name)
            if one.shape is Shape.REFERENCE and isinstance(value, dict) and value.get("source") == MANAGED:
                words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", one.name)
                wanted = re.sub(r"[^A-Z0-9]", "_", f"{entry.key}_{words}".upper())
                wanted = f"_{wanted}" if wanted[0].isdigit() or is_reserved(wanted) else wanted
                name, number = wanted, 2
                while name in made.values():
                    name, number = f"{wanted}_{number}", number + 1
                made[entry.kind.type, entry.key, one.name] = name
    return made


def _environment(one: Environment) -> list[str]:
    if one.group:
        return _target(one)
    lines = ["environments:", f"  {quoted(one.name, plain=True)}:"]
    if one.where is Where.EMBEDDED:
        return [*lines, "    directory: embedded"]
    members = {
        "account": one.account,
        "region": one.region,
        "profile": one.profile,
        "roleArn": one.role_arn,
    }
    said = [f"    {name}: {quoted(value)}" for name, value in members.items() if value]
    return [*lines, *said] if said else [lines[0], f"{lines[1]} {{}}"]


def _target(one: Environment) -> list[str]:
    """The environment with the one target of it, so that this has the same name again."""
    name, _, region = one.name.removeprefix(f"{one.group}@").partition("@")
    listed = one.region in (name, region)
    shown = f"[{quoted(one.region)}]" if listed else quoted(one.region)
    lines = ["environments:", f"  {quoted(one.group, plain=True)}:"]
    lines += ["    directory: embedded"] if one.where is Where.EMBEDDED else []
    pad = "    "
    if not listed or region:
        lines += ["    targets:", f"      {quoted(name, plain=True)}:"]
        pad = "        "
    lines += [f"{pad}account: {quoted(one.account)}"] if one.account else []
    return lines + ([f"{pad}region: {shown}"] if one.region else [])


def _singleton(entry: Entry) -> list[str]:
    lines = [f"# {clean(comment)}" for comment in entry.comments]
    return [*lines, f"{entry.kind.section}:", *_body(entry, {}, indent=2)]


def _entry(entry: Entry, variables: Mapping[tuple[str, str, str], str]) -> list[str]:
    lines = [f"  # {clean(comment)}" for comment in entry.comments]
    body = ["    lifecycle: {updateOnly: true}"] if entry.update_only else []
    body += _body(entry, variables, indent=4)
    key = f"  {quoted(entry.key, plain=True)}:"
    return [*lines, key, *body] if body else [*lines, f"{key} {{}}"]


def _body(entry: Entry, variables: Mapping[tuple[str, str, str], str], *, indent: int) -> list[str]:
    lines: list[str] = []
    for one in entry.kind.attributes:
        value = entry.attributes.get(one.name, one.default)
        if value == one.default:
            continue
        if one.shape is Shape.REFERENCE and isinstance(value, dict):
            name = variables.get((entry.kind.type, entry.key, one.name), "")
            lines += _secret(one, value, entry.secrets.get(one.name), name, indent)
        elif one.name == ACCESS.name and isinstance(value, dict):
            lines += [f"{' ' * indent}{one.name}:", *(f"{' ' * indent}  - {_grant(*grant)}" for grant in value.items())]
        else:
            lines += _member(one.name, value, indent, keys_quoted=one.shape is Shape.MAP)
    return lines


def _secret(
    one: Attribute, value: Mapping[str, Any], source: SecretSource | None, variable: str, indent: int
) -> list[str]:
    """By reference. What a MANAGED one is, the service does not show: somebody has to say where its value comes from."""
    space = " " * indent
    if value["source"] != MANAGED:
        return [f"{space}{one.name}: {_flow({name: value[name] for name in ('secretId', 'jsonKey') if name in value})}"]
    version = value.get("version", 1)
    if source is not None and not source.env:
        where = {"secretId": source.secret_id, **({"jsonKey": source.json_key} if source.json_key else {})}
        return [f"{space}{one.name}: {{fromSecretsManager: {_flow(where)}, version: {version}}}"]
    return [
        f"{space}# the service keeps it: set {variable} before an apply that sends it, which is when `version` moves",
        f"{space}{one.name}: {{fromEnv: {quoted(variable)}, version: {version}}}",
    ]


def _grant(address: str, grant: Mapping[str, Any]) -> str:
    type_, _, key = address.partition(".")
    return _flow({_NAMED_BY.get(type_, type_): key, **grant})


def _flow(value: Any) -> str:
    """On one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_flow(one)}" for name, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


def _member(name: str, value: Any, indent: int, *, keys_quoted: bool = False) -> list[str]:
    space = " " * indent
    if isinstance(value, Mapping) and value:
        lines = [f"{space}{name}:"]
        for key, one in value.items():
            lines += _member(quoted(key, plain=True) if keys_quoted else _key(key), one, indent + 2)
        return lines
    if isinstance(value, tuple) and value:
        return [f"{space}{name}:", *(line for one in value for line in _item(one, indent + 2))]
    return [f"{space}{name}: {_flow(value)}"]


def _item(value: Any, indent: int) -> list[str]:
    """An item of a list: a mapping begins on the line of its dash."""
    space = " " * indent
    if not isinstance(value, Mapping) or not value:
        return [f"{space}- {_flow(value)}"]
    lines = [line for key, one in value.items() for line in _member(_key(key), one, indent + 2)]
    return [f"{space}- {lines[0].lstrip()}", *lines[1:]]


def _key(name: str) -> str:
    """A member of the API as it is; a key that somebody thought of, in quotes."""
    return name if re.fullmatch(r"[a-z][A-Za-z0-9]*", name) else quoted(name, plain=True)


def _scalar(value: Any) -> str:
    return quoted(value) if isinstance(value, str) else json.dumps(value)


def quoted(text: str, *, plain: bool = False) -> str:
    """The text in YAML's double quotes. `plain`: a key, where no variable is looked for, so that `${` needs no escape."""
    value = text if plain else text.replace("${", "$${")
    return '"' + COMMAND.sub(r"\\x23#", "".join(map(_escaped, value))) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if is_visible(character):
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
