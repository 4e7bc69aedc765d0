"""How IAM decides over one operation on one resource: a Deny before an Allow, and no Allow is a Deny.

A call that names several resources is decided for each by itself, be it by different statements; that is why a role that
two agents share lets each reach what the other may.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconciler.access.documents import Condition, Rule
from reconciler.access.findings import Where
from reconciler.access.operations import CONDITION_KEYS, SERVICE, action
from reconciler.access.patterns import Pattern, covers, meets

_SERVICES_OWN_KEYS = frozenset(key.lower() for keys in CONDITION_KEYS.values() for key in keys)


class Answer(enum.Enum):
    """Whether a call is allowed."""

    YES = "yes"
    MAYBE = "maybe"  # known only when the call is made
    NO = "no"  # nobody allows it
    DENIED = "denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """An answer; for MAYBE and DENIED, which statement it hangs on, and why."""

    answer: Answer
    where: Where | None = None
    why: str = ""


_NOBODY = Decision(answer=Answer.NO)
_ORDER = (Answer.DENIED, Answer.YES, Answer.MAYBE, Answer.NO)


def acts_on(rule: Rule, operation: str) -> bool:
    """Whether the statement speaks of the operation."""
    wanted = action(operation).lower()
    return any(one.matches(wanted) for one in rule.actions) is not rule.but_actions


def decide(rules: Sequence[Rule], operation: str, spellings: Iterable[str]) -> Decision:
    """The decision for a resource whose ARN may be spelled in any of these ways."""
    found = [_decide(rules, operation, one) for one in spellings]
    return min(found, key=lambda one: _ORDER.index(one.answer))


def what_is_left(rules: Iterable[Rule], pattern: Pattern, operations: Sequence[str]) -> tuple[Pattern, ...]:
    """The pattern without what is surely denied to all the operations: itself, narrower ones, or nothing at all."""
    left = [pattern]
    for rule in rules:
        if rule.allows or rule.conditions or not all(acts_on(rule, one) for one in operations):
            continue
        if rule.but_resources:
            left = [kept for one in left for kept in _exceptions(rule, one)]
        else:
            firm = [one for one in rule.resources if not one.variable]
            left = [one for one in left if not any(covers(wide, one) for wide in firm)]
    return tuple(dict.fromkeys(left))


def _exceptions(rule: Rule, pattern: Pattern) -> list[Pattern]:
    """What a Deny with NotResource leaves of the pattern: itself, where it is inside an exception, else the exceptions."""
    if any(covers(one, pattern) for one in rule.resources):
        return [pattern]
    return [one for one in rule.resources if meets(one, pattern)]


def _decide(rules: Sequence[Rule], operation: str, arn: str) -> Decision:
    allowed, doubt, barred = False, None, None
    for rule in rules:
        if not acts_on(rule, operation):
            continue
        names, firmly = _names(rule, arn)
        if not names:
            continue
        why = _doubt(rule, operation) or ("" if firmly else "its resource holds a policy variable")
        if rule.allows and not why:
            allowed = True
        elif rule.allows:
            doubt = doubt or Decision(answer=Answer.MAYBE, where=rule.where, why=why)
        elif not why and not rule.conditions:
            return Decision(answer=Answer.DENIED, where=rule.where)
        elif why:
            barred = barred or Decision(answer=Answer.MAYBE, where=rule.where, why=f"it denies, but {why}")
    if allowed:
        return barred or Decision(answer=Answer.YES)
    return doubt or _NOBODY


def _names(rule: Rule, arn: str) -> tuple[bool, bool]:
    """Whether the statement names the resource, and whether that holds whoever calls."""
    matched = [one for one in rule.resources if one.matches(arn)]
    if rule.but_resources:
        return (not matched or all(one.variable for one in matched)), not matched
    return bool(matched), any(not one.variable for one in matched)


def _doubt(rule: Rule, operation: str) -> str:
    """Why nobody can tell beforehand whether the statement's Condition holds; "" where it only narrows whom a token is for."""
    own = {key.lower() for key in CONDITION_KEYS.get(operation, ())}
    for one in rule.conditions:
        if one.key.lower() in own:
            continue
        if _is_foreign(one):
            return f"its Condition asks for {one.key}, which a call of {operation} does not bring along"
        return f"its Condition ({one.operator} {one.key}) is known only when a call is made"
    return ""


def _is_foreign(condition: Condition) -> bool:
    key = condition.key.lower()
    return key in _SERVICES_OWN_KEYS or key.startswith(f"{SERVICE}:inboundjwtclaim/")
