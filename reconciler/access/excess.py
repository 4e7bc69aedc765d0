"""What one statement allows beyond the grants: operations that nobody needs, identities and providers of others, wildcards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.access.arns import container
from reconciler.access.documents import Rule
from reconciler.access.evaluation import Answer, acts_on, decide, what_is_left
from reconciler.access.expected import Expected
from reconciler.access.findings import Finding, Verdict
from reconciler.access.operations import (
    ADMINISTRATION,
    COMPLETION,
    CREDENTIAL_OPERATION,
    DATA_PLANE,
    OAUTH2,
    SERVICE,
    TOKEN_OPERATIONS,
    action,
    needs_vault,
)
from reconciler.access.patterns import Pattern, may_be, parse
from reconciler.model.kinds import KINDS

_CONTROL = tuple(sorted({operation for kind in KINDS for operation in kind.api.operations if operation}))
_DIRECTORIES, _VAULTS = (
    tuple(
        tuple(parse(one, variables=False) for one in ("arn", "*", service, "*", "*", f"{part}*"))
        for service in (SERVICE, "acps")
    )
    for part in ("workload-identity-directory", "token-vault")
)
"""ARNs by segments, as `may_be` wants them."""

_NO_NAME = "~any-other~"  # no name that the service takes, so that a pattern which fits it is open to every name
_SHOWN = 5


def excesses(rule: Rule, rules: Sequence[Rule], wanted: Expected) -> Iterator[Finding]:
    """What the Allow lets through that no grant asks for. `rules`: all of the role, for what they deny again."""
    patterns = _ours(rule)
    if not patterns and not rule.but_resources:
        return
    operations = [one for one in DATA_PLANE if acts_on(rule, one) and not _dead(rules, one, wanted)]
    control = [one for one in _CONTROL if acts_on(rule, one)]
    telling = _Telling(rule, wanted, tuple(operations))
    yield from _actions(telling, control)
    if not operations:
        return
    if rule.but_resources:
        yield telling.finding("not-resource", "NotResource allows every resource but the few that it names", _NAME_THEM)
        return
    for one in patterns:
        for left in what_is_left(rules, one, operations):
            yield from _resource(telling, left, one.text)


def is_compared(rule: Rule, pattern: Pattern) -> bool:
    """Whether that action of the statement is of those, on those resources, that `excesses` speaks of."""
    known = (action(one).lower() for one in (*DATA_PLANE, *_CONTROL))
    return bool(rule.but_resources or _ours(rule)) and any(map(pattern.matches, known))


def _ours(rule: Rule) -> list[Pattern]:
    """The resources that may stand in a directory or a vault."""
    return [one for one in rule.resources if any(may_be(one, space) for space in (*_DIRECTORIES, *_VAULTS))]


_NAME_THEM = "Name the ARNs that are granted; `reconciler access policy` prints them."

_SPELLING = (
    "The guide's scope-down page has such forms, but IAM's resource types are oauth2credentialprovider and "
    "apikeycredentialprovider: this allows nothing."
)


@dataclass(frozen=True, slots=True)
class _Telling:
    """A statement, and findings about it."""

    rule: Rule
    wanted: Expected
    operations: tuple[str, ...]

    def finding(
        self, code: str, summary: str, detail: str, *, actions: Sequence[str] = (), resources: Sequence[str] = ()
    ) -> Finding:
        under = " Only where its Condition holds." if self.rule.conditions else ""
        return Finding(
            verdict=Verdict.EXCESS,
            code=code,
            summary=summary,
            detail=f"{detail}{under}",
            where=self.rule.where,
            actions=tuple(actions) or tuple(map(action, self.operations)),
            resources=tuple(resources),
        )


def _dead(rules: Sequence[Rule], operation: str, wanted: Expected) -> bool:
    """Whether other statements deny what every call of the operation names, so that no Allow of it counts."""
    directories = {container(one.arn) for one in wanted.reaches}
    if any(decide(rules, operation, (arn,)).answer is Answer.DENIED for arn in directories):
        return True
    vaults = wanted.vaults if needs_vault(operation) else ()
    return bool(vaults) and all(decide(rules, operation, (arn,)).answer is Answer.DENIED for arn in vaults)


def _actions(telling: _Telling, control: Sequence[str]) -> Iterator[Finding]:
    rule, wanted = telling.rule, telling.wanted
    if rule.but_actions:
        if telling.operations or control:
            summary = "NotAction allows every operation but the few that it names"
            yield telling.finding("not-action", summary, "Name the operations that are needed.")
        return
    for pattern in rule.actions:
        fits = [one for one in (*telling.operations, *control) if pattern.matches(action(one).lower())]
        if pattern.is_open and fits:
            spare = [one for one in fits if one not in wanted.operations | wanted.tolerated]
            yield telling.finding(
                "wildcard-action",
                f"the action {pattern.text} is a wildcard",
                f"It allows {_some(spare)} as well." if spare else "It will allow whatever comes under such a name.",
                actions=(pattern.text,),
            )
    for operation in telling.operations:
        spelled = any(one.literal == action(operation).lower() for one in rule.actions)
        if spelled and operation not in wanted.operations | wanted.tolerated:
            yield _unneeded(telling, operation)
    named = [one.text for one in rule.actions if _administers(one.literal)]
    if named:
        yield telling.finding(
            "administration",
            f"it allows operations on the directory itself: {_some([one.partition(':')[2] for one in named])}",
            "An agent needs none of them; they are for the role that reconciler runs under.",
            actions=named,
        )


def _administers(literal: str | None) -> bool:
    service, _, name = (literal or "").partition(":")
    return service == SERVICE and ADMINISTRATION.search(name) is not None


def _unneeded(telling: _Telling, operation: str) -> Finding:
    if operation in TOKEN_OPERATIONS:
        inbound = sorted({one.inbound.value for one in telling.wanted.reaches})
        summary = f"{action(operation)} is for callers that are known in another way"
        detail = f"The manifest says inbound: {', '.join(inbound)}, which needs {_some(_tokens(telling.wanted))}."
        return telling.finding("other-inbound", summary, detail, actions=(action(operation),))
    summary = f"{action(operation)} is allowed, and no such provider is granted"
    return telling.finding("unneeded-action", summary, "Take it away.", actions=(action(operation),))


def _tokens(wanted: Expected) -> list[str]:
    return [one for one in TOKEN_OPERATIONS if one in wanted.operations]


def _resource(telling: _Telling, pattern: Pattern, text: str) -> Iterator[Finding]:
    literal = pattern.literal
    if literal is not None:
        yield from _literal(telling, literal)
        return
    wanted = telling.wanted
    credentials = any(map(needs_vault, telling.operations))
    others = [
        str(of) for arn, of in wanted.known_identities.items() if arn not in wanted.identities and pattern.matches(arn)
    ]
    if credentials:
        known = wanted.known_providers.items()
        others += [str(of) for arn, of in known if arn not in wanted.granted and pattern.matches(arn)]
    elif not any(may_be(pattern, space) for space in _DIRECTORIES):
        return  # the vault means nothing to these operations
    every = any(pattern.matches(f"{one}/workload-identity/{_NO_NAME}") for one in wanted.directories)
    whole = credentials and any(_is_whole(pattern, one) for one in wanted.vaults)
    code, summary = _wide(text, every=every, whole=whole, variable=pattern.variable)
    shown = _some(sorted(dict.fromkeys(others)))
    detail = f"Of this stack also {shown}. {_NAME_THEM}" if shown else f"And whatever is made later. {_NAME_THEM}"
    yield telling.finding(code, summary, detail, resources=(text,))


def _is_whole(pattern: Pattern, vault: str) -> bool:
    kinds = ("oauth2credentialprovider", "apikeycredentialprovider")
    return any(pattern.matches(f"{vault}/{kind}/{_NO_NAME}") for kind in kinds)


def _wide(text: str, *, every: bool, whole: bool, variable: bool) -> tuple[str, str]:
    if every and whole:
        return "everything", f"the resource {text} is every identity and every provider"
    if every:
        return "every-identity", f"the resource {text} is every identity"
    if whole:
        return "whole-vault", f"the resource {text} is every provider of its sort in the vault"
    if variable:
        return "policy-variable", f"the resource {text} depends on who calls, so it may be anything"
    return "wildcard-resource", f"the resource {text} is a wildcard"


def _literal(telling: _Telling, arn: str) -> Iterator[Finding]:
    wanted = telling.wanted
    if "/workload-identity/" in arn:
        if arn not in wanted.identities:
            known = wanted.known_identities.get(arn)
            code = "other-identity" if known else "foreign-identity"
            summary = (
                f"it names another identity, {known}"
                if known
                else f"it names an identity that is not in the stack: {arn}"
            )
            yield telling.finding(code, summary, "One role, one identity: take it away.", resources=(arn,))
    elif "credentialprovider/" in arn:
        if arn not in wanted.granted and _matters(telling.operations, arn):
            known = wanted.known_providers.get(arn)
            code = "other-provider" if known else "foreign-provider"
            summary = (
                f"it names {known}, which is not granted"
                if known
                else f"it names a provider that is not granted: {arn}"
            )
            yield telling.finding(code, summary, "Take it away, or grant it in the manifest.", resources=(arn,))
    elif any(arn.startswith(f"{vault}/") for vault in wanted.vaults):
        summary = f"it names nothing in the vault as IAM spells it: {arn}"
        yield telling.finding("other-spelling", summary, _SPELLING, resources=(arn,))
    elif arn not in (*wanted.directories, *wanted.vaults) and _elsewhere(telling, arn):
        summary = f"it names a directory or vault that no grant is in: {arn}"
        yield telling.finding("other-place", summary, "Take it away.", resources=(arn,))


def _matters(operations: Sequence[str], arn: str) -> bool:
    """Whether any of the operations is one on providers of that sort."""
    oauth2 = "/oauth2credentialprovider/" in arn
    for type_, operation in CREDENTIAL_OPERATION.items():
        if operation in operations and (type_ == OAUTH2) is oauth2:
            return True
    return oauth2 and COMPLETION in operations


def _elsewhere(telling: _Telling, arn: str) -> bool:
    """The vault where nothing is granted is nobody's concern unless credentials can be had in it."""
    return ":workload-identity-directory/" in arn or any(map(needs_vault, telling.operations))


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
