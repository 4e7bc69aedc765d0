"""The words and figures that all views of a stack's grants share."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from reconciler.access import Granted, Grants, Provider, Reach
from reconciler.model.kinds import API_KEY_PROVIDER, OAUTH2_PROVIDER
from reconciler.render.clean import clean
from reconciler.render.words import plural, target

KEY, MACHINE, USER, OPEN = "K", "M", "U", "-"
_FLOW = {"M2M": MACHINE, "USER_FEDERATION": USER}
LEGEND = (
    (MACHINE, "as itself (M2M)"),
    (USER, "for a user (USER_FEDERATION)"),
    (OPEN, "granted without a flow"),
    (KEY, "API key"),
)
_SORTS = {OAUTH2_PROVIDER.type: "OAuth2", API_KEY_PROVIDER.type: "API key"}


def sort_of(provider: Provider) -> str:
    """`OAuth2`, `API key`."""
    return _SORTS.get(provider.address.type, provider.address.type)


def mark(granted: Granted) -> str:
    """How the provider may be reached, in a letter or two: `M`, `MU`, `K`."""
    return KEY if granted.provider.address.type == API_KEY_PROVIDER.type else _letters(granted.flows)


@functools.cache
def _letters(flows: tuple[str, ...]) -> str:
    return "".join(sorted({_FLOW.get(flow, "") or clean(flow) for flow in flows})) or OPEN


def provider_name(provider: Provider) -> str:
    """Its key; with a star where it is another stack's."""
    return clean(provider.address.key) + ("*" if provider.external else "")


def sums(grants: Grants) -> str:
    """`3 identities, 4 providers, 5 grants`."""
    count = sum(len(reach.grants) for reach in grants.reaches)
    identities = plural(len(grants.reaches), "identity", "identities")
    return f"{identities}, {plural(len(grants.providers), 'provider')}, {plural(count, 'grant')}"


def title(grants: Grants) -> str:
    """Of which stack and environment."""
    return f"Access in {target(grants.target)}"


def legend(reaches: Iterable[Reach]) -> str:
    """What the marks that occur mean; "" where there are none."""
    granted = [one for reach in reaches for one in reach.grants]
    used = {letter for marked in set(map(mark, granted)) for letter in marked}
    said = [f"{letter} {words}" for letter, words in LEGEND if letter in used]
    if any(one.provider.external for one in granted):
        said.append("* of another stack")
    return ", ".join(said)
