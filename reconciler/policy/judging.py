"""Answers of the engine -> violations with their places and exemptions; what could not be evaluated is told as such."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from reconciler.diagnostics import Diagnostic, Severity, Source
from reconciler.manifest.documents import error
from reconciler.model.expiry import SOON, Day, day_of
from reconciler.model.plan import Plan
from reconciler.model.report import Level
from reconciler.policy.asking import RULES, Answer, Job
from reconciler.policy.findings import Violation
from reconciler.policy.messages import filled, shown
from reconciler.policy.rules import Exemption, Fits, Holds, Policy, RegoHead, Rule, fits_any

_NOT_FOUND = re.compile(r"Function not found: (\S+)")
_RECURSION = re.compile(r"Recursion detected in rule body: data\.(\S+)")
_VERB = re.compile(r"%[-+# 0-9.]*[a-zA-Z]")
_TELLING = 4  # letters that a text needs beside its placeholders to tell one rule from another
_LEVELS = {"deny": Level.CRITICAL, "violation": Level.CRITICAL, "warn": Level.NOTICE}


def judge(
    policy: Policy, job: Job, answers: Sequence[Answer], today: Day
) -> tuple[tuple[Violation, ...], tuple[Diagnostic, ...]]:
    """What the rules object to, the gravest first, and (errors) each rule that nobody could evaluate."""
    found: list[Violation] = []
    failed: list[Diagnostic] = []
    for answer in answers:
        if not answer.answered:
            failed.append(_failure(policy, job, answer))
            continue
        asker = job.askers[answer.number]
        if isinstance(asker, Rule):
            found += _of_rule(asker, job, answer.number, answer.value)
        else:
            try:
                found += _of_heads(asker, job.document, answer.value)
            except ValueError as problem:
                failed.append(error("policy-result", f"{asker[0].code} {problem}", _RESULTS, source=asker[0].source))
    environment = job.document["target"]["environment"]
    names = {one["address"]: one["name"] for one in job.document["resource_changes"]}
    settled = [_settled(one, _covering(one, policy.exemptions, environment, names), today) for one in found]
    return tuple(sorted(set(settled), key=_order)), _once(failed)


_RESULTS = "A result is a text, or an object with a text as its msg."


def _of_rule(rule: Rule, job: Job, number: int, value: Any) -> Iterator[Violation]:
    plan = job.document
    if isinstance(rule.condition, Fits):
        for path, mistake in zip(job.questions[number]["paths"], value, strict=True):
            if (mistake is None) == rule.condition.forbidden:
                change = plan["resource_changes"][path[1]]
                yield _violation(rule, plan, change, None if mistake is None else _at(plan, [*path, *mistake[0]]))
        return
    for one in value or ():
        change = plan["resource_changes"][one["index"]] if one["index"] is not None else None
        yield _violation(rule, plan, change, one["value"])


def _at(value: Any, path: Sequence[Any]) -> Any:
    for step in path:
        value = value[step]
    return value


def _violation(rule: Rule, plan: Mapping[str, Any], change: Mapping[str, Any] | None, value: Any) -> Violation:
    return Violation(
        level=rule.level,
        code=rule.code,
        message=filled(rule.message, change, plan["target"], value),
        rule=rule.source,
        address=change["address"] if change is not None else None,
        source=_source(change),
    )


def _source(change: Mapping[str, Any] | None) -> Source | None:
    place = change["source"] if change is not None else None
    return Source(place["file"], place["line"], place["column"]) if place else None


def _of_heads(heads: tuple[RegoHead, ...], plan: Mapping[str, Any], value: Any) -> Iterator[Violation]:
    """The results of rules as conftest has them. Raises ValueError for one that is no message."""
    kind = heads[0].name.partition("_")[0]
    changes = {one["address"]: one for one in plan["resource_changes"]}
    for result in _results(value):
        said = result if isinstance(result, dict) else {"msg": result}
        message = said.get("msg")
        if not isinstance(message, str):
            raise ValueError(f"gives {shown(result)}, which is no message")
        address = said.get("address")
        guessed = not isinstance(address, str)
        if not isinstance(address, str):
            address = _named(message, changes)
        yield Violation(
            level=_level(said.get("severity"), kind),
            code=heads[0].code,
            message=message,
            rule=_head_of(heads, message).source,
            address=address,
            guessed=guessed,
            source=_source(changes.get(address) if address else None),
        )


def _results(value: Any) -> Iterator[Any]:
    """One by one: of a set, of an older `deny[msg]`, which the engine takes for an object, or of one value alone."""
    if isinstance(value, dict):
        if set(value.values()) - {True} if all(isinstance(one, bool) for one in value.values()) else value:
            raise ValueError("gives an object in place of messages")
        for key in value:
            yield _unwrapped(key)
    elif isinstance(value, list):
        yield from value
    elif value is True:
        yield "The rule says no, and gives no message."
    elif isinstance(value, str):
        yield value
    elif value is not None and value is not False:
        raise ValueError(f"gives {shown(value)}, which is no message")


def _unwrapped(key: str) -> Any:
    """The key of an object, which was an object itself if its text is one with a msg."""
    if key.startswith("{"):
        try:
            inner = json.loads(key)
        except ValueError:
            return key
        if isinstance(inner, dict) and "msg" in inner:
            return inner
    return key


def _level(word: Any, kind: str) -> Level:
    try:
        return Level(word)
    except ValueError:
        return _LEVELS[kind]


def _named(message: str, changes: Mapping[str, Any]) -> str | None:
    """The address that the message speaks of, where it is one alone."""
    words = {one.strip("\"'`.,;:()[]") for one in message.split()}
    named = words & changes.keys()
    return named.pop() if len(named) == 1 else None


def _head_of(heads: tuple[RegoHead, ...], message: str) -> RegoHead:
    """The one rule of that name whose text the message can be; the first, where several or none can."""
    fitting = [one for one in heads if any(_can_be(text, message) for text in one.texts)]
    return fitting[0] if len(fitting) == 1 else heads[0]


def _can_be(text: str, message: str) -> bool:
    parts = _VERB.split(text)
    if sum(map(len, parts)) < _TELLING:
        return False
    place = 0
    for part in parts:
        place = message.find(part, place)
        if place < 0:
            return False
        place += len(part)
    return message.startswith(parts[0]) and message.endswith(parts[-1])


def _covering(
    one: Violation, exemptions: Sequence[Exemption], environment: str, names: Mapping[str, str]
) -> list[Exemption]:
    """The exemptions that speak of it. `names`: what the plan's resources are called in the directory, by address."""
    address = None if one.guessed else one.address
    return [each for each in exemptions if each.covers(one.code, address, names.get(address or "", ""), environment)]


