"""A plan as a pull-request comment: readable, folded, and no stage for what others wrote."""

from __future__ import annotations

import re
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from reconciler.diagnostics import Diagnostic, Severity, Source
from reconciler.model.changes import Action, Cause, Drift, Reason
from reconciler.model.environments import Target
from reconciler.model.plan import Untouched
from reconciler.model.resources import Refresh
from reconciler.render import plan_markdown
from reconciler.render.markup import code, fenced

APP, OLD = "https://app.example.com/cb", "https://old.example.com/cb"
KIND = "workload_identity"


def test_sums_stand_in_a_table_and_each_action_in_a_fold_with_a_diff(make: Any) -> None:
    plan = make.plan(
        make.change(Action.CREATE, "ci-runner", Reason.DECLARED, after=make.held(APP), source=make.at(31)),
        make.change(
            Action.UPDATE, "invoice", Reason.MANIFEST_CHANGED,
            attributes=(make.differ((APP, OLD), (APP,)), make.differ({"stage": "test"}, {"stage": "prod"}, Cause.OUTSIDE)),
        ),
        make.change(Action.NO_OP, "met", Reason.CONVERGED),
        unchanged=31,
        untouched=Untouched(unmanaged={KIND: ("someone-elses",)}, service_linked={}),
    )  # fmt: skip
    assert plan_markdown(plan) == dedent("""\
        <!-- reconciler:plan payments/prod -->
        ### Plan for stack `payments`, environment `prod` (`222222222222`, `us-east-1`)

        **Plan: 1 to create, 1 to update, 0 to replace, 0 to delete, 1 in the lockfile only.**

        | | action | resources |
        |:-:|---|--:|
        | `+` | create | 1 |
        | `~` | update | 1 |
        |  | in the lockfile only | 1 |

        What becomes yours gets the ownership tag `reconciler:stack = payments/prod`.

        <details open><summary>create: 1</summary>

        ```diff
        + workload_identity.ci-runner  manifests/prod.yaml:31
            allowedResourceOauth2ReturnUrls
        +     https://app.example.com/cb
        ```

        </details>

        <details open><summary>update: 1</summary>

        ```diff
        ! workload_identity.invoice
            allowedResourceOauth2ReturnUrls  (manifest)
        -     https://old.example.com/cb
              1 unchanged
            tags  (changed outside: undone)
        -     stage = test
        +     stage = prod
        ```

        </details>

        <details open><summary>in the lockfile only: 1</summary>

        ```diff
          workload_identity.met
        # is already what the manifest says
        ```

        </details>

        Unchanged: 31.

        <details><summary>Not touched: 1 unmanaged</summary>

        ```text
        someone-elses
        ```

        </details>
    """)


def test_what_a_rebuild_claims_stands_in_folds_of_its_own(make: Any) -> None:
    shown = plan_markdown(
        make.plan(
            make.change(Action.NO_OP, "lost", Reason.REBUILT_UNDECLARED),
            make.change(Action.NO_OP, "met", Reason.REBUILT, source=make.at(60)),
        )
    )
    assert "|  | in the lockfile only | 2 |" in shown
    declared, undeclared = shown.split("<details open><summary>")[1:]
    assert declared.startswith("ours by the ownership tag, enters the lockfile as it stands: 1</summary>")
    assert "  workload_identity.met  manifests/prod.yaml:60\n" in declared
    assert undeclared.startswith(
        "ours by the ownership tag and not in the manifest, enters the lockfile as it stands: 1</summary>"
    )
    assert "  workload_identity.lost\n" in undeclared


def test_many_changes_of_one_action_stay_folded(make: Any) -> None:
    changes = [make.change(Action.CREATE, f"agent-{number}", Reason.DECLARED) for number in range(4)]
    assert "<details><summary>create: 4</summary>" in plan_markdown(make.plan(*changes))


def test_deletes_say_what_they_cost(make: Any) -> None:
    text = plan_markdown(make.plan(make.change(Action.DELETE, "a-b", Reason.NOT_DECLARED)))
    assert "warning: 1 workload identity will be deleted. Users' OAuth consents are stranded" in text


