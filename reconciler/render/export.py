"""The live directory as the text of a manifest that, once adopted, plans to nothing.

Written by hand and not by a YAML library: comments beside the entries, one fixed layout, every string in double quotes, so
that no key or value can turn into a number, a date or a truth value on the way back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from reconciler.model.environments import Target, Where
from reconciler.model.kinds import KINDS, Kind
from reconciler.model.resources import Live
from reconciler.model.values import Value, without_tags
from reconciler.model.visible import COMMAND, is_visible
from reconciler.render.clean import clean
from reconciler.render.words import contents

SCHEMA = "../schemas/manifest.schema.json"


def export_yaml(
    live: Iterable[Live],
    *,
    target: Target,
    linked: Mapping[str, str],
    where: Where = Where.AWS,
    ignored: Sequence[str] = (),
    schema: str = SCHEMA,
) -> str:
    """The manifest, in the order of kinds and names. `linked`: what holds a service-linked identity, by ARN.

    `ignored`: globs of tags that others own; they go to `settings.ignoreTags` and not into the entries.
    """
    found = list(live)
    lines = [f"# yaml-language-server: $schema={clean(schema)}", "version: 1", f"stack: {_quoted(target.stack)}"]
    if ignored:
        lines += ["settings:", f"  ignoreTags: [{', '.join(map(_quoted, ignored))}]"]
    lines += _environment(target, where)
    for kind in KINDS:
        mine = sorted((one for one in found if one.remote.type == kind.type), key=lambda one: one.remote.name)
        if mine or kind is KINDS[0]:
            lines.append(f"{kind.section}:" if mine else f"{kind.section}: {{}}")
        for one in mine:
            lines += _entry(kind, one, linked.get(one.arn, ""), target, ignored)
    return "\n".join(lines) + "\n"


def _environment(target: Target, where: Where) -> list[str]:
    lines = ["environments:", f"  {_quoted(target.environment, plain=True)}:"]
    if where is Where.EMBEDDED:
        return [*lines, "    directory: embedded"]
    said = [
        f"    {name}: {_quoted(value)}"
        for name, value in (("account", target.account), ("region", target.region))
        if value
    ]
    return [*lines, *said] if said else [lines[0], f"{lines[1]} {{}}"]


def _entry(kind: Kind, live: Live, holder: str, target: Target, ignored: Sequence[str]) -> list[str]:
    lines = []
    if holder:
        kept = " and ".join(one.name for one in kind.attributes if not one.local)
        lines.append(f"  # service-linked: {clean(holder)} made it; only {kept} can be kept here")
    if live.owner and live.owner != target.owner:
        lines.append(f"  # managed by another stack, {clean(live.owner)}: adopting it will be refused")
    body = ["    lifecycle: {updateOnly: true}"] if holder else []
    for name, value in contents(kind.type, without_tags(kind, live.attributes, ignored)):
        body += _attribute(name, value)
    key = f"  {_quoted(live.remote.name, plain=True)}:"
    return [*lines, key, *body] if body else [*lines, f"{key} {{}}"]


def _attribute(name: str, value: Value) -> list[str]:
    if isinstance(value, tuple):
        return [f"    {name}:", *(f"      - {_quoted(one)}" for one in value)]
    if isinstance(value, dict):
        return [f"    {name}:", *(f"      {_quoted(key, plain=True)}: {_quoted(text)}" for key, text in value.items())]
    return [f"    {name}: {_quoted(value) if isinstance(value, str) else json.dumps(value)}"]


def _quoted(text: str, *, plain: bool = False) -> str:
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
