"""Rules and a plan -> the questions that an engine answers about the plan's JSON.

Leaves out who answers them, and where: see `reconciler.confined`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.manifest.urls import is_loopback, parse_url
from reconciler.policy.rules import Fits, Holds, Part, Policy, RegoHead, Rule, fits_any

RULES = "reconciler_rule_"
"""What the packages that are made of YAML rules are called, ended by a number."""

_BOUND = re.compile(r"(?<![.\w])value\b")

NAMES = ("resource", "action", "before", "after", "plan", "urls", "value", "index")
"""What a body in Rego may speak of without having bound it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What the engine is given. A question is `{query}`, or `{schema, paths}`: whether what stands there fits.

    `rules` and `heads` say of each question whose it is; `offsets`, of each module after those of the policy, where the
    body of its rule begins in it.
    """

    document: Mapping[str, Any]
    data: Mapping[str, Any]
    modules: tuple[str, ...]
    questions: tuple[Mapping[str, Any], ...]
    askers: tuple[Rule | tuple[RegoHead, ...], ...]
    made: tuple[tuple[Rule, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back for the question of that number; -1: about a module that cannot be read.

    `error`: why there is none ("" with neither a value: it was never asked). `module`, `offset`: where in a module's text.
    """

    number: int
    value: Any = None
    answered: bool = False
    error: str = ""
    module: int | None = None
    offset: int = 0

    @classmethod
    def decoded(cls, said: Mapping[str, Any]) -> Answer:
        """From the line that the engine's process wrote."""
        return cls(
            number=said["number"],
            value=said.get("answer"),
            answered="answer" in said,
            error=said.get("error", ""),
            module=said.get("module"),
            offset=said.get("offset", 0),
        )


def ask(policy: Policy, plan: Mapping[str, Any]) -> Job:
    """Every question that the rules have about the plan, those of YAML files first."""
    modules = [one.text for one in policy.modules]
    questions: list[Mapping[str, Any]] = []
    askers: list[Rule | tuple[RegoHead, ...]] = []
    made: list[tuple[Rule, int]] = []
    for rule in policy.rules:
        if not fits_any(rule.environments, plan["target"]["environment"]):
            continue
        if isinstance(rule.condition, Fits):
            questions.append({"schema": rule.condition.schema, "paths": list(_paths(rule, rule.condition, plan))})
        else:
            package = f"{RULES}{len(made)}"
            text, offset = _module(package, rule, rule.condition)
            modules.append(text)
            made.append((rule, offset))
            questions.append({"query": f"data.{package}.found"})
        askers.append(rule)
    for heads in _by_name(policy):
        questions.append({"query": f"data.{heads[0].code}"})
        askers.append(heads)
    return Job(
        document=plan,
        data={"reconciler": {"urls": _urls(plan)}},
        modules=tuple(modules),
        questions=tuple(questions),
        askers=tuple(askers),
        made=tuple(made),
    )


def _by_name(policy: Policy) -> Iterator[tuple[RegoHead, ...]]:
    """The heads of all modules, those of one package and name together, as Rego unites them."""
    united: dict[str, list[RegoHead]] = {}
    for file in policy.modules:
        for head in file.heads:
            united.setdefault(head.code, []).append(head)
    yield from (tuple(heads) for heads in united.values())


def _paths(rule: Rule, condition: Fits, plan: Mapping[str, Any]) -> Iterator[list[str | int]]:
    for index, change in enumerate(plan["resource_changes"]):
        if not rule.looks_at(change):
            continue
        if condition.part is Part.CHANGE:
            yield ["resource_changes", index]
        elif change["change"][condition.part.value] is not None:
            yield ["resource_changes", index, "change", condition.part.value]


def _module(package: str, rule: Rule, condition: Holds) -> tuple[str, int]:
    """The body as a module of its own, and where in it the body begins."""
    value = "value" if _BOUND.search(condition.body) else "null"
    head = f"package {package}\n\nimport rego.v1\n\nurls := data.reconciler.urls\n\nplan := input\n\n"
    if condition.whole_plan:
        head += f'found contains {{"index": null, "value": {value}}} if {{\n'
    else:
        head += f'found contains {{"index": index, "value": {value}}} if {{\n'
        head += "\tsome index, resource in input.resource_changes\n"
        if rule.types:
            head += f"\tresource.type in {json.dumps(rule.types)}\n"
        head += "\taction := resource.change.actions[0]\n"
        if rule.actions:
            head += f"\taction in {json.dumps(rule.actions)}\n"
        head += "\tbefore := resource.change.before\n\tafter := resource.change.after\n"
    return f"{head}{condition.body.rstrip()}\n}}\n", len(head)


def _urls(plan: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The parts of every return URL of the plan as a browser takes them: no expression should have to find them by itself."""
    texts = {
        url
        for change in plan["resource_changes"]
        for side in ("before", "after")
        for url in (change["change"][side] or {}).get("allowedResourceOauth2ReturnUrls", ())
    }
    return {text: _parts(text) for text in sorted(texts)}


def _parts(text: str) -> dict[str, Any]:
    try:
        url = parse_url(text)
    except ValueError:  # no two programs agree on its host: then it is no host that any rule allows
        return {"scheme": text.partition(":")[0].lower(), "host": "", "loopback": False, "plain": False}
    return {
        "scheme": url.scheme,
        "host": url.host,
        "loopback": is_loopback(url.host),
        "plain": not (url.user_info or url.disputed),
    }
