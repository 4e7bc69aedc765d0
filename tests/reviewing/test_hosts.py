"""Hosts as an attacker writes them: each is told for what it is, however it is spelt."""

from __future__ import annotations

import time

import pytest

from reconciler.manifest.domains import is_public_suffix, public_suffix, registrable
from reconciler.model.report import Level
from reconciler.model.review_settings import ReviewSettings
from reconciler.reviewing.arrivals import places_of, web_of
from reconciler.reviewing.likeness import Known, skeleton
from tests.reviewing.versions import identity, told

KNOWN = Known(["app.example.com", "agents.initech.io", "ours.github.io", "pay.acme-corp.co.uk"])


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("app.example.com", "example.com"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("a.ours.github.io", "ours.github.io"),
        ("bucket.s3.amazonaws.com", "bucket.s3.amazonaws.com"),
        ("abc.execute-api.us-east-1.amazonaws.com", "abc.execute-api.us-east-1.amazonaws.com"),
        ("acme.service-now.com", "acme.service-now.com"),
        ("acme.eu.auth0.com", "acme.eu.auth0.com"),
        ("acme.my.salesforce.com", "acme.my.salesforce.com"),
        ("app.westeurope.cloudapp.azure.com", "app.westeurope.cloudapp.azure.com"),
        ("okta.com", "okta.com"),
        ("docs.azure.com", "azure.com"),
        ("intranet", "intranet"),
        ("", ""),
    ],
)
def test_a_domain_is_what_somebody_registered(host: str, domain: str) -> None:
    assert registrable(host) == domain


def test_suffixes_of_private_owners_count() -> None:
    assert is_public_suffix("github.io")
    assert is_public_suffix("com")
    assert is_public_suffix("okta.com")
    assert not is_public_suffix("acme.okta.com")
    assert not is_public_suffix("example.com")
    assert public_suffix("app.example.co.uk") == "co.uk"
    assert public_suffix("acme.okta.com") == "okta.com"
    assert public_suffix("intranet") == ""


@pytest.mark.parametrize(
    ("host", "like"),
    [
        ("app.examp1e.com", "example.com"),
        ("app.exarnple.com", "example.com"),
        ("exаmple.com", "example.com"),  # a Cyrillic а
        ("xn--exmple-cua.com", "example.com"),  # ä
        ("app.exmaple.com", "example.com"),
        ("examples.com", "example.com"),
        ("exampl.com", "example.com"),
        ("example.net", "example.com"),
        ("example.co.uk", "example.com"),
        ("example.github.io", "example.com"),
        ("app.example.com.evil.net", "app.example.com"),
        ("app-example-com.evil.net", "app.example.com"),
        ("example-login.com", "example.com"),
        ("0urs.github.io", "ours.github.io"),
        ("lnitech.io", "initech.io"),
        ("acrne-corp.co.uk", "acme-corp.co.uk"),
    ],
)
def test_what_passes_itself_off_as_a_known_host(host: str, like: str) -> None:
    found = KNOWN.alike(host)
    assert found is not None
    assert found[0] == like


@pytest.mark.parametrize(
    "host",
    [
        "app.example.com",
        "new.example.com",
        "evil.net",
        "theirs.github.io",
        "samples.org",
        "corp.net",
        "intranet",
        "a.b.c",
    ],
)
def test_what_is_no_likeness(host: str) -> None:
    assert KNOWN.alike(host) is None


def test_a_likeness_of_a_huge_host_takes_no_time() -> None:
    began = time.monotonic()
    assert KNOWN.alike(".".join(["a"] * 1000) + ".net") is None
    assert time.monotonic() - began < 1


def test_what_looks_alike_is_written_alike() -> None:
    assert skeleton("PAYPAL") == skeleton("paypa1") == skeleton("раураӏ") == skeleton("ｐａｙｐａｌ")
    assert skeleton("modern") != skeleton("mode")


