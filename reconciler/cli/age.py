"""How old a saved plan is, and may be. Here the clock is read; what is planned does not depend on it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from reconciler.errors import InvalidInput, StalePlan, UsageError
from reconciler.model.moments import utc_moment, utc_text

DEFAULT_MAX_AGE = "24h"
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
_AGE = re.compile(r"([1-9][0-9]{0,5})([smhd])")
_SKEW = timedelta(minutes=5)  # clocks of two machines that are kept in step differ by less


def now() -> datetime:
    """The time in UTC, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def today() -> date:
    """The day in UTC, by which resources expire."""
    return now().date()


def stamp() -> str:
    """The time as a saved plan carries it: ISO 8601, UTC."""
    return utc_text(now())


def seconds_of(text: str, *, option: str) -> float:
    """What an age on the command line says, as in 30m, 24h, 7d. Raises UsageError."""
    found = _AGE.fullmatch(text.lower())
    if found is None:
        raise UsageError(f"{option} {text!r} is no age", "Give a number with its unit, as in 30m, 24h or 7d.")
    return float(int(found[1]) * _SECONDS[found[2]])


def max_age(text: str) -> timedelta | None:
    """What --max-age says; None for `none`, which switches it off. Raises UsageError for anything else."""
    if text.lower() == "none":
        return None
    found = _AGE.fullmatch(text.lower())
    if found is None:
        raise UsageError(
            f"--max-age {text!r} is no age", "Give a number with its unit, as in 30m, 24h or 7d; none switches it off."
        )
    return timedelta(seconds=int(found[1]) * _SECONDS[found[2]])


def moment(created_at: str, *, file: str) -> datetime:
    """When a plan was made. Raises InvalidInput for a date that does not exist."""
    try:
        return utc_moment(created_at)
    except ValueError as error:
        raise InvalidInput(f"{file}: created_at {created_at!r} is no date", (), "Plan again.") from error


def in_words(age: timedelta) -> str:
    """The age in its two largest units, rounded down: `1 day 6 hours`."""
    left, words = max(0, int(age.total_seconds())), []
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        if count:
            words.append(f"{count} {unit}{'' if count == 1 else 's'}")
    return " ".join(words[:2]) or "0 seconds"


def check_age(created_at: str, limit: timedelta | None, *, file: str) -> None:
    """Raise StalePlan for a plan that is older than the limit, made in the future, or that does not say when it was made.

    Without a limit nothing is asked.
    """
    if limit is None:
        return
    if not created_at:
        raise StalePlan(
            f"{file} does not say when it was made, so it may be of any age",
            "It comes from an older version, or from `plan --format json`. Make it again with `plan --out FILE`, or take it at "
            "any age: --max-age none.",
        )
    made, here = moment(created_at, file=file), now()
    if made > here + _SKEW:
        raise StalePlan(
            f"{file} was made in the future: {created_at}, and here it is {utc_text(here)}",
            f"One of two clocks is wrong by {in_words(made - here)}: that of the machine that planned, or that of this one. "
            "Set it right, then plan again.",
        )
    if here - made > limit:
        raise StalePlan(
            f"{file} is too old: it was made {created_at}, {in_words(here - made)} ago, and may be {in_words(limit)} old",
            "What it was reviewed against may have changed. Plan again, look at what it says now, and apply that; or allow "
            "more with --max-age.",
        )
