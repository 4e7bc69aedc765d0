"""A run over several targets as a pull-request comment: a table of all, each plan folded below, the same only once."""

from __future__ import annotations

from reconciler.model.fleet import FleetResult, TargetResult
from reconciler.render.apply_text import report_text
from reconciler.render.fleet import failures, folded, in_short, nameless, sums, worth_a_look
from reconciler.render.markup import code, fenced
from reconciler.render.plan_markdown import plan_markdown


def fleet_markdown(result: FleetResult) -> str:
    """All of it in GitHub-flavoured Markdown, of any length."""
    sections = [
        f"### Stack {code(result.stack)}: {result.scope}",
        f"**{sums(result)[0].upper()}{sums(result)[1:]}.**",
        _table(result),
        *_failures(result),
        *_bodies(result),
    ]
    return "\n\n".join(section.strip("\n") for section in sections if section) + "\n"


def _table(result: FleetResult) -> str:
    if not result.targets:
        return ""
    rows = [
        f"| {code(one.name)} | {code(one.account)} | {code(one.region)} | {_cell(in_short(one))} |"
        for one in result.targets
    ]
    return "\n".join(["| target | account | region | result |", "|---|---|---|---|", *rows])


def _cell(text: str) -> str:
    """Text as code in a cell, which a bar must not end."""
    return code(text.replace("|", "¦"))


def _failures(result: FleetResult) -> list[str]:
    sections = []
    for failure, names in failures(result.targets):
        lines = [*(f"{one}:" for one in names), failure.summary, *failure.detail.splitlines()]
        lines += [f"{one.severity.value}[{one.code}]: {one.summary}" for one in failure.diagnostics]
        sections.append(fenced(lines, "text"))
    return sections


def _bodies(result: FleetResult) -> list[str]:
    sections = []
    for group in folded(result.targets, lambda one: _body(one, named=False)):
        alike = len(group.members) > 1
        head = code(group.names) if not alike else f"The same for {code(group.names)}"
        body = group.text if alike else _body(group.members[0], named=True)
        summary = f"{len(group.members)} targets" if alike else "1 target"
        sections.append(f"#### {head}\n\n<details><summary>{summary}</summary>\n\n{body.strip()}\n\n</details>")
    return sections


def _body(one: TargetResult, *, named: bool) -> str:
    if one.report is not None and one.plan is not None:
        return fenced(report_text(one.report, one.plan, colour=False).splitlines(), "text")
    if one.plan is None or not (worth_a_look(one.plan) or one.guards):
        return ""
    return plan_markdown(one.plan if named else nameless(one.plan), one.guards)
