"""Reports to be shown: one as a team would meet it, one of any size, one in which every text is an attack."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable
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
    by_gravity,
)

IDENTITY, OAUTH2, API_KEY = "workload_identity", "oauth2_credential_provider", "api_key_credential_provider"
URLS = "allowedResourceOauth2ReturnUrls"


def row(name: str, before: Any, after: Any, cause: Cause | None = None) -> AttributeChange:
    return AttributeChange(name=name, before=before, after=after, cause=cause)


def sample(**fields: Any) -> ChangeReport:
    """A pull request that adds a return URL on a new host, deletes an identity, renames one, and more."""
    both, prod = ("prod", "staging"), ("prod",)
    invoice, payout, legacy = f"{IDENTITY}.invoice-agent", f"{IDENTITY}.payout-agent", f"{IDENTITY}.legacy-importer"
    findings = (
        Finding(
            level=Level.CRITICAL,
            code="return-url-new-domain",
            about=invoice,
            subject="login.paymentz.example",
            summary="workload_identity.invoice-agent gets a return URL on a domain new to the stack: paymentz.example",
            consequence="Whoever holds that domain receives the tokens of every user who signs in to this agent.",
            advice="Ask who owns it; allow it with `settings.review.hosts` once that is known.",
            environments=prod,
            source=Source("agents.yaml", 24, 9),
        ),
        Finding(
            level=Level.CRITICAL,
            code="identity-deleted",
            about=legacy,
            summary="workload_identity.legacy-importer is deleted",
            consequence="Users' OAuth consents are stranded: the token vault keeps them by workload, user and provider.",
            advice="Make sure that nobody uses it any more.",
            environments=prod,
            source=Source("agents.yaml", 61, 3),
            gone=True,
        ),
        Finding(
            level=Level.WARNING,
            code="grant-widened",
            about=payout,
            subject="repo",
            summary="workload_identity.payout-agent may ask GitHub for the scope repo",
            consequence="The agent can write to every repository that its user can write to.",
            advice="Grant the narrowest scope that does the work.",
            environments=both,
            source=Source("agents.yaml", 40, 7),
        ),
        Finding(
            level=Level.WARNING,
            code="protection-lifted",
            about="environment.staging",
            summary="environment staging is no longer protected",
            consequence="The next apply may delete what stands there.",
            environments=("staging",),
            source=Source("reconciler.yaml", 9, 5),
        ),
        Finding(
            level=Level.NOTICE,
            code="return-url-shared",
            about=f"{IDENTITY}.report-agent",
            summary="https://app.example.com/oauth/callback is shared by report-agent and invoice-agent",
            consequence="A token meant for one may be taken by the other.",
            environments=prod,
            source=Source("agents.yaml", 72, 9),
            allowed="settings.review.hosts: *.example.com",
        ),
        Finding(
            level=Level.INFO,
            code="tag-changed",
            about=f"{IDENTITY}.report-agent",
            summary="the tag team of report-agent changes",
            consequence="Reports by team move with it.",
            environments=prod,
        ),
    )
    items = (
        Item(
            action=Action.UPDATE,
            kind=IDENTITY,
            about=invoice,
            name="invoice-agent",
            environments=prod,
            rows=(
                row(
                    URLS,
                    ("https://app.example.com/oauth/callback", "https://old.example.com/oauth/callback"),
                    ("https://app.example.com/oauth/callback", "https://login.paymentz.example/oauth/callback"),
                ),
                row("tags", {"stage": "test", "team": "payments"}, {"stage": "live", "team": "payments"}),
            ),
            source=Source("agents.yaml", 22, 3),
            level=Level.CRITICAL,
        ),
        Item(
            action=Action.DELETE,
            kind=IDENTITY,
            about=legacy,
            name="legacy-importer",
            environments=prod,
            rows=(row(URLS, ("https://import.example.com/cb",), None),),
            reasons=("no longer in the manifest",),
            source=Source("agents.yaml", 61, 3),
            gone=True,
            level=Level.CRITICAL,
        ),
        Item(
            action=Action.UPDATE,
            kind=IDENTITY,
            about=payout,
            name="payout-agent",
            environments=both,
            rows=(
                row(
                    "access",
                    {f"{OAUTH2}.github": {"scopes": ("read:user",), "flows": ("USER_FEDERATION",)}},
                    {
                        f"{OAUTH2}.github": {"scopes": ("read:user", "repo"), "flows": ("USER_FEDERATION",)},
                        f"{API_KEY}.stripe": {},
                    },
                ),
            ),
            source=Source("agents.yaml", 36, 3),
            level=Level.WARNING,
        ),
        Item(
            action=Action.REPLACE,
            kind=IDENTITY,
            about=f"{IDENTITY}.report-agent",
            name="report-agent-v2",
            previously=f"{IDENTITY}.reports",
            environments=prod,
            rows=(row("name", "reports", "report-agent-v2"), row("tags", {"team": "bi"}, {"team": "finance"})),
            reasons=("renamed: reports -> report-agent-v2; the old one stays until --finish-renames",),
            source=Source("agents.yaml", 70, 3),
            level=Level.NOTICE,
        ),
        Item(
            action=Action.CREATE,
            kind=API_KEY,
            about=f"{API_KEY}.stripe",
            name="stripe",
            environments=both,
            rows=(row("apiKey.from", None, "environment variable STRIPE_KEY"),),
            source=Source("providers.yaml", 12, 3),
        ),
        Item(
            action=Action.CREATE,
            kind=IDENTITY,
            about=f"{IDENTITY}.refund-agent",
            name="refund-agent",
            environments=("staging",),
            rows=(
                row(URLS, None, ("https://staging.example.com/refunds/callback",)),
                row("tags", None, {"team": "payments"}),
            ),
            source=Source("agents.yaml", 80, 3),
        ),
        Item(
            action=Action.UPDATE,
            kind="environment",
            about="environment.staging",
            environments=("staging",),
            rows=(row("protect", True, False),),
            source=Source("reconciler.yaml", 9, 5),
            level=Level.WARNING,
        ),
    )
    values: dict[str, Any] = {
        "topic": Topic.REVIEW,
        "stack": "payments",
        "places": (
            Place(name="prod", account="222222222222", region="us-east-1", protected=True),
            Place(name="staging", account="111111111111", region="us-east-1"),
            Place(name="local", where=Where.EMBEDDED),
        ),
        "items": items,
        "findings": by_gravity(findings),
        "unchanged": 38,
        "base": Version(label="origin/main", commit="7f3c1e08b5d24a6f9c0e1d2b3a4958677f3c1e08"),
        "head": Version(label="add-paymentz", commit="c19d4b77e2aa50f8b6134ce0d98a7b6512ff03aa"),
        "prefix": "manifests/",
        "approvals": (Approval(require="security", because=("manifests/agents.yaml", "manifests/providers.yaml")),),
        "reach": _reach(),
    }
    return ChangeReport(**(values | fields))


def _reach() -> Drawing:
    both, prod, staging = ("prod", "staging"), ("prod",), ("staging",)

    def identity(name: str, mark: Mark, level: Level | None, environments: tuple[str, ...]) -> Node:
        return Node(
            key=f"{IDENTITY}.{name}", kind=IDENTITY, label=name, mark=mark, level=level, environments=environments
        )

    def host(name: str, mark: Mark, environments: tuple[str, ...] = prod) -> Node:
        return Node(key=f"host:{name}", kind="host", label=name, mark=mark, environments=environments)

    def returns(name: str, to: str, mark: Mark, path: str, environments: tuple[str, ...] = prod) -> Link:
        words = (f"https://{to}{path}",)
        return Link(start=f"{IDENTITY}.{name}", end=f"host:{to}", mark=mark, words=words, environments=environments)

    def granted(name: str, to: str, mark: Mark, words: tuple[str, ...], environments: tuple[str, ...]) -> Link:
        return Link(start=f"{IDENTITY}.{name}", end=to, mark=mark, words=words, environments=environments)

    github, stripe = f"{OAUTH2}.github", f"{API_KEY}.stripe"
    return Drawing(
        nodes=(
            identity("invoice-agent", Mark.CHANGED, Level.CRITICAL, prod),
            identity("legacy-importer", Mark.REMOVED, Level.CRITICAL, prod),
            identity("payout-agent", Mark.CHANGED, Level.WARNING, both),
            identity("refund-agent", Mark.ADDED, None, staging),
            identity("report-agent", Mark.CHANGED, Level.NOTICE, prod),
            identity("support-agent", Mark.KEPT, None, both),
            host("app.example.com", Mark.KEPT),
            host("import.example.com", Mark.REMOVED),
            host("login.paymentz.example", Mark.ADDED),
            host("old.example.com", Mark.REMOVED),
            host("staging.example.com", Mark.KEPT, staging),
            Node(key=github, kind=OAUTH2, label="github", mark=Mark.KEPT, environments=both),
            Node(key=stripe, kind=API_KEY, label="stripe", mark=Mark.ADDED, environments=both),
        ),
        links=(
            returns("invoice-agent", "app.example.com", Mark.KEPT, "/oauth/callback"),
            returns("invoice-agent", "login.paymentz.example", Mark.ADDED, "/oauth/callback"),
            returns("invoice-agent", "old.example.com", Mark.REMOVED, "/oauth/callback"),
            returns("legacy-importer", "import.example.com", Mark.REMOVED, "/cb"),
            returns("report-agent", "app.example.com", Mark.KEPT, "/oauth/callback"),
            returns("refund-agent", "staging.example.com", Mark.ADDED, "/refunds/callback", staging),
            returns("support-agent", "app.example.com", Mark.KEPT, "/support/callback"),
            returns("support-agent", "staging.example.com", Mark.KEPT, "/support/callback", staging),
            granted("invoice-agent", github, Mark.KEPT, ("read:user", "USER_FEDERATION"), prod),
            granted("payout-agent", github, Mark.CHANGED, ("+ repo", "read:user", "USER_FEDERATION"), both),
            granted("payout-agent", stripe, Mark.ADDED, (), both),
            granted("support-agent", github, Mark.KEPT, ("read:user", "USER_FEDERATION"), both),
        ),
        omitted=33,
    )


def planned(**fields: Any) -> ChangeReport:
    """A plan that is refused and could not read everything."""
    one = sample()
    values: dict[str, Any] = {
        "topic": Topic.PLAN,
        "places": one.places[:1],
        "items": tuple(item for item in one.items if "prod" in item.environments),
        "findings": tuple(each for each in one.findings if "prod" in each.environments),
        "base": None,
        "head": None,
        "approvals": (),
        "unread": ("workload_identity.invoice-agent: GetWorkloadIdentity was throttled until the time ran out.",),
        "refused": ("2 of 3 managed resources would be deleted; the limit is 30%. Pass --allow-deletes 2.",),
        "beside": ("Not touched: 4 service-linked identities.",),
    }
    return dataclasses.replace(one, **(values | fields))


def drifted(**fields: Any) -> ChangeReport:
    """A drift run that found two things changed outside."""
    one = sample()
    items = tuple(
        dataclasses.replace(item, rows=tuple(dataclasses.replace(each, cause=Cause.OUTSIDE) for each in item.rows))
        for item in one.items[:2]
    )
    return dataclasses.replace(
        one, topic=Topic.DRIFT, items=items, findings=(), base=None, head=None, approvals=(), reach=Drawing(), **fields
    )


def large(changes: int, *, identities: int = 0) -> ChangeReport:
    """As many changes as asked for, a finding for every fourth; in the drawing as many identities, each with two links."""
    levels = (Level.NOTICE, Level.WARNING, Level.CRITICAL, Level.NOTICE)
    items, findings, nodes, links = [], [], [], []
    actions = (Action.UPDATE, Action.CREATE, Action.UPDATE, Action.DELETE)
    for at in range(changes):
        about, action = f"{IDENTITY}.agent-{at:05}", actions[at % 4]
        level = levels[at // 4 % 4] if at % 4 == 0 else None
        old = tuple(f"https://app-{at % 97:02}.example.com/agents/{at:05}/{path}" for path in ("callback", "old"))
        new = (*old[:1], f"https://app-{at % 97:02}.example.com/agents/{at:05}/new")
        before, after = (None if action is Action.CREATE else old), (None if action is Action.DELETE else new)
        rows = (row(URLS, before, after), row("tags", {"team": "a"}, {"team": "b", "stage": "live"}))
        source = Source(f"fleet/{at // 100:03}.yaml", 3 + at % 100 * 6, 3)
        items.append(
            Item(
                action=action, kind=IDENTITY, about=about, name=f"agent-{at:05}", environments=("prod",), rows=rows,
                source=source, level=level,
            )
        )  # fmt: skip
        if level:
            findings.append(
                Finding(
                    level=level, code="return-url-new-host", about=about, subject=new[1], environments=("prod",),
                    summary=f"{about} gets a return URL on a host that the stack did not use",
                    consequence="Whoever holds it receives the tokens of this agent's users.", source=source,
                )
            )  # fmt: skip
    for at in range(identities):
        about = f"{IDENTITY}.agent-{at:05}"
        mark = Mark.CHANGED if at < changes else Mark.KEPT
        nodes.append(Node(key=about, kind=IDENTITY, label=f"agent-{at:05}", mark=mark, environments=("prod",)))
        links += [
            Link(start=about, end=f"host:app-{at % 97:02}.example.com", mark=mark, environments=("prod",)),
            Link(start=about, end=f"{OAUTH2}.provider-{at % 12:02}", mark=Mark.KEPT, environments=("prod",)),
        ]
    for end in sorted({link.end for link in links}):
        kind, _, label = end.partition(":") if end.startswith("host:") else end.partition(".")
        nodes.append(Node(key=end, kind=kind, label=label, mark=Mark.KEPT, environments=("prod",)))
    return ChangeReport(
        topic=Topic.REVIEW,
        stack="fleet",
        places=(Place(name="prod", account="222222222222", region="us-east-1"),),
        items=tuple(items),
        findings=by_gravity(findings),
        unchanged=10_000 - changes if changes < 10_000 else 0,
        reach=Drawing(nodes=tuple(nodes), links=tuple(links)),
    )


PAYLOADS = (
    "<script>window.hacked=1</script>",
    "</script><script>window.hacked=1</script>",
    "</style><script>window.hacked=1</script>",
    "</title><img src=x onerror=window.hacked=1>",
    '"><img src=x onerror="window.hacked=1">',
    "' autofocus onfocus='window.hacked=1",
    '" style="position:fixed;inset:0;background:url(//evil.example/x)',
    "<svg onload=window.hacked=1><set attributeName=onmouseover to=window.hacked=1>",
    "</text></svg><iframe srcdoc='<script>parent.hacked=1</script>'>",
    "]]><foreignObject><body onload=window.hacked=1>",
    "javascript:window.hacked=1//",
    'https://evil.example/"onclick="window.hacked=1',
    "<!--<base href=//evil.example/>--><base href='//evil.example/'>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "{{ 7*7 }}{% raw %}${7*7}<%= 7*7 %>",
    "&lt;script&gt;window.hacked=1&lt;/script&gt;&#60;img src=x&#62;",
    "\u202egnp.exe\u2066\u2069\u200b\u2028\x00\x1b[31m\r\n##[error]x",
    "\ud800 lone, \U000e0041 tag, ﷽ مرحبا ltr",
    "`alert(1)` @team https://evil.example [x](javascript:alert(1))",
    "-->'\"><link rel=stylesheet href=//evil.example/x.css>",
)
"""What has been tried on pages like ours, each setting `hacked`, loading something, or hiding what it is."""


def hostile(report: ChangeReport, pick: Callable[[int], str] = lambda at: PAYLOADS[at % len(PAYLOADS)]) -> ChangeReport:
    """The report with every text in it replaced by a payload; names that have to agree are replaced alike."""
    given: dict[str, str] = {}

    def swap(value: Any) -> Any:
        if isinstance(value, str):
            if not value:
                return value
            if value not in given:
                given[value] = f"{pick(len(given))} {len(given)}"
            head = "host:" if value.startswith("host:") else ""
            return head + given[value]
        if isinstance(value, enum.Enum) or value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, tuple):
            return tuple(map(swap, value))
        if isinstance(value, dict):
            return {swap(key): swap(one) for key, one in value.items()}
        return type(value)(**{one.name: swap(getattr(value, one.name)) for one in dataclasses.fields(value)})

    whole: ChangeReport = swap(report)
    kept = dataclasses.replace(whole.reach, nodes=tuple(
        dataclasses.replace(new, kind=old.kind) for old, new in zip(report.reach.nodes, whole.reach.nodes, strict=True)
    ))  # fmt: skip
    return dataclasses.replace(whole, reach=kept)
