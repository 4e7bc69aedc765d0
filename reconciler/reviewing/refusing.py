"""What apply will refuse, as the environment is protected and stays so: said of a finding once it is told for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from reconciler.model.report import Finding
from reconciler.reviewing.risks.facts import Facts, named

_REFUSED = frozenset({"identity-deleted", "provider-deleted", "rename-not-announced", "renamed"})
"""Findings about a deletion or a rename in the directory."""


def refusals_told(found: Iterable[Finding], looked: Iterable[Facts]) -> Iterator[Finding]:
    """The findings; of what a protected environment forbids, with that in front of what it would lead to."""
    kept = {one.environment for one in looked if one.stays_protected}
    for one in found:
        there = [name for name in one.environments if name in kept] if one.code in _REFUSED else []
        if not there:
            yield one
            continue
        be = "is" if len(there) == 1 else "are"
        yield replace(
            one, consequence=f"{named(there)} {be} protected: apply will refuse this there. {one.consequence}"
        )