def _settled(one: Violation, covering: Sequence[Exemption], today: Day) -> Violation:
    """With the exemption that covers it, or the one that did until its day came."""
    current = [each for each in covering if _left(each, today) > 0]
    if current:
        return replace(one, exemption=max(current, key=lambda each: each.expires))
    return replace(one, lapsed=max(covering, key=lambda each: each.expires)) if covering else one


def _left(one: Exemption, today: Day) -> int:
    day = day_of(one.expires)
    return (day - today).days if day is not None else 0


def unseen_in(plan: Plan) -> Iterator[str]:
    """Why the plan does not hold everything that apply may come to do."""
    if plan.listing_failed:
        yield f"The listing of the directory is not whole: {plan.listing_failed}."
    for address, reason in plan.unknown.items():
        yield f"{address} could not be read: {reason}."
    if not plan.complete and not plan.listing_failed and not plan.unknown:
        yield "The plan says that it is not complete."


def remarks(policy: Policy, environment: str, violations: Sequence[Violation], today: Day) -> Iterator[Diagnostic]:
    """What is to be said of the exemptions: those that lapsed, those that soon will."""
    used = {one.exemption for one in violations}
    for one in policy.exemptions:
        if not fits_any(one.environments, environment):
            continue
        left = _left(one, today)
        who = f"of {one.rule} for {one.address} (owner {one.owner})"
        if left <= 0:
            yield _remark("exemption-expired", f"The exemption {who} counts no more since {one.expires}", one)
        elif left <= SOON and one in used:
            yield _remark(
                "exemption-expires", f"The exemption {who} counts until {one.expires}, {left} days from now", one
            )


