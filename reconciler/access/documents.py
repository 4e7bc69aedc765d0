"""Real policies: JSON or YAML text to statements with their lines, or every mistake in it as a diagnostic.

Takes a policy document, several in a list, and what `aws iam get-role-policy` and `get-policy-version` print.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.access.findings import Where
from reconciler.access.patterns import Pattern, parse
from reconciler.access.policy import VERSION
from reconciler.diagnostics import Diagnostic, Severity, Source, has_errors
from reconciler.manifest.composing import compose
from reconciler.manifest.documents import ManifestFile, Marks, source_in
from reconciler.model.strict_json import Repeated, load_json

_WRAPPED = (("PolicyDocument",), ("PolicyVersion", "Document"), ("Document",))
_VERSIONS = (VERSION, "2008-10-17")
_MEMBERS = frozenset({"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"})
_NOT_IDENTITY = frozenset({"Principal", "NotPrincipal"})
_AS_TEXT = "yaml-ambiguous"  # `Version: 2012-10-17` without quotes is a date to some, and is meant as text

Keys = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One comparison of a statement: `StringEquals`, a key, the values to compare its value with."""

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One statement. `actions` and `resources` are what it names, or (`but_actions`, `but_resources`) all that it does not."""

    where: Where
    allows: bool
    actions: tuple[Pattern, ...]
    resources: tuple[Pattern, ...]
    but_actions: bool = False
    but_resources: bool = False
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy by the name of its file or its own, with its statements in their order."""

    name: str
    rules: tuple[Rule, ...]


def read_policies(name: str, content: bytes) -> tuple[tuple[Policy, ...], tuple[Diagnostic, ...]]:
    """The policies that the text holds (none where there are mistakes), and what is wrong with it."""
    value, marks, found = _parsed(name, content)
    if found:
        return (), found
    reader = _Reader(name, marks)
    policies = [reader.policy(document, path) for document, path in _documents(value, ())]
    if has_errors(reader.found):
        return (), tuple(reader.found)
    return tuple(policies), tuple(reader.found)


def policy_of(name: str, document: Mapping[str, Any]) -> tuple[Policy | None, tuple[Diagnostic, ...]]:
    """The policy that IAM itself returned, or what is wrong with it."""
    reader = _Reader(name, 0)
    policy = reader.policy(document, ())
    return (None if has_errors(reader.found) else policy), tuple(reader.found)


def _parsed(name: str, content: bytes) -> tuple[Any, Marks, tuple[Diagnostic, ...]]:
    """JSON by JSON's own rules, all else as YAML; the places of what stands in it come from the YAML parser either way."""
    if not content.strip():
        return None, 0, (_mistake("the file is empty", Source(name), "Give a policy document in JSON or YAML."),)
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        value, mistake = _json(name, content)
        document, _ = compose(ManifestFile(name, content.replace(b"\t", b" ")))  # JSON's tabs stand between tokens only
        return value, (document.marks if document else 0), mistake
    document, problems = compose(ManifestFile(name, content))
    serious = tuple(one for one in problems if one.severity is Severity.ERROR and one.code != _AS_TEXT)
    if document is None or serious:
        return None, 0, serious or tuple(problems)
    return document.value, document.marks, ()


def _json(name: str, content: bytes) -> tuple[Any, tuple[Diagnostic, ...]]:
    try:
        return load_json(content.decode("utf-8-sig")), ()
    except json.JSONDecodeError as error:
        return None, (_mistake(f"this is not JSON: {error.msg}", Source(name, error.lineno, error.colno)),)
    except Repeated as error:
        return None, (_mistake(f"the key {error} stands twice in one object", Source(name)),)
    except (ValueError, RecursionError) as error:
        return None, (_mistake(f"this is not JSON: {type(error).__name__}", Source(name)),)


def _documents(value: Any, path: Keys) -> Iterator[tuple[Any, Keys]]:
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from _documents(one, (*path, index))
        return
    for keys in _WRAPPED:
        inner, at = value, path
        for key in keys:
            inner = inner.get(key) if isinstance(inner, dict) else None
            at = (*at, key)
        if isinstance(inner, dict):
            yield inner, at
            return
    yield value, path


