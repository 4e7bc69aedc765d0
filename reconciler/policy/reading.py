"""The files of a policy -> its rules, or every mistake in them as a diagnostic with its place.

Leaves out what the engine alone can say of an expression: see `reconciler.policy.judging`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from reconciler.diagnostics import Diagnostic, Severity, Source, has_errors, in_order
from reconciler.manifest.composing import compose
from reconciler.manifest.documents import Document, Keys, ManifestFile, did_you_mean, dotted, error, quoted
from reconciler.model.expiry import day_of
from reconciler.model.report import Level
from reconciler.policy.asking import NAMES, URLS
from reconciler.policy.messages import unknown_names
from reconciler.policy.rego_source import forbidden, lone, read_module, unknown_members
from reconciler.policy.rego_tokens import tokens
from reconciler.policy.rules import Exemption, Fits, Holds, Part, Policy, RegoFile, Rule
from reconciler.schema_files import schema

_BEFORE_BODY = "rule if {\n"


def read_policy(files: Iterable[ManifestFile]) -> tuple[Policy, tuple[Diagnostic, ...]]:
    """All rules of the files, and what is wrong with them; with an error among it, the policy is not to be used."""
    rules: list[Rule] = []
    modules: list[RegoFile] = []
    exemptions: list[Exemption] = []
    found: list[Diagnostic] = []
    for file in files:
        if file.name.endswith(".rego"):
            module, mistakes = _module(file)
            modules += [module] if module else []
            found += mistakes
            continue
        document, mistakes = compose(file)
        found += mistakes
        if document is None:
            continue
        mistakes = [*_departures(document)]
        found += mistakes
        if not mistakes:
            read = _Reader(document, file.content.decode("utf-8-sig", "replace").splitlines())
            rules += read.rules()
            exemptions += read.exemptions()
            found += read.found
    policy = Policy(rules=tuple(rules), modules=tuple(modules), exemptions=tuple(exemptions))
    found += [*_repeated(rules), *([] if has_errors(found) else _unknown_rules(policy))]
    return policy, in_order(found)


def _module(file: ManifestFile) -> tuple[RegoFile | None, list[Diagnostic]]:
    try:
        text = file.content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None, [error("policy-encoding", "The file is not UTF-8 text", "", source=Source(file.name))]
    return read_module(file.name, text)


def _repeated(rules: Sequence[Rule]) -> Iterator[Diagnostic]:
    first: dict[str, Source] = {}
    for rule in rules:
        if rule.code in first:
            detail = (
                f"It stands at {first[rule.code]} already. Exemptions go by the code, so that there is one of each."
            )
            yield error(
                "policy-code", f"The code {quoted(rule.code)} is given a second time", detail, source=rule.source
            )
        first.setdefault(rule.code, rule.source)


def _unknown_rules(policy: Policy) -> Iterator[Diagnostic]:
    for one in policy.exemptions:
        if one.rule not in policy.codes:
            detail = f"{did_you_mean(one.rule, policy.codes)}Name a rule of this policy, or take the exemption away."
            yield error("policy-exemption", f"There is no rule {quoted(one.rule)}", detail, source=one.source)


def _departures(document: Document) -> Iterator[Diagnostic]:
    """Everything about the document that the schema does not allow."""
    from jsonschema import Draft202012Validator

    for found in Draft202012Validator(schema("policy")).iter_errors(document.value):
        path: Keys = tuple(found.absolute_path)
        name = dotted(path) or "the file"
        says = str(found.schema.get("description", "")) if isinstance(found.schema, dict) else ""
        value, limit = found.instance, found.validator_value
        match found.validator:
            case "additionalProperties":
                known = found.schema["properties"]
                for key in value:
                    if key not in known:
                        detail = f"{did_you_mean(key, known)}Known here: {', '.join(known)}."
                        where = document.source((*path, key), key=True)
                        yield error("unknown-key", f"{quoted(key)} is not known in {name}", detail, source=where)
            case "required":
                lacking = [key for key in limit if key not in value]
                if f"{lacking[0]!r}" == found.message.partition(" is ")[0]:
                    summary = f"{name} lacks {', '.join(lacking)}"
                    yield error("missing-key", summary, _said_of(found.schema, lacking), source=document.source(path))
            case "oneOf":
                detail = "Give one of must, mustNot and rego; of two conditions, make two rules."
                summary = f"{name} has no condition, or more than one"
                yield error("policy-condition", summary, detail, source=document.source(path))
            case "enum":
                detail = f"{did_you_mean(str(value), limit)}It is one of: {', '.join(limit)}."
                yield error(
                    "wrong-value", f"{name} cannot be {quoted(str(value))}", detail, source=document.source(path)
                )
            case _:
                detail = f"It takes {says}." if says and not says.endswith(".") else says
                yield error(
                    "wrong-value", f"{name} does not fit: {quoted(found.message)}", detail, source=document.source(path)
                )


def _said_of(rules: Any, keys: Sequence[str]) -> str:
    properties = rules.get("properties", {})
    described = [
        f"{key}: {properties[key]['description']}." for key in keys if "description" in properties.get(key, {})
    ]
    return "\n".join(one.replace("..", ".") for one in described)


class _Reader:
    """Reads one document that fits the schema, and collects what is wrong with it all the same."""

    def __init__(self, document: Document, lines: Sequence[str]) -> None:
        self.found: list[Diagnostic] = []
        self._document = document
        self._lines = lines

    def rules(self) -> Iterator[Rule]:
        for index, raw in enumerate(self._document.value.get("rules", ())):
            path: Keys = ("rules", index)
            applies = raw.get("for", {})
            for name in unknown_names(raw["message"]):
                detail = "It may hold ${address}, ${type}, ${name}, ${action}, ${stack}, ${environment}, ${value}, ${after.…}."
                self._wrong(
                    "policy-message", f"${{{name}}} is nothing that a message may hold", detail, (*path, "message")
                )
            yield Rule(
                code=raw["code"],
                level=Level(raw["severity"]),
                message=raw["message"],
                condition=self._condition(raw, path),
                types=tuple(applies.get("types", ())),
                actions=tuple(applies.get("actions", ())),
                environments=tuple(applies.get("environments", ())),
                source=self._document.source(path),
            )

    def exemptions(self) -> Iterator[Exemption]:
        value = self._document.value
        for index, raw in enumerate(value.get("exemptions", ())):
            yield self._exemption(raw, raw["rule"], ("exemptions", index))
        for number, rule in enumerate(value.get("rules", ())):
            for index, raw in enumerate(rule.get("exemptions", ())):
                yield self._exemption(raw, rule["code"], ("rules", number, "exemptions", index))

    def _exemption(self, raw: dict[str, Any], rule: str, path: Keys) -> Exemption:
        if day_of(raw["expires"]) is None:
            self._wrong("wrong-value", f"No calendar has the day {raw['expires']}", "", (*path, "expires"))
        return Exemption(
            rule=rule,
            address=raw["address"],
            owner=raw["owner"],
            reason=raw["reason"],
            expires=raw["expires"],
            environments=tuple(raw.get("environments", ())),
            name=raw.get("name", ""),
            source=self._document.source(path),
        )

    def _condition(self, raw: dict[str, Any], path: Keys) -> Fits | Holds:
        if "rego" in raw:
            if "of" in raw:
                self._wrong("policy-condition", "`of` says nothing beside `rego`", "Take it away.", (*path, "of"))
            whole = raw.get("each") == "plan"
            if whole and {"types", "actions"} & raw.get("for", {}).keys():
                detail = "Ask for them in the body: plan.resource_changes has all."
                self._wrong(
                    "policy-condition", "Types and actions say nothing of the whole plan", detail, (*path, "for")
                )
            return self._body(raw["rego"], (*path, "rego"), whole_plan=whole)
        if "each" in raw:
            self._wrong("policy-condition", "`each` goes with `rego` alone", "Take it away.", (*path, "each"))
        key = "must" if "must" in raw else "mustNot"
        self._check_schema(raw[key], (*path, key))
        return Fits(schema=raw[key], part=Part(raw.get("of", "after")), forbidden=key == "mustNot")

    def _check_schema(self, rules: Any, path: Keys) -> None:
        """Say what makes it no JSON Schema, and what in it leads out of the file."""
        from jsonschema import Draft202012Validator
        from jsonschema.exceptions import best_match

        errors = list(Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(rules))
        if errors:
            worst = best_match(iter(errors))
            place = (*path, *worst.absolute_path)
            self._wrong("policy-schema", f"{dotted(place)} is no JSON Schema: {quoted(worst.message)}", "", place)
        for place, reference in _references(rules, path):
            if not str(reference).startswith("#"):
                detail = "Write it out, or under $defs of the same schema: nothing is read from elsewhere."
                self._wrong("policy-schema", f"{quoted(str(reference))} leads out of the file", detail, place)

    def _body(self, body: str, path: Keys, *, whole_plan: bool) -> Holds:
        lines = tuple(self._starts(body, self._document.source(path)))
        held = Holds(body=body, lines=lines, whole_plan=whole_plan)
        words = tokens(_BEFORE_BODY + body)

        def place(offset: int) -> Source:
            return held.place(offset - len(_BEFORE_BODY))

        plan = schema("plan")
        change = plan["$defs"]["resource_change"]["properties"]
        kinds = plan["$defs"]["type"]["enum"]
        attributes = sorted({name for kind in kinds for name in plan["$defs"][kind]["properties"]})
        members = {"resource": sorted(change), "before": attributes, "after": attributes}
        members |= dict.fromkeys(("plan", "input"), sorted([*plan["properties"], URLS]))
        self.found += [*forbidden(words, place), *lone(words, place, frozenset(NAMES))]
        for root, known in members.items():
            for member in unknown_members(words, root, known):
                detail = f"{did_you_mean(member.text, known)}`reconciler schema plan` prints what a plan has."
                where = place(member.offset)
                self.found.append(
                    error("policy-not-in-plan", f"{root} has no {quoted(member.text)}", detail, source=where)
                )
        return held

    def _starts(self, body: str, mark: Source) -> Iterator[Source]:
        """Where each line of the body begins: below its `|`, or behind its key."""
        head = self._lines[mark.line - 1][mark.column - 1 :] if mark.line <= len(self._lines) else ""
        if head[:1] not in ("|", ">"):
            yield from [Source(mark.file, mark.line, mark.column + (head[:1] in ("'", '"')))] * (body.count("\n") + 1)
            return
        for number, text in enumerate(body.split("\n"), start=mark.line + 1):
            raw = self._lines[number - 1] if number <= len(self._lines) else ""
            yield Source(mark.file, number, max(raw.find(text), 0) + 1)

    def _wrong(self, code: str, summary: str, detail: str, path: Keys) -> None:
        self.found.append(error(code, summary, detail, source=self._document.source(path)))


def _references(rules: Any, path: Keys) -> Iterator[tuple[Keys, Any]]:
    if isinstance(rules, dict):
        for key, value in rules.items():
            if key in ("$ref", "$dynamicRef", "$schema") and isinstance(value, str):
                if key != "$schema":
                    yield (*path, key), value
            else:
                yield from _references(value, (*path, key))
    elif isinstance(rules, list):
        for index, value in enumerate(rules):
            yield from _references(value, (*path, index))


def no_rules(name: str) -> Diagnostic:
    """What to say of a folder that holds none: checking nothing is no pass."""
    return Diagnostic(
        severity=Severity.ERROR,
        code="policy-empty",
        summary=f"{name} holds no rule",
        detail="Put rules into *.yaml, or deny, violation and warn into *.rego there.",
        source=None,
    )
