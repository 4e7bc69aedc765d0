"""Risks of what identities may get: grants of credential providers, how wide they are, and how an agent is called.

Told once for each provider, or each scope or flow of it, however many identities get it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from reconciler.manifest.documents import quoted
from reconciler.model.identity import ACCESS, INBOUND
from reconciler.model.providers import OAUTH2_PROVIDER
from reconciler.model.report import Level
from reconciler.model.resources import Desired
from reconciler.reviewing.difference import Revision
from reconciler.reviewing.risks.facts import Facts, Raised, Risk, counted, named
from reconciler.reviewing.risks.lifecycle import USER_FEDERATION

_IAM = "iam"


class _Grant(NamedTuple):
    """What an identity is granted of one provider, before (None: it was not) and after."""

    revision: Revision
    provider: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any]

    @property
    def address(self) -> str:
        return str(self.revision.address)

    @property
    def on_new(self) -> bool:
        """Whether the identity itself is new."""
        return self.revision.before is None

    def gained(self, name: str) -> list[str]:
        """The scopes or flows that are new."""
        old = (self.before or {}).get(name, ())
        return [one for one in self.after.get(name, ()) if one not in old]


def _access(one: Desired | None) -> Mapping[str, Any]:
    found = one.attributes.get(ACCESS.name) if one else None
    return found if isinstance(found, dict) else {}


def _grants(facts: Facts) -> Iterator[_Grant]:
    for one in facts.revisions:
        before, after = _access(one.before), _access(one.after)
        for provider, terms in after.items():
            if terms != before.get(provider):
                yield _Grant(one, provider, before.get(provider), terms)


def _told(
    facts: Facts, by: Mapping[tuple[str, ...], list[_Grant]], what: str, why: str, level: Level
) -> Iterator[Raised]:
    """One finding for each provider and element. `what` has {who}, {provider} and {element} in it."""
    for (provider, *rest), grants in sorted(by.items()):
        addresses = [one.address for one in grants]
        who = addresses[0] if len(addresses) == 1 else f"{len(addresses)} identities ({named(addresses)})"
        element = rest[0] if rest else ""
        yield Raised(
            level=level,
            about=addresses[0],
            summary=what.format(
                who=who,
                provider=provider,
                element=element,
                quoted=quoted(element),
                are="is" if len(addresses) == 1 else "are",
                get="gets" if len(addresses) == 1 else "get",
            ),
            consequence=why,
            advice="Grant what the agent's task needs, and no more.",
            subject=provider if element.startswith(":") else f"{provider} {element}".strip(),
            place=facts.place(grants[0].revision.address, ACCESS.name, provider),
            others=tuple(addresses[1:]),
        )


def _by(grants: Iterator[tuple[tuple[str, ...], _Grant]]) -> dict[tuple[str, ...], list[_Grant]]:
    found: dict[tuple[str, ...], list[_Grant]] = {}
    for key, one in grants:
        found.setdefault(key, []).append(one)
    return found


def _added(facts: Facts) -> Iterator[Raised]:
    added = [one for one in _grants(facts) if one.before is None and not one.after.get("external")]
    why = "The policy for its role lets the agent fetch credentials of that provider."
    for on_new in (False, True):
        level = facts.grave(Level.NOTICE, Level.INFO) if on_new else facts.grave(Level.WARNING, Level.NOTICE)
        found = _by(((one.provider, _terms(one)), one) for one in added if one.on_new is on_new)
        yield from _told(facts, found, "{who} {are} granted {provider}{element}", why, level)


def _terms(grant: _Grant) -> str:
    """`: the scopes "a", "b", by USER_FEDERATION`: what of a provider is granted; "" for one that has neither."""
    if not grant.provider.startswith(f"{OAUTH2_PROVIDER.type}."):
        return ""
    scopes, flows = grant.after.get("scopes", ()), grant.after.get("flows", ())
    what = (
        f"{'the scope' if len(scopes) == 1 else 'the scopes'} {named(list(map(quoted, scopes)))}"
        if scopes
        else "no scopes named"
    )
    return f": {what}" + (f", by {named(list(flows))}" if flows else "")


def _widened(facts: Facts) -> Iterator[Raised]:
    kept = [one for one in _grants(facts) if one.before is not None]
    level = facts.grave(Level.WARNING, Level.NOTICE)
    scopes = _by(((one.provider, scope), one) for one in kept for scope in one.gained("scopes"))
    why = "Whoever holds such a token may do more with it than before."
    yield from _told(facts, scopes, "{who} {get} the scope {quoted} of {provider}", why, level)
    unbound = _by(
        ((one.provider, ""), one)
        for one in kept
        if one.before and one.before.get("scopes") and not one.after.get("scopes")
    )
    why = "What is asked for is then up to the agent, and what is given to the provider."
    yield from _told(facts, unbound, "{who} {are} granted {provider} without naming scopes any more", why, level)
    flows = _by(((one.provider, flow), one) for one in kept for flow in one.gained("flows") if flow != USER_FEDERATION)
    why = "The agent gets tokens in a way that nobody meant it to before."
    yield from _told(facts, flows, "{who} {get} tokens of {provider} by {element} as well", why, level)


def _user_flow(facts: Facts) -> Iterator[Raised]:
    gained = [one for one in _grants(facts) if USER_FEDERATION in one.gained("flows")]
    found = _by(((one.provider, USER_FEDERATION), one) for one in gained)
    why = "Users are asked to agree, and the agent acts in their name from then on."
    yield from _told(
        facts, found, "{who} {get} users' tokens of {provider}", why, facts.grave(Level.WARNING, Level.NOTICE)
    )


def _external(facts: Facts) -> Iterator[Raised]:
    found = _by(
        ((one.provider, _terms(one)), one)
        for one in _grants(facts)
        if one.after.get("external") and not (one.before or {}).get("external")
    )
    why = "Its credentials are those that another stack's owner keeps, who sees nothing of this change."
    yield from _told(
        facts,
        found,
        "{who} {are} granted {provider} of another stack{element}",
        why,
        facts.grave(Level.WARNING, Level.WARNING),
    )


def _inbound(facts: Facts) -> Iterator[Raised]:
    found = (
        Raised(
            level=facts.grave(Level.WARNING, Level.NOTICE),
            about=str(one.address),
            summary=f"{one.address} is called another way: {row.before or _IAM} -> {row.after or _IAM}",
            consequence="The caller then says in whose name it asks, and nothing proves it."
            if row.after == "userId"
            else "Its role needs another token operation, and who may act in whose name is decided elsewhere.",
            advice="Compare it with how the agent is really called, and give its role the policy that `access policy` prints.",
            subject=str(row.after or _IAM),
            place=facts.place(one.address, INBOUND.name),
        )
        for one in facts.revisions
        if one.before and one.after and (row := one.row(INBOUND.name)) is not None
    )
    yield from counted(found, "identities are called another way")


GRANTING = (
    Risk("grant-added", "An identity is granted a credential provider.", _added),
    Risk("grant-of-another-stacks", "An identity is granted a provider of another stack.", _external),
    Risk("grant-widened", "A grant gets scopes or flows.", _widened),
    Risk("inbound-changed", "An agent is called another way.", _inbound),
    Risk("user-flow-added", "An identity gets tokens of users.", _user_flow),
)
