"""IAM's patterns: what `*`, `?` and policy variables in an action or a resource can stand for.

A policy variable (`${aws:PrincipalTag/team}`) is known only when a call is made, so it counts as `*` here and is marked.
`covers` errs on the side of no, and each question takes time that grows with the product of the two lengths at most.
"""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass


class Wild(enum.Enum):
    """What is not a character of its own in a pattern."""

    ANY = "*"
    ONE = "?"


Token = str | Wild

_PART = re.compile(r"\$\{(?P<literal>[*?$])\}|(?P<variable>\$\{[^{}]*\})|(?P<wild>[*?])|(?P<one>.)", re.DOTALL)
_PLAIN = re.compile(r"(?P<wild>[*?])|(?P<one>.)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One action or resource of a policy. `text`: as it is written; `variable`: what it says depends on who calls."""

    text: str
    tokens: tuple[Token, ...]
    variable: bool = False

    @property
    def literal(self) -> str | None:
        """The one text that it stands for; None where it may stand for several."""
        return "".join(map(str, self.tokens)) if not self.is_open else None

    @property
    def is_open(self) -> bool:
        """Whether it may stand for more than one text."""
        return any(isinstance(one, Wild) for one in self.tokens)

    def matches(self, text: str) -> bool:
        """Whether it can stand for the text."""
        return _compiled(self.tokens).fullmatch(text) is not None


def parse(text: str, *, variables: bool = True, fold: bool = False) -> Pattern:
    """The pattern. `variables`: whether the policy's version knows any (2012-10-17 does); `fold`: case does not count."""
    tokens: list[Token] = []
    variable = False
    for part in (_PART if variables else _PLAIN).finditer(text.lower() if fold else text):
        if part["wild"]:
            tokens.append(Wild(part["wild"]))
        elif variables and part["variable"]:
            tokens.append(Wild.ANY)
            variable = True
        else:
            tokens.append((variables and part["literal"]) or part["one"])
    return Pattern(text=text, tokens=_in_order(tokens), variable=variable)


def covers(wide: Pattern, narrow: Pattern) -> bool:
    """Whether `wide` surely stands for everything that `narrow` can stand for."""
    reached = {0}
    for token in (None, *narrow.tokens):  # None: before the first
        if token is not None:
            reached = _over(wide.tokens, reached, token)
        reached = _past_any(wide.tokens, reached)
    return len(wide.tokens) in reached


def meets(one: Pattern, other: Pattern) -> bool:
    """Whether there is a text that both can stand for."""
    reached = _past_any(one.tokens, {0})
    for token in other.tokens:
        if token is Wild.ANY:
            reached = set(range(min(reached), len(one.tokens) + 1)) if reached else reached
        else:
            steps = {
                at if one.tokens[at] is Wild.ANY else at + 1
                for at in reached
                if at < len(one.tokens) and (isinstance(one.tokens[at], Wild) or token in (Wild.ONE, one.tokens[at]))
            }
            reached = _past_any(one.tokens, steps)
    return len(one.tokens) in reached


def may_be(pattern: Pattern, segments: Sequence[Pattern]) -> bool:
    """Whether it can stand for an ARN of these segments, of which the last goes to the end.

    In its own segments, as far as it spells the colons out; only a `*` that ends one reaches beyond.
    """
    parts: list[list[Token]] = [[]]
    for one in pattern.tokens:
        if one == ":" and len(parts) < len(segments):
            parts.append([])
        else:
            parts[-1].append(one)
    if len(parts) < len(segments) and parts[-1][-1:] != [Wild.ANY]:
        return False
    made = [Pattern(text="", tokens=tuple(part)) for part in parts]
    return all(meets(one, segment) for one, segment in zip(made, segments, strict=False))


def _over(tokens: tuple[Token, ...], reached: set[int], token: Token) -> set[int]:
    """Where in `tokens` one may be after `token`, which stands for all that it can stand for at once."""
    after = set()
    for at in reached:
        if at == len(tokens):
            continue
        here = tokens[at]
        if here is Wild.ANY:
            after.add(at)
        elif token is not Wild.ANY and here in (Wild.ONE, token):
            after.add(at + 1)
    return after


def _past_any(tokens: tuple[Token, ...], reached: set[int]) -> set[int]:
    """Also behind every `*` in front of which one stands: it may stand for nothing."""
    out = set(reached)
    for at in reached:
        step = at
        while step < len(tokens) and tokens[step] is Wild.ANY:
            step += 1
            out.add(step)
    return out


def _in_order(tokens: list[Token]) -> tuple[Token, ...]:
    """Each run of wildcards in one form, `?` before a single `*`: `*?` and `?**` stand for the same."""
    out: list[Token] = []
    any_open = False
    for token in tokens:
        if token is Wild.ANY:
            any_open = True
            continue
        if any_open and isinstance(token, str):
            out.append(Wild.ANY)
            any_open = False
        out.append(token)
    return (*out, Wild.ANY) if any_open else tuple(out)


@functools.lru_cache(maxsize=4096)
def _compiled(tokens: tuple[Token, ...]) -> re.Pattern[str]:
    """Each stretch between two `*` is taken where it first fits and never given back, so that nothing is tried twice."""
    stretches = [""]
    for token in tokens:
        if token is Wild.ANY:
            stretches.append("")
        else:
            stretches[-1] += "." if token is Wild.ONE else re.escape(str(token))
    first, *rest = stretches
    if not rest:
        return re.compile(first, re.DOTALL)
    *middle, last = rest
    inner = "".join(f"(?>.*?{stretch})" for stretch in middle)
    return re.compile(f"{first}{inner}.*{last}", re.DOTALL)