def test_an_incomplete_refused_plan_says_so_before_anything_else(make: Any) -> None:
    refusal = Diagnostic(
        severity=Severity.ERROR, code="protected", summary="is protected", address=f"{KIND}.vip", detail="lift it first"
    )
    guard = Diagnostic(severity=Severity.ERROR, code="guard-deletes", summary="too many deletes")
    plan = make.plan(unknown={f"{KIND}.dark": "throttled"}, listing_failed="AccessDenied", diagnostics=(refusal,))
    assert plan_markdown(plan, (guard,)).split("\n\n", 1)[1] == dedent("""\
        **Incomplete.** This plan does not know everything; what could not be read is left as it is.

        > [!CAUTION]
        > ```text
        > the listing could not be read in full: AccessDenied
        > workload_identity.dark: could not be read: throttled
        > ```

        > [!CAUTION]
        > ```text
        > apply will refuse this: too many deletes
        > ```

        **Refused: 1.** Nothing is applied until that is settled.

        ```text
        error[protected]: workload_identity.vip: is protected
          lift it first
        ```

        **Nothing is planned beside what is refused.**
    """)


def test_an_empty_plan_is_a_sentence(make: Any) -> None:
    text = plan_markdown(make.plan(refresh=Refresh.NONE))
    assert text.endswith("\n\n**No changes compared with the lockfile only; the directory was not read.**\n")


@pytest.mark.parametrize(
    ("text", "span"),
    [("plain", "`plain`"), ("a`b``c", "```a`b``c```"), ("`x", "`` `x ``"), ("", ""), ("a\nb", r"`a\nb`")],
)
def test_a_code_span_cannot_be_ended_from_within(text: str, span: str) -> None:
    assert code(text) == span


def test_a_fence_is_longer_than_any_run_of_backticks_within() -> None:
    assert fenced(["````", "x"], "diff") == "`````diff\n````\nx\n`````"


MARK = "EVIL"
PAYLOADS = [
    f"```\n</details><b>{MARK}</b>",
    f"``````````\n# {MARK}",
    f"`{MARK}` @{MARK} #1",
    f"@{MARK}",
    f"[{MARK}](https://evil.example)",
    f"![{MARK}](https://evil.example/x.png)",
    f"<img src=x onerror={MARK}>",
    f"</summary></details><script>{MARK}</script>",
    f"| {MARK} | x |\n|---|---|",
    f"\u2028> {MARK}\r\n> x",
    f"\u202e{MARK}",
    f"<!-- {MARK}",
    f"https://evil.example/{MARK}",
    f"~~~\n{MARK}",
    f"*{MARK}* _x_ \\",
]
hostile = st.one_of(st.sampled_from(PAYLOADS), st.lists(st.sampled_from([*PAYLOADS, "`", "\n", " "])).map("".join))


def leaves(tokens: list[Token]) -> list[Token]:
    return [leaf for token in tokens for leaf in (token.children or [token])]


@settings(max_examples=150, deadline=None)
@given(texts=st.lists(hostile, min_size=9, max_size=9))
def test_what_others_wrote_stays_inside_code(make: Any, texts: list[str]) -> None:
    a, b, c, d, e, f, g, h, i = texts
    source = Source(h, 1, 1)
    note = Diagnostic(severity=Severity.WARNING, code="x", summary=a, detail=b, address=c, source=source)
    change = make.change(
        Action.UPDATE, d, Reason.RENAMED, name=e, previous_name=f, previous=make.address(g), source=source,
        attributes=(make.differ((a,), (b,), Cause.BOTH), make.differ({c: d}, {c: e, f: g})),
    )  # fmt: skip
    plan = make.plan(
        change,
        make.change(Action.CREATE, i, Reason.DECLARED, after=make.held(h, **{g: f})),
        make.change(Action.NO_OP, i, Reason.MOVED, previous=make.address(h)),
        target=Target(stack=a, environment=b, account=c, region=d),
        diagnostics=(note, Diagnostic(severity=Severity.ERROR, code="x", summary=i, detail=h, source=source)),
        unknown={d: e},
        listing_failed=f,
        drift=(Drift(address=make.address(g), name=h, before={}, after=None),),
        untouched=Untouched(unmanaged={KIND: (i, a)}, service_linked={KIND: (b,)}),
    )
    ours = {"<details>", "<details open>", "</details>"}
    marker, shown = plan_markdown(plan, guards=(note,)).split("\n", 1)
    assert re.fullmatch(r"<!-- reconciler:plan [\w.%~-]*/[\w.%~-]* -->", marker)
    assert "--" not in marker[4:-3]
    for token in leaves(MarkdownIt("commonmark").enable("table").parse(shown)):
        if token.type in {"fence", "code_inline"}:
            assert "\u202e" not in token.content
        else:
            assert MARK not in token.content
            assert token.type not in {"link_open", "image", "html_inline"}
        if token.type == "html_block":
            assert token.content.strip().split("<summary>")[0] in ours
