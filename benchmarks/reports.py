"""A review of many changes, each with a finding, written in one format: `python -m benchmarks.reports FORMAT COUNT`."""

from __future__ import annotations

import sys

from reconciler.diagnostics import Source
from reconciler.model.changes import Action, AttributeChange
from reconciler.model.report import ChangeReport, Finding, Item, Level, Place, Topic, Version, by_gravity
from reconciler.model.report_formats import ReportFormat
from reconciler.render.reports import FORMATS

_ACTIONS = (Action.CREATE, Action.UPDATE, Action.DELETE)
_LEVELS = (Level.CRITICAL, Level.WARNING, Level.NOTICE, Level.NOTICE, Level.INFO)


def review(count: int) -> ChangeReport:
    """So many identities that get a return URL on a host of their own, and lose a tag."""
    numbers = range(count)
    return ChangeReport(
        topic=Topic.REVIEW,
        stack="payments",
        places=(Place(name="prod", account="222222222222", region="us-east-1"), Place(name="staging")),
        items=tuple(map(_item, numbers)),
        findings=by_gravity(map(_finding, numbers)),
        base=Version(label="main", commit="1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d"),
        head=Version(label="worktree"),
    )


def _item(number: int) -> Item:
    old, new = f"https://app.example.com/{number}/callback", f"https://host-{number}.example.net/callback"
    return Item(
        action=_ACTIONS[number % 3],
        kind="workload_identity",
        about=_about(number),
        name=f"agent-{number:05}",
        environments=("prod",),
        rows=(
            AttributeChange(name="allowedResourceOauth2ReturnUrls", before=(old,), after=(old, new), cause=None),
            AttributeChange(name="tags", before={"team": "a", "tier": "b"}, after={"team": "a"}, cause=None),
        ),
        source=Source("payments.yaml", number + 1, 3),
        level=_LEVELS[number % 5],
    )


def _finding(number: int) -> Finding:
    host = f"host-{number}.example.net"
    return Finding(
        level=_LEVELS[number % 5],
        code="new-domain",
        about=_about(number),
        subject=host,
        summary=f"{_about(number)} may return to {host}, a domain that nothing here used before",
        consequence=f"Whoever runs {host} is sent the users' authorization codes.",
        advice="Ask who runs it. If it is yours, allow it: settings.review.hosts.",
        environments=("prod",),
        source=Source("payments.yaml", number + 1, 3),
    )


def _about(number: int) -> str:
    return f"workload_identity.agent-{number:05}"


if __name__ == "__main__":
    sys.stdout.write(FORMATS[ReportFormat(sys.argv[1])](review(int(sys.argv[2]))))
