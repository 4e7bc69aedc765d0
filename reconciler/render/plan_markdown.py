"""A plan as a pull-request comment: sums in a table, details folded per action, differences in fenced diff blocks.

Whatever comes from outside stands inside a fence or a code span and nowhere else, but for the hidden marker, which is
percent-encoded. In code it is text: no mention, link, HTML or table cell can come of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.diagnostics import Diagnostic
from reconciler.model.addresses import Address
from reconciler.model.changes import Action, Change
from reconciler.model.environments import OWNER_TAG
from reconciler.model.plan import Plan
from reconciler.model.values import Value
from reconciler.render import words
from reconciler.render.clean import clean, clean_lines
from reconciler.render.cutting import NOTE, Cut, Piece, fitted
from reconciler.render.diffs import alert, attribute_lines, folded_diff, folded_names, said_in_fence, sign
from reconciler.render.markup import LIMIT, code, marker

_NAMES = 20  # untouched names given; JSON has them all
_GRAVE = (Action.DELETE, Action.REPLACE, Action.UPDATE, Action.CREATE)

# What is given room first; of changes, the grave ones before the others, and all titles before any details.
_TROUBLE, _REMARK, _TITLES, _DETAILS, _NAME = 0, 1, 2, 10, 20


def plan_markdown(plan: Plan, guards: Sequence[Diagnostic] = (), *, marked: bool = True, limit: int = LIMIT) -> str:
    """The plan in GitHub-flavoured Markdown, fit for a comment. `guards`: what would make apply refuse it.

    `marked`: with the line by which the comment is found again. What does not fit into `limit` characters is cut by
    importance, and counted.
    """
    of = plan.target
    drifted = words.changed_outside(plan)
    lead = f"{marker('plan', of.stack, [of.environment])}\n" if marked else ""
    return fitted(
        [
            f"{lead}### Plan for {_target(plan)}",
            NOTE,
            *_incomplete(plan),
            _alert([f"apply will refuse this: {one.summary}\n{one.detail}" for one in guards]),
            *_refused(plan),
            _verdict(plan),
            *(_changes(_word(action), _all(plan, action), drifted) for action in Action if action is not Action.NO_OP),
            *(_changes(heading, found, drifted) for heading, found in words.lockfile_only(plan)),
            _remarks(plan),
            *_beside(plan),
        ],
        limit,
        told=_told,
    )


def _told(cut: Cut) -> str:
    return f"**Cut to fit a comment:** {cut}. `--format text` and `--format json` have all of it."


def _target(plan: Plan) -> str:
    of = plan.target
    place = [code(of.account), code(of.region), plan.route.where.value if plan.route.where.value != "aws" else ""]
    named = ", ".join(part for part in place if part)
    return f"stack {code(of.stack)}, environment {code(of.environment)}" + (f" ({named})" if named else "")


def _alert(said: Sequence[str]) -> Piece:
    return alert(said, ("reason", "reasons"), _TROUBLE, _DETAILS) if said else ""


def _incomplete(plan: Plan) -> list[Piece]:
    if plan.complete:
        return []
    said = [f"{address}: could not be read: {clean(why)}" for address, why in sorted(plan.unknown.items())]
    if plan.listing_failed:
        said.insert(0, f"the listing could not be read in full: {clean(plan.listing_failed)}")
    lead = "**Incomplete.** This plan does not know everything; what could not be read is left as it is."
    return [lead, _alert(said)]


def _refused(plan: Plan) -> list[Piece]:
    found = words.refusals(plan)
    if not found:
        return []
    lead = f"**Refused: {len(found)}.** Nothing is applied until that is settled."
    return [lead, said_in_fence([_finding(one) for one in found], ("refusal", "refusals"), _TROUBLE, _DETAILS)]


def _verdict(plan: Plan) -> str:
    if plan.empty:
        return f"**{words.nothing(plan)}**"
    counts = plan.counts()
    lines = [f"**Plan: {words.sums(plan)}.**", "", "| | action | resources |", "|:-:|---|--:|"]
    for action in Action:
        if counts[action]:
            symbol = "" if action is Action.NO_OP else f"`{action.value}`"
            lines.append(f"| {symbol} | {_word(action)} | {counts[action]} |")
    notes = [one for one in (words.order(plan), words.calls(plan), _marked(plan), words.refresh(plan)) if one]
    return "\n".join([*lines, *(line for one in notes for line in ("", one))])


def _marked(plan: Plan) -> str:
    """The ownership tag that apply sets, as code: it holds the stack's name."""
    said = words.marked(plan)
    lead, tag, rest = said.partition(OWNER_TAG)
    return f"{lead}{code(tag + rest.removesuffix('.'))}." if said else ""


def _all(plan: Plan, action: Action) -> list[Change]:
    return [one for one in plan.changes if one.action is action]


def _changes(heading: str, found: Sequence[Change], drifted: Mapping[Address, Mapping[str, Value]]) -> Piece:
    if not found:
        return ""
    gravity = _GRAVE.index(found[0].action) if found[0].action in _GRAVE else len(_GRAVE)
    ranks = (_TITLES + gravity, _DETAILS + gravity)
    return folded_diff(heading, [(*ranks, _change(one, drifted)) for one in found])


def _change(change: Change, drifted: Mapping[Address, Mapping[str, Value]]) -> list[str]:
    place = f"  {change.source.file}:{change.source.line}" if change.source else ""
    lines = [f"{sign(change.action)} {words.title(change.address, change.name)}{place}"]
    lines += [f"# {why}" for why in words.reasons(change)]
    for name, before, after, cause in words.rows(change):
        lines += attribute_lines(name, before, after, cause, drifted.get(change.address, {}).get(name))
    return lines


def _remarks(plan: Plan) -> Piece:
    said = [[f"warning: {cost}"] for cost in words.costs(plan)] + [_finding(one) for one in words.remarks(plan)]
    return said_in_fence(said, ("remark", "remarks"), _REMARK, _DETAILS) if said else ""


def _finding(one: Diagnostic) -> list[str]:
    place = f"  {one.source.file}:{one.source.line}" if one.source else ""
    about = f"{one.address}: " if one.address else ""
    lead = f"{one.severity.value}[{one.code}]: {about}{words.summary(one)}{place}"
    return [lead, *(f"  {line}" for line in clean_lines(one.detail))]


def _beside(plan: Plan) -> list[Piece]:
    """What apply leaves alone."""
    said = [f"Unchanged: {plan.unchanged}."] if plan.unchanged else []
    if plan.excluded:
        said.append(f"Left out by `--target` or `--exclude`: {plan.excluded}.")
    drifted = words.left_drifted(plan)
    if drifted:
        said.append(f"Changed outside and left as it is: {len(drifted)}.")
    if plan.trusted:
        said.append(words.trusted(plan))
    pieces: list[Piece] = [" ".join(said)] if said else []
    for word, by_type in (("unmanaged", plan.untouched.unmanaged), ("service-linked", plan.untouched.service_linked)):
        names = [name for type_ in sorted(by_type) for name in by_type[type_]]
        if names:
            more = [f"and {len(names) - _NAMES} more: --format json"] if len(names) > _NAMES else []
            heading = f"Not touched: {len(names)} {word}"
            pieces.append(folded_names(heading, [*names[:_NAMES], *more], _NAME, ("untouched name", "untouched names")))
    return pieces


def _word(action: Action) -> str:
    return "in the lockfile only" if action is Action.NO_OP else action.word
