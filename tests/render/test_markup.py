"""What others wrote, in Markdown: code, or plain words, and a marker that nothing in it can end."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from reconciler.render.markup import marker, prose

ODD = (
    "@team", "#1", "GH-12", "deadbeef", "www.evil.example", "https://evil.example", "<b>", "<!--", "-->", "`", "``",
    "[a](b)", "![a](b)", "*a*", "_a_", "~~a~~", "/close", "|", "\\", "&lt;", ":tada:", "a@b.example", "1.", "-", "+", "$",
    "!7", "~label", "deadbeef-x", "'deadbeef'", "(deadbeef)", "1234567", "\u202e", "\n", "\u2028", "::error::", "word", "a",
    "it's", "`a`", "(`@team`)", "(@team)", "(", ")", "()", "](x", "(<b>)", "'#1'", "`a b`", "``a`", "'`", "`'",
)  # fmt: skip
REFERENCE = re.compile(
    r"[@#<>\[\]*_`~|\\&/$!]|://|www\.|(?<![A-Za-z0-9])(?:[0-9a-fA-F]{7,40}|GH-\d+)(?![A-Za-z0-9])|:\w+:"
)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "workload_identity.a-b may send users' tokens to evil.example.com, a new host.",
            "`workload_identity.a-b` may send users' tokens to `evil.example.com`, a new host.",
        ),
        ("replacing 'payout-agent' by 'x' (3 of 10,000)", "replacing 'payout-agent' by 'x' (3 of 10,000)"),
        ("say @team fixes #1 GH-12 now", "say `@team` fixes `#1 GH-12` now"),
        ("a commit deadbeef, or defaced-x: 1234567", "a commit `deadbeef`, or `defaced-x`: `1234567`"),
        ("of `a``b`", "of ``` `a``b` ```"),
        ("", ""),
        ("Take `settings.review.hosts` away, or `a b`.", "Take `settings.review.hosts` away, or `a b`."),
        ('as it says (`environments.prod`, and "`x`")', 'as it says (`environments.prod`, and "`x`")'),
        ("a lone ` or a.b`c", "a lone `` ` or a.b`c ``"),
        ("of prod (environments.prod.protect)", "of prod (`environments.prod.protect`)"),
        ("reads (reconciler.yaml and others)", "reads (`reconciler.yaml` and others)"),
        ("the host 'evil.example'. It (or app.example) is", "the host '`evil.example`'. It (or `app.example`) is"),
        ("calls f(x.y) and ((", "calls `f(x.y)` and (`(`"),
        ("-> (a.b) (c.d)", "`-> (a.b) (c.d)`"),
    ],
)
def test_plain_words_stay_and_all_else_is_code(said: str, shown: str) -> None:
    assert prose(said) == shown


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(ODD), st.text(max_size=6)), max_size=8))
def test_prose_is_words_and_code_and_nothing_else(parts: list[str]) -> None:
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse("Ours: " + prose(" ".join(parts)))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    for leaf in tokens[1].children or []:
        assert leaf.type in {"text", "code_inline"}
        if leaf.type == "text":
            assert not REFERENCE.search(leaf.content), leaf.content


@given(st.text(), st.lists(st.text(), max_size=3))
@example("a--b---", ["-->", "--"])
def test_nothing_in_a_marker_ends_its_comment(stack: str, environments: list[str]) -> None:
    line = marker("review", stack, environments)
    assert re.fullmatch(r"<!-- reconciler:review [\w.~%+-]*/[\w.~%+-]* -->", line, re.ASCII)
    assert "--" not in line[4:-3]


def test_a_marker_names_stack_and_environments() -> None:
    assert marker("plan", "pay ments", ["prod@eu", "staging"]) == (
        "<!-- reconciler:plan pay%20ments/prod%40eu+staging -->"
    )


def test_the_marker_of_very_many_environments_is_short_and_theirs_alone() -> None:
    names = [f"prod@region-{number}" for number in range(200)]
    line = marker("plan", "payments", names)
    assert len(line) < 120
    assert line != marker("plan", "payments", [*names[1:], "prod@region-x"])
