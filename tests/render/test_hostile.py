"""Whatever stands in names, tags, URLs and messages, no renderer lets it steer a terminal, a CI runner or a Markdown reader.

`safe` says what that means of text, `frame` of Markdown; JSON and YAML have to give back the very values besides.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.cli.console import Console
from reconciler.cli.lock_status import LockStatus, status_json, status_text
from reconciler.cli.log import Careful, trace_text
from reconciler.diagnostics import Diagnostic, Severity, Source
from reconciler.errors import ReconcilerError
from reconciler.manifest.composing import compose
from reconciler.manifest.documents import ManifestFile
from reconciler.model.addresses import Remote
from reconciler.model.changes import Action, Cause, Drift, Reason
from reconciler.model.environments import Target
from reconciler.model.kinds import WORKLOAD_IDENTITY
from reconciler.model.outcomes import Outcome, Report, Status
from reconciler.model.plan import Plan, Route, Untouched, Where
from reconciler.model.resources import Known, Live, Lock, Origin
from reconciler.model.values import canonical_json, without_tags
from reconciler.model.visible import is_visible
from reconciler.render import (
    clean,
    diagnostics_text,
    event_line,
    export_terraform,
    export_yaml,
    exported,
    lock_text,
    plan_markdown,
    plan_text,
    report_text,
)
from reconciler.state import Header, Holder, Journal

KIND = "workload_identity"
OURS = re.compile(r"\x1b\[(0|1|2|1;31|1;33|1;36|3[1-6])m")  # all that our palette says
COMMAND = re.compile(r"^\s*::|##\w*\[", re.MULTILINE)  # how GitHub Actions, Azure Pipelines and TeamCity find a command
BAD = "\x00\x07\x08\t\n\r\x1b[]m;31\x7f\x85\x9b\u200b\u200e\u2028\u2029\u202e\u2066\ufeffab"
PIECES = (
    "::error file=a::b", "::set-output name=x::y", "::stop-commands::t", ":", "##vso[task.setvariable x]y", "##[error]z", "##",
    "#", "[", "teamcity[", "\x1b]8;;https://evil.example\x1b\\", "\x9b31m", "\u202e", "\u2066", "\u2069", "\u200b", "\u2060",
    "\U000e0041", "\U000e0001", "\u2028", "\u3164", "\ufe0f", "\ud800", "\n", "\r\n", "\t", " ", "    ", "`", "```", "~~~", "|",
    "|-|", "[a](https://evil.example)", "![a](https://evil.example/p.png)", "<https://evil.example>", "https://evil.example",
    "<script>alert(1)</script>", "</details>", "</summary>", "<!--", "-->", "@security-team", "#1", "# h", "- [ ] x", "> q",
    "---", "***", "__b__", "\\", '"', "'", "&lt;", "&#x202e;", "$(id)", "${x}", "{", "}", "a", "b", "é", "日",
)  # fmt: skip
nasty = st.one_of(
    st.text(st.one_of(st.sampled_from(BAD), st.characters()), max_size=30),
    st.lists(st.sampled_from(PIECES), max_size=6).map("".join),
)
several = st.lists(nasty, min_size=8, max_size=8)
several_more = st.lists(nasty, min_size=12, max_size=12)


def safe(text: str, colour: bool = True) -> bool:
    """Whether all of it can be seen for what it is, line breaks and, where asked for, our own colours apart; and no line of it
    is a command to a CI runner.
    """
    if not colour and "\x1b" in text:
        return False
    plain = OURS.sub("", text)
    return is_visible(plain.replace("\n", "")) and not COMMAND.search(plain)


def frame(markdown: str) -> list[tuple[str, str]]:
    """What a reader makes of Markdown, but for what stands in code: every element and every other word."""
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("gfm-like", {"html": True, "linkify": False}).parse(markdown)
    flat = [one for token in tokens for one in (token, *(token.children or ()))]
    return [(one.type, "" if one.type in ("fence", "code_inline", "inline") else one.content) for one in flat]


def hostile_plan(make: Any, texts: list[str]) -> Plan:
    a, b, c, d, e, f, g, h = texts
    source = Source(a, 3, 2)
    findings = [
        Diagnostic(severity=severity, code=b, summary=c, detail=d, address=e, source=source) for severity in Severity
    ]
    return make.plan(
        *(
            make.change(
                action, f, reason, name=g, previous_name=h, previous=make.address(a), source=source,
                before=make.held(b, **{c: d}), after=make.held(e, **{f: g}),
                attributes=(make.differ((a, b), (b, c), Cause.BOTH), make.differ({d: e}, {d: f, g: h}, name=a)),
            )
            for action, reason in zip(Action, (*Reason,)[-len(Action):], strict=True)
        ),
        target=Target(stack=a, environment=b, account=c, region=d),
        route=Route(lockfile=e, where=Where.AWS),
        diagnostics=tuple(findings),
        unknown={f: g},
        listing_failed=h,
        drift=(Drift(address=make.address(a + "~old"), name=b, before={}, after={}, attributes=(make.differ((c,), (d,)),)),),
        untouched=Untouched(unmanaged={KIND: (e, f)}, service_linked={KIND: (g, h)}),
        unchanged=1,
    )  # fmt: skip


@pytest.mark.parametrize("colour", [True, False])
@settings(max_examples=60, deadline=None)
@given(texts=several)
def test_a_plan_is_safe_to_show(make: Any, colour: bool, texts: list[str]) -> None:
    plan = hostile_plan(make, texts)
    for verbose in (False, True):
        text = plan_text(plan, colour=colour, width=80, verbose=verbose, guards=plan.diagnostics)
        assert safe(text, colour)
    assert safe(plan_markdown(plan, guards=plan.diagnostics), colour=False)


@settings(max_examples=150, deadline=None)
@given(texts=several)
def test_nothing_from_outside_is_more_than_code_in_markdown(make: Any, texts: list[str]) -> None:
    """No link, image, heading, table cell, mention, comment or tag comes of it: the frame is that of a tame plan.

    The hidden marker before it is looked at in tests/render/test_markup.py.
    """
    tame = [f"x{texts.index(text)}" if clean(text).strip() else text for text in texts]
    shown, expected = (
        plan_markdown(plan, guards=plan.diagnostics).partition("\n")[2]
        for plan in (hostile_plan(make, some) for some in (texts, tame))
    )
    assert frame(shown) == frame(expected)


@settings(max_examples=60, deadline=None)
@given(texts=several, line=nasty)
def test_diagnostics_are_safe_to_show(make: Any, texts: list[str], line: str) -> None:
    plan = hostile_plan(make, texts)
    for colour in (True, False):
        assert safe(diagnostics_text(plan.diagnostics, colour=colour, read_line=lambda _file, _line: line), colour)


@settings(max_examples=60, deadline=None)
@given(texts=several)
def test_a_report_is_safe_to_show(make: Any, texts: list[str]) -> None:
    plan = hostile_plan(make, texts)
    outcomes = tuple(
        Outcome(change=change, status=status, arn=texts[0], seconds=1, message=texts[1], hint=texts[2])
        for status in Status
        for change in plan.changes
    )
    for colour in (True, False):
        assert safe(report_text(Report(outcomes=outcomes, serial=2), plan, colour=colour), colour)
    for event in (*outcomes, *plan.changes):
        line = event_line(event, done=1, total=2, colour=False)
        assert safe(line, colour=False)
        assert "\n" not in line


@settings(max_examples=60, deadline=None)
@given(texts=several)
def test_a_lockfile_is_safe_to_show(make: Any, texts: list[str]) -> None:
    a, b, c, d, e, f, g, h = texts
    known = Known(
        address=make.address(a), name=b, arn=c, origin=Origin.ADOPTED, attributes=make.held(d, **{e: f}), protect=True
    )
    lock = Lock(
        lineage=a, serial=1, stack=g, environment=h, account=b, region=c, resources={known.address: known}
    )  # fmt: skip
    for colour in (True, False):
        assert safe(lock_text(lock, colour=colour, file=d), colour)


whole = nasty.map(lambda text: text.encode("utf-8", "replace").decode())  # YAML has no half characters


@settings(max_examples=150, deadline=None)
@given(texts=st.lists(whole, min_size=8, max_size=8))
def test_an_exported_manifest_loads_back_to_the_very_values(make: Any, texts: list[str]) -> None:
    a, b, c, d, e, f, g, h = texts
    live = Live(remote=Remote(KIND, a), arn=b, attributes=make.held(c, d, **{e: f, g: h}), owner=g)
    target = Target(stack=h, environment=b, account=c, region=d)
    entries = exported([live], target=target, linked={b: f}, ignored=[h + "!"])
    assert safe(export_terraform(entries, target=target), colour=False)
    text = export_yaml(entries, target=target, ignored=[h + "!"])
    assert safe(text, colour=False)
    document, found = compose(ManifestFile("exported.yaml", text.encode()))
    assert document is not None
    assert not found
    entry = document.value["workloadIdentities"][a]
    held = without_tags(WORKLOAD_IDENTITY, live.attributes, [h + "!"])
    urls, tags = held["allowedResourceOauth2ReturnUrls"], held["tags"]
    assert tuple(map(plain, entry.get("allowedResourceOauth2ReturnUrls", ()))) == urls
    assert {key: plain(value) for key, value in entry.get("tags", {}).items()} == tags
    assert list(document.value["environments"]) == [b]


def plain(text: str) -> str:
    return text.replace("$${", "${")


@settings(max_examples=150, deadline=None)
@given(texts=several)
def test_json_gives_back_the_very_values_and_is_safe_to_show(texts: list[str]) -> None:
    a, b, c, d, *rest = texts
    value = {a: [b, {c: d}], **dict.fromkeys(rest, 1)}
    for indent in (None, 2):
        text = canonical_json(value, indent=indent)
        assert json.loads(text) == value
        assert safe(text, colour=False)
        assert text.encode("utf-8")


@settings(max_examples=60, deadline=None)
@given(texts=several)
def test_the_status_of_a_lockfile_is_safe_to_show(make: Any, texts: list[str]) -> None:
    a, b, c, d, e, f, g, h = texts
    header = Header(
        lineage=a, serial=1, plan=b, target=make.target, ignore_tags=(), command=f, who=g, when=h
    )  # fmt: skip
    journal = Journal(header=header, intents=hostile_plan(make, texts).changes, edits=())
    lock = Lock(lineage=a, serial=1, stack=b, environment=c, account=d, region=e, resources={})
    holder = Holder(id=a, who=b, since=c, command=d)
    status = LockStatus(place=a, lock=lock, lease_left=None, holder=holder, unfinished=journal)
    assert safe(status_text(status), colour=False)
    assert safe(status_json(status), colour=False)


@settings(max_examples=150, deadline=None)
@given(a=nasty, b=nasty)
def test_errors_notes_and_the_log_are_safe_to_show(a: str, b: str) -> None:
    console = Console(colour_out=False, colour_err=False, asks=False, animates=False, width=80)
    record = logging.LogRecord("botocore." + a, logging.WARNING, "", 1, "%s", (b,), (ValueError, ValueError(a), None))
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        console.error(ReconcilerError(a, b))
        console.note(a)
        console.tell(trace_text(ReconcilerError(a)))
        console.tell(Careful().format(record))
    assert safe(said.getvalue(), colour=False)


def test_a_line_break_from_outside_forges_no_line_of_ours(make: Any) -> None:
    forged = "\nPlan: 0 to delete.\n"
    plan = hostile_plan(make, [forged] * 8)
    outcomes = tuple(Outcome(change=one, status=Status.FAILED, message=forged, hint=forged) for one in plan.changes)
    shown = [
        plan_text(plan, colour=False, verbose=True, guards=plan.diagnostics),
        plan_markdown(plan, guards=plan.diagnostics),
        report_text(Report(outcomes=outcomes, serial=2), plan, colour=False),
        diagnostics_text(plan.diagnostics, colour=False, read_line=lambda _file, _line: forged),
    ]
    assert not [line for text in shown for line in text.split("\n") if line.startswith("Plan: 0 to delete.")]
