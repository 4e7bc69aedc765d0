"""The live directory as a manifest: readable, and the same values when it is read again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.manifest import load, resolve
from reconciler.model.addresses import Address, Remote
from reconciler.model.environments import OWNER_TAG, Target, Where
from reconciler.model.kinds import API_KEY_PROVIDER, OAUTH2_PROVIDER, TOKEN_VAULT, WORKLOAD_IDENTITY, kind_of
from reconciler.model.resources import Known, Live, Lock, Origin
from reconciler.model.values import canonical
from reconciler.render import export_yaml, exported

TARGET = Target(stack="payments", environment="prod", account="222222222222", region="us-east-1")
URLS = "allowedResourceOauth2ReturnUrls"


def live(name: str, *urls: str, owner: str = "", **tags: str) -> Live:
    return Live(
        remote=Remote(WORKLOAD_IDENTITY.type, name),
        arn=f"arn:{name}",
        attributes=canonical(WORKLOAD_IDENTITY, {URLS: urls, "tags": tags}),
        owner=owner,
    )


def export(found: Iterable[Live], *, target: Target = TARGET, **options: Any) -> str:
    shown = {name: options.pop(name) for name in ("where",) if name in options}
    entries = exported(found, target=target, **{"linked": {}, **options})
    return export_yaml(entries, target=target, ignored=options.get("ignored", ()), **shown)


def test_an_export_is_a_manifest_that_says_what_it_found() -> None:
    found = [
        live("zeta-bot"),
        live("invoice-agent", "https://app.example.com/${user}", owner="payments/prod", **{"team": "p", "aws:x": "y"}),
        live("rt-AbCdEfGhIj", "https://app.example.com/cb"),
        live("theirs", owner="other/prod", **{"cost-center": "42"}),
    ]
    linked = {"arn:rt-AbCdEfGhIj": "runtime rt-AbCdEfGhIj"}
    assert export(found, linked=linked, ignored=("cost-*",)) == dedent("""\
        # yaml-language-server: $schema=../schemas/manifest.schema.json
        version: 1
        stack: "payments"
        settings:
          ignoreTags: ["cost-*"]
        environments:
          "prod":
            account: "222222222222"
            region: "us-east-1"
        workloadIdentities:
          "invoice-agent":
            allowedResourceOauth2ReturnUrls:
              - "https://app.example.com/$${user}"
            tags:
              "team": "p"
          # service-linked: runtime rt-AbCdEfGhIj made it; only allowedResourceOauth2ReturnUrls and tags can be kept here
          "rt-AbCdEfGhIj":
            lifecycle: {updateOnly: true}
            allowedResourceOauth2ReturnUrls:
              - "https://app.example.com/cb"
          # managed by another stack, other/prod: adopting it will be refused
          "theirs": {}
          "zeta-bot": {}
    """)


def test_an_empty_directory_is_an_empty_manifest() -> None:
    text = export([], where=Where.EMBEDDED)
    assert yaml.safe_load(text) == {
        "version": 1,
        "stack": "payments",
        "environments": {"prod": {"directory": "embedded"}},
        "workloadIdentities": {},
    }


def test_an_environment_of_which_nothing_is_known_is_still_a_mapping() -> None:
    target = Target(stack="s", environment="default", account="", region="")
    assert yaml.safe_load(export([], target=target))["environments"] == {"default": {}}


# Everything the service takes, and what YAML 1.1 would make something else of.
names = st.one_of(
    st.from_regex(WORKLOAD_IDENTITY.name.pattern, fullmatch=True).filter(lambda text: 3 <= len(text) <= 60),
    st.sampled_from(["yes", "null", "0123", "1.5", "2026-11-24", "0x1F", "1e3", "...", "---", "NaN", "a: b"[:1] * 3]),
)
printable = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
urls = st.builds(
    "https://{}".format, st.text(st.characters(exclude_categories=["Cs", "Z", "Cc"]), min_size=1, max_size=20)
)
tags = st.dictionaries(printable.filter(lambda key: not key.startswith("aws:")), printable, max_size=4)
lives = st.dictionaries(names, st.tuples(st.lists(urls | st.just("x:${a}$${b}$$${c}"), max_size=4), tags), max_size=4)


def unescaped(value: Any) -> Any:
    """The manifest's own reading of `$${`, written here a second time."""
    return re.sub(r"\$\$\{", "${", value) if isinstance(value, str) else value


@settings(deadline=None)
@given(lives, printable)
def test_read_back_by_any_yaml_reader_the_values_are_the_same(found: dict[str, Any], holder: str) -> None:
    given_ = [live(name, *some_urls, **some_tags) for name, (some_urls, some_tags) in found.items()]
    linked = {one.arn: holder for one in given_[::2]}
    read = yaml.safe_load(export(given_, linked=linked))["workloadIdentities"]
    assert set(read) == set(found)
    for one in given_:
        entry = read[one.remote.name]
        again = {
            URLS: [unescaped(url) for url in entry.get(URLS, [])],
            "tags": {key: unescaped(text) for key, text in entry.get("tags", {}).items()},
        }
        assert canonical(WORKLOAD_IDENTITY, again) == one.attributes
        assert entry.get("lifecycle") == ({"updateOnly": True} if one.arn in linked else None)


