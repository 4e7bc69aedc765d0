"""CloudFormation's intrinsic functions, worked out as far as a template, its parameters and a stack's resources tell. Pure.

What only the deployment knows (another resource's attribute, an export, a dynamic reference) is `Hidden`, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.foreign.templates import Node

_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]*)\}")
_DYNAMIC = "{{resolve:"


class Hidden(ValueError):
    """A value that cannot be worked out. Its text says why; `parameter`: whose value would tell; `node`: where it stands."""

    def __init__(self, why: str, node: Node, parameter: str = "") -> None:
        super().__init__(why)
        self.node = node
        self.parameter = parameter


class NoValue(ValueError):
    """`AWS::NoValue`: what has it, is not there."""


class Effort:
    """How much is worked out of one template: what goes beyond it was written to go on for ever."""

    def __init__(self, steps: int = 200_000) -> None:
        self._left = steps

    def spend(self, node: Node, steps: int = 1) -> None:
        """Take the steps. Raises Hidden when none are left."""
        self._left -= steps
        if self._left < 0:
            raise Hidden("the template takes too much to work out", node)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is known. `parameters`: texts, or tuples of them; `silent`: those with NoEcho. `physical`: ids by logical id.

    `pseudo`: `AWS::Region` and the like, as far as known.
    """

    template: Node
    parameters: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    silent: frozenset[str] = frozenset()
    physical: Mapping[str, str] = field(default_factory=dict)
    pseudo: Mapping[str, str] = field(default_factory=dict)
    effort: Effort = field(default_factory=Effort)

    def section(self, name: str) -> Mapping[str, Node]:
        """A section of the template, by its entries; empty where it has none."""
        section = self.template.members.get(name)
        return section.members if section else {}


def evaluate(node: Node, scope: Scope) -> Any:
    """The node's value in texts, None, tuples and dicts. Raises Hidden, NoValue."""
    scope.effort.spend(node)
    call = node.call
    if call is not None:
        name, argument = call
        function = _FUNCTIONS.get(name)
        if function is None:
            raise Hidden(f"{name} is worked out by CloudFormation alone", node)
        return function(argument, scope)
    if isinstance(node.value, dict):
        return {name: value for name, inner in node.members.items() for value in _there(inner, scope)}
    if isinstance(node.value, tuple):
        return tuple(value for inner in node.items for value in _there(inner, scope))
    return _plain(node.value, node)


def holds(name: str, scope: Scope, node: Node, within: tuple[str, ...] = ()) -> bool:
    """Whether the condition of that name does. Raises Hidden."""
    scope.effort.spend(node)
    condition = scope.section("Conditions").get(name)
    if condition is None or name in within:
        raise Hidden(f"the condition {name} is not defined", node)
    return _truth(condition, scope, (*within, name))


def _there(node: Node, scope: Scope) -> Iterator[Any]:
    """The node's value, or nothing where it has none."""
    try:
        yield evaluate(node, scope)
    except NoValue:
        return


def _plain(value: Any, node: Node) -> Any:
    if isinstance(value, str) and _DYNAMIC in value:
        raise Hidden("a dynamic reference is resolved by CloudFormation alone", node)
    return value


def _text(node: Node, scope: Scope) -> str:
    value = evaluate(node, scope)
    if not isinstance(value, str):
        raise Hidden("it is no text", node)
    return value


def _list(node: Node, scope: Scope) -> tuple[Any, ...]:
    value = evaluate(node, scope)
    if not isinstance(value, tuple):
        raise Hidden("it is no list", node)
    return value


def _arguments(node: Node, least: int, most: int) -> tuple[Node, ...]:
    if not least <= len(node.items) <= most:
        raise Hidden(f"it has {len(node.items)} arguments", node)
    return node.items


def _named(name: str, node: Node, scope: Scope) -> Any:
    """What a reference to that name gives."""
    if name == "AWS::NoValue":
        raise NoValue
    if name in scope.silent:
        raise Hidden(f"the parameter {name} is not shown to anybody (NoEcho)", node, name)
    known: Mapping[str, Any]
    for known in (scope.parameters, scope.pseudo, scope.physical):
        if name in known:
            return _plain(known[name], node)
    if name in scope.section("Parameters"):
        raise Hidden(f"the parameter {name} has no default", node, name)
    if name.startswith("AWS::"):
        raise Hidden(f"{name} is not known", node, name)
    raise Hidden(f"what {name} refers to is known once it is deployed", node)


