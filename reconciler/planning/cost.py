"""What an apply costs: the calls that it makes where nothing goes wrong, and how long they take at the rates of the plan.

Follows `reconciler.applying` step by step; a test counts the calls of every action on the emulator and compares.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.model.changes import TAKES_OVER, Action, Change
from reconciler.model.kinds import Kind, Shape, kind_of
from reconciler.model.plan import Plan
from reconciler.model.values import Attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """`calls` by operation. `seconds` that they take at least; None where nothing limits them.

    Operations run side by side, so it is the slowest that counts: `longest`, at `rate` calls a second.
    """

    calls: Mapping[str, int]
    seconds: int | None = None
    longest: str = ""
    rate: float = 0.0

    @property
    def total(self) -> int:
        """Calls of all operations."""
        return sum(self.calls.values())


def cost(plan: Plan) -> Cost:
    """What applying the plan costs."""
    calls = Counter(operation for change in plan.changes for operation in _calls(change, plan.target.owner))
    calls = Counter(dict(sorted(calls.items())))
    rates = {operation: rate for operation in calls if (rate := plan.route.rates.of(operation)) is not None}
    if not rates:
        return Cost(calls=calls)
    longest = max(rates, key=lambda operation: calls[operation] / rates[operation])
    seconds = math.ceil(calls[longest] / rates[longest])
    return Cost(calls=calls, seconds=seconds, longest=longest, rate=rates[longest])


def _calls(change: Change, owner: str) -> Iterator[str]:
    kind, ours = kind_of(change.address.type), change.owner == owner
    match change.action:
        case Action.CREATE | Action.REPLACE:
            yield kind.api.create
            yield from _look_after(kind)
        case Action.UPDATE:
            yield from _look(kind)
            yield from _update(kind, change.before or {}, change.after or {})
            yield from _look_after(kind)
            yield from _mark(kind, "TagResource", needed=change.reason in TAKES_OVER and not ours)
        case Action.DELETE:
            yield from _look(kind)
            yield kind.api.delete
        case Action.ADOPT:
            yield from _look(kind)
            yield from _mark(kind, "TagResource", needed=not ours)
        case Action.FORGET if change.before is not None:
            yield from _look(kind)
            yield from _mark(kind, "UntagResource", needed=ours)
        case Action.FORGET | Action.NO_OP:
            pass


def _look(kind: Kind) -> Iterator[str]:
    """A reading right before the change."""
    yield kind.api.get
    if kind.tagged:
        yield "ListTagsForResource"


def _look_after(kind: Kind) -> Iterator[str]:
    """A reading right after the change, if it is ready by then."""
    if kind.looks_after:
        yield from _look(kind)


def _update(kind: Kind, before: Attributes, after: Attributes) -> Iterator[str]:
    differing = [
        one for one in kind.attributes if before.get(one.name, one.default) != after.get(one.name, one.default)
    ]
    sent = [one for one in differing if one in kind.sent]
    if sent:
        yield kind.api.update
    if any(one.shape is Shape.SET and not after.get(one.name, one.default) for one in sent):
        yield kind.api.get  # whether it was cleared
    for one in differing:
        if one.tagging:
            old, new = (value if isinstance(value := side.get(one.name), dict) else {} for side in (before, after))
            if old.keys() - new.keys():
                yield "UntagResource"
            if new.items() - old.items():
                yield "TagResource"


def _mark(kind: Kind, operation: str, *, needed: bool) -> Iterator[str]:
    """The ownership tag, set or taken away."""
    if needed and kind.tagged:
        yield operation
