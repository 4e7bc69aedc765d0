"""HCL text, as `terraform fmt` leaves it: strings that interpolate nothing, names, aligned attributes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from reconciler.model.visible import COMMAND, is_visible

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class Raw(str):
    """An expression that goes into the text as it stands, such as `var.github_client_secret`."""

    __slots__ = ()


Expression = str | int | bool | Sequence["Expression"] | Mapping[str, "Expression"]


def quoted(text: str) -> str:
    """The text in quotes, in which `${` and `%{` mean themselves and no CI runner finds a command."""
    escaped = "".join(_escaped(one) for one in text)
    return '"' + COMMAND.sub(r"\\u0023#", escaped.replace("${", "$${").replace("%{", "%%{")) + '"'


def _escaped(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    if is_visible(character):
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def label(name: str) -> str:
    """A name for a block out of any text: what HCL does not take in one becomes `_`."""
    made = re.sub(r"[^A-Za-z0-9_-]", "_", name)
    return made if _NAME.fullmatch(made) else f"_{made}"


def labels(names: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """A label for each name, no two alike and none of them `taken`; the same ones whatever the order of the names."""
    made: dict[str, str] = {}
    used = set(taken)
    for name in sorted(set(names), key=lambda one: (label(one) != one, one)):  # who bears a good name already keeps it
        wanted, number = label(name), 2
        while wanted in used:
            wanted, number = f"{label(name)}_{number}", number + 1
        used.add(wanted)
        made[name] = wanted
    return made


def attributes(pairs: Iterable[tuple[str, Expression]], indent: int = 0) -> list[str]:
    """Lines of `name = expression`; those of one line that follow each other have their signs in one column."""
    pairs = list(pairs)
    shown = [(name if _NAME.fullmatch(name) else quoted(name), expression(value, indent)) for name, value in pairs]
    lines: list[str] = []
    group: list[tuple[str, str]] = []
    for name, text in shown:
        if "\n" in text:  # what goes over several lines stands for itself, and what comes after it begins anew
            lines += [*_aligned(group, indent), *_aligned([(name, text)], indent)]
            group = []
        else:
            group.append((name, text))
    return [*lines, *_aligned(group, indent)]


def _aligned(group: Sequence[tuple[str, str]], indent: int) -> list[str]:
    width = max((len(name) for name, _ in group), default=0)
    return [f"{' ' * indent}{name:<{width}} = {text}" for name, text in group]


def block(head: str, body: Sequence[str], indent: int = 0) -> list[str]:
    """The lines of a block; `body` is indented already."""
    space = " " * indent
    return [f"{space}{head} {{", *body, f"{space}}}"] if body else [f"{space}{head} {{}}"]


def expression(value: Expression, indent: int = 0) -> str:
    """A value in HCL; a map or a list of several over several lines, its end under the attribute it belongs to."""
    if isinstance(value, (Raw, str)):
        return str(value) if isinstance(value, Raw) else quoted(value)
    if isinstance(value, int):
        return str(value).lower()  # HCL has Python's truth values in small letters
    space = " " * indent
    if isinstance(value, Mapping):
        lines = ["{", *attributes(value.items(), indent + 2), f"{space}}}"]
        return "\n".join(lines) if value else "{}"
    if len(value) <= 1:
        return f"[{', '.join(expression(one, indent) for one in value)}]"
    return "\n".join(["[", *(f"{space}  {expression(one, indent + 2)}," for one in value), f"{space}]"])