def _mistake(summary: str, source: Source, detail: str = "") -> Diagnostic:
    return Diagnostic(severity=Severity.ERROR, code="policy-syntax", summary=summary, detail=detail, source=source)


class _Reader:
    """Reads documents of one text and collects what is wrong with them."""

    def __init__(self, name: str, marks: Marks) -> None:
        self.found: list[Diagnostic] = []
        self._name = name
        self._marks = marks

    def policy(self, document: Any, path: Keys) -> Policy:
        if not isinstance(document, Mapping) or "Statement" not in document:
            self._wrong("this is no policy: it has no Statement", path, "Give a policy document in JSON or YAML.")
            return Policy(name=self._name, rules=())
        version = str(document.get("Version", _VERSIONS[1]))
        if version not in _VERSIONS:
            self._wrong(f"a policy's Version is {' or '.join(_VERSIONS)}, not {version!r}", (*path, "Version"))
        raw = document["Statement"]
        several = raw if isinstance(raw, list) else [raw]
        rules = []
        for index, one in enumerate(several):
            at = (*path, "Statement", index) if isinstance(raw, list) else (*path, "Statement")
            rule = self._rule(one, at, index + 1, variables=version == VERSION)
            rules += [rule] if rule else []
        return Policy(name=self._name, rules=tuple(rules))

    def _rule(self, raw: Any, path: Keys, number: int, *, variables: bool) -> Rule | None:
        if not isinstance(raw, Mapping):
            self._wrong("a statement is an object", path)
            return None
        sid = raw.get("Sid")
        where = Where(
            policy=self._name, statement=sid if isinstance(sid, str) and sid else f"#{number}", line=self._line(path)
        )
        if _NOT_IDENTITY & raw.keys():
            self._wrong(
                f"statement {where.statement} names a Principal, so it is of a trust or resource policy",
                path,
                "Give the permissions policy of the agent's role.",
            )
            return None
        for key in raw.keys() - _MEMBERS:
            self._wrong(f"statement {where.statement} has a member that IAM does not know: {key}", path)
        if raw.get("Effect") not in ("Allow", "Deny"):
            self._wrong(f"Effect of statement {where.statement} is neither Allow nor Deny", path)
        but_actions, actions = self._either(raw, "Action", where, path)
        but_resources, resources = self._either(raw, "Resource", where, path)
        return Rule(
            where=where,
            allows=raw.get("Effect") == "Allow",
            actions=tuple(parse(one, variables=False, fold=True) for one in actions),
            resources=tuple(parse(one, variables=variables) for one in resources),
            but_actions=but_actions,
            but_resources=but_resources,
            conditions=self._conditions(raw.get("Condition"), where, path),
        )

    def _either(self, raw: Mapping[str, Any], word: str, where: Where, path: Keys) -> tuple[bool, list[str]]:
        """Whether it is the `Not` form, and what it names."""
        given = [key for key in (word, f"Not{word}") if key in raw]
        if len(given) != 1:
            self._wrong(f"statement {where.statement} needs {word} or Not{word}, and not both", path)
            return False, []
        value = raw[given[0]]
        texts = [value] if isinstance(value, str) else value
        if not isinstance(texts, list) or not texts or not all(isinstance(one, str) for one in texts):
            self._wrong(f"{given[0]} of statement {where.statement} is a text or a list of texts", (*path, given[0]))
            return False, []
        return given[0] != word, texts

    def _conditions(self, raw: Any, where: Where, path: Keys) -> tuple[Condition, ...]:
        if raw is None:
            return ()
        whole = isinstance(raw, Mapping) and all(isinstance(keys, Mapping) for keys in raw.values())
        if not whole:
            self._wrong(f"Condition of statement {where.statement} is no object of objects", (*path, "Condition"))
            return ()
        out = []
        for operator, keys in raw.items():
            for key, value in keys.items():
                values = value if isinstance(value, list) else [value]
                out.append(Condition(operator=str(operator), key=str(key), values=tuple(map(str, values))))
        return tuple(out)

    def _wrong(self, summary: str, path: Keys, detail: str = "") -> None:
        self.found.append(_mistake(summary, source_in(self._name, self._marks, path), detail))

    def _line(self, path: Keys) -> int:
        return source_in(self._name, self._marks, path).line if self._marks else 0
