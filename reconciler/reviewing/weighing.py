"""Which findings are about which item of a report: in its environments, and of the settings, about any part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.model.report import Finding, Item, Level, gravest

_SETTINGS = "settings"


class Weights:
    """The findings of a report by what they are about."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self._by_about: dict[str, list[Finding]] = {}
        for one in findings:
            abouts = {_SETTINGS if each.startswith(f"{_SETTINGS}.") else each for each in (one.about, *one.others)}
            for about in abouts:
                self._by_about.setdefault(about, []).append(one)

    def about(self, item: Item) -> Iterator[Finding]:
        """The findings about the item."""
        for one in self._by_about.get(item.about, ()):
            if not one.environments or not item.environments or {*one.environments} & {*item.environments}:
                yield one

    def level(self, item: Item) -> Level | None:
        """The gravest level of them in the item's environments, None without one."""
        return gravest(level for one in self.about(item) for level in _levels(one, item))


def _levels(one: Finding, item: Item) -> Iterable[Level]:
    shared = {*one.environments} & {*item.environments}
    return [one.level_in(name) for name in shared] if shared else [one.level]