urls_taken = st.from_regex(r"https://[a-z]{1,8}\.example(/[a-z${}.~%]{0,12})?", fullmatch=True)
tags_taken = st.dictionaries(
    st.from_regex(r"[A-Za-z0-9 ._:/=+@-]{1,12}", fullmatch=True).filter(
        lambda key: not key.lower().startswith("aws:") and key != OWNER_TAG
    ),
    st.from_regex(r"[A-Za-z0-9 ._:/=+@-]{0,12}", fullmatch=True),
    max_size=4,
)
taken = st.dictionaries(names, st.tuples(st.lists(urls_taken, max_size=4), tags_taken), max_size=4)


@settings(max_examples=50, deadline=None)
@given(taken)
def test_loaded_as_our_own_manifest_the_attributes_are_the_same(found: dict[str, Any]) -> None:
    standing = {name: live(name, *some_urls, **some_tags) for name, (some_urls, some_tags) in found.items()}
    linked = {one.arn: "runtime x" for one in list(standing.values())[::2]}
    with TemporaryDirectory() as folder:
        file = Path(folder, "exported.yaml")
        file.write_text(export(standing.values(), linked=linked), encoding="utf-8")
        loaded = load(file)
        assert loaded.manifest is not None, loaded.diagnostics
        resolved = resolve(loaded.manifest, "prod")
    assert resolved.stack is not None, resolved.diagnostics
    stack = resolved.stack
    assert (stack.name, stack.environment.account, stack.environment.region) == (
        "payments",
        "222222222222",
        "us-east-1",
    )
    assert {one.name: one.attributes for one in stack.resources.values()} == {
        name: one.attributes for name, one in standing.items()
    }
    assert {one.name for one in stack.resources.values() if one.update_only} == {
        name for name, one in standing.items() if one.arn in linked
    }


# The other kinds


PLACE = "arn:aws:bedrock-agentcore:us-east-1:222222222222:token-vault/default"
SECRET_ARN = "arn:aws:secretsmanager:us-east-1:222222222222:secret:prod/x-AbCdEf"
KMS_ARN = "arn:aws:kms:us-east-1:222222222222:key/11111111-2222-3333-4444-555555555555"
EXTERNAL = {"source": "EXTERNAL", "secretId": SECRET_ARN, "jsonKey": "key"}
CUSTOM = {
    "clientId": "c",
    "oauthDiscovery": {"authorizationServerMetadata": {
        "issuer": "https://id", "authorizationEndpoint": "https://id/a", "tokenEndpoint": "https://id/t",
    }},
    "privateEndpointOverrides": [
        {"domain": one, "privateEndpoint": {"selfManagedLatticeResource": {"resourceConfigurationIdentifier": f"rcfg-{at}"}}}
        for at, one in ((f"{0:017}", "a.example"), (f"{1:017}", "b.example"))
    ],
    "privateKeyJwtConfig": {"additionalHeaderClaims": {"X-Kid": "${k}"}},
}  # fmt: skip


def other(kind: Any, name: str, **attributes: Any) -> Live:
    return Live(
        remote=Remote(kind.type, name), arn=f"{PLACE}/{kind.type}/{name}", attributes=canonical(kind, attributes)
    )


def oauth2(name: str, vendor: str, config: Any, secret: Any, **tags: str) -> Live:
    return other(OAUTH2_PROVIDER, name, credentialProviderVendor=vendor, config=config, clientSecret=secret, tags=tags)


def known(one: Live, key: str = "", **more: Any) -> Known:
    kind = kind_of(one.remote.type)
    return Known(
        address=Address(kind.type, key or one.remote.name),
        name=one.remote.name,
        arn=one.arn,
        origin=Origin.CREATED,
        attributes=canonical(kind, {**one.attributes, **more}),
    )


def locked(*entries: Known) -> Lock:
    return Lock(
        lineage="l", serial=1, stack="payments", environment="prod", account="222222222222", region="us-east-1",
        resources={one.address: one for one in entries},
    )  # fmt: skip


