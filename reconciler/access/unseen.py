"""What the policies allow that no comparison with grants looks at: other services, and AgentCore's other operations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.access.documents import Rule
from reconciler.access.excess import is_compared
from reconciler.access.operations import SERVICE

_OURS = f"{SERVICE}:"


def unseen(rules: Sequence[Rule]) -> tuple[str, ...]:
    """The actions as the policies spell them, each once, in their order."""
    return tuple(dict.fromkeys(one for rule in rules if rule.allows for one in _of(rule)))


def is_of_agentcore(action: str) -> bool:
    """Whether the action is of the service whose identities these are, and of no other as well."""
    return action.lower().startswith(_OURS)


def _of(rule: Rule) -> Iterator[str]:
    if rule.but_actions:
        yield f"all but {', '.join(one.text for one in rule.actions)}"
        return
    for one in rule.actions:
        if not is_of_agentcore(one.text) or not is_compared(rule, one):
            yield one.text
