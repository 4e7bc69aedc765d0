"""Risks of how a return URL is written: where it leads elsewhere than it says, or to whoever comes first.

What `validate` says of the same URLs (`reconciler.manifest.rules`) is told here alone, as it is about the change: once for
each host and form, and as grave as the environment makes it. What the `settings.rules` of the base silence, as the change
left it and as it stands by now, is told for information.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.manifest.documents import quoted
from reconciler.manifest.domains import registrable
from reconciler.manifest.rules import RETURN_URLS
from reconciler.manifest.urls import Url, address_in, decoded_labels, is_loopback, is_ordinary, mixes_scripts
from reconciler.model.report import Level
from reconciler.reviewing.arrivals import Arrival, web_of
from reconciler.reviewing.detours import MAYBE, address_inside, has_dot_segments
from reconciler.reviewing.risks.facts import Facts, Raised, Risk, count
from reconciler.reviewing.risks.hosts import own_hosts, shown, who, whose
from reconciler.reviewing.versions import Reviewed

_RUNS = frozenset({"javascript", "data", "vbscript", "file", "blob", "about", "filesystem", "intent"})
_OPEN = re.compile(r"[*{}$<>|^`\[\]]|%2[aA]|%7[bBdD]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A way to write a URL. `found`: what is so in this one, or "" where it is not written that way.

    `protected`, `other`: the level by the environment, None where it is fine there. `rule`: the rule of `validate` that looks
    for it, or "".
    """

    code: str
    title: str
    found: Callable[[Url, Facts], str]
    protected: Level
    other: Level | None
    consequence: str
    advice: str
    rule: str = ""


def _user_info(url: Url, _: Facts) -> str:
    return f"has a user or password before its host, {shown(url.host)}" if url.user_info else ""


def _spelt(url: Url, _: Facts) -> str:
    if not url.reaches or url.written.lower().rstrip(".") == url.host:
        return ""
    return f"is written {quoted(url.written)}, which browsers read as {shown(url.host)}"


def _dot(url: Url, _: Facts) -> str:
    return f"has a dot behind its host, {shown(url.host)}" if url.reaches and url.written.endswith(".") else ""


def _mixed(url: Url, _: Facts) -> str:
    label = next((one for one in decoded_labels(url.host) if mixes_scripts(one)), "") if url.reaches else ""
    return f"mixes letters of several scripts in {quoted(label)}" if label else ""


def _punycode(url: Url, facts: Facts) -> str:
    decoded = ".".join(decoded_labels(url.host))
    return f"is in punycode and reads {quoted(decoded)}" if decoded != url.host and not _mixed(url, facts) else ""


def _disputed(url: Url, _: Facts) -> str:
    return "is read differently by programs, which do not agree on its host" if url.disputed else ""


def _wild_host(url: Url, _: Facts) -> str:
    return "has a wildcard or placeholder in its host" if url.reaches and _OPEN.search(url.written) else ""


def _wild_rest(url: Url, facts: Facts) -> str:
    found = _OPEN.search(url.text.partition("://")[2]) if not _wild_host(url, facts) else None
    return f"has {quoted(found[0])} in it" if found and ":" not in url.host else ""


def _loopback(url: Url, _: Facts) -> str:
    return "is the user's own machine" if url.reaches and is_loopback(url.host) else ""


def _address(url: Url, _: Facts) -> str:
    address = address_in(url.host) if url.reaches and not is_loopback(url.host) else None
    if address is None:
        return ""
    return "is an IP address" if str(address) == url.written else f"is the IP address {address}"


def _known(url: Url, facts: Facts) -> bool:
    return url.host in own_hosts(facts)


def _new_address(url: Url, facts: Facts) -> str:
    found = _address(url, facts)
    return f"{found} that is new here" if found and not _known(url, facts) else ""


def _known_address(url: Url, facts: Facts) -> str:
    return _address(url, facts) if _known(url, facts) else ""


def _downgraded(url: Url, facts: Facts) -> str:
    if url.scheme != "http" or is_loopback(url.host):
        return ""
    return "is http now, and was https" if "https" in own_hosts(facts).get(url.host, ()) else ""


def _plain(url: Url, facts: Facts) -> str:
    if url.scheme != "http" or is_loopback(url.host) or _downgraded(url, facts):
        return ""
    return "is plain http"


def _runs(url: Url, _: Facts) -> str:
    return f"has the scheme {quoted(url.scheme)}" if url.scheme in _RUNS else ""


def _custom(url: Url, _: Facts) -> str:
    return f"has the custom scheme {quoted(url.scheme)}" if not url.web and url.scheme not in _RUNS else ""


