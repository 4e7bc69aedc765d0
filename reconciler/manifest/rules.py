"""What a security team frowns at in a manifest that the service would take: the rules, each as data with one function.

A rule warns or informs, as long as `settings.rules` does not raise it; two are errors from the start, because nobody can
mean what they find. Every code has its section in docs/rules.md. Leaves out how a URL is read: see `urls`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from reconciler.diagnostics import Diagnostic, Severity, Source
from reconciler.manifest.documents import quoted
from reconciler.manifest.urls import (
    Url,
    address_in,
    decoded_labels,
    is_loopback,
    is_ordinary,
    mixes_scripts,
    parse_url,
)
from reconciler.model.environments import Environment, Settings
from reconciler.model.expiry import SOON, days_left, whose
from reconciler.model.kind import EXPIRES
from reconciler.model.resources import Desired

RETURN_URLS = "allowedResourceOauth2ReturnUrls"

# What the service calls the identities that it makes: by the id of their runtime or gateway. A hint, never a proof.
_MADE_BY_SERVICE = (
    re.compile(r"[a-zA-Z][a-zA-Z0-9_]{0,99}-(?P<id>[a-zA-Z0-9]{10})"),
    re.compile(r"(?:[0-9a-z]-?){1,100}-(?P<id>[0-9a-z]{10})"),
)
_ORDINARY_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")


class Use(NamedTuple):
    """One return URL of one identity, and where it stands."""

    desired: Desired
    url: str
    locate: Callable[[], Source]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the rules look at: one environment, with its variables in place. `uses` in the order of addresses.

    `today`: the day (UTC) on which they look, if that matters to anybody.
    """

    environment: Environment
    desired: Sequence[Desired]
    uses: Sequence[Use]
    today: date | None = None

    @functools.cached_property
    def parsed(self) -> Sequence[tuple[Use, Url]]:
        """The URLs that are not quite ordinary, in their parts."""
        return [(use, url) for use, url in self._read if url is not None]

    @functools.cached_property
    def malformed(self) -> Sequence[Use]:
        """The URLs whose parts not everybody agrees on."""
        return [use for use, url in self._read if url is None or url.disputed]

    @functools.cached_property
    def _read(self) -> Sequence[tuple[Use, Url | None]]:
        return [(use, _parsed(use.url)) for use in self.uses if not is_ordinary(use.url)]


def _parsed(text: str) -> Url | None:
    try:
        return parse_url(text)
    except ValueError:
        return None


