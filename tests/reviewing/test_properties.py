"""What holds for every two versions: nothing of the same, the same of the same in any order, and no rule that breaks."""

from __future__ import annotations

import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import find, given, settings
from hypothesis import strategies as st

from reconciler.manifest import Readings
from reconciler.model.report import ChangeReport, Finding
from reconciler.reviewing import review
from tests.reviewing.versions import HEAD, reviewed, version

HERE = Path(__file__).parent
CASES = sorted(path.parent for path in (HERE / "cases").glob("*/case.yaml"))

hosts = st.sampled_from(
    [
        "${host}",
        "app.example.com",
        "evil.net",
        "app.examp1e.com",
        "10.0.0.1",
        "localhost",
        "xn--bcher-kva.de",
        "*.example.com",
    ]
)
urls = st.one_of(
    st.builds(
        lambda scheme, host, rest: f"{scheme}{host}{rest}",
        st.sampled_from(["https://", "http://", "myapp:", "https:\\\\", "https:"]),
        hosts,
        st.sampled_from(["", "/cb", ":8443/cb", "./cb", "/{x}", "#a", ":x/"]),
    ),
    st.from_regex(r"\w+:(//?)?[^\s'\\]{1,30}", fullmatch=True).filter(
        lambda text: "${" not in text and text.isprintable()
    ),
)
entries = st.fixed_dictionaries(
    {},
    optional={
        "allowedResourceOauth2ReturnUrls": st.lists(urls, max_size=3),
        "name": st.sampled_from(["agent-a", "agent-b", "agent-x"]),
        "owner": st.sampled_from(["team-a", "team-b"]),
        "inbound": st.sampled_from(["iam", "jwt", "userId"]),
        "expires": st.sampled_from(["2027-01-01", "2028-01-01"]),
        "previously": st.sampled_from(["agent-p", "agent-q"]),
        "environments": st.lists(st.sampled_from(["dev", "prod"]), min_size=1, max_size=2, unique=True),
        "lifecycle": st.fixed_dictionaries({}, optional={"protect": st.booleans(), "updateOnly": st.booleans()}),
        "access": st.lists(
            st.fixed_dictionaries(
                {"oauth2": st.just("corp"), "external": st.just(True)},
                optional={"scopes": st.lists(st.sampled_from(["repo", "user"]), max_size=2)},
            ).map(lambda one: {**one, "flows": ["M2M"]}),
            max_size=1,
        ),
    },
)
sections = st.dictionaries(st.sampled_from(["agent-a", "agent-b", "agent-c", "agent-p"]), entries, max_size=4)
heads = st.sampled_from(
    [
        HEAD,
        HEAD.replace("protect: true, ", ""),
        HEAD.replace("app.example.com", "app.evil.net"),
        HEAD.replace("222", "333"),
    ]
)
manifests = st.builds(
    lambda head, section: {
        "m.yaml": head,
        "w.yaml": yaml.safe_dump({"workloadIdentities": section}, allow_unicode=True),
    },
    heads,
    sections,
)


@given(one=manifests)
@settings(max_examples=100, deadline=None)
def test_a_version_is_no_change_of_itself(one: dict[str, str]) -> None:
    found = reviewed(one, one)
    errors = [each for each in found.findings if "mistakes" in "".join(found.unread)]
    assert found.items == ()
    assert list(found.findings) == errors


@given(base=manifests, head=manifests)
@settings(max_examples=150, deadline=None)
def test_every_change_is_judged_and_every_finding_is_whole(base: dict[str, str], head: dict[str, str]) -> None:
    found = reviewed(base, head)
    ranks = [one.level.rank for one in found.findings]
    assert ranks == sorted(ranks, reverse=True)
    assert len({one.fingerprint for one in found.findings}) == len(found.findings)
    addresses = {one.about for one in found.items}
    for one in found.findings:
        assert one.consequence
        assert one.summary
        assert one.summary.isprintable(), one
        assert "\n" not in one.consequence + one.advice
    if found.complete:
        grave = {
            one.about for one in found.findings if one.code in ("new-domain", "look-alike-host", "identity-deleted")
        }
        assert grave <= addresses


