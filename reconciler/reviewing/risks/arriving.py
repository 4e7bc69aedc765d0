"""The risk of a return URL that nothing else is to be said of: it arrives where as much is at stake as can be."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.manifest.documents import quoted
from reconciler.manifest.rules import RETURN_URLS
from reconciler.model.report import Level
from reconciler.reviewing.risks.facts import Facts, Raised, Risk, count
from reconciler.reviewing.risks.forms import is_odd
from reconciler.reviewing.risks.hosts import by_host, new_hosts, shown, who, whose


def _added(facts: Facts) -> Iterator[Raised]:
    """Once for each host that is in use; of the others, and of what is written oddly, other rules tell."""
    if not facts.protected or facts.played:
        return
    fresh = {host.name for host in new_hosts(facts)}
    for host, arrived in by_host(facts).items():
        arrivals = [one for one in arrived if not is_odd(one, facts)] if host not in fresh else []
        if not arrivals:
            continue
        about, others = whose(arrivals)
        first, many = arrivals[0], len({one.text for one in arrivals})
        what = f"{quoted(first.text)} is" if many == 1 else f"{count(many, 'return URL')} on {shown(host)} are"
        yield Raised(
            level=Level.NOTICE,
            about=about,
            summary=f"{what} new ({who(arrivals)})",
            consequence="Authorization codes of users may go to whatever answers at that path.",
            advice="Ask what answers there, and whether it sends browsers on.",
            subject=first.text if many == 1 else host,
            place=facts.place(first.address, RETURN_URLS, first.text),
            others=others,
        )


ARRIVING = (Risk("url-added", "A return URL arrives on a host that is in use.", _added),)
