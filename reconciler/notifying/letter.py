"""What one recipient is to be told, in every form that a channel may want."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """`key`: the same whenever the same is sent. `at`: the moment of the run. `stack`, `environment`: "" where not known.

    `headline`: one line; `text`: plain; `json`: the payload; `slack`: for a Slack-compatible webhook; `title`, `body`,
    `comment`: of an issue. `quiet`: there is nothing to tell, only an issue may have to be brought up to date; `over`: nobody
    has to look at anything any more.
    """

    key: str
    at: str
    stack: str
    environment: str
    headline: str
    text: str
    json: str
    slack: str
    title: str
    body: str
    comment: str
    quiet: bool
    over: bool