many_urls = st.builds(
    lambda scheme, host, rest: f"{scheme}{host}{rest}",
    st.sampled_from(["https://", "http://", "myapp://", "theirs://"]),
    st.sampled_from(
        [
            "app.example.com",
            *(f"h{at}.example.com" for at in range(8)),
            *(f"h{at}.evil.net" for at in range(3)),
            "*.example.com",
            "{a}.example.com",
            "%61.example.com",
            "www.example.com.",
            "10.0.0.1",
            "10.0.0.2",
            "localhost",
            "xn--bcher-kva.de",
            "www.xn--bcher-kva.de",
        ]
    ),
    st.sampled_from(["/cb", "/{1}", "/{2}", "/*1", "/*2", "/%2a", ":8443/cb", ":9443/cb", "/#a", "/#b"]),
)
full_entries = st.builds(
    lambda url_list, rest: {"allowedResourceOauth2ReturnUrls": url_list, **rest},
    st.lists(many_urls, max_size=20),
    st.fixed_dictionaries(
        {},
        optional={
            "environments": st.sampled_from([["dev"], ["prod"], ["dev", "prod"]]),
            "access": st.lists(
                st.builds(
                    lambda name, scopes, flows: {"oauth2": name, "scopes": scopes, "flows": flows},
                    st.sampled_from(["idp-a", "idp-b"]),
                    st.lists(st.sampled_from(["repo", "user", "admin"]), max_size=3),
                    st.lists(st.sampled_from(["M2M", "USER_FEDERATION"]), min_size=1, max_size=2, unique=True),
                ),
                max_size=2,
                unique_by=lambda one: one["oauth2"],
            ),
        },
    ),
)
endpoints = st.builds(
    "{}{}{}".format,
    st.sampled_from(["https://", "http://"]),
    st.sampled_from(["login.example.com", "idp.example.com", "evil.net"]),
    st.sampled_from(["/a", "/b", ":8443/a", ":9443/a"]),
)
providers = st.builds(
    lambda client, issuer, authorization, token, secret: {
        "credentialProviderVendor": "CustomOauth2",
        "config": {
            "clientId": client,
            "oauthDiscovery": {
                "authorizationServerMetadata": {
                    "issuer": issuer,
                    "authorizationEndpoint": authorization,
                    "tokenEndpoint": token,
                }
            },
        },
        "clientSecret": {"secretId": secret, "jsonKey": "key"},
    },
    st.sampled_from(["a", "b"]),
    endpoints,
    endpoints,
    endpoints,
    st.sampled_from(["one", "two"]),
)
full = st.builds(
    lambda head, section, idp_a, idp_b: {
        "m.yaml": head,
        "w.yaml": yaml.safe_dump(
            {"workloadIdentities": section, "oauth2CredentialProviders": {"idp-a": idp_a, "idp-b": idp_b}}
        ),
    },
    heads,
    st.dictionaries(st.sampled_from(["agent-a", "agent-b", "agent-c"]), full_entries, max_size=3),
    providers,
    providers,
)


@given(base=full, head=full)
@settings(max_examples=150, deadline=None)
def test_no_two_findings_have_the_same_fingerprint(base: dict[str, str], head: dict[str, str]) -> None:
    alike: dict[str, list[Finding]] = {}
    for one in reviewed(base, head).findings:
        alike.setdefault(one.fingerprint, []).append(one)
    assert [one for one in alike.values() if len(one) > 1] == []


def test_full_manifests_are_sound() -> None:
    """Else the property above would speak of mistakes alone."""
    sound = find(full, lambda one: version(one).manifest is not None and len(one["w.yaml"]) > 1_000)
    assert version(sound).stack("prod") is not None


