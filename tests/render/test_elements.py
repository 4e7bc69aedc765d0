"""Values are compared by element, and shown so that none can be mistaken for another."""

from __future__ import annotations

import pytest

from reconciler.render.elements import elements, made_outside

Plain = str | int | bool | None | tuple[str, ...] | dict[str, str]


def shown(before: Plain, after: Plain) -> list[str]:
    return [f"{one.sign} {one.text}" for one in elements(before, after)]


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        (("b", "a"), ("c", "b"), ["- a", "  b", "+ c"]),
        (None, ("a",), ["+ a"]),
        ({"k": "1", "old": "x", "same": "s"}, {"k": "2", "new": "y", "same": "s"},
         ["~ k: 1 -> 2", "+ new = y", "- old = x", "  same = s"]),
        ({"k": "1"}, None, ["- k = 1"]),
        (None, "arn:key", ["+ arn:key"]),
        (30, 60, ["~ 30 -> 60"]),
        (True, False, ["~ true -> false"]),
        (None, True, ["+ true"]),
        ("same", "same", ["  same"]),
        (None, None, []),
    ],
)  # fmt: skip
def test_each_shape_shows_its_elements(before: Plain, after: Plain, lines: list[str]) -> None:
    assert shown(before, after) == lines


def test_a_value_that_could_be_misread_stands_in_quotes() -> None:
    tricky = {"a b": "x = y", "empty": "", "arrow": "a->b", "quote": 'say "hi" \\o/', "esc": "\x1b[0m"}
    assert shown(None, tricky) == [
        '+ "a b" = "x = y"',
        '+ arrow = "a->b"',
        '+ empty = ""',
        r'+ esc = "\u001b[0m"',
        r'+ quote = "say \"hi\" \\o/"',
    ]


@pytest.mark.parametrize(
    ("live", "desired", "known", "said"),
    [
        ((), ("a",), ("a",), ["removed outside"]),
        ((), ("a",), (), [""]),
        (("a",), (), (), ["added outside"]),
        (("a",), (), ("a",), [""]),
        ({"k": "2"}, {"k": "1"}, {"k": "1"}, ["changed outside"]),
        ({"k": "2"}, {"k": "3"}, {"k": "2"}, [""]),
        ({"k": "2"}, {"k": "3"}, {}, ["added outside"]),
        ({}, {"k": "1"}, {"k": "1"}, ["removed outside"]),
        ({}, {"k": "1"}, {}, [""]),
        ("b", "c", "a", ["changed outside"]),
    ],
)
def test_each_element_tells_what_was_done_to_it_outside(
    live: Plain, desired: Plain, known: Plain, said: list[str]
) -> None:
    assert [made_outside(one, known) for one in elements(live, desired)] == said