class Finding(NamedTuple):
    """What one rule found in one place."""

    summary: str
    detail: str
    source: Source | None
    address: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its code, how bad it is unless the manifest says otherwise, and what finds it."""

    code: str
    severity: Severity
    check: Callable[[Facts], Iterable[Finding]]


def findings(facts: Facts, settings: Settings) -> Iterator[Diagnostic]:
    """What the rules find, with the severities that the settings give them; silenced ones say nothing."""
    for rule in RULES:
        setting = settings.rules.get(rule.code)
        severity = rule.severity if setting is None else setting.severity
        if severity is None:
            continue
        for one in rule.check(facts):
            yield Diagnostic(
                severity=severity,
                code=rule.code,
                summary=one.summary,
                detail=f"{one.detail} See docs/rules.md#{rule.code}.",
                source=one.source,
                address=one.address,
            )


def _at(use: Use, what: str, detail: str) -> Finding:
    return Finding(f"The return URL {quoted(use.url)} {what}", detail, use.locate(), str(use.desired.address))


def _plain_http(facts: Facts) -> Iterator[Finding]:
    for use, url in facts.parsed:
        if url.scheme == "http" and not is_loopback(url.host):
            detail = "Whoever is on the way can read the authorization code. Use https."
            yield _at(use, "is plain http", detail)


def _loopback_in_protected(facts: Facts) -> Iterator[Finding]:
    for use, url in facts.parsed if facts.environment.protect else ():
        if is_loopback(url.host):
            detail = "Any program on the user's machine can take the code. Keep it to an environment for development."
            yield _at(use, f"is loopback in the protected environment {facts.environment.declared}", detail)


def _ip_literal_in_protected(facts: Facts) -> Iterator[Finding]:
    for use, url in facts.parsed if facts.environment.protect else ():
        if address_in(url.host) is not None and not is_loopback(url.host):
            detail = "An address changes hands, and has no certificate that people can check. Use a name."
            yield _at(use, f"names an IP address in the protected environment {facts.environment.declared}", detail)


def _user_info(facts: Facts) -> Iterator[Finding]:
    for use, url in facts.parsed:
        if url.user_info:
            detail = f"What stands before the @ is a user or password, not a host: the host is {quoted(url.host)}."
            yield _at(use, "has user information", f"{detail} Take it out.")


def _fragment(facts: Facts) -> Iterator[Finding]:
    for use, url in facts.parsed:
        if url.fragment:
            yield _at(use, "has a fragment", "A redirect URI must not have one (RFC 6749, 3.1.2). Cut it at the #.")


def _punycode_host(facts: Facts) -> Iterator[Finding]:
    for use, url in facts.parsed:
        if any(label.startswith("xn--") for label in url.host.split(".")):
            shown = quoted(".".join(decoded_labels(url.host)))
            yield _at(use, f"has a host in punycode: {shown}", "Make sure that it is the host you mean.")


def _mixed_script_host(facts: Facts) -> Iterator[Finding]:
    for use, url in facts.parsed:
        for label in decoded_labels(url.host):
            if mixes_scripts(label):
                detail = f"{quoted(label)} has letters of several scripts that look alike. Type the host anew."
                yield _at(use, "has a host that mixes scripts", detail)


def _custom_scheme(facts: Facts) -> Iterator[Finding]:
    for use, url in facts.parsed:
        if not url.web:
            detail = "Any app can claim a scheme of its own. Use https with a host that is yours (RFC 8252, 7.2)."
            yield _at(use, f"has the custom scheme {quoted(url.scheme)}", detail)


def _malformed_url(facts: Facts) -> Iterator[Finding]:
    for use in facts.malformed:
        detail = "Programs do not agree on its host. Mind backslashes, slashes, brackets and the port."
        yield _at(use, "is malformed", detail)


def _no_return_urls(facts: Facts) -> Iterator[Finding]:
    for desired in facts.desired:
        if RETURN_URLS in desired.attributes and not desired.attributes[RETURN_URLS]:
            summary = f"{desired.address} has no return URLs"
            detail = "It cannot take part in OAuth flows on behalf of users. Fine for an agent that needs none."
            yield Finding(summary, detail, desired.source, str(desired.address))


def _shared_url(facts: Facts) -> Iterator[Finding]:
    by_url: dict[str, list[Use]] = {}
    for use in facts.uses:
        by_url.setdefault(use.url, []).append(use)
    for uses in by_url.values():
        if len(uses) > 1 and len(sharing := sorted({str(one.desired.address) for one in uses})) > 1:
            named = ", ".join(sharing[:3]) + (f" and {len(sharing) - 3} more" if len(sharing) > 3 else "")
            detail = "What answers there must tell their flows apart by itself. Give each a path of its own."
            yield _at(uses[0], f"is shared by {named}", detail)


def _service_like_name(facts: Facts) -> Iterator[Finding]:
    for desired in facts.desired:
        if RETURN_URLS in desired.attributes and not desired.update_only and _looks_service_made(desired.name):
            summary = f"{desired.address}: the name {desired.name} looks like one that AgentCore gives"
            detail = (
                "If a Runtime or Gateway made it, declare `lifecycle: {updateOnly: true}`. If not, mind the likeness."
            )
            yield Finding(summary, detail, desired.source, str(desired.address))


def _expires_soon(facts: Facts) -> Iterator[Finding]:
    for desired in facts.desired:
        left = days_left(desired.attributes, facts.today)
        if left is not None and left <= SOON:
            day, owner = desired.attributes[EXPIRES.name], whose(desired.attributes)
            when = f"expires in {left} day{'' if left == 1 else 's'}" if left > 0 else "has expired"
            detail = (
                f"From {day} (UTC) on it is not wanted any more: it is not created, and deleted where it is managed."
            )
            way = "If it is still needed, give it a later day."
            yield Finding(
                f"{desired.address} {when} ({owner})", f"{detail} {way}", desired.source, str(desired.address)
            )


def _looks_service_made(name: str) -> bool:
    """The service's patterns, less the names that end in an ordinary word or number of ten characters."""
    matches = (pattern.fullmatch(name) for pattern in _MADE_BY_SERVICE)
    return any(match is not None and not _ORDINARY_WORD.fullmatch(match["id"]) for match in matches)


RULES: tuple[Rule, ...] = (
    Rule("custom-scheme", Severity.WARNING, _custom_scheme),
    Rule("expires-soon", Severity.WARNING, _expires_soon),
    Rule("ip-literal-in-protected", Severity.WARNING, _ip_literal_in_protected),
    Rule("loopback-in-protected", Severity.WARNING, _loopback_in_protected),
    Rule("malformed-url", Severity.WARNING, _malformed_url),
    Rule("mixed-script-host", Severity.ERROR, _mixed_script_host),
    Rule("no-return-urls", Severity.INFO, _no_return_urls),
    Rule("plain-http", Severity.WARNING, _plain_http),
    Rule("punycode-host", Severity.WARNING, _punycode_host),
    Rule("service-like-name", Severity.WARNING, _service_like_name),
    Rule("shared-url", Severity.WARNING, _shared_url),
    Rule("url-fragment", Severity.WARNING, _fragment),
    Rule("url-userinfo", Severity.ERROR, _user_info),
)
