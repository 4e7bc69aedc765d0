"""`${…}` in names, return URLs and tag values: what it stands for in one environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.manifest.documents import did_you_mean, quoted
from reconciler.model.environments import Environment

BUILT_IN = ("account", "environment", "region")
"""Variables that every environment has by itself; `account` and `region` where it declares them."""

TARGET = "target"
"""Another one: the whole name of a target of an environment that has several. An environment's own variable of that name,
where it has no targets, goes before it."""

_PART = re.compile(r"\$\$\{|\$\{([^${}\n]*)\}|\$\{")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Mistake:
    """Why a template has no value."""

    code: str
    summary: str
    detail: str


def variables_of(environment: Environment) -> dict[str, str]:
    """Everything that `${…}` knows in the environment."""
    known = {TARGET: environment.name, **environment.variables, "environment": environment.declared}
    if environment.account:
        known["account"] = environment.account
    if environment.region:
        known["region"] = environment.region
    return known


def substitute(text: str, known: Mapping[str, str], environment: str) -> tuple[str, list[Mistake]]:
    """The text with every `${name}` replaced and `$${` as a literal `${`, and what is wrong with it."""
    mistakes: list[Mistake] = []

    def value(match: re.Match[str]) -> str:
        if match[0] == "$${":
            return "${"
        name = match[1]
        if name in known:
            return known[name]
        mistakes.append(_mistake(name, known, environment))
        return match[0]

    return _PART.sub(value, text), mistakes


def _mistake(name: str | None, known: Mapping[str, str], environment: str) -> Mistake:
    if name is None:
        return Mistake("template", "A ${ is never closed", "Close it with }, or write $${ for a literal ${.")
    if not _NAME.fullmatch(name):
        detail = "A name has letters, digits, `_` and `-`. Write $${ for a literal ${."
        return Mistake("template", f"{quoted(name)} in ${{…}} is not the name of a variable", detail)
    if name in BUILT_IN:
        summary = f"${{{name}}} is used, but environment {environment} declares no {name}"
        detail = f"Give environments.{environment} its {name}."
        return Mistake("unknown-variable", summary, detail)
    detail = f"{did_you_mean(name, known)}Known there: {', '.join(sorted(known))}."
    summary = f"${{{name}}} is not known in environment {environment}"
    return Mistake("unknown-variable", summary, detail)
