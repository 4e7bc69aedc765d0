"""One comment for one report: found again by its marker, written only where its text is another, never somebody else's.

The marker is the first line of the text, an HTML comment that readers do not see, as `reconciler.render` makes it.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from reconciler.errors import ForgeAnswerLost, UsageError
from reconciler.forge.request import Comment, Request

_MARKER = re.compile(r"<!-- reconciler:[a-z]+ \S+ -->")
_LOOKS = 3


class Outcome(enum.Enum):
    """What became of the comment."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """What was done, or in a dry run would be. `cut`: characters of the text that the host has no room for."""

    outcome: Outcome
    url: str = ""
    cut: int = 0


def check_marked(text: str, *, file: str) -> str:
    """The marker of a report. Raises UsageError for a text that has none."""
    first = text.partition("\n")[0].strip()
    if not _MARKER.fullmatch(first):
        raise UsageError(
            f"{file} is no report for a comment: its first line is not the marker by which the comment is found again",
            "Make it with --output markdown=FILE of review, plan, show or check.",
        )
    return first


def put_comment(request: Request, text: str, *, dry_run: bool = False) -> Put:
    """See to it that `text` stands there once. Raises ForgeError where it cannot be read or written.

    A create whose answer was lost is looked for before it is tried again.
    """
    body = fitted(text, request.place.forge.longest)
    cut = len(text) - len(body) if body != text else 0
    marker = check_marked(body, file="the text")
    for look in range(_LOOKS):
        standing = _ours(request, marker)
        if standing is not None and _same(standing.body, body):
            outcome = Outcome.CREATED if look else Outcome.UNCHANGED
            return Put(outcome=outcome, url=standing.url, cut=cut)
        if standing is not None:
            written = standing if dry_run else request.update(standing, body)
            return Put(outcome=Outcome.UPDATED, url=written.url or standing.url, cut=cut)
        if dry_run:
            return Put(outcome=Outcome.CREATED, cut=cut)
        try:
            return Put(outcome=Outcome.CREATED, url=request.create(body).url, cut=cut)
        except ForgeAnswerLost:
            if look + 1 == _LOOKS:
                raise
    raise AssertionError("every look returns or raises")


def fitted(text: str, longest: int) -> str:
    """The text, or as much of it as there is room for, whole lines, with a word about that under the marker.

    At the top, since what is cut off may leave a code block open, in which nobody would read it.
    """
    if len(text) <= longest:
        return text
    marker, _, rest = text.partition("\n")
    word = f"> **Cut:** the report has {len(text):,} characters, a comment has room for {longest:,}. The job has all of it.\n"
    room = longest - len(marker) - len(word) - 2
    kept = rest[:room].rpartition("\n")[0] or rest[:room]
    return f"{marker}\n{word}\n{kept}"


def _ours(request: Request, marker: str) -> Comment | None:
    """The oldest comment with the marker that our account wrote: who copies a marker gets nothing replaced."""
    return next(
        (one for one in request.comments() if _marker_of(one.body) == marker and one.author == request.me()), None
    )


def _marker_of(body: str) -> str:
    return body.partition("\n")[0].strip()


def _same(one: str, other: str) -> bool:
    """Whether the texts are one, however the host keeps its line ends."""
    return one.replace("\r\n", "\n").strip() == other.replace("\r\n", "\n").strip()
