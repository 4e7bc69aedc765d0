"""A plan as a pull-request comment: sums in a table, details folded per action, differences in fenced diff blocks.

Whatever comes from outside stands inside a fence or a code span and nowhere else, but for the hidden marker, which is
percent-encoded. In code it is text: no mention, link, HTML or table cell can come of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.diagnostics import Diagnostic
from reconciler.model.addresses import Address
from reconciler.model.changes import Action, Cause, Change
from reconciler.model.environments import OWNER_TAG
from reconciler.model.plan import Plan
from reconciler.model.values import Value
from reconciler.render import words
from reconciler.render.clean import clean, clean_lines
from reconciler.render.cutting import NOTE, Block, Cut, Entry, Form, Piece, fitted
from reconciler.render.elements import elements
from reconciler.render.markup import FOLD_END, LIMIT, code, fence_of, fold_start, marker, shortened

_NAMES = 20  # untouched names given; JSON has them all
_FOLDED = 3  # up to so many changes of an action stand open
_GRAVE = (Action.DELETE, Action.REPLACE, Action.UPDATE, Action.CREATE)
_TITLE = 400  # characters of a line that stands for a whole change

# What is given room first; of changes, the grave ones before the others, and all titles before any details.
_TROUBLE, _REMARK, _TITLES, _DETAILS, _NAME = 0, 1, 2, 10, 20


def plan_markdown(plan: Plan, guards: Sequence[Diagnostic] = (), *, marked: bool = True, limit: int = LIMIT) -> str:
    """The plan in GitHub-flavoured Markdown, fit for a comment. `guards`: what would make apply refuse it.

    `marked`: with the line by which the comment is found again. What does not fit into `limit` characters is cut by
    importance, and counted.
    """
    of = plan.target
    drifted = words.changed_outside(plan)
    return fitted(
        [
            f"{marker('plan', of.stack, [of.environment])}\n### Plan for {_target(plan)}"
            if marked
            else f"### Plan for {_target(plan)}",
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


def _alert(said: Sequence[str]) -> Block | str:
    """What keeps apply from running, in a box of its own; a line each that could not be read may be many."""
    if not said:
        return ""
    groups = [[f"> {line}" for line in clean_lines(one.strip())] for one in said]
    fence = fence_of(line for lines in groups for line in lines)
    return Block(
        entries=[_entry(lines, _TROUBLE, _DETAILS) for lines in groups],
        noun=("reason", "reasons"),
        lead=f"> [!CAUTION]\n> {fence}text\n",
        close=f"\n> {fence}",
    )


def _entry(lines: Sequence[str], brief: int, full: int) -> Entry:
    """Its first line, where need be alone."""
    first = Form(brief, shortened(lines[0], _TITLE))
    whole = "\n".join(lines)
    return (first,) if first.text == whole else (first, Form(full, whole))


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
    return [lead, _text([_finding(one) for one in found], ("refusal", "refusals"), _TROUBLE)]


def _text(groups: Sequence[Sequence[str]], noun: tuple[str, str], brief: int) -> Block:
    """Things said of the plan, in one fence."""
    cleaned = [[clean(line) for line in lines] for lines in groups]
    fence = fence_of(line for lines in cleaned for line in lines)
    return Block(
        entries=[_entry(lines, brief, _DETAILS) for lines in cleaned],
        noun=noun,
        lead=f"{fence}text\n",
        close=f"\n{fence}",
    )


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
    blocks = [[clean(line) for line in _change(one, drifted)] for one in found]
    fence = fence_of(line for lines in blocks for line in lines)
    gravity = _GRAVE.index(found[0].action) if found[0].action in _GRAVE else len(_GRAVE)
    return Block(
        entries=[_entry(lines, _TITLES + gravity, _DETAILS + gravity) for lines in blocks],
        noun=("change", "changes"),
        lead=f"{fold_start(f'{heading}: {len(found)}', opened=len(found) <= _FOLDED)}{fence}diff\n",
        between="\n\n",
        close=f"\n{fence}{FOLD_END}",
    )


def _change(change: Change, drifted: Mapping[Address, Mapping[str, Value]]) -> list[str]:
    """One change in diff's own notation: what starts with `+` or `-` is coloured, a `!` draws attention."""
    sign = {Action.CREATE: "+", Action.DELETE: "-", Action.UPDATE: "!", Action.REPLACE: "!"}.get(change.action, " ")
    place = f"  {change.source.file}:{change.source.line}" if change.source else ""
    lines = [f"{sign} {words.title(change.address, change.name)}{place}"]
    lines += [f"# {why}" for why in words.reasons(change)]
    for name, before, after, cause in words.rows(change):
        shown = f"  {words.cause(cause)}" if cause else ""
        lines.append(f"    {name}{shown}")
        lines += _differences(before, after, cause, drifted.get(change.address, {}).get(name))
    return lines


def _differences(before: Value, after: Value, cause: Cause | None, known: Value) -> list[str]:
    lines: list[str] = []
    kept = 0
    for element in elements(before, after):
        outside = words.whose(element, cause, known)
        note = f"  ({outside})" if outside else ""
        if element.sign == " ":
            kept += 1
        elif element.sign == "~":
            lines += [f"-     {element.side(element.before)}{note}", f"+     {element.side(element.after)}"]
        else:
            lines.append(f"{element.sign}     {element.text}{note}")
    return [*lines, f"      {kept} unchanged"] if kept else lines


def _remarks(plan: Plan) -> Piece:
    said = [[f"warning: {cost}"] for cost in words.costs(plan)] + [_finding(one) for one in words.remarks(plan)]
    return _text(said, ("remark", "remarks"), _REMARK) if said else ""


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
            pieces.append(_names(word, names))
    return pieces


def _names(word: str, names: Sequence[str]) -> Block:
    more = [f"and {len(names) - _NAMES} more: --format json"] if len(names) > _NAMES else []
    lines = [clean(line) for line in (*names[:_NAMES], *more)]
    fence = fence_of(lines)
    return Block(
        entries=[(Form(_NAME, line),) for line in lines],
        noun=("untouched name", "untouched names"),
        lead=f"{fold_start(f'Not touched: {len(names)} {word}')}{fence}text\n",
        close=f"\n{fence}{FOLD_END}",
    )


def _word(action: Action) -> str:
    return "in the lockfile only" if action is Action.NO_OP else action.word