def _segments(url: Url, _: Facts) -> str:
    return "has dot segments in its path" if has_dot_segments(url.text) else ""


def _leads_on(url: Url, _: Facts) -> str:
    inside = address_inside(url.text)
    return f"has another address inside its query, {quoted(inside)}" if inside else ""


def _fragment(url: Url, _: Facts) -> str:
    return "has a fragment" if url.fragment else ""


_NOBODY_KNOWS = "The authorization code goes to another host than a reader of the URL would say."
_ON_THE_WAY = "Whoever is on the way between a user and the host can read the authorization code."

FORMS = (
    Form(
        code="scheme-downgraded",
        title="A return URL uses http on a host that was reached by https.",
        found=_downgraded,
        protected=Level.CRITICAL,
        other=Level.WARNING,
        consequence=_ON_THE_WAY,
        advice="Keep https.",
    ),
    Form(
        code="url-custom-scheme",
        title="A return URL has a scheme of its own.",
        found=_custom,
        protected=Level.WARNING,
        other=Level.NOTICE,
        consequence="Any app on a user's device can claim the scheme and take the authorization code.",
        advice="Use https with a host that is yours; links lead from there into the app.",
        rule="custom-scheme",
    ),
    Form(
        code="url-dot-segments",
        title="A return URL has dot segments in its path.",
        found=_segments,
        protected=Level.WARNING,
        other=Level.NOTICE,
        consequence="Browsers and servers take another path than the one that is read.",
        advice="Write the path out.",
    ),
    Form(
        code="url-leads-on",
        title="A return URL has another address inside its query.",
        found=_leads_on,
        protected=Level.WARNING,
        other=Level.NOTICE,
        consequence="What answers there may send the browser on to that address, with the authorization code in hand.",
        advice="Take it out; let the application keep where its users come from.",
    ),
    Form(
        code="url-disputed",
        title="Programs do not agree on the host of a return URL.",
        found=_disputed,
        protected=Level.CRITICAL,
        other=Level.WARNING,
        consequence="What one program allows, a browser follows to another host.",
        advice="Write scheme://host/path, without backslashes.",
        rule="malformed-url",
    ),
    Form(
        code="url-encoded-host",
        title="The host of a return URL is not written as browsers read it.",
        found=_spelt,
        protected=Level.CRITICAL,
        other=Level.WARNING,
        consequence=_NOBODY_KNOWS,
        advice="Write the host out in plain letters and dots.",
    ),
    Form(
        code="url-fragment",
        title="A return URL has a fragment.",
        found=_fragment,
        protected=Level.NOTICE,
        other=Level.INFO,
        consequence="A redirect URI must have none (RFC 6749, 3.1.2); what stands before it is what servers see.",
        advice="Cut it at the #.",
        rule="url-fragment",
    ),
    Form(
        code="url-ip-address",
        title="A return URL of a protected environment leads to an IP address.",
        found=_known_address,
        protected=Level.WARNING,
        other=None,
        consequence="Nobody can tell whose it is, or check its certificate, and it may change hands.",
        advice="Use a name.",
        rule="ip-literal-in-protected",
    ),
    Form(
        code="url-ip-address",
        title="",
        found=_new_address,
        protected=Level.CRITICAL,
        other=Level.WARNING,
        consequence="Nobody can tell who gets the authorization codes that go there.",
        advice="Use a name.",
        rule="ip-literal-in-protected",
    ),
    Form(
        code="url-loopback",
        title="A return URL of a protected environment leads to the user's own machine.",
        found=_loopback,
        protected=Level.WARNING,
        other=None,
        consequence="Any program on the user's machine can open the port and take the authorization code.",
        advice="Keep it to an environment for development.",
        rule="loopback-in-protected",
    ),
    Form(
        code="url-mixed-scripts",
        title="The host of a return URL mixes letters of several scripts.",
        found=_mixed,
        protected=Level.CRITICAL,
        other=Level.CRITICAL,
        consequence="It looks like another host, whose users' authorization codes it would get.",
        advice="Type the host anew.",
        rule="mixed-script-host",
    ),
    Form(
        code="url-plain-http",
        title="A return URL uses http.",
        found=_plain,
        protected=Level.WARNING,
        other=Level.NOTICE,
        consequence=_ON_THE_WAY,
        advice="Use https.",
        rule="plain-http",
    ),
    Form(
        code="url-punycode",
        title="The host of a return URL is written in punycode.",
        found=_punycode,
        protected=Level.WARNING,
        other=Level.NOTICE,
        consequence="Nobody can read punycode, so a look-alike is not noticed.",
        advice="Compare what it reads with the host that is meant.",
        rule="punycode-host",
    ),
    Form(
        code="url-runs-code",
        title="A return URL has a scheme that browsers run or open on the user's machine.",
        found=_runs,
        protected=Level.CRITICAL,
        other=Level.CRITICAL,
        consequence="A browser that is sent there runs or opens what stands in the URL, with the authorization code at hand.",
        advice="Take it out.",
    ),
    Form(
        code="url-trailing-dot",
        title="The host of a return URL has a dot behind it.",
        found=_dot,
        protected=Level.WARNING,
        other=Level.NOTICE,
        consequence="It is another host to programs that compare texts, and the same one to browsers.",
        advice="Take the dot away.",
    ),
    Form(
        code="url-user-info",
        title="A return URL has a user or password before its host.",
        found=_user_info,
        protected=Level.CRITICAL,
        other=Level.CRITICAL,
        consequence=_NOBODY_KNOWS,
        advice="Take out what stands before the @.",
        rule="url-userinfo",
    ),
    Form(
        code="url-wildcard",
        title="A return URL has a wildcard or placeholder in it.",
        found=_wild_host,
        protected=Level.CRITICAL,
        other=Level.WARNING,
        consequence="Whatever reads it as a pattern sends authorization codes to any host that matches.",
        advice="Write each host out.",
    ),
    Form(
        code="url-wildcard",
        title="",
        found=_wild_rest,
        protected=Level.WARNING,
        other=Level.NOTICE,
        consequence="Whatever compares texts never matches it; whatever reads it as a pattern matches too much.",
        advice="Write the URL out. A variable is ${NAME}; $${ stands for the signs themselves.",
    ),
)

