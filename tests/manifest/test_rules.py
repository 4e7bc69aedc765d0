"""Each rule: what it finds, what it leaves alone, and how the manifest changes its mind."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.diagnostics import Severity
from reconciler.manifest import RULES, ManifestFile, load_files, resolve
from reconciler.manifest.urls import Url, is_loopback, is_ordinary, mixes_scripts, parse_url

URLS: dict[str, list[str]] = {
    # URL -> the rules that speak, in an environment that is not protected
    "https://app.example.com/oauth/callback?x=1&y=[2]": [],
    "https://app.example.com:8443/": [],
    "http://app.example.com/": ["plain-http"],
    "HTTP://app.example.com/": ["plain-http"],
    "http://localhost:8080/": [],
    "http://app.localhost/": [],
    "http://127.0.0.1/": [],
    "http://[::1]:8080/": [],
    "http://2130706433/": [],
    "http://0x7f.1/": [],
    "http://127.0.0.1.example.com/": ["plain-http"],
    "http://localhost.example.com/": ["plain-http"],
    "http:\\\\app.example.com/": ["malformed-url", "plain-http"],
    "http:app.example.com": ["malformed-url", "plain-http"],
    "https://10.0.0.1/": [],
    "https://user@app.example.com/": ["url-userinfo"],
    "https://app.example.com:x@evil.example.org/": ["url-userinfo"],
    "https://app.example.com\\@evil.example.org/": ["malformed-url"],
    "https://app.example.com/@team": [],
    "https://app.example.com/#x": ["url-fragment"],
    "https://app.example.com/#": ["url-fragment"],
    "https://xn--bcher-kva.example.com/": ["punycode-host"],
    "https://bücher.example.com/": [],
    "https://пример.example.com/": [],
    "https://раypal.example.com/": ["mixed-script-host"],
    "https://xn--ypal-43d9g.example.com/": ["mixed-script-host", "punycode-host"],
    "https://東京タワーtower.example.com/": [],
    "myapp:callback": ["custom-scheme"],
    "myapp://callback": ["custom-scheme"],
    "javascript:alert(1)": ["custom-scheme"],
    "https://[::1/": ["malformed-url"],
    "https://app.example.com:port/": ["malformed-url"],
}
PROTECTED: dict[str, list[str]] = {
    "https://app.example.com/": [],
    "http://localhost:8080/": ["loopback-in-protected"],
    "https://127.1/": ["loopback-in-protected"],
    "https://[::ffff:127.0.0.1]/": ["loopback-in-protected"],
    "https://0.0.0.0/": ["loopback-in-protected"],
    "https://%6cocalhost/": ["loopback-in-protected"],
    "https://localhost./": ["loopback-in-protected"],
    "https://10.0.0.1/": ["ip-literal-in-protected"],
    "https://167772161/": ["ip-literal-in-protected"],
    "https://[2001:db8::1]/": ["ip-literal-in-protected"],
    "https://10.0.0.1.example.com/": [],
}
MANIFEST = """\
version: 1
stack: s
environments: {{e: {{protect: {protect}}}}}
workloadIdentities:
  abc:
    allowedResourceOauth2ReturnUrls:
      - '{url}'
