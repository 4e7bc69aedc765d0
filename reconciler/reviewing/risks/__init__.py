"""The risk rules of a review: what a security team asks of a change, each as data with one function.

They look at the *change*; what a manifest says in itself is judged by `reconciler.manifest.rules`. Every code has its section
in docs/review.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.model.report import Finding
from reconciler.reviewing.risks.arriving import ARRIVING
from reconciler.reviewing.risks.claiming import CLAIMING
from reconciler.reviewing.risks.facts import Facts, Raised, Risk
from reconciler.reviewing.risks.forms import RISKY_FORMS
from reconciler.reviewing.risks.granting import GRANTING
from reconciler.reviewing.risks.hosts import HOSTS
from reconciler.reviewing.risks.house import HOUSE
from reconciler.reviewing.risks.keys import KEYS
from reconciler.reviewing.risks.lifecycle import LIFECYCLE
from reconciler.reviewing.risks.lifting import LIFTING
from reconciler.reviewing.risks.locking import LOCKING
from reconciler.reviewing.risks.places import PLACES
from reconciler.reviewing.risks.secrets import SECRETS
from reconciler.reviewing.risks.sharing import SHARING
from reconciler.reviewing.risks.vaulting import VAULTING

RISKS: tuple[Risk, ...] = tuple(
    sorted(
        (
            *ARRIVING,
            *CLAIMING,
            *RISKY_FORMS,
            *GRANTING,
            *HOSTS,
            *HOUSE,
            *KEYS,
            *LIFECYCLE,
            *LIFTING,
            *LOCKING,
            *PLACES,
            *SECRETS,
            *SHARING,
            *VAULTING,
        ),
        key=lambda one: one.code,
    )
)
"""Every rule, by code."""


def raised(facts: Iterable[Facts]) -> Iterator[Finding]:
    """What the rules find, environment by environment; the same finding in several is still one each."""
    for one in facts:
        for risk in RISKS:
            if risk.whole == (not one.environment):
                yield from (found.finding(risk.code, one.environment) for found in risk.check(one))


__all__ = ["RISKS", "Facts", "Raised", "Risk", "raised"]
