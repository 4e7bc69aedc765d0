"""Requests against botocore's service model, with everything that botocore's own validation leaves to the service.

botocore checks required members, types and minimums before it sends; maximums, patterns and enumerations it does not.
Generic over shapes; the wording follows AWS's ValidationException.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from reconciler.emulator.faults import Fault

_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "blob": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "list": (list, tuple),
    "map": (dict,),
    "structure": (dict,),
}
_MENDED = {"TaggableResourcesArn": r"arn:[^:]*:(?:bedrock-agentcore|acps):[a-z0-9-]+:[0-9]{12}:[a-z-]+/.+"}
"""Patterns, by shape, that contradict other parts of the documentation. The model's own has no digits in a resource's type, and
so none of the OAuth2 providers that the guide's page on tagging names; nor has it the service of the ARNs in answers."""


def validate(shape: Shape | None, params: dict[str, Any]) -> None:
    """Raises the ValidationException that names everything wrong with the parameters of a call."""
    if shape is None:
        return
    problems = [
        f"Value at '{path}' failed to satisfy constraint: {problem}" for path, problem in _walk(shape, params, "")
    ]
    if problems:
        plural = "s" if len(problems) > 1 else ""
        detected = f"{len(problems)} validation error{plural} detected: {'; '.join(problems)}"
        raise Fault("ValidationException", detected)


def _walk(shape: Shape, value: Any, path: str) -> Iterator[tuple[str, str]]:
    types = _JSON_TYPES.get(shape.type_name)
    if types is not None and (not isinstance(value, types) or (isinstance(value, bool) and bool not in types)):
        yield path, f"Member must be of type {shape.type_name}"
        return
    for problem in _local_problems(shape, value):
        yield path, problem
    match shape:
        case StructureShape():
            yield from _walk_structure(shape, value, path)
        case ListShape():
            for index, member in enumerate(value, start=1):
                yield from _walk(shape.member, member, f"{path}.{index}.member")
        case MapShape():
            yield from _walk_map(shape, value, path)


def _walk_structure(shape: StructureShape, value: dict[str, Any], path: str) -> Iterator[tuple[str, str]]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _join(path, name), "Member must not be null"
    if shape.is_tagged_union and sum(value.get(name) is not None for name in shape.members) != 1:
        yield path, f"Exactly one of its members must be set: [{', '.join(shape.members)}]"
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from _walk(member, value[name], _join(path, name))


def _walk_map(shape: MapShape, value: dict[str, Any], path: str) -> Iterator[tuple[str, str]]:
    for key, member in value.items():
        for _, problem in _walk(shape.key, key, ""):
            yield path, f"Map keys must satisfy constraint: [{problem}]"
        for _, problem in _walk(shape.value, member, ""):
            yield f"{path}.{key}.member", f"Map value must satisfy constraint: [{problem}]"


def _local_problems(shape: Shape, value: Any) -> Iterator[str]:
    limits = shape.metadata
    is_number = shape.type_name in ("integer", "long", "float", "double")
    measure, word = (value, "value") if is_number else (len(value) if hasattr(value, "__len__") else 0, "length")
    if "min" in limits and measure < limits["min"]:
        yield f"Member must have {word} greater than or equal to {limits['min']}"
    if "max" in limits and measure > limits["max"]:
        yield f"Member must have {word} less than or equal to {limits['max']}"
    if "pattern" in limits and not _compiled(_MENDED.get(shape.name, limits["pattern"])).fullmatch(value):
        yield f"Member must satisfy regular expression pattern: {limits['pattern']}"
    if isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        yield f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # The models write Java's classes; the one that Python's re does not know is "control and other invisible characters".
    return re.compile(pattern.replace(r"\p{C}", r"\x00-\x1f\x7f-\x9f"))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