@given(base=sections, head=sections, seed=st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_neither_order_nor_files_matter(base: dict, head: dict, seed: random.Random) -> None:
    def files(section: dict, order: list[str], split: bool) -> dict[str, str]:
        parts = [{key: section[key]} for key in order] if split else [{key: section[key] for key in order}]
        texts = (yaml.safe_dump({"workloadIdentities": one}, sort_keys=False, allow_unicode=True) for one in parts)
        return {"a.yaml": HEAD, **{f"w{at}.yaml": text for at, text in enumerate(texts)}}

    shuffled = list(head)
    seed.shuffle(shuffled)
    first = reviewed(files(base, list(base), False), files(head, list(head), False))
    second = reviewed(files(base, sorted(base), True), files(head, shuffled, True))
    assert _words(first) == _words(second)


@given(kept=sections, heads=st.tuples(heads, heads), parts=st.tuples(sections, sections))
@settings(max_examples=100, deadline=None)
def test_what_both_versions_hold_means_the_same_when_it_is_read_once(
    kept: dict, heads: tuple[str, str], parts: tuple[dict, dict]
) -> None:
    base, head = (
        {"a.yaml": top, "kept.yaml": yaml.safe_dump({"workloadIdentities": kept}, allow_unicode=True)}
        | {"w.yaml": yaml.safe_dump({"workloadIdentities": {f"{key}-w": one for key, one in part.items()}})}
        for top, part in zip(heads, parts, strict=True)
    )
    readings: Readings = {}
    once = review(version(base, readings), version(head, readings), lambda _: True)
    assert once == reviewed(base, head)


def test_what_a_file_comes_to_that_did_not_change_is_taken_over() -> None:
    kept = "workloadIdentities:\n  kept-agent: {tags: {at: '${host}'}}\n"
    part = "workloadIdentities:\n  part-agent: {tags: {at: '%s'}}\n"
    readings: Readings = {}
    base = version({"a.yaml": HEAD, "kept.yaml": kept, "w.yaml": part % "a"}, readings)
    head = version({"a.yaml": HEAD, "kept.yaml": kept, "w.yaml": part % "b"}, readings)
    moved = version({"a.yaml": HEAD.replace("app.", "www."), "kept.yaml": kept}, readings)
    before, after, other = (
        {one.address.key: one for one in each.stack("prod").resources.values()}
        for each in (base, replace(head, earlier=base), replace(moved, earlier=base))
    )
    assert after["kept-agent"] is before["kept-agent"]
    assert after["part-agent"].attributes["tags"] == {"at": "b"}
    assert other["kept-agent"].attributes["tags"] == {"at": "www.example.com"}


def _words(report: ChangeReport) -> list[tuple[object, ...]]:
    told = [(one.code, one.about, one.subject, one.level, one.environments, one.others) for one in report.findings]
    return sorted(told, key=repr) + [(one.about, one.action, one.environments, one.level) for one in report.items]


@pytest.mark.parametrize("seed", ["0", "7"])
def test_the_same_bytes_under_every_hash_seed(seed: str) -> None:
    code = (
        "import sys; sys.path.insert(0, '.')\n"
        "from tests.reviewing.test_cases import CASES, play\n"
        "print([repr(play(one)) for one in CASES])\n"
    )
    root = HERE.parents[1]
    shown = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": one, "PATH": ""},
        ).stdout
        for one in (seed, "1")
    ]
    assert shown[0] == shown[1]
    assert len(shown[0]) > 10_000


def test_the_settings_of_reviews_change_no_plan() -> None:
    text = HEAD + "workloadIdentities: {agent: {}}\n"
    review = 'settings: {review: {hosts: ["*.example.com"], approvers: [{paths: [stack], require: security}]}}\n'
    digests = [version(one).stack("prod").digest for one in (text, text + review)]
    assert digests[0] == digests[1]


def test_all_cases_are_played_whole() -> None:
    assert len(CASES) > 80