def _remark(code: str, summary: str, one: Exemption) -> Diagnostic:
    detail = f"It was given because: {one.reason}. Mend what it covers and take it away, or have it given another day."
    return Diagnostic(severity=Severity.WARNING, code=code, summary=summary, detail=detail, source=one.source)


def _failure(policy: Policy, job: Job, answer: Answer) -> Diagnostic:
    """Why a rule has no answer, where it stands, and what to do."""
    asker = job.askers[answer.number] if answer.number >= 0 else None
    place = _placed(policy, job, answer)
    if place is None and asker is not None:
        place = asker.source if isinstance(asker, Rule) else asker[0].source
    if not answer.error:
        detail = "A rule before it did not come to an end. What was not evaluated has not passed."
        return error("policy-not-evaluated", f"{_name(asker)} was not evaluated", detail, source=place)
    said = answer.error.replace(RULES, "rule ")
    if answer.number < 0 or _NOT_FOUND.match(answer.error) or _RECURSION.match(answer.error):
        return error("policy-rego", f"The engine does not take this: {said}", _REGO, source=place)
    if answer.error == "fails":
        said = "a function fails on its values, two results contradict each other, or it takes more steps than the engine goes"
    detail = "What could not be evaluated has not passed. Mend the rule, or give it more time with --timeout."
    return error("policy-not-evaluated", f"{_name(asker)} could not be evaluated: {said}", detail, source=place)


_REGO = "It has to be Rego as regopy reads it, and to end. No rule was evaluated."


def _name(asker: Rule | tuple[RegoHead, ...] | None) -> str:
    return "a rule" if asker is None else asker.code if isinstance(asker, Rule) else asker[0].code


def _placed(policy: Policy, job: Job, answer: Answer) -> Source | None:
    """Where the engine points at, or the word that it speaks of stands."""
    if answer.module is not None:
        return _in_module(policy, job, answer.module, answer.offset)
    recursion = _RECURSION.match(answer.error)
    if recursion:
        for number, (rule, _) in enumerate(job.made):
            if recursion[1].startswith(f"{RULES}{number}."):
                return rule.source
        last = recursion[1].rpartition(".")[2]
        return _searched(policy, job, rf"(?m)^{re.escape(last)}\b")
    missing = _NOT_FOUND.match(answer.error)
    return _searched(policy, job, rf"(?<![.\w]){re.escape(missing[1])}\s*\(") if missing else None


def _in_module(policy: Policy, job: Job, module: int, offset: int) -> Source:
    own = len(policy.modules)
    if module < own:
        return policy.modules[module].place(offset)
    rule, start = job.made[module - own]
    if not isinstance(rule.condition, Holds):
        return rule.source
    return rule.condition.place(min(offset - start, len(rule.condition.body)))


def _searched(policy: Policy, job: Job, pattern: str) -> Source | None:
    for module, text in enumerate(job.modules):
        found = re.search(pattern, text)
        if found:
            return _in_module(policy, job, module, found.start())
    return None


def _once(failed: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    """One of each; where a module cannot be read, every question fails, and saying so once is enough."""
    engine = [one for one in failed if one.code == "policy-rego"]
    return tuple(dict.fromkeys(engine or failed))


def _order(one: Violation) -> tuple[object, ...]:
    return (-one.level.rank, one.code, one.address or "", one.message, one.rule)
