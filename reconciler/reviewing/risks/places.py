"""Risks of where a stack goes: environments that come, go or move, whose credentials are used, where the state is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.model.addresses import Address, Remote
from reconciler.model.changes import AttributeChange
from reconciler.model.environments import Environment
from reconciler.model.report import Level
from reconciler.model.resources import Stack
from reconciler.reviewing.risks.facts import Facts, Raised, Risk, count, named
from reconciler.reviewing.terms import Amendment

MOVED = "environment-moved"

_PLACE = ("directory", "account", "region")
_CREDENTIALS = ("profile", "roleArn", "externalId", "sessionName")
_STATE = ("state", "state.region", "state.kmsKey")


def _manifest_deleted(facts: Facts) -> Iterator[Raised]:
    if not facts.head.absent or facts.base.absent:
        return
    stacks = {name: facts.base.stack(name) for name in facts.base.environments}
    held = sum(len(one.resources) for one in stacks.values() if one)
    protected = any(one.protect for one in facts.base.environments.values())
    yield Raised(
        level=Level.CRITICAL if protected else Level.WARNING,
        about="stack",
        summary="The manifest is deleted altogether",
        consequence=f"Nothing is deleted in any directory: what stands there ({count(held, 'resource')} in "
        f"{count(len(stacks), 'environment')}) stays as it is, with lockfiles that nobody plans with any more.",
        advice="To take a stack down, run `reconciler destroy` in each environment first.",
        place=facts.place_of("stack"),
    )


def _stack_renamed(facts: Facts) -> Iterator[Raised]:
    for one in facts.amendments:
        if one.kind == "stack" and (row := one.row("stack")) is not None:
            yield Raised(
                level=Level.CRITICAL,
                about="stack",
                summary=f"The stack is renamed: {row.before} -> {row.after}",
                consequence="Every lockfile and every ownership tag says the old name, so each plan is refused; without its "
                "lockfile, what stands belongs to another stack.",
                advice="Give the old name back; or forget everything under the old name, and adopt it under the new one.",
                subject=str(row.after),
                place=facts.place_of("stack"),
            )


def _added(facts: Facts) -> Iterator[Raised]:
    for one in facts.amendments:
        if one.kind == "environment" and not one.before and not facts.base.absent and facts.after is not None:
            where = facts.after.environment
            yield Raised(
                level=facts.grave(Level.NOTICE, Level.NOTICE),
                about=one.about,
                summary=f"Environment {facts.environment} is new: {_where(where)}",
                consequence=f"All that is declared for it is made there: {count(len(facts.after.resources), 'resource')}.",
                advice="Make sure that the account is the one that is meant.",
                place=facts.place_of(*one.path),
            )


def _where(one: Environment) -> str:
    said = f"account {one.account or 'of the credentials at hand'}, region {one.region or 'of the AWS configuration'}"
    return said if one.where.value == "aws" else "an embedded directory"


def _removed(facts: Facts) -> Iterator[Raised]:
    for one in facts.amendments:
        if one.kind == "environment" and not one.after and not facts.head.absent and facts.before is not None:
            held = len(facts.before.resources)
            yield Raised(
                level=facts.grave(Level.CRITICAL, Level.WARNING),
                about=one.about,
                summary=f"Environment {facts.environment} is not declared any more",
                consequence=f"Nothing is deleted there: what stands ({count(held, 'resource')}) stays, and nobody manages it.",
                advice="To take it down, run `reconciler destroy` there first.",
                place=facts.place_of(*one.path),
            )


def _moved(facts: Facts) -> Iterator[Raised]:
    if facts.before is None or facts.after is None:
        return
    old, new = facts.before.environment, facts.after.environment
    for amendment in facts.amendments:
        rows = [row for name in _PLACE if (row := amendment.row(name)) is not None]
        if not rows:
            continue
        for row in rows:
            if row.name == "directory":
                what = f"goes from {_where(old)} to {_where(new)}"
                why = "Everything is created there anew; what stands in the old directory stays, and nobody manages it."
            elif row.before is None:
                if rows[0].name != "directory":  # which tells where it goes
                    yield _pinned(facts, amendment, row)
                continue
            elif row.after is None:
                what = f"names no {row.name} any more (it was {row.before})"
                why = "Whatever credentials and configuration are at hand decide where it is applied."
            else:
                what = f"moves to another {row.name}: {row.before} -> {row.after}"
                why = (
                    "Apply refuses that with the lockfile of the old place; without it, everything is created anew, and what "
                    "stands in the old place stays, unmanaged."
                )
            yield Raised(
                level=facts.grave(Level.CRITICAL, Level.WARNING),
                about=amendment.about,
                summary=f"Environment {facts.declared} {what}",
                consequence=why,
                advice="Name it."
                if row.after is None and row.name != "directory"
                else "Declare the other place as an environment of its own.",
                subject=row.name,
                place=facts.place_of(*amendment.path, row.name),
            )


def _pinned(facts: Facts, amendment: Amendment, row: AttributeChange) -> Raised:
    """An account or region that the manifest left to the credentials, and names now."""
    return Raised(
        level=facts.grave(Level.WARNING, Level.NOTICE),
        about=amendment.about,
        summary=f"Environment {facts.declared} names its {row.name} for the first time: {row.after}",
        consequence="It is planned there from now on, and nowhere else. The manifest does not say whether what stands was "
        "made there.",
        advice=f"Compare it with the {row.name} in the lockfile; `reconciler review --with-lock` does.",
        subject=row.name,
        place=facts.place_of(*amendment.path, row.name),
    )


def _shares(facts: Facts) -> Iterator[Raised]:
    """A place that another environment has as well, newly."""
    if facts.after is None or facts.played:
        return
    here = facts.after.environment
    if not here.account or (facts.before is not None and _same(facts.before.environment, here)):
        return
    wanted = _names(facts.after)
    for name, other in sorted({**facts.base.environments, **facts.head.environments}.items()):
        if name == facts.environment or not _same(here, other):
            continue
        both = wanted.keys() & _names(facts.head.stack(name) or facts.base.stack(name)).keys()
        level = facts.grave(Level.WARNING, Level.WARNING if other.protect else Level.NOTICE)
        clash = [str(wanted[one]) for one in sorted(both)]
        what = f", and wants names that {name} has: {named(clash)}" if both else ""
        yield Raised(
            level=Level.CRITICAL if both else level,
            about=f"environment.{facts.declared}",
            summary=f"Environment {facts.environment} goes to the account and region of {name}{what}",
            consequence=f"It asks for what {name} owns: such an entry is refused, or takes it over where the tag is gone."
            if both
            else f"What is done in {facts.declared}, under its terms, is done beside what stands for {name}.",
            advice="Give it an account of its own.",
            subject=name,
            place=facts.place_of("environments", facts.declared, "account"),
        )


def _same(one: Environment, other: Environment) -> bool:
    same_place = bool(one.account) and (one.where, one.account) == (other.where, other.account)
    return same_place and (one.region == other.region or not one.region or not other.region)


def _names(stack: Stack | None) -> Mapping[Remote, Address]:
    found = stack.resources.items() if stack else ()
    return {Remote(address.type, one.name): address for address, one in found if one.name and not one.update_only}


def _credentials(facts: Facts) -> Iterator[Raised]:
    if facts.before is None or facts.after is None:
        return
    for amendment in facts.amendments:
        for name in _CREDENTIALS:
            row = amendment.row(name)
            if row is None:
                continue
            mild = name in ("externalId", "sessionName")
            whose = _whose_rights(facts.before.environment, facts.after.environment) if name == "roleArn" else ""
            level = facts.grave(Level.CRITICAL if whose else Level.WARNING, Level.WARNING if whose else Level.NOTICE)
            yield Raised(
                level=facts.grave(Level.NOTICE, Level.INFO) if mild else level,
                about=amendment.about,
                summary=f"Environment {facts.declared}: {name} {row.before or 'not given'} -> {row.after or 'not given'}",
                consequence=f"Somebody else's rights are used there from now on{whose}."
                if not mild
                else "The role may not be assumed, or its sessions may be called otherwise in the trail.",
                advice="Compare what it may do with `reconciler access policy`." if not mild else "",
                subject=name,
                place=facts.place_of(*amendment.path, name),
            )


def _whose_rights(before: Environment, after: Environment) -> str:
    """What there is to say of the account that the new rights are of: nothing where it is that of the old ones."""
    old, new = (_account(one.role_arn) or one.account for one in (before, after))
    if not old or not new:
        return ", perhaps those of another account"
    return "" if old == new else ", those of another account"


def _account(role: str) -> str:
    return role.split(":")[4] if role else ""


def _state(facts: Facts) -> Iterator[Raised]:
    for amendment in facts.amendments if facts.before and facts.after else ():
        if rows := [row for name in _STATE if (row := amendment.row(name)) is not None]:
            moved = rows[0].name == "state"
            shown = ", ".join(f"{row.name} {row.before or 'default'} -> {row.after or 'default'}" for row in rows)
            yield Raised(
                level=facts.grave(Level.CRITICAL if moved else Level.WARNING, Level.WARNING if moved else Level.NOTICE),
                about=amendment.about,
                summary=f"The state of environment {facts.declared} is kept elsewhere: {shown}"
                if moved
                else f"The state of environment {facts.declared} is kept otherwise: {shown}",
                consequence="A lockfile that is not found there counts as none: what it holds is not deleted and not updated, "
                "and protection that only it remembers is forgotten."
                if moved
                else "Whoever reads the state there, or holds its key, sees what the stack manages.",
                advice="Move it with `reconciler lock migrate`, and let nobody write to the new place but the pipeline.",
                subject="state",
                place=facts.place_of(*amendment.path, "state"),
            )


PLACES = (
    Risk("credentials-changed", "An environment is reached with other credentials.", _credentials),
    Risk("environment-added", "An environment is new.", _added),
    Risk(MOVED, "An environment goes to another account, region or directory.", _moved),
    Risk("environment-removed", "An environment is not declared any more.", _removed),
    Risk("manifest-deleted", "The manifest is deleted.", _manifest_deleted, whole=True),
    Risk("place-shared", "An environment goes to the account and region of another one.", _shares),
    Risk("stack-renamed", "The stack gets another name.", _stack_renamed, whole=True),
    Risk("state-moved", "The state of an environment is kept elsewhere.", _state),
)
