"""Rules and a plan -> the questions that an engine answers about the plan's JSON.

Leaves out who answers them, and where: see `reconciler.confined`.
"""

from __future__ import annotations

import functools
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
_URLS = re.compile(r"(?<!\w)(?:return_)?urls\b")

URLS = "return_urls"
"""What the document has beside the plan's members, where a rule asks for it: for each change, the parts of its return URLs."""

NAMES = ("resource", "action", "before", "after", "plan", "urls", "value", "index")
"""What a body in Rego may speak of without having bound it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What the engine is given. A question is `{query}`, or `{schema, paths}`: whether what stands there fits.

    `askers` says of each question whose it is; `made`, of each module after those of the policy's files, of which rule it
    was made and where in it the rule's body begins.
    """

    document: Mapping[str, Any]
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
        document={**plan, URLS: _urls(plan)} if any(_URLS.search(one) for one in modules) else plan,
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
    index = "null" if condition.whole_plan else "index"
    value = "value" if _BOUND.search(condition.body) else "null"
    lines = [f"package {package}", "import rego.v1", "plan := input"]
    lines += [f'found contains {{"index": {index}, "value": {value}}} if {{']
    if condition.whole_plan:
        lines += [f"urls := input.{URLS}"]
    else:
        lines += ["some index, resource in input.resource_changes"]
        lines += [f"resource.type in {json.dumps(rule.types)}"] if rule.types else []
        lines += ["action := resource.change.actions[0]"]
        lines += [f"action in {json.dumps(rule.actions)}"] if rule.actions else []
        lines += ["before := resource.change.before", "after := resource.change.after"]
        lines += [f"urls := input.{URLS}[index]"] if _URLS.search(condition.body) else []
    head = "\n".join(lines) + "\n"
    return f"{head}{condition.body.rstrip()}\n}}\n", len(head)


def _urls(plan: Mapping[str, Any]) -> list[dict[str, dict[str, Any]]]:
    """For each change the parts of its return URLs as a browser takes them: no expression should have to find them.

    By the change's place, for the engine looks through an object of many members one by one.
    """
    return [
        {
            url: _parts(url)
            for side in ("before", "after")
            for url in (change["change"][side] or {}).get("allowedResourceOauth2ReturnUrls", ())
        }
        for change in plan["resource_changes"]
    ]


@functools.lru_cache(maxsize=4096)
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
