"""A run over several targets as a pull-request comment: a table of all, each plan folded below, the same only once."""

from __future__ import annotations

from reconciler.model.fleet import FleetResult, TargetResult
from reconciler.render.apply_text import report_text
from reconciler.render.cutting import NOTE, Block, Cut, Entry, Form, Piece, fitted
from reconciler.render.diffs import said_in_fence
from reconciler.render.fleet import Alike, failures, folded, in_short, nameless, sums, worth_a_look
from reconciler.render.markup import LIMIT, code, fold, marker
from reconciler.render.plan_markdown import plan_markdown

_LEAST = 3_000  # characters that each plan may have, however many there are
_FAILED, _TARGET, _HEADING, _PLAN = 0, 1, 2, 3


def fleet_markdown(result: FleetResult, *, limit: int = LIMIT) -> str:
    """All of it in GitHub-flavoured Markdown, fit for a comment: what does not fit into `limit` characters is cut, and counted.

    Plans that do not fit as they are share the room that there is; each then loses what matters least of it.
    """
    mark = marker(result.command, result.stack, [one.name for one in result.targets])
    pieces: list[Piece] = [
        f"{mark}\n### Stack {code(result.stack)}: {result.scope}",
        f"**{sums(result)[0].upper()}{sums(result)[1:]}.**",
        NOTE,
        _table(result),
        _failures(result),
    ]
    groups = folded(result.targets, lambda one: _body(one, named=False))
    plans = [_group(group) for group in groups]
    whole = fitted([*pieces, _plans(plans)], limit, told=_told)
    if not plans or all(one[-1].text in whole for one in plans):
        return whole
    share = max(_LEAST, limit * 3 // 4 // len(groups))
    return fitted([*pieces, _plans([_group(group, share) for group in groups])], limit, told=_told)


def _told(cut: Cut) -> str:
    return f"**Cut to fit a comment:** {cut}. `--format text` and `--format json` have all of it."


def _group(group: Alike, room: int = LIMIT) -> Entry:
    """What several targets have in common, or one has alone: its heading, and all of it in at most `room` characters."""
    alike = len(group.members) > 1
    head = code(group.names) if not alike else f"The same for {code(group.names)}"
    body = _body(group.members[0], named=not alike, room=room)
    summary = f"{len(group.members)} targets" if alike else "1 target"
    return Form(_HEADING, f"#### {head}"), Form(_PLAN, f"#### {head}\n\n{fold(summary, body.strip())}")


def _body(one: TargetResult, *, named: bool, room: int = LIMIT) -> str:
    if one.report is not None and one.plan is not None:
        lines = [[line] for line in report_text(one.report, one.plan, colour=False).splitlines()]
        return fitted([NOTE, said_in_fence(lines, ("line", "lines"), _PLAN, _PLAN)], room, told=_told)
    if one.plan is None or not (worth_a_look(one.plan) or one.guards):
        return ""
    return plan_markdown(one.plan if named else nameless(one.plan), one.guards, marked=False, limit=room)


def _plans(entries: list[Entry]) -> Piece:
    return Block(entries=entries, noun=("plan", "plans"), between="\n\n") if entries else ""


def _table(result: FleetResult) -> Piece:
    rows = [
        f"| {code(one.name)} | {code(one.account)} | {code(one.region)} | {_cell(in_short(one))} |"
        for one in result.targets
    ]
    lead = "| target | account | region | result |\n|---|---|---|---|\n"
    return Block(entries=[(Form(_TARGET, row),) for row in rows], noun=("target", "targets"), lead=lead)


def _cell(text: str) -> str:
    """Text as code in a cell, which a bar must not end."""
    return code(text.replace("|", "¦"))


def _failures(result: FleetResult) -> Piece:
    groups = []
    for failure, names in failures(result.targets):
        lines = [*(f"{one}:" for one in names), failure.summary, *failure.detail.splitlines()]
        lines += [f"{one.severity.value}[{one.code}]: {one.summary}" for one in failure.diagnostics]
        groups.append(lines)
    return said_in_fence(groups, ("failure", "failures"), _FAILED, _PLAN) if groups else ""
