"""Diagnostics read like a good compiler's."""

from __future__ import annotations

from textwrap import dedent

from reconciler.diagnostics import Diagnostic, Severity, Source
from reconciler.render import diagnostics_text


def error(code: str = "plain-http", line: int = 12, column: int = 9, **fields: str) -> Diagnostic:
    return Diagnostic(
        severity=Severity.ERROR,
        code=code,
        summary=fields.pop("summary", "a return URL uses plain http"),
        source=Source("manifests/prod.yaml", line, column),
        **fields,
    )


def line_12(file: str, line: int) -> str | None:
    return "      - http://app.example.com/cb" if (file, line) == ("manifests/prod.yaml", 12) else None


def test_a_finding_shows_its_place_its_line_a_caret_and_what_to_do() -> None:
    found = [
        error(detail="use https,\nor http://localhost", address="workload_identity.invoice-agent"),
        Diagnostic(severity=Severity.WARNING, code="no-urls", summary="an identity without return URLs"),
    ]
    assert diagnostics_text(found, colour=False, read_line=line_12) == dedent("""\
        error[plain-http]: a return URL uses plain http
          --> manifests/prod.yaml:12:9 (workload_identity.invoice-agent)
           |
        12 |       - http://app.example.com/cb
           |         ^
           = help: use https,
                   or http://localhost

        warning[no-urls]: an identity without return URLs

        1 error, 1 warning
    """)


def test_without_the_source_line_the_place_is_enough() -> None:
    text = diagnostics_text([error(detail="use https")], colour=False)
    assert text.split("\n")[:3] == [
        "error[plain-http]: a return URL uses plain http",
        " --> manifests/prod.yaml:12:9",
        "  = help: use https",
    ]


def test_the_caret_stands_under_its_character_behind_tabs_and_wide_letters() -> None:
    text = diagnostics_text([error(column=9)], colour=False, read_line=lambda _file, _line: "\tname: 日本")
    shown, below = text.split("\n")[3:5]
    assert shown == "12 |     name: 日本"
    assert below == "   | " + " " * 12 + "^"  # one letter of two columns stands between the blank and the caret


def test_a_very_long_line_is_cut_around_the_caret() -> None:
    text = diagnostics_text(
        [error(column=5001)], colour=False, read_line=lambda _file, _line: "a" * 5000 + "!" + "b" * 5000
    )
    shown, below = text.split("\n")[3:5]
    assert len(shown) < 130
    assert shown[below.index("^")] == "!"
    assert shown.startswith("12 | ...")
    assert shown.endswith("...")


def test_a_long_explanation_is_folded_between_words() -> None:
    text = diagnostics_text([error(detail="word " * 60)], colour=False, width=60)
    assert max(map(len, text.split("\n"))) <= 60


def test_the_order_is_the_callers_and_the_count_comes_last() -> None:
    found = [error("b"), error("a"), Diagnostic(severity=Severity.INFO, code="i", summary="by the way")]
    lines = diagnostics_text(found, colour=False).split("\n")
    assert [line.split(":")[0] for line in lines if "]" in line] == ["error[b]", "error[a]", "info[i]"]
    assert lines[-2:] == ["2 errors, 1 info", ""]


def test_nothing_found_is_nothing_said() -> None:
    assert diagnostics_text([], colour=True) == ""


def test_colour_marks_the_severity() -> None:
    assert diagnostics_text([error()], colour=True).startswith("\x1b[1;31merror[plain-http]\x1b[0m")
