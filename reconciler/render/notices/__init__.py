"""What people are told of drift, in the form of each place where they are told: plain text, JSON, Slack's blocks, an issue."""

from reconciler.render.notices.issue import issue_body, issue_comment, issue_title
from reconciler.render.notices.payload import payload, payload_json
from reconciler.render.notices.slack import slack_json
from reconciler.render.notices.text import notice_text
from reconciler.render.notices.wording import headline

__all__ = [
    "headline",
    "issue_body",
    "issue_comment",
    "issue_title",
    "notice_text",
    "payload",
    "payload_json",
    "slack_json",
]