def _ref(node: Node, scope: Scope) -> Any:
    return _named(node.text, node, scope)


def _get_att(node: Node, _: Scope) -> Any:
    parts = [one.text for one in node.items] or node.text.split(".", 1)
    raise Hidden(f"the attribute {'.'.join(parts)} is known once it is deployed", node)


def _sub(node: Node, scope: Scope) -> str:
    template, own = node, {}
    if node.items:
        template = _arguments(node, 1, 2)[0]
        own = {name: _text(one, scope) for name, one in node.items[-1].members.items()}

    def filled(match: re.Match[str]) -> str:
        escape, name = match.groups()
        if escape:
            return "${" + name + "}"
        if name in own:
            return own[name]
        if "." in name:
            _get_att(Node(name, template.line, template.column), scope)
        value = _named(name.strip(), template, scope)
        if not isinstance(value, str):
            raise Hidden(f"{name} is no text", template)
        return value

    text = _PLACEHOLDER.sub(filled, template.text)
    return str(_plain(text, template))


def _join(node: Node, scope: Scope) -> str:
    delimiter, listed = _arguments(node, 2, 2)
    parts = _list(listed, scope)
    if not all(isinstance(part, str) for part in parts):
        raise Hidden("it joins what is no text", node)
    by = _text(delimiter, scope)
    scope.effort.spend(node, (len(by) * len(parts) + sum(map(len, parts))) // 100)
    return str(_plain(by.join(parts), node))


def _split(node: Node, scope: Scope) -> tuple[str, ...]:
    delimiter, text = _arguments(node, 2, 2)
    by = _text(delimiter, scope)
    if not by:
        raise Hidden("it splits by nothing", node)
    return tuple(_text(text, scope).split(by))


def _select(node: Node, scope: Scope) -> Any:
    index, listed = _arguments(node, 2, 2)
    number, values = _text(index, scope), _list(listed, scope)
    if not number.isdecimal() or len(number) > 9 or int(number) >= len(values):
        raise Hidden("it selects what is not there", node)
    return values[int(number)]


def _find_in_map(node: Node, scope: Scope) -> Any:
    first, second, third = _arguments(node, 3, 4)[:3]
    place: Node | None = scope.template.members.get("Mappings")
    for step in (first, second, third):
        place = place.members.get(_text(step, scope)) if place else None
    if place is not None:
        return evaluate(place, scope)
    otherwise = node.items[3].members.get("DefaultValue") if len(node.items) == 4 else None
    if otherwise is None:
        raise Hidden("the map has no such entry", node)
    return evaluate(otherwise, scope)


def _if(node: Node, scope: Scope) -> Any:
    condition, then, otherwise = _arguments(node, 3, 3)
    return evaluate(then if holds(condition.text, scope, condition) else otherwise, scope)


_FUNCTIONS: Mapping[str, Callable[[Node, Scope], Any]] = {
    "Ref": _ref,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Split": _split,
    "Fn::Select": _select,
    "Fn::FindInMap": _find_in_map,
    "Fn::If": _if,
}


def _truth(node: Node, scope: Scope, within: tuple[str, ...]) -> bool:
    call = node.call
    if call is None:
        raise Hidden("it is no condition", node)
    name, argument = call
    match name:
        case "Condition":
            return holds(argument.text, scope, argument, within)
        case "Fn::Equals":
            first, second = _arguments(argument, 2, 2)
            return bool(evaluate(first, scope) == evaluate(second, scope))
        case "Fn::Not":
            return not _truth(_arguments(argument, 1, 1)[0], scope, within)
        case "Fn::And":
            return all(_truth(one, scope, within) for one in _arguments(argument, 2, 10))
        case "Fn::Or":
            return any(_truth(one, scope, within) for one in _arguments(argument, 2, 10))
    raise Hidden(f"{name} is no condition", node)
