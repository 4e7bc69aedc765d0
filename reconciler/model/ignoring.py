"""Drift that is nobody's news: rules of the manifest on what a drift run leaves out. Values, and what each of them covers."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from reconciler.diagnostics import Source
from reconciler.model.addresses import Address

ALL = ("*",)


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoreRule:
    """One entry of `settings.drift.ignore`; all words are globs.

    `attributes`: names, or `NAME.ELEMENT` for a tag by its key, or a member of a configuration by its dotted path; of the
    `resources` alone, by address or remote name. `newcomers`: of what is new and nobody's, by name or address. `until`: the
    last day (UTC) on which it holds, "" for always.
    """

    reason: str
    attributes: tuple[str, ...] = ()
    resources: tuple[str, ...] = ALL
    newcomers: tuple[str, ...] = ()
    until: str = ""
    source: Source | None = None

    def __str__(self) -> str:
        said = {"attributes": self.attributes, "newcomers": self.newcomers}
        parts = [f"{name}: {', '.join(globs)}" for name, globs in said.items() if globs]
        parts += [f"resources: {', '.join(self.resources)}"] if self.resources != ALL else []
        return "; ".join((*parts, f"reason: {self.reason}", *([f"until: {self.until}"] if self.until else [])))

    def lapsed(self, today: str) -> bool:
        """Whether its last day is over."""
        return bool(self.until) and self.until < today

    def speaks_of(self, address: Address, name: str) -> bool:
        """Whether the resource is one of those whose attributes it is about."""
        return any(fnmatchcase(str(address), one) or fnmatchcase(name, one) for one in self.resources)

    def takes_newcomer(self, type_: str, name: str) -> bool:
        """Whether what is new under that name is to be left out."""
        return any(fnmatchcase(name, one) or fnmatchcase(f"{type_}.{name}", one) for one in self.newcomers)

    def takes_attribute(self, name: str) -> bool:
        """Whether all of the attribute is to be left out."""
        return any("." not in one and fnmatchcase(name, one) for one in self.attributes)

    def takes_element(self, name: str, path: str) -> bool:
        """Whether that tag key or dotted path in the attribute is to be left out."""
        for one in self.attributes:
            attribute, dot, element = one.partition(".")
            if dot and fnmatchcase(name, attribute) and fnmatchcase(path, element):
                return True
        return False
