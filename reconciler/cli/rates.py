"""`--rate`: words of the command line as rates."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.errors import UsageError
from reconciler.model.rates import DEFAULT_RATES, EVERY, LEAST, MOST, Rates, is_rate

_LOOK_UP = "service-quotas"


def read_rates(words: Sequence[str] | None) -> Rates:
    """What `OPERATION=N`, `N` and `service-quotas` ask for, the last word on an operation holding. Raises UsageError."""
    asked: dict[str, float] = {}
    look_up = False
    for word in words or ():
        if word == _LOOK_UP:
            look_up = True
            continue
        operation, equals, number = word.rpartition("=")
        asked[_operation(operation, word) if equals else EVERY] = _rate(number, word)
    return Rates(asked=asked, look_up=look_up)


def _operation(name: str, word: str) -> str:
    if name in DEFAULT_RATES or name == EVERY:
        return name
    import difflib

    near = difflib.get_close_matches(name, sorted(DEFAULT_RATES), n=1)
    raise UsageError(
        f"--rate {word!r}: reconciler calls no operation {name!r}",
        (f"Did you mean {near[0]}? " if near else "") + f"The operations: {', '.join(sorted(DEFAULT_RATES))}.",
    )


def _rate(number: str, word: str) -> float:
    try:
        rate = float(number)
    except ValueError:
        rate = 0.0
    if not is_rate(rate):
        raise UsageError(
            f"--rate {word!r} is no rate",
            f"Give calls a second from {LEAST:g} to {MOST:g}: --rate 10, --rate GetWorkloadIdentity=40, or --rate {_LOOK_UP}.",
        )
    return rate