@pytest.mark.parametrize(
    ("url", "code", "subject"),
    [
        ("https://evil.net\\@app.example.com/", "new-domain", "evil.net"),
        ("https:evil.net/cb", "new-domain", "evil.net"),
        ("https:///evil.net/cb", "new-domain", "evil.net"),
        ("https:\\\\evil.net/cb", "new-domain", "evil.net"),
        ("HTTPS://EVIL.net/cb", "new-domain", "evil.net"),
        ("https://ｅvil.net/cb", "new-domain", "evil.net"),
        ("https://%65vil%2Enet/cb", "new-domain", "evil.net"),
        ("https://app.example.com。evil.net/cb", "look-alike-host", "app.example.com.evil.net"),
        ("https://evil.net.:443/cb", "new-domain", "evil.net"),
        ("https://0x0a.1/cb", "url-ip-address", None),
        ("https://[2001:db8::1]/cb", "url-ip-address", None),
        ("https://[::1/cb", "url-disputed", None),
        ("JavaScript:alert//x", "url-runs-code", None),
        ("http://[::ffff:127.0.0.1]/cb", "url-loopback", None),
        ("https://app.example.com:8443/cb", "port-changed", "app.example.com:8443"),
        ("https://" + "a." * 60 + "evil.net/cb", "new-domain", None),
    ],
)
def test_a_host_is_the_one_that_a_browser_calls(url: str, code: str, subject: str | None) -> None:
    found = told(identity("https://${host}/cb"), identity("https://${host}/cb", url))
    assert code in found, sorted(found)
    assert subject in (None, found[code].subject)
    assert all(one.isprintable() for one in found[code].summary)


def test_a_long_host_shows_its_end_which_is_whose_it_is() -> None:
    host = "app.example.com." + "a" * 60 + "." + "b" * 60 + ".evil.net"
    found = told(identity("https://${host}/cb"), identity("https://${host}/cb", f"https://{host}/cb"))
    assert "evil.net" in found["look-alike-host"].summary


def test_nothing_in_a_default_port_or_spelling_is_new() -> None:
    base = identity("https://app.example.com/cb", "https://dev.example.com/cb")
    head = identity("https://APP.example.com:443/two", "https://dev.example.com/cb", "https://app.example.com/cb")
    assert set(told(base, head)) == {"url-added", "url-shared-across-environments"}


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example.com/cb/x",
        "http://a/b",
        "https:evil.net/cb",
        "https:///evil.net/cb",
        "https://a.example.com?to=/x",
        "https://a.example.com#/x",
        "https://evil.net\\@a.example.com/x",
        "HTTPS://A.example.com:8443/x",
        "https://a%2eb.net/x",
        "https://[2001:db8::1]:8443/x",
        "https://a.example.com",
    ],
)
def test_what_stands_before_the_path_is_where_a_url_leads(url: str) -> None:
    assert places_of([url]) == {web_of(url)}


@pytest.mark.parametrize(
    ("glob", "host", "allowed"),
    [
        ("*.example.com", "app.example.com", True),
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "example.com.evil.net", False),
        ("*.example.com", "evilexample.com", False),
        ("app-*.example.com", "app-1.example.com", True),
        ("app-*.example.com", "app-1.evil.example.com", False),
        ("app-?.example.com", "app-1.example.com", True),
        ("app-?.example.com", "app-..example.com", False),
        ("app.example.com", "appxexample.com", False),
    ],
)
def test_a_glob_never_reaches_over_a_dot_but_at_its_front(glob: str, host: str, allowed: bool) -> None:
    assert bool(ReviewSettings(hosts=(glob,)).glob_for(host)) is allowed


def test_an_allowed_host_is_forgiven_nothing_but_that_it_is_new() -> None:
    settings = "settings: {review: {hosts: [partner.org]}}\n"
    base, head = identity("https://${host}/cb"), identity("https://${host}/cb", "http://partner.org/cb")
    found = told(base + settings, head + settings)
    assert found["new-host"].level is Level.INFO
    assert found["new-host"].allowed == "settings.review.hosts: partner.org"
    assert found["url-plain-http"].level is Level.WARNING
