"""IAM's patterns against the simplest oracle there is: every short text, one by one."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.access.patterns import covers, may_be, meets, parse

PATTERNS = st.text(alphabet="ab*?", max_size=4)
TEXTS = ["".join(letters) for size in range(7) for letters in itertools.product("abz", repeat=size)]


def stands_for(pattern: str, text: str) -> bool:
    """By the letter of the definition."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(stands_for(pattern[1:], text[at:]) for at in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and stands_for(pattern[1:], text[1:])


@settings(deadline=None)
@given(PATTERNS, st.sampled_from(TEXTS))
def test_a_pattern_matches_what_the_definition_says(pattern: str, text: str) -> None:
    assert parse(pattern).matches(text) is stands_for(pattern, text)


@settings(deadline=None)
@given(PATTERNS, PATTERNS)
def test_a_pattern_that_covers_another_matches_all_of_it(wide: str, narrow: str) -> None:
    """And says no without need only where a `?` would have to stand for one end of a `*`, as in `??*` and `?*a`."""
    by_hand = all(stands_for(wide, text) for text in TEXTS if stands_for(narrow, text))
    said = covers(parse(wide), parse(narrow))
    assert by_hand or not said
    if "?" not in wide or "*" not in narrow:
        assert said is by_hand
    assert covers(parse(narrow), parse(narrow))
    assert covers(parse("*"), parse(narrow))


@settings(deadline=None)
@given(PATTERNS, PATTERNS)
def test_two_patterns_meet_when_there_is_a_text_for_both(one: str, other: str) -> None:
    longest = len(one) + len(other)
    by_hand = any(stands_for(one, text) and stands_for(other, text) for text in TEXTS if len(text) <= max(longest, 1))
    found = meets(parse(one), parse(other))
    assert found is meets(parse(other), parse(one))
    assert found or not by_hand
    if longest <= 6:
        assert found is by_hand


@settings(deadline=None)
@given(st.text(max_size=12).filter(lambda text: not set(text) & set("*?$")))
def test_a_text_without_wildcards_stands_for_itself_alone(text: str) -> None:
    pattern = parse(text)
    assert pattern.literal == text
    assert pattern.matches(text)
    assert not pattern.matches(text + "x")


@pytest.mark.parametrize(
    ("written", "text", "fits"),
    [
        ("arn:aws:x:${*}", "arn:aws:x:*", True),
        ("arn:aws:x:${*}", "arn:aws:x:y", False),
        ("${?}${$}", "?$", True),
        ("a/${aws:username}/b", "a/anybody/b", True),
        ("a/${aws:username, 'x'}/b", "a/b", False),
    ],
)
def test_variables_and_escapes_of_the_newer_version(written: str, text: str, fits: bool) -> None:
    assert parse(written).matches(text) is fits


def test_a_variable_is_marked_and_an_escape_is_none() -> None:
    assert parse("a/${aws:username}").variable
    assert not parse("a/${*}").variable
    assert parse("a/${*}").literal == "a/*"


def test_the_older_version_knows_no_variables() -> None:
    pattern = parse("${aws:username}", variables=False)
    assert pattern.literal == "${aws:username}"


def test_actions_are_compared_without_case() -> None:
    assert parse("Bedrock-AgentCore:Get*", fold=True).matches("bedrock-agentcore:getresourceapikey")


def test_the_order_of_wildcards_means_nothing() -> None:
    assert covers(parse("?*"), parse("*?"))
    assert covers(parse("*?"), parse("**?"))


@pytest.mark.parametrize(
    ("pattern", "may"),
    [
        ("*", True),
        ("arn:*", True),
        ("arn:aws:bedrock-agentcore:*", True),
        ("arn:aws:bedrock-agentcore:us-*:2*:token-vault/default", True),
        ("arn:aws:bedrock-agentcore:us-east-1:222222222222:runtime/*", False),
        ("arn:aws:bedrock-agentcore", False),
        ("arn:aws:s3:::token-vault", False),
    ],
)
def test_an_arn_is_compared_segment_by_segment(pattern: str, may: bool) -> None:
    segments = [parse(one) for one in ("arn", "*", "bedrock-agentcore", "*", "*", "token-vault*")]
    assert may_be(parse(pattern), segments) is may


def test_a_hostile_pattern_takes_no_time() -> None:
    pattern = parse("*a" * 60 + "b")
    started = time.process_time()
    assert not pattern.matches("a" * 4000)
    assert not covers(pattern, parse("a*" * 200))
    assert time.process_time() - started < 2
