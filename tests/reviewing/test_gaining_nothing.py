"""Who loosens the rules of the review in the change that is reviewed gains nothing by it; and who hides it, neither."""

from __future__ import annotations

import pytest

from reconciler.model.report import Level
from tests.reviewing.versions import HEAD, identity, reviewed, told

URL, EVIL = "https://${host}/cb", "https://evil.net/cb"
APPROVERS = 'settings: {review: {approvers: [{paths: ["settings.*", "environments.prod.*"], require: security}]}}\n'


@pytest.mark.parametrize(
    "loosened",
    [
        identity(URL, EVIL) + "settings: {review: {hosts: [evil.net]}}\n",
        identity(URL, EVIL).replace("protect: true, ", ""),
        identity(URL, EVIL).replace("protect: true, ", "").replace('account: "222222222222"', "directory: embedded"),
    ],
    ids=["allowed by itself", "protection lifted", "emulated from now on"],
)
def test_a_new_domain_in_prod_stays_critical(loosened: str) -> None:
    assert told(identity(URL), loosened)["new-domain"].level is Level.CRITICAL


def test_approvers_of_both_versions_are_asked() -> None:
    other = APPROVERS.replace("security", "others")
    found = reviewed(identity(URL) + APPROVERS, identity(URL) + other)
    assert [one.require for one in found.approvals] == ["others", "security"]
    assert [one.because for one in found.approvals] == [("settings",), ("settings",)]


def test_an_approver_of_a_manifest_that_is_deleted_is_asked() -> None:
    found = reviewed(identity(URL) + APPROVERS, None)
    assert [one.require for one in found.approvals] == ["security"]


def test_without_a_change_nobody_is_asked() -> None:
    assert reviewed(identity(URL) + APPROVERS, identity(URL) + APPROVERS).approvals == ()


def test_a_variable_is_a_change_of_what_it_moves() -> None:
    settings = (
        'settings: {review: {approvers: [{paths: ["workloadIdentities.agent"], require: agents, from: critical}]}}\n'
    )
    text = identity(URL) + settings
    found = reviewed(text, text.replace("host: app.example.com", "host: app.evil.net"))
    assert [(one.require, one.because) for one in found.approvals] == [("agents", ("workloadIdentities.agent",))]


def test_a_finding_of_another_environment_is_none_of_this_one() -> None:
    found = reviewed(identity(URL), identity(URL.replace("${host}", "${host}.:443")))
    levels = {one.environments: one.level for one in found.items}
    assert levels == {("dev",): Level.NOTICE, ("prod",): Level.WARNING}


def test_a_url_that_moves_to_another_file_or_behind_an_anchor_is_no_change() -> None:
    base = {
        "m.yaml": HEAD,
        "z.yaml": f"workloadIdentities: {{agent: {{allowedResourceOauth2ReturnUrls: ['{URL}']}}}}\n",
    }
    anchored = f"workloadIdentities: {{agent: {{owner: &u '{URL}', allowedResourceOauth2ReturnUrls: [*u]}}}}\n"
    found = reviewed(base, {"m.yaml": HEAD, "a.yaml": anchored})
    assert {row.name for one in found.items for row in one.rows} == {"owner"}


def test_an_anchored_url_is_placed_where_it_is_used() -> None:
    text = f"{HEAD}workloadIdentities:\n  one-agent: &a\n    allowedResourceOauth2ReturnUrls:\n      - {URL}\n"
    head = text + f"      - {EVIL}\n  two-agent: *a\n"
    found = told(text, head)["new-domain"]
    assert str(found.source) == "m.yaml:10:9"
    assert (found.about, found.others) == ("workload_identity.one-agent", ("workload_identity.two-agent",))


def test_an_escaped_variable_is_no_host() -> None:
    found = told(identity(URL), identity(URL, "https://$${host}/cb"))
    assert found["url-wildcard"].level is Level.CRITICAL
    assert "new-domain" not in found


def test_hundreds_of_the_same_are_told_once() -> None:
    def many(url: str) -> str:
        entries = (f"  a-{i:03}: {{allowedResourceOauth2ReturnUrls: ['{url}/{i}']}}\n" for i in range(300))
        return HEAD + "workloadIdentities:\n" + "".join(entries)

    found = reviewed(many("https://${host}"), many("http://u@x*.evil.net:99").replace("u@", ""))
    assert len(found.findings) < 12
    assert {one.code for one in found.findings} >= {"url-wildcard", "url-plain-http", "url-removed"}
    one = next(one for one in found.findings if one.code == "url-wildcard")
    assert len(one.others) == 299
    assert "300 identities" in one.summary
    levels = {(item.environments, item.level) for item in found.items}
    assert levels == {(("dev",), Level.WARNING), (("prod",), Level.CRITICAL)}


def test_what_is_counted_is_named_alike_whatever_file_it_stands_in() -> None:
    def files(*names: str) -> dict[str, str]:
        entries = [f"workloadIdentities: {{{name}: {{}}}}\n" for name in ("a-1", "a-2", "a-3", "a-4", "a-5", "a-6")]
        return {"m.yaml": HEAD, **dict(zip(names, entries, strict=True))}

    forward = reviewed(HEAD, files("a.yaml", "b.yaml", "c.yaml", "d.yaml", "e.yaml", "f.yaml"))
    backward = reviewed(HEAD, files("f.yaml", "e.yaml", "d.yaml", "c.yaml", "b.yaml", "a.yaml"))
    told = [[(one.code, one.about, one.summary, one.others) for one in each.findings] for each in (forward, backward)]
    assert told[0] == told[1]
    assert [(code, about) for code, about, _, _ in told[0]] == [("no-return-urls", "workload_identity.a-1")]