COVERED = frozenset(one.rule for one in FORMS if one.rule)
"""The rules of `validate` that have nothing to add on a URL that arrives."""


@functools.lru_cache(maxsize=65536)
def _is_plain(text: str) -> bool:
    """Whether no form has a word to say about it, as about nearly all."""
    return is_ordinary(text) and _OPEN.search(text) is None and MAYBE.search(text) is None


def _check(forms: tuple[Form, ...], facts: Facts) -> Iterator[Raised]:
    odd = [one for one in facts.arrivals if not _is_plain(one.text)]
    for form in forms if odd else ():
        alike: dict[tuple[str, str], list[Arrival]] = {}
        for one in odd:
            if found := _found(form, one, facts):
                web = web_of(one.text)
                alike.setdefault((registrable(web.host) if web else "", found), []).append(one)
        for (domain, found), arrivals in sorted(alike.items()):
            yield from _raised(form, facts, domain, found, arrivals)


def is_odd(one: Arrival, facts: Facts) -> bool:
    """Whether any form has something to say about it that nothing silences."""
    return not _is_plain(one.text) and any(
        (facts.protected or form.other is not None) and not _silenced(form, facts) and _found(form, one, facts)
        for form in FORMS
    )


def _found(form: Form, one: Arrival, facts: Facts) -> str:
    if one.url is not None:
        return form.found(one.url, facts)
    return "cannot be read: no program can say what its host is" if form.found is _disputed else ""


def _raised(form: Form, facts: Facts, domain: str, found: str, arrivals: list[Arrival]) -> Iterator[Raised]:
    if form.other is None and not facts.protected:
        return
    level = facts.grave(form.protected, form.other or Level.INFO)
    silenced = _silenced(form, facts)
    about, others = whose(arrivals)
    first = arrivals[0]
    many = len({one.text for one in arrivals})
    yield Raised(
        level=Level.INFO if silenced else level,
        about=about,
        summary=f"{quoted(first.text)} {found} ({who(arrivals)})"
        if many == 1
        else f"{count(many, 'return URL')}, as {quoted(first.text)}: each {found} ({who(arrivals)})",
        consequence=form.consequence,
        advice=form.advice,
        subject=first.text if many == 1 else f"{domain} {found}".strip(),
        place=facts.place(first.address, RETURN_URLS, first.text),
        allowed=f"settings.rules.{form.rule}: off" if silenced else "",
        others=others,
    )


def _silenced(form: Form, facts: Facts) -> bool:
    return all(_silences(side, form.rule) for side in (facts.base, facts.tip))


def _silences(side: Reviewed, rule: str) -> bool:
    setting = side.manifest.settings.rules.get(rule) if side.manifest else None
    return setting is not None and setting.severity is None


def _rules() -> Mapping[str, Risk]:
    codes = dict.fromkeys(one.code for one in FORMS)
    forms = {code: tuple(one for one in FORMS if one.code == code) for code in codes}
    return {code: Risk(code, those[0].title, functools.partial(_check, those)) for code, those in forms.items()}


RISKY_FORMS = tuple(_rules().values())
