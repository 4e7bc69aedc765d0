"""What one recipient is to be told, in every form that a channel may want."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """`key`: the same whenever the same is sent. `headline`: one line; `text`: plain; `json`: the payload.

    `slack`: for a Slack-compatible webhook; `title`, `body`, `comment`: of an issue. `known`: it says what stands; `quiet`:
    there is nothing to tell, only an issue may have to be closed; `over`: nobody has to look at anything any more.
    """

    key: str
    headline: str
    text: str
    json: str
    slack: str
    title: str
    body: str
    comment: str
    known: bool
    quiet: bool
    over: bool