def test_providers_and_the_vault_are_written_with_secrets_by_reference() -> None:
    found = [
        oauth2(
            "github", "GithubOauth2", {"clientId": "i", "issuer": "the service's own"}, {"source": "MANAGED"}, a="b"
        ),
        oauth2("custom", "CustomOauth2", CUSTOM, EXTERNAL),
        other(API_KEY_PROVIDER, "stripe", apiKey={"source": "MANAGED"}),
        other(TOKEN_VAULT, "default", keyType="CustomerManagedKey", kmsKeyArn=KMS_ARN),
    ]
    text = export(found)
    assert text[text.index("workloadIdentities") :] == dedent(f"""\
        workloadIdentities: {{}}
        oauth2CredentialProviders:
          "custom":
            credentialProviderVendor: "CustomOauth2"
            config:
              clientId: "c"
              oauthDiscovery:
                authorizationServerMetadata:
                  authorizationEndpoint: "https://id/a"
                  issuer: "https://id"
                  tokenEndpoint: "https://id/t"
              privateEndpointOverrides:
                - domain: "a.example"
                  privateEndpoint:
                    selfManagedLatticeResource:
                      resourceConfigurationIdentifier: "rcfg-00000000000000000"
                - domain: "b.example"
                  privateEndpoint:
                    selfManagedLatticeResource:
                      resourceConfigurationIdentifier: "rcfg-00000000000000001"
              privateKeyJwtConfig:
                additionalHeaderClaims:
                  "X-Kid": "$${{k}}"
            clientSecret: {{secretId: "{SECRET_ARN}", jsonKey: "key"}}
          "github":
            credentialProviderVendor: "GithubOauth2"
            config:
              clientId: "i"
            # the service keeps it: set GITHUB_CLIENT_SECRET before an apply that sends it, which is when `version` moves
            clientSecret: {{fromEnv: "GITHUB_CLIENT_SECRET", version: 1}}
            tags:
              "a": "b"
        apiKeyCredentialProviders:
          "stripe":
            # the service keeps it: set STRIPE_API_KEY before an apply that sends it, which is when `version` moves
            apiKey: {{fromEnv: "STRIPE_API_KEY", version: 1}}
        # one for the whole account and Region: let one stack alone declare it
        tokenVault:
          keyType: "CustomerManagedKey"
          kmsKeyArn: "{KMS_ARN}"
    """)


def test_no_two_secrets_are_read_from_one_variable_and_none_from_a_reserved_one() -> None:
    found = [
        other(API_KEY_PROVIDER, name, apiKey={"source": "MANAGED"})
        for name in ("a-b", "a_b", "1st", "aws", "ci", "github", "git-hub")
    ]
    entries = yaml.safe_load(export(found))["apiKeyCredentialProviders"]
    assert {name: one["apiKey"]["fromEnv"] for name, one in entries.items()} == {
        "1st": "_1ST_API_KEY", "a-b": "A_B_API_KEY", "a_b": "A_B_API_KEY_2", "aws": "_AWS_API_KEY", "ci": "_CI_API_KEY",
        "git-hub": "GIT_HUB_API_KEY", "github": "GITHUB_API_KEY",
    }  # fmt: skip


def test_what_only_the_lockfile_knows_is_written_too() -> None:
    agent, github = live("agent"), oauth2("gh", "MicrosoftOauth2", {"clientId": "i"}, {"source": "MANAGED"})
    access = {
        "oauth2_credential_provider.github": {"flows": ("M2M",), "scopes": ("repo", "user")},
        "api_key_credential_provider.stripe": {},
        "oauth2_credential_provider.shared": {"flows": ("M2M",), "external": True},
    }
    lock = locked(
        known(agent, inbound="jwt", access=access, owner="team-a", expires="2027-03-01"),
        known(
            github,
            "github",
            clientSecret={"source": "MANAGED", "version": 7},
            config={"clientId": "i", "tenantId": "t"},
        ),
    )
    read = yaml.safe_load(export([agent, github], lock=lock))
    assert read["workloadIdentities"]["agent"] == {
        "inbound": "jwt",
        "access": [
            {"apiKey": "stripe", "external": True},  # not in this export
            {"oauth2": "gh", "flows": ["M2M"], "scopes": ["repo", "user"]},
            {"oauth2": "shared", "flows": ["M2M"], "external": True},
        ],
        "owner": "team-a",
        "expires": "2027-03-01",
    }
    assert read["oauth2CredentialProviders"]["gh"]["clientSecret"]["version"] == 7
    assert read["oauth2CredentialProviders"]["gh"]["config"] == {"clientId": "i", "tenantId": "t"}


def test_an_export_of_all_kinds_is_a_manifest_of_ours_with_the_same_values(tmp_path: Path) -> None:
    found = [
        live("agent", "https://app.example.com/cb"),
        oauth2("github", "GithubOauth2", {"clientId": "i${x}"}, {"source": "MANAGED"}),
        oauth2("custom", "CustomOauth2", CUSTOM, EXTERNAL),
        other(API_KEY_PROVIDER, "stripe", apiKey=EXTERNAL),
        other(TOKEN_VAULT, "default", keyType="ServiceManagedKey"),
    ]
    (tmp_path / "all.yaml").write_text(export(found), encoding="utf-8")
    loaded = load(tmp_path / "all.yaml")
    assert loaded.manifest is not None, loaded.diagnostics
    stack = resolve(loaded.manifest, "prod").stack
    assert stack is not None
    declared = {Remote(one.address.type, one.name): one.attributes for one in stack.resources.values()}
    for one in found:
        wanted = dict(one.attributes)
        if wanted.get("clientSecret") == {"source": "MANAGED"}:
            wanted["clientSecret"] = {"source": "MANAGED", "version": 1}
        assert declared[one.remote] == wanted
