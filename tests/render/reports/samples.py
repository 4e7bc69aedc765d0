"""Reports to try the formats with: one of everything, one of nothing, one that knows too little, and one of hostile words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reconciler.diagnostics import Source
from reconciler.model.changes import Action, AttributeChange, Cause
from reconciler.model.environments import Where
from reconciler.model.report import (
    Approval,
    ChangeReport,
    Drawing,
    Finding,
    Item,
    Level,
    Link,
    Mark,
    Node,
    Place,
    Topic,
    Version,
)

URLS = "allowedResourceOauth2ReturnUrls"
KIND = "workload_identity"
APP, EVIL = "https://app.example.com", "https://login.example.net/cb"
BASE = Version(label="main", commit="1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d")
BOTH = ("prod", "staging")
PLACES = (
    Place(name="prod", account="222222222222", region="us-east-1", protected=True),
    Place(name="staging", mark=Mark.ADDED, account="111111111111", region="us-east-1"),
)


def at(line: int, file: str = "payments.yaml") -> Source:
    return Source(file, line, 3)


def row(name: str, before: Any, after: Any, cause: Cause | None = None) -> AttributeChange:
    return AttributeChange(name=name, before=before, after=after, cause=cause)


def item(action: Action, key: str, *rows: AttributeChange, **fields: Any) -> Item:
    defaults: dict[str, Any] = {"kind": KIND, "about": f"{KIND}.{key}", "name": key, "environments": BOTH}
    return Item(action=action, rows=rows, **(defaults | fields))


def finding(level: Level, code: str, key: str, summary: str, **fields: Any) -> Finding:
    defaults: dict[str, Any] = {"consequence": "Somebody may suffer from it.", "about": f"{KIND}.{key}"}
    return Finding(level=level, code=code, summary=summary, **(defaults | fields))


FINDINGS = (
    finding(
        Level.CRITICAL, "new-domain", "invoice-agent",
        "workload_identity.invoice-agent may return to login.example.net, a domain that nothing here used before",
        subject="login.example.net", environments=("prod",), source=at(12),
        consequence="Whoever runs login.example.net is sent the users' authorization codes.",
        advice="Ask who runs it. If it is yours, allow it: settings.review.hosts.",
    ),
    finding(
        Level.CRITICAL, "deleted-with-consents", "dispute-agent",
        "workload_identity.dispute-agent goes away with its users' consents",
        environments=BOTH, source=at(31), gone=True,
    ),
    finding(
        Level.WARNING, "grant-widened", "invoice-agent",
        "workload_identity.invoice-agent is granted the scope repo of oauth2_credential_provider.github",
        subject="repo", environments=BOTH, source=at(14, "grants.yaml"), advice="Grant it only what it needs.",
    ),
    finding(Level.NOTICE, "rule-silenced", "", "settings.rules turns tags-missing off", about="settings.rules"),
    finding(
        Level.INFO, "new-host", "refund-agent", "workload_identity.refund-agent may return to app.example.com",
        subject="app.example.com", environments=("staging",), source=at(20), allowed="settings.review.hosts",
    ),
)  # fmt: skip
ITEMS = (
    Item(
        action=Action.UPDATE, kind="environment", about="environment.prod", environments=("prod",), source=at(5),
        rows=(row("protect", True, None), row("limits.deletes", "30%", "100")),
    ),
    item(
        Action.DELETE, "dispute-agent", row(URLS, (f"{APP}/dispute",), None), row("tags", {"team": "payments"}, None),
        source=at(31), gone=True, level=Level.CRITICAL,
    ),
    item(
        Action.UPDATE, "invoice-agent", row(URLS, (f"{APP}/a", f"{APP}/b"), (f"{APP}/a", f"{APP}/b", EVIL)),
        row("tags", {"tier": "standard", "team": "x"}, {"tier": "critical", "team": "x"}),
        environments=("prod",), source=at(10), level=Level.CRITICAL,
    ),
    item(
        Action.CREATE, "refund-agent", row(URLS, None, (f"{APP}/refund",)),
        name="refund-agent-staging", environments=("staging",), source=at(19),
    ),
    item(Action.REPLACE, "transfer-agent", previously=f"{KIND}.payout-agent", source=at(40)),
)  # fmt: skip
REACH = Drawing(
    nodes=(
        Node(key=f"{KIND}.invoice-agent", kind=KIND, label="invoice-agent", mark=Mark.CHANGED, level=Level.CRITICAL),
        Node(key="host:login.example.net", kind="host", label="login.example.net", mark=Mark.ADDED),
    ),
    links=(Link(start=f"{KIND}.invoice-agent", end="host:login.example.net", mark=Mark.ADDED, words=(EVIL,)),),
    omitted=7,
)
REVIEW = ChangeReport(
    topic=Topic.REVIEW,
    stack="payments",
    places=PLACES,
    items=ITEMS,
    findings=FINDINGS,
    unchanged=31,
    base=BASE,
    head=Version(label="worktree"),
    prefix="stacks/",
    approvals=(Approval(require="security", because=("workloadIdentities.invoice-agent", "environments.prod")),),
    reach=REACH,
    beside=("What the lockfiles hold was not looked at (--with-lock).",),
)
NOTHING = ChangeReport(
    topic=Topic.REVIEW, stack="payments", places=PLACES[:1], items=(), findings=(), unchanged=4, base=BASE,
    head=Version(label="HEAD", commit="99aa88bb77cc66dd55ee44ff33aa22bb11cc00dd"),
)  # fmt: skip
PLAN = ChangeReport(
    topic=Topic.PLAN,
    stack="payments",
    places=(Place(name="local", where=Where.EMBEDDED, account="000000000000", region="us-east-1"),),
    items=(
        item(
            Action.UPDATE, "invoice-agent", row(URLS, (f"{APP}/a",), (f"{APP}/b",), Cause.BOTH), environments=("local",),
            reasons=("stands already and carries our ownership tag; enters the lockfile, then changes",), source=at(3),
        ),
        item(Action.NO_OP, "met-agent", environments=("local",), reasons=("is already what the manifest says",)),
        item(Action.ADOPT, "kept-agent", environments=("local",)),
    ),
    findings=(finding(Level.WARNING, "not-ready", "invoice-agent", "its status is CREATING", environments=("local",)),),
    unread=("workload_identity.dark could not be read: AccessDeniedException",),
    refused=("workload_identity.dark could not be read, so the plan is incomplete",),
)  # fmt: skip
LIVE = ChangeReport(
    topic=Topic.REVIEW, stack="payments", places=PLACES[:1], items=ITEMS[2:3], findings=FINDINGS[:1], base=BASE,
    head=Version(label="feature"), also=(PLAN,),
)  # fmt: skip
SAMPLES = {"review": REVIEW, "nothing": NOTHING, "plan": PLAN, "live": LIVE}


def hostile(texts: Sequence[str]) -> ChangeReport:
    """A report with words of others wherever words of others can stand. At least twelve."""
    a, b, c, d, e, f, g, h, i, j, k, m, *_ = texts
    places = (Place(name=a, account=b, region=c), Place(name=d, mark=Mark.REMOVED))
    source = Source(e, 3, 2)
    findings = tuple(
        Finding(
            level=level, code="new-host", about=f, others=(g, h), subject=g,
            environments=(a,) if level is Level.CRITICAL else (a, d),
            summary=f"{h} may return to {i}", consequence=f"Whoever runs {j} is told.", advice=k,
            source=source if level is not Level.INFO else None, gone=level is Level.WARNING,
            allowed=m if level is Level.NOTICE else "",
        )
        for level in reversed(Level)
    )  # fmt: skip
    items = (
        item(Action.UPDATE, f, row(URLS, (a, b), (b, c)), row("tags", {d: e}, {d: f, g: h}), source=source,
             name=i, previously=j, reasons=(k, m), environments=(a,)),
        item(Action.DELETE, g, row(URLS, (h,), None), gone=True, source=source),
        Item(action=Action.UPDATE, kind="environment", about=f"environment.{h}", rows=(row(i, j, k),), source=source),
    )  # fmt: skip
    part = ChangeReport(topic=Topic.PLAN, stack=b, places=(Place(name=c),), items=items, findings=findings, unread=(d,))
    return ChangeReport(
        topic=Topic.REVIEW, stack=a, places=places, items=items, findings=findings, base=Version(label=b, commit=c),
        head=Version(label=d), prefix="stacks/", approvals=(Approval(require=e, because=(f, g)),), unread=(h, i),
        refused=(j,), beside=(k, m), also=(part,),
        reach=Drawing(nodes=(Node(key=a, kind="host", label=b, mark=Mark.KEPT),),
                    links=(Link(start=a, end=c, mark=Mark.ADDED, words=(d,)),)),
    )  # fmt: skip


def many(number: int) -> ChangeReport:
    """A review of so many changes, with a finding for every second one: a tenth critical, the rest divided."""
    levels = (Level.CRITICAL, Level.WARNING, Level.NOTICE, Level.NOTICE, Level.INFO)
    items = tuple(
        item(
            (Action.CREATE, Action.UPDATE, Action.DELETE)[at_ % 3], f"agent-{at_:05}",
            row(URLS, (f"{APP}/{at_}",), (f"{APP}/{at_}", f"https://h{at_}.example.net/cb")),
            row("tags", {"team": "a"}, {"team": "b"}), source=at(at_ + 1), level=levels[at_ % 5] if at_ % 2 else None,
        )
        for at_ in range(number)
    )  # fmt: skip
    findings = tuple(
        finding(
            levels[at_ % 5], "new-domain", f"agent-{at_:05}",
            f"workload_identity.agent-{at_:05} may return to h{at_}.example.net, a domain that nothing here used before",
            subject=f"h{at_}.example.net", environments=BOTH, source=at(at_ + 1), advice="Ask who runs it.",
        )
        for at_ in range(1, number, 2)
    )  # fmt: skip
    ordered = tuple(sorted(findings, key=lambda one: -one.level.rank))
    return ChangeReport(
        topic=Topic.REVIEW, stack="payments", places=PLACES, items=items, findings=ordered, base=BASE,
        head=Version(label="worktree"),
    )  # fmt: skip