"""


def _codes(found):
    return sorted(one.code for one in found)


@pytest.mark.parametrize(("url", "expected"), URLS.items())
def test_a_rule_finds_what_it_is_for_and_nothing_else(url, expected, findings):
    found = findings(MANIFEST.format(protect="false", url=url))

    assert _codes(found) == expected
    assert {str(one.source) for one in found} <= {"m.yaml:7:9"}
    assert {one.address for one in found} <= {"workload_identity.abc"}


@pytest.mark.parametrize(("url", "expected"), PROTECTED.items())
def test_a_protected_environment_is_stricter(url, expected, findings):
    assert _codes(findings(MANIFEST.format(protect="true", url=url))) == expected
    assert _codes(findings(MANIFEST.format(protect="false", url=url))) == []


@pytest.mark.parametrize(
    ("name", "likely"),
    [
        ("checkout_agent-a1B2c3D4e5", True),
        ("checkout-gw-a1b2c3d4e5", True),
        ("invoice-AbCdEfGhIj", True),
        ("checkout-production", False),
        ("checkout-automation", False),
        ("agent-0000000001", False),
        ("invoice-agent", False),
    ],
)
def test_a_name_looks_service_made_by_its_id(name, likely, findings):
    text = f"version: 1\nstack: s\nworkloadIdentities:\n  {name}: {{allowedResourceOauth2ReturnUrls: ['https://a.example.com/']"

    assert _codes(findings(text + "}\n")) == (["service-like-name"] if likely else [])
    assert _codes(findings(text + ", lifecycle: {updateOnly: true}}\n")) == []


def test_a_shared_url_is_told_once_with_those_who_share_it(findings):
    entries = "".join(f"  abc{i}: {{allowedResourceOauth2ReturnUrls: ['https://a.example.com/']}}\n" for i in range(6))

    (told,) = findings("version: 1\nstack: s\nworkloadIdentities:\n" + entries)

    assert (told.code, str(told.source)) == ("shared-url", "m.yaml:4:44")
    assert "workload_identity.abc0, workload_identity.abc1, workload_identity.abc2 and 3 more" in told.summary


def test_a_url_twice_in_one_identity_is_not_shared(findings):
    url = "https://a.example.com/"
    text = (
        f"version: 1\nstack: s\nworkloadIdentities: {{abc: {{allowedResourceOauth2ReturnUrls: ['{url}', '{url}']}}}}\n"
    )

    assert findings(text) == ()


def test_an_identity_without_return_urls_is_worth_a_word(findings):
    (told,) = findings("version: 1\nstack: s\nworkloadIdentities:\n  abc: {}\n")

    assert (told.code, told.severity, str(told.source)) == ("no-return-urls", Severity.INFO, "m.yaml:4:3")


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("", [Severity.WARNING]),
        ("error", [Severity.ERROR]),
        ("{severity: info}", [Severity.INFO]),
        ("{severity: off, reason: because}", []),
        ("{severity: 'off', reason: because}", []),
    ],
)
def test_settings_raise_lower_and_silence_a_rule(setting, expected, findings):
    text = MANIFEST.format(protect="false", url="http://app.example.com/")
    text += f"settings: {{rules: {{plain-http: {setting}}}}}\n" if setting else ""

    assert [one.severity for one in findings(text)] == expected


def test_codes_are_unique_and_sorted():
    codes = [rule.code for rule in RULES]

    assert codes == sorted(set(codes))


hosts = st.text("abcdexn-.:@1270localhost[]%#\\/?é", max_size=24)


@given(text=st.one_of(hosts, hosts.map(lambda rest: f"example.com{rest}")).map(lambda rest: f"https://{rest}"))
@settings(max_examples=1500, deadline=None)
def test_no_rule_has_a_word_to_say_about_an_ordinary_url(text):
    if not is_ordinary(text):
        return
    url = parse_url(text)

    assert url == Url(
        text=text,
        scheme="https",
        host=url.written,
        written=url.written,
        port=url.port,
        user_info=False,
        fragment=False,
        disputed=False,
    )
    assert url.host.isascii()
    assert not is_loopback(url.host)
    assert "xn--" not in url.host
    assert not mixes_scripts(url.host)


@given(st.text(max_size=40).map(lambda rest: f"https://{rest}"))
@settings(max_examples=500, deadline=None)
def test_any_text_is_read_or_refused(text):
    try:
        url = parse_url(text)
    except ValueError:
        return
    assert isinstance(is_loopback(url.host), bool)


EXPIRING = """\
version: 1
stack: s
workloadIdentities:
  abc:
    allowedResourceOauth2ReturnUrls: ['https://a.example.com/']
    expires: {day}
    owner: team-${{environment}}
"""


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2027-03-16", ""),
        ("2027-03-15", "expires in 14 days (owner team-default)"),
        ("2027-03-02", "expires in 1 day (owner team-default)"),
        ("2027-03-01", "has expired (owner team-default)"),
        ("2026-03-01", "has expired (owner team-default)"),
    ],
)
def test_what_expires_soon_is_told_by_the_day_that_is_given(day, said):
    loaded = load_files([ManifestFile("m.yaml", EXPIRING.format(day=day).encode())])

    found = resolve(loaded.manifest, "default", today=date(2027, 3, 1)).diagnostics

    assert [(one.code, str(one.source), one.summary) for one in found] == (
        [("expires-soon", "m.yaml:4:3", f"workload_identity.abc {said}")] if said else []
    )
    assert resolve(loaded.manifest, "default").diagnostics == ()
