"""A real policy beside the grants: every excess, every lack, and what cannot be told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.access.arns import leaf, spellings
from reconciler.access.documents import Policy, Rule
from reconciler.access.evaluation import Answer, Decision, decide
from reconciler.access.excess import excesses
from reconciler.access.expected import Expected, expected, needed
from reconciler.access.findings import Finding, Report, Verdict, in_order
from reconciler.access.operations import CREDENTIAL_OPERATION, TOKEN_OPERATIONS, action
from reconciler.access.reach import Grants, Reach
from reconciler.access.unseen import unseen


def named_by(policies: Sequence[Policy], grants: Grants) -> tuple[Reach, ...]:
    """The identities whose ARN an Allow of the policies spells out."""
    spelled = {
        pattern.literal
        for policy in policies
        for rule in policy.rules
        if rule.allows and not rule.but_resources
        for pattern in rule.resources
    }
    return tuple(reach for reach in grants.reaches if reach.arn and spelled & set(spellings(reach.arn)))


def check(
    policies: Sequence[Policy],
    grants: Grants,
    reaches: Sequence[Reach],
    *,
    notes: Sequence[str] = (),
    role: str = "",
) -> Report:
    """The policies, which together are one role's, beside what those identities are granted; their ARNs must be known."""
    rules = [rule for policy in policies for rule in policy.rules]
    wanted = expected(grants, reaches)
    found = [
        *(finding for rule in rules if rule.allows for finding in excesses(rule, rules, wanted)),
        *_shared(rules, wanted),
        *(finding for reach in reaches for finding in _lacks(rules, reach)),
    ]
    return Report(
        policies=tuple(dict.fromkeys(policy.name for policy in policies)),
        identities=tuple(one.identity for one in reaches),
        findings=in_order(found),
        notes=tuple(notes),
        role=role,
        unseen=unseen(rules),
    )


def _lacks(rules: Sequence[Rule], reach: Reach) -> Iterator[Finding]:
    for operation, arns in needed(reach).items():
        decisions = {arn: decide(rules, operation, spellings(arn)) for arn in arns}
        missing = tuple(arn for arn, one in decisions.items() if one.answer is Answer.NO)
        if missing:
            summary = f"{action(operation)} is not allowed on {_names(missing)}"
            if len(missing) == len(arns):
                summary = f"{action(operation)} is not allowed"
            yield Finding(
                verdict=Verdict.LACK,
                code="missing",
                summary=summary,
                detail=f"Allow it; `reconciler access policy {reach.identity}` prints the statement.",
                identity=reach.identity,
                actions=(action(operation),),
                resources=missing,
            )
        yield from _hanging(reach, operation, decisions)


def _hanging(reach: Reach, operation: str, decisions: dict[str, Decision]) -> Iterator[Finding]:
    """What one statement denies, or leaves open."""
    by_statement: dict[Decision, list[str]] = {}
    for arn, one in decisions.items():
        if one.answer in (Answer.DENIED, Answer.MAYBE):
            by_statement.setdefault(one, []).append(arn)
    for one, arns in by_statement.items():
        denied = one.answer is Answer.DENIED
        yield Finding(
            verdict=Verdict.LACK if denied else Verdict.UNCLEAR,
            code="denied" if denied else "depends",
            summary=f"{action(operation)} on {_names(arns)} "
            + ("is denied" if denied else f"cannot be told: {one.why}"),
            detail="A Deny goes before every Allow." if denied else "",
            where=one.where,
            identity=reach.identity,
            actions=(action(operation),),
            resources=tuple(arns),
        )


def _shared(rules: Sequence[Rule], wanted: Expected) -> Iterator[Finding]:
    """What one agent may reach through the other's statements: IAM looks at identity and provider one by one."""
    for reach in wanted.reaches if len(wanted.reaches) > 1 else ():
        own = {one.provider.arn for one in reach.grants}
        others = {
            one.provider.arn: CREDENTIAL_OPERATION[one.provider.address.type]
            for other in wanted.reaches
            for one in other.grants
            if one.provider.arn not in own
        }
        open_ = [arn for arn in sorted(others) if _may(rules, others[arn], arn) and _may(rules, others[arn], reach.arn)]
        if open_:
            yield Finding(
                verdict=Verdict.EXCESS,
                code="shared-role",
                summary=f"it may reach {_names(open_)} through statements that are for another identity",
                detail="IAM decides on identity and provider one by one, so all identities of a role reach all of its "
                "providers. Give each agent a role of its own.",
                identity=reach.identity,
                actions=tuple(sorted({action(others[arn]) for arn in open_})),
                resources=tuple(open_),
            )
        tokens = sorted((wanted.operations & set(TOKEN_OPERATIONS)) - {reach.inbound.operation})
        got = [one for one in tokens if _may(rules, one, reach.arn)]
        if got:
            yield Finding(
                verdict=Verdict.EXCESS,
                code="shared-role",
                summary=f"it may get its token by {', '.join(got)}, which are for another identity",
                detail="Give each agent a role of its own.",
                identity=reach.identity,
                actions=tuple(map(action, got)),
                resources=(reach.arn,),
            )


def _may(rules: Sequence[Rule], operation: str, arn: str) -> bool:
    return decide(rules, operation, spellings(arn)).answer in (Answer.YES, Answer.MAYBE)


def _names(arns: Sequence[str]) -> str:
    """What the ARNs call, the container by what it is."""
    shown = [
        _CONTAINERS.get(arn.split(":", 5)[-1].split("/")[0], "") if arn.endswith("/default") else "" for arn in arns
    ]
    named = [word or leaf(arn) for word, arn in zip(shown, arns, strict=True)]
    return ", ".join(named[:5]) + (f" and {len(named) - 5} more" if len(named) > 5 else "")


_CONTAINERS = {"workload-identity-directory": "the directory", "token-vault": "the token vault"}
