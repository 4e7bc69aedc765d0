"""A document against `schemas/manifest.schema.json`, and each departure from it in words, where it stands.

Two passes: jsonschema-rs says in milliseconds whether anything is wrong, and where; only what is wrong goes to jsonschema,
whose errors are worded here.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from reconciler.diagnostics import Diagnostic
from reconciler.manifest.documents import (
    REFERENCE_FORMS,
    Document,
    Keys,
    address_of,
    did_you_mean,
    dotted,
    error,
    holds_secret,
    quoted,
)
from reconciler.model.kinds import KINDS
from reconciler.schema_files import SchemaName, schema

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

MAX_WORDED = 1000
"""Entries of a section, and mistakes of a file, that are told one by one."""

_SECTIONS = frozenset({"environments", *(kind.section for kind in KINDS if not kind.singleton)})
_TYPES = {  # what people call it, and how it is written
    "string": ("text", "Write the text itself."),
    "object": ("a mapping", "Write `key: value` lines below it, indented by two spaces."),
    "array": ("a list", "Write each on a line of its own that begins with `- `, or all in brackets."),
    "integer": ("a whole number", "Write the number without quotes."),
    "boolean": ("true or false", "Write true or false, without quotes."),
}


def departures(document: Document, contract: SchemaName = "manifest") -> tuple[list[Diagnostic], set[Keys]]:
    """Everything about the document that the schema does not allow, and the paths of what it refuses."""
    paths = [tuple(one.instance_path) for one in _fast(contract).iter_errors(document.value)]
    if not paths:
        return [], set()
    from jsonschema import Draft202012Validator

    suspect, left_out = _suspect_part(document.value, paths)
    errors = list(
        itertools.islice(Draft202012Validator(schema(contract)).iter_errors(suspect), MAX_WORDED),
    )
    found = [one for top in errors for leaf in _leaves(top) for one in _word(leaf, document)]
    if left_out or len(errors) == MAX_WORDED:
        summary = f"More mistakes follow, in {max(left_out, 1)} entries or more"
        found.append(error("more-mistakes", summary, "Mend those above first.", source=document.source()))
    else:
        # Where the two libraries disagree, over \w beyond ASCII or a line break at the end of text, the stricter one counts.
        for path in set(paths) - {tuple(one.absolute_path) for one in errors}:
            found.append(_refused(document, path, f"cannot be {_described(_at(document.value, path))}", _STRICT))
    return found, {*paths, *_bad_keys(document.value, paths)}


def unfit(definition: str, value: Any) -> Iterator[tuple[Keys, str]]:
    """Where a value with its variables in place does not fit that definition of the schema, and what is taken there."""
    from jsonschema import Draft202012Validator

    rules = {"$ref": f"#/$defs/{definition}", "$defs": schema("manifest")["$defs"]}
    for found in Draft202012Validator(rules).iter_errors(value):
        says = str(found.schema.get("description", "")) if isinstance(found.schema, dict) else ""
        yield tuple(found.absolute_path), f"It takes {says}." if says else ""


def _bad_keys(value: Any, paths: Iterable[Keys]) -> Iterator[Keys]:
    """The entries under the keys for which a section is refused."""
    for path in paths:
        if len(path) == 1 and path[0] in _SECTIONS and isinstance(entries := value[path[0]], dict):
            yield from ((*path, key) for key in entries if not _KEY.fullmatch(key))


_BESIDE_CONFIG = frozenset({"clientSecret", "clientSecretConfig", "clientSecretSource"})
_STRICT = "Mind letters beyond ASCII, and a line break at the end."


def _at(value: Any, path: Keys) -> Any:
    for step in path:
        value = value[step]
    return value


@functools.cache
def _fast(contract: SchemaName) -> Any:
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(schema(contract))


def _suspect_part(value: Any, paths: Iterable[tuple[Any, ...]]) -> tuple[Any, int]:
    """The value less the entries that are sound, and how many unsound ones had to be left out as well."""
    if not isinstance(value, dict):
        return value, 0
    bad: dict[str, dict[str, None]] = {}
    for path in paths:
        if path[:1] and path[0] in _SECTIONS:
            bad.setdefault(path[0], {}).update({path[1]: None} if len(path) > 1 else {})
    part, left_out = dict(value), 0
    for section in _SECTIONS & value.keys():
        entries = value[section]
        if isinstance(entries, dict):
            names = [*bad.get(section, ()), *(key for key in entries if not _KEY.fullmatch(key))]
            left_out += max(0, len(names) - MAX_WORDED)
            part[section] = {name: entries[name] for name in names[:MAX_WORDED]}
    return part, left_out


_KEY = re.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
"""Keys that no `propertyNames` of the schema refuses; the others are few, and jsonschema looks at them."""


def _leaves(top: ValidationError) -> Iterator[ValidationError]:
    """The errors that matter: of alternatives, those of the one that was meant, as far as its type tells."""
    if top.validator != "anyOf":
        yield top
        return
    branches: dict[int, list[ValidationError]] = {}
    for one in top.context or ():
        branches.setdefault(int(one.relative_schema_path[0]), []).append(one)
    meant = [errors for errors in branches.values() if all(one.validator != "type" or one.path for one in errors)]
    if not meant:
        yield top
    for one in itertools.chain.from_iterable(meant):
        yield from _leaves(one)


def _word(found: ValidationError, document: Document) -> Iterator[Diagnostic]:
    path = tuple(found.absolute_path)
    limit, value = found.validator_value, found.instance
    says = str(found.schema.get("description", "")) if isinstance(found.schema, dict) else ""
    if "propertyNames" in found.absolute_schema_path:
        yield _bad_key(document, (*path, str(value)), says)
        return
    if holds_secret(path) and found.validator not in {"required", "additionalProperties"}:
        yield _bad_secret(document, path, found)
        return
    if path[:2] == ("settings", "rules") and _silences(value) and found.validator in {"enum", "required"}:
        detail = "Say why, for those who read it next: {severity: off, reason: …}."
        yield _refused(document, path, "is silenced without a reason", detail, code="silenced-without-reason")
        return
    match found.validator:
        case "additionalProperties":
            known = found.schema.get("properties", {})
            yield from (_unknown_key(document, (*path, key), known) for key in value if key not in known)
        case "type":
            yield _wrong_type(document, path, limit, value)
        case "anyOf":
            detail = "Write error, warning or info, or a mapping with severity and reason."
            yield _refused(document, path, f"cannot be {_described(value)}", detail, code="wrong-type")
        case "enum":
            detail = f"{did_you_mean(str(value), limit)}It is one of: {', '.join(limit)}."
            yield _refused(document, path, f"cannot be {quoted(str(value))}", detail)
        case "const":
            newer = isinstance(value, int) and value > limit
            detail = "The manifest is for a newer reconciler: update it." if newer else f"Write {limit}."
            yield _refused(document, path, f"is {value}, but this reconciler reads version {limit}", detail)
        case "required" | "dependentRequired":
            yield from _missing(document, path, found)
        case "maxProperties" if limit == 0:
            text = "is not supported by this version; nothing can stand in it yet"
            yield _refused(document, path, text, "Take the section away.", code="unsupported")
        case "minLength" | "maxLength" | "minItems" | "maxProperties" | "minimum" | "maximum":
            yield _refused(document, path, _out_of_bounds(str(found.validator), limit, value), says)
        case _:
            yield _refused(document, path, f"cannot be {_described(value)}", says)


def _bad_secret(document: Document, path: Keys, found: ValidationError) -> Diagnostic:
    """A mistake where a secret is spoken of: told without what stands there, for that may be the secret itself."""
    source, address, name = document.source(path), address_of(path), dotted(path)
    if (
        found.validator == "type"
        and isinstance(found.instance, str | int)
        and len(path) <= 4
        and found.validator_value == "object"
    ):
        summary = f"{name} holds a secret in plain text, or what looks like one"
        return error("literal-secret", summary, REFERENCE_FORMS, source=source, address=address)
    says = str(found.schema.get("description", "")) if isinstance(found.schema, dict) else ""
    wanted = found.validator_value if found.validator == "type" else None
    takes = _TYPES[wanted][0] if isinstance(wanted, str) else says
    summary = f"{name} is not what is expected there; it is not repeated here, since it may be secret"
    return error("secret-form", summary, f"It takes {takes}.", source=source, address=address)


def _silences(value: Any) -> bool:
    return value == "off" or (isinstance(value, dict) and value.get("severity") == "off")


def _out_of_bounds(keyword: str, limit: int, value: Any) -> str:
    match keyword:
        case "minLength":
            return f"has {len(value)} characters, fewer than the {limit} needed" if value else "is empty"
        case "maxLength":
            return f"has {len(value)} characters, more than the {limit} allowed"
        case "minItems":
            return "is an empty list"
        case "maxProperties":
            return f"has {len(value)} entries, more than the {limit} allowed"
        case "minimum":
            return f"is {value}, less than {limit}"
        case _:
            return f"is {value}, more than {limit}"


def _refused(
    document: Document, path: tuple[Any, ...], what: str, says: str, *, code: str = "invalid-value"
) -> Diagnostic:
    detail = f"It takes {says}." if says and not says.endswith(".") else says
    name = dotted(path) or "The manifest"
    return error(code, f"{name} {what}", detail, source=document.source(path), address=address_of(path))


def _wrong_type(document: Document, path: Keys, limit: Any, value: Any) -> Diagnostic:
    wanted = [one for one in ([limit] if isinstance(limit, str) else limit) if one != "null"]
    name = dotted(path) or "The manifest"
    summary = f"{name} must be {' or '.join(_TYPES[one][0] for one in wanted)}, not {_described(value)}"
    detail = _how_to_write(wanted, value) if path else "It begins with `version: 1` and `stack: NAME`."
    return error("wrong-type", summary, detail, source=document.source(path), address=address_of(path))


def _how_to_write(wanted: list[str], value: Any) -> str:
    if value is None:
        return "Write a value, or take the key away."
    if "string" in wanted and isinstance(value, int):
        return f'Write it in quotes: "{str(value).lower()}".'
    return _TYPES[wanted[0]][1]


def _described(value: Any) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return str(value).lower()
        case int():
            return f"the number {value}"
        case str():
            return quoted(value)
        case list():
            return "a list"
        case _:
            return "a mapping"


def _unknown_key(document: Document, path: tuple[Any, ...], known: Iterable[str]) -> Diagnostic:
    names = sorted(known)
    source, address = document.source(path, key=True), address_of(path)
    where = f" in {dotted(path[:-1])}" if path[:-1] else ""
    meant = did_you_mean(str(path[-1]), names)
    detail = f"{meant}Known here: {', '.join(names)}."
    if holds_secret(path[:-1]) and not meant:  # as {ghp_…} has it, which to YAML is a key without a value
        summary = f"A key{where} is unknown; it is not repeated here, since it may be secret"
        return error("secret-form", summary, detail, source=source, address=address)
    if path[-1] in _BESIDE_CONFIG and path[-2:-1] == ("config",):
        detail = "The client's secret stands beside `config`, by reference: `clientSecret: {secretId: …, jsonKey: …}`."
    return error("unknown-key", f"Unknown key {quoted(path[-1])}{where}", detail, source=source, address=address)


def _bad_key(document: Document, path: tuple[Any, ...], says: str) -> Diagnostic:
    summary = f"{quoted(path[-1])} cannot be a key of {dotted(path[:-1])}"
    detail = f"A key there takes {says}." if says else ""
    source = document.source(path, key=True)
    return error("invalid-key", summary, detail, source=source, address=address_of(path[:-1]))


def _missing(document: Document, path: tuple[Any, ...], found: ValidationError) -> Iterator[Diagnostic]:
    if found.validator == "required":
        wanted = [(name, "") for name in found.validator_value if name not in found.instance]
    else:
        wanted = [
            (name, f" beside {key}")
            for key, names in found.validator_value.items()
            if key in found.instance
            for name in names
            if name not in found.instance
        ]
    for name, beside in wanted:
        yield error("missing-key", f"{dotted(path)} needs {name}{beside}", "Add it.", source=document.source(path))
