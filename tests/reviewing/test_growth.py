"""How the work of a review grows with the stack. Counted in calls of functions, not timed: the same on every machine."""

from __future__ import annotations

import cProfile

from tests.reviewing.versions import told

TOP = "version: 1\nstack: s\nenvironments:\n"


def _places(first: int, last: int, account: int | None = None) -> str:
    """Environments, each in an account of its own, or all in one."""
    numbers = ((at, at if account is None else account) for at in range(first, last))
    return "".join(f"  e{at:03}: {{account: '{number:012}', region: us-east-1}}\n" for at, number in numbers)


def _calls(base: str, head: str, code: str, words: str) -> int:
    """How many functions a review of the two calls; that it finds what it has to is seen to."""
    profile = cProfile.Profile()
    found = profile.runcall(told, base, head)
    assert words in found[code].summary
    return sum(one.callcount for one in profile.getstats())


def _new_hosts(environments: int, hosts: int) -> int:
    known = "".join(f"      - https://a{at}.example.com/cb\n" for at in range(hosts))
    fresh = "".join(f"      - https://a{at}.example.net/cb\n" for at in range(hosts))
    start = f"{TOP}{_places(0, environments)}workloadIdentities:\n  agent:\n    allowedResourceOauth2ReturnUrls:\n"
    return _calls(start + known, start + known + fresh, "look-alike-host", f"{hosts} hosts")


def test_each_new_host_costs_the_same_however_many_environments_and_hosts_there_are() -> None:
    _new_hosts(1, 2)  # what is read once for good
    few = _new_hosts(20, 20)
    assert _new_hosts(40, 20) < 2.3 * few
    assert _new_hosts(20, 40) < 2.3 * few


def _clashes(identities: int) -> int:
    entries = "".join(f"  agent-{at:04}: {{owner: me}}\n" for at in range(identities))
    base, head = (f"{TOP}{_places(0, last, 1)}workloadIdentities:\n{entries}" for last in (1, 2))
    return _calls(base, head, "place-shared", f"and {identities - 3} more")


def test_each_name_that_another_environment_has_costs_the_same_however_many_there_are() -> None:
    _clashes(20)
    assert _clashes(400) < 2.3 * _clashes(200)
