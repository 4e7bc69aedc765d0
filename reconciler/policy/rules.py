"""The house's rules as values: what each looks at, when it is violated, who is let off until when."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from reconciler.diagnostics import Source
from reconciler.model.report import Level


class Part(enum.Enum):
    """What of a change a JSON Schema is held against."""

    AFTER = "after"  # what will stand
    BEFORE = "before"  # what stands
    CHANGE = "change"  # all that the plan says of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """Somebody is let off a rule. `expires`: the day from which on it does not count, ISO 8601.

    `name`: a glob of the name in the directory; "" where that has to fit the address as the key does. A key is chosen by
    whoever writes the manifest, and nothing becomes of it in the directory; so a key alone lets nobody off.
    """

    rule: str
    address: str
    owner: str
    reason: str
    expires: str
    environments: tuple[str, ...] = ()
    name: str = ""
    source: Source

    def covers(self, rule: str, address: str | None, name: str, environment: str) -> bool:
        """Whether it speaks of that violation, whatever the day. Without an address only `*` fits.

        `name`: what it is called in the directory, "" where the plan has no such resource.
        """
        return (
            self.rule == rule
            and (self._means_all or (address is not None and self._means(address, name)))
            and fits_any(self.environments, environment)
        )

    @property
    def _means_all(self) -> bool:
        return self.address == "*" and not self.name

    def _means(self, address: str, name: str) -> bool:
        if not fnmatchcase(address, self.address):
            return False
        if self.name:
            return fnmatchcase(name, self.name)
        return not name or fnmatchcase(f"{address.partition('.')[0]}.{name}", self.address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fits:
    """Violated where a part of the change fits the JSON Schema (`forbidden`), or does not."""

    schema: Mapping[str, Any] | bool
    part: Part = Part.AFTER
    forbidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """Violated where the body in Rego is true. `lines`: where each of the body's lines begins in its file."""

    body: str
    lines: tuple[Source, ...]
    whole_plan: bool = False

    def place(self, offset: int) -> Source:
        """Where the character of the body at that offset stands."""
        before = self.body[: max(offset, 0)]
        start = self.lines[min(before.count("\n"), len(self.lines) - 1)]
        return Source(start.file, start.line, start.column + len(before) - before.rfind("\n") - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of a YAML file. Empty `types`, `actions` and `environments` mean all."""

    code: str
    level: Level
    message: str
    condition: Fits | Holds
    types: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    source: Source

    def looks_at(self, change: Mapping[str, Any]) -> bool:
        """Whether that entry of the plan's `resource_changes` is its business."""
        return (not self.types or change["type"] in self.types) and (
            not self.actions or change["change"]["actions"][0] in self.actions
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RegoHead:
    """A rule of a Rego file whose results are violations: its package, its name, where it begins, and the texts in it."""

    package: str
    name: str
    source: Source
    texts: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """What exemptions call it."""
        return f"{self.package}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegoFile:
    """A module as conftest has them, which the engine reads as it stands."""

    name: str
    text: str
    heads: tuple[RegoHead, ...]

    def place(self, offset: int) -> Source:
        """Where the character at that offset stands."""
        before = self.text[: max(offset, 0)]
        return Source(self.name, before.count("\n") + 1, len(before) - before.rfind("\n"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """All rules of a folder, in the order of their files."""

    rules: tuple[Rule, ...] = ()
    modules: tuple[RegoFile, ...] = ()
    exemptions: tuple[Exemption, ...] = ()

    @property
    def codes(self) -> frozenset[str]:
        """What an exemption may name."""
        return frozenset([one.code for one in self.rules] + [one.code for file in self.modules for one in file.heads])


def fits_any(globs: tuple[str, ...], name: str) -> bool:
    """Whether the name fits one of them, or there are none. Of a target `prod@eu` the environment's own name fits as well."""
    return not globs or any(fnmatchcase(name, one) or fnmatchcase(name.partition("@")[0], one) for one in globs)
