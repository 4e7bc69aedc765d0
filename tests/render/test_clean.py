"""Nothing from outside fools a terminal or a reviewer's eye."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.render import clean, clean_lines
from reconciler.render.clean import columns


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("plain text, https://a.example/?q=1#x", "plain text, https://a.example/?q=1#x"),
        ("Übergröße 日本語", "Übergröße 日本語"),
        ("\x1b[2J\x1b[31mred", r"\u001b[2J\u001b[31mred"),
        ("\x9b2J", r"\u009b2J"),
        ("bell\x07 back\x08 nul\x00 del\x7f", r"bell\u0007 back\u0008 nul\u0000 del\u007f"),
        ("one\ntwo\r\tthree", r"one\ntwo\r\tthree"),
        ("https://\u202emoc.elpmaxe", r"https://\u202emoc.elpmaxe"),
        ("a\u200bb\u200dc\ufeffd\u00ade", r"a\u200bb\u200dc\ufeffd\u00ade"),
        ("line\u2028paragraph\u2029nel\u0085", r"line\u2028paragraph\u2029nel\u0085"),
        ("no\u00a0break, filler \u3164, braille \u2800", r"no\u00a0break, filler \u3164, braille \u2800"),
        ("tag \U000e0041, selector \U000e0100, half \ud83d", r"tag \U000e0041, selector \U000e0100, half \ud83d"),
    ],
)
def test_what_cannot_be_seen_for_what_it_is_becomes_an_escape(hostile: str, shown: str) -> None:
    assert clean(hostile) == shown


@given(st.text())
def test_a_cleaned_text_is_one_printable_line_and_stays_as_it_is(text: str) -> None:
    once = clean(text)
    assert once.isprintable()
    assert clean(once) == once


def test_a_text_of_several_lines_keeps_its_line_breaks_and_nothing_else() -> None:
    assert clean_lines("first \r\nsecond\x1b[0m\n\nlast") == ["first", r"second\u001b[0m", "", "last"]
    assert clean_lines("") == []


def test_wide_characters_take_two_columns_and_combining_ones_none() -> None:
    assert columns("abc") == 3
    assert columns("日本") == 4
    assert columns("e\u0301") == 1
