"""A plan as a pull-request comment: sums in a table, details folded per action, differences in fenced diff blocks.

Whatever comes from outside stands inside a fence or a code span and nowhere else. There it is text: no mention, link, HTML
or table cell can come of it, and a fence is always longer than any run of backticks within.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from reconciler.diagnostics import Diagnostic
from reconciler.model.addresses import Address
from reconciler.model.changes import Action, Cause, Change
from reconciler.model.environments import OWNER_TAG
from reconciler.model.plan import Plan
from reconciler.model.values import Value
from reconciler.render import words
from reconciler.render.clean import clean, clean_lines
from reconciler.render.elements import elements

_RUNS = re.compile("`+")
_NAMES = 20  # untouched names given; JSON has them all
_FOLDED = 3  # up to so many changes of an action stand open


def plan_markdown(plan: Plan, guards: Sequence[Diagnostic] = ()) -> str:
    """The plan in GitHub-flavoured Markdown, of any length. `guards`: what would make apply refuse it."""
    drifted = words.changed_outside(plan)
    sections = [
        f"### Plan for {_target(plan)}",
        _incomplete(plan),
        _alert("CAUTION", [f"apply will refuse this: {one.summary}\n{one.detail}" for one in guards]),
        _refused(plan),
        _verdict(plan),
        *(_changes(_word(action), _all(plan, action), drifted) for action in Action if action is not Action.NO_OP),
        *(_changes(heading, found, drifted) for heading, found in words.lockfile_only(plan)),
        _remarks(plan),
        _beside(plan),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def code(text: str) -> str:
    """The text as a code span that nothing in it can end; an empty one is left out."""
    shown = clean(text)
    if not shown.strip():
        return ""
    fence = "`" * (_longest(shown) + 1)
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def fenced(lines: Iterable[str], language: str = "") -> str:
    """The lines as a fenced block that nothing in them can end."""
    body = [clean(line) for line in lines]
    fence = "`" * max(3, 1 + max(map(_longest, body), default=0))
    return "\n".join([fence + language, *body, fence])


def _longest(text: str) -> int:
    return max(map(len, _RUNS.findall(text)), default=0) if "`" in text else 0


def _target(plan: Plan) -> str:
    of = plan.target
    place = [code(of.account), code(of.region), plan.route.where.value if plan.route.where.value != "aws" else ""]
    named = ", ".join(part for part in place if part)
    return f"stack {code(of.stack)}, environment {code(of.environment)}" + (f" ({named})" if named else "")


def _alert(kind: str, said: Sequence[str]) -> str:
    if not said:
        return ""
    lines = [line for one in said for line in clean_lines(one.strip())]
    return "\n".join(f"> {line}" for line in [f"[!{kind}]", *fenced(lines, "text").split("\n")])


def _incomplete(plan: Plan) -> str:
    if plan.complete:
        return ""
    said = [f"{address}: could not be read: {clean(why)}" for address, why in sorted(plan.unknown.items())]
    if plan.listing_failed:
        said.insert(0, f"the listing could not be read in full: {clean(plan.listing_failed)}")
    lead = "**Incomplete.** This plan does not know everything; what could not be read is left as it is."
    return f"{lead}\n\n{_alert('CAUTION', said)}"


def _refused(plan: Plan) -> str:
    found = words.refusals(plan)
    if not found:
        return ""
    return f"**Refused: {len(found)}.** Nothing is applied until that is settled.\n\n{fenced(_findings(found), 'text')}"


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


def _changes(heading: str, found: Sequence[Change], drifted: Mapping[Address, Mapping[str, Value]]) -> str:
    if not found:
        return ""
    lines: list[str] = []
    for one in found:
        lines += ["", *_change(one, drifted)] if lines else _change(one, drifted)
    opened = " open" if len(found) <= _FOLDED else ""
    head = f"<details{opened}><summary>{heading}: {len(found)}</summary>"
    return f"{head}\n\n{fenced(lines, 'diff')}\n\n</details>"


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


def _remarks(plan: Plan) -> str:
    said = [f"warning: {cost}" for cost in words.costs(plan)] + _findings(words.remarks(plan))
    return fenced(said, "text") if said else ""


def _findings(found: Sequence[Diagnostic]) -> list[str]:
    lines = []
    for one in found:
        place = f"  {one.source.file}:{one.source.line}" if one.source else ""
        about = f"{one.address}: " if one.address else ""
        lines.append(f"{one.severity.value}[{one.code}]: {about}{words.summary(one)}{place}")
        lines += [f"  {line}" for line in clean_lines(one.detail)]
    return lines


def _beside(plan: Plan) -> str:
    """What apply leaves alone."""
    said = [f"Unchanged: {plan.unchanged}."] if plan.unchanged else []
    if plan.excluded:
        said.append(f"Left out by `--target` or `--exclude`: {plan.excluded}.")
    drifted = words.left_drifted(plan)
    if drifted:
        said.append(f"Changed outside and left as it is: {len(drifted)}.")
    if plan.trusted:
        said.append(words.trusted(plan))
    sections = [" ".join(said)] if said else []
    for word, by_type in (("unmanaged", plan.untouched.unmanaged), ("service-linked", plan.untouched.service_linked)):
        names = [name for type_ in sorted(by_type) for name in by_type[type_]]
        if names:
            more = [f"and {len(names) - _NAMES} more: --format json"] if len(names) > _NAMES else []
            listed = fenced([*names[:_NAMES], *more], "text")
            head = f"<details><summary>Not touched: {len(names)} {word}</summary>"
            sections.append(f"{head}\n\n{listed}\n\n</details>")
    return "\n\n".join(sections)


def _word(action: Action) -> str:
    return "in the lockfile only" if action is Action.NO_OP else action.word
