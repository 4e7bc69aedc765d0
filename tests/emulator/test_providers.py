"""What the service does with credential providers, the same behind every door."""

from __future__ import annotations

import datetime
import re
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from reconciler.emulator import API_KEY_PROVIDER, OAUTH2_PROVIDER, Provider
from reconciler.emulator.door import CONTROL_PLANE, service_model
from reconciler.emulator.vendors import member_of

EXTERNAL = {"clientSecretSource": "EXTERNAL", "clientSecretConfig": {"secretId": "prod/github", "jsonKey": "secret"}}
MANAGED = {"clientSecret": "never-shown-7f3a"}
KEY_OUTSIDE = {"apiKeySecretSource": "EXTERNAL", "apiKeySecretConfig": {"secretId": "prod/stripe", "jsonKey": "key"}}
SHAPE = service_model(CONTROL_PLANE).shape_for
VENDORS = SHAPE("CredentialProviderVendorType").enum
DISCOVERY = {"discoveryUrl": "https://idp.example/.well-known/openid-configuration"}


def refused(call: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as failure:
        call(**params)
    return failure.value.response["Error"]["Code"], failure.value.response["Error"]["Message"]


def oauth2(name: str = "github", vendor: str = "GithubOauth2", **config: Any) -> dict[str, Any]:
    """The parameters of Create and Update."""
    config = {"clientId": "client", **config}
    if vendor == "CustomOauth2":
        config = {"oauthDiscovery": DISCOVERY, **config}
    return {
        "name": name,
        "credentialProviderVendor": vendor,
        "oauth2ProviderConfigInput": {member_of(vendor): config},
    }


def create(door: Any, *args: str, **config: Any) -> Any:
    return door.client.create_oauth2_credential_provider(**oauth2(*args, **(config or EXTERNAL)))


def update(door: Any, *args: str, **config: Any) -> Any:
    return door.client.update_oauth2_credential_provider(**oauth2(*args, **config))


def shown(door: Any, name: str = "github") -> Any:
    return door.client.get_oauth2_credential_provider(name=name)


def terms(door: Any, **changes: Any) -> None:
    door.misbehaviour.terms = replace(door.misbehaviour.terms, **changes)


def stored(door: Any, name: str = "github", kind: Any = OAUTH2_PROVIDER) -> Any:
    return door.store.get(door.scope, name, kind)


def listed(door: Any, operation: str = "list_oauth2_credential_providers", **page: Any) -> list[str]:
    pages = door.client.get_paginator(operation).paginate(PaginationConfig=page)
    return [one["name"] for found in pages for one in found["credentialProviders"]]


def test_a_created_oauth2_provider_is_answered_and_shown_whole(door: Any) -> None:
    made = create(door)

    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    got = shown(door)
    arn = (
        f"arn:aws:bedrock-agentcore:us-east-1:{door.scope.account}:token-vault/default/oauth2credentialprovider/github"
    )
    assert got["credentialProviderArn"] == made["credentialProviderArn"] == arn
    assert got["credentialProviderVendor"] == "GithubOauth2"
    assert got["oauth2ProviderConfigOutput"] == {
        "githubOauth2ProviderConfig": {
            "clientId": "client",
            "oauthDiscovery": {"discoveryUrl": "https://github.com/.well-known/openid-configuration"},
        }
    }
    assert (got["clientSecretSource"], got["clientSecretJsonKey"]) == ("EXTERNAL", "secret")
    assert got["status"] == made["status"] == "READY"
    assert "failureReason" not in got
    assert got["createdTime"] == got["lastUpdatedTime"] == datetime.datetime.fromtimestamp(1_800_000_000, datetime.UTC)
    assert got["callbackUrl"] == made["callbackUrl"]
    address = r"https://bedrock-agentcore\.us-east-1\.amazonaws\.com/identities/oauth2/callback/[0-9a-f-]{36}"
    assert re.fullmatch(address, got["callbackUrl"])


def test_a_created_api_key_provider_is_answered_and_shown_whole(door: Any) -> None:
    made = door.client.create_api_key_credential_provider(name="stripe", **KEY_OUTSIDE)
    got = door.client.get_api_key_credential_provider(name="stripe")

    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    arn = (
        f"arn:aws:bedrock-agentcore:us-east-1:{door.scope.account}:token-vault/default/apikeycredentialprovider/stripe"
    )
    assert got["credentialProviderArn"] == made["credentialProviderArn"] == arn
    assert (got["apiKeySecretSource"], got["apiKeySecretJsonKey"]) == ("EXTERNAL", "key")
    assert got["apiKeySecretArn"] == made["apiKeySecretArn"]
    assert got["createdTime"] == got["lastUpdatedTime"]
    assert set(got) - {"ResponseMetadata"} == set(SHAPE("GetApiKeyCredentialProviderResponse").members)


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_vendor_has_its_own_member(embedded_client: Any, vendor: str) -> None:
    embedded_client.create_oauth2_credential_provider(**oauth2("p", vendor, **MANAGED))
    got = embedded_client.get_oauth2_credential_provider(name="p")
    (member,) = got["oauth2ProviderConfigOutput"]
    assert member == member_of(vendor)
    assert got["oauth2ProviderConfigOutput"][member]["clientId"] == "client"
    assert re.fullmatch(
        SHAPE("DiscoveryUrlType").metadata["pattern"],
        got["oauth2ProviderConfigOutput"][member]["oauthDiscovery"]["discoveryUrl"],
    )

    wrong = "googleOauth2ProviderConfig" if vendor != "GoogleOauth2" else "includedOauth2ProviderConfig"
    params = oauth2("q", vendor)
    params["oauth2ProviderConfigInput"] = {wrong: {"clientId": "client", **MANAGED}}
    code, message = refused(embedded_client.create_oauth2_credential_provider, **params)
    assert (code, message) == (
        "ValidationException",
        f"credentialProviderVendor {vendor} needs {member}, not {wrong}",
    )


def test_the_members_of_the_vendors_are_those_of_the_model() -> None:
    assert {member_of(vendor) for vendor in VENDORS} == set(SHAPE("Oauth2ProviderConfigInput").members)
    assert len(VENDORS) == 25


def test_a_custom_provider_shows_all_that_it_was_given_but_the_secret(door: Any) -> None:
    given: dict[str, Any] = {
        "oauthDiscovery": {
            "authorizationServerMetadata": {
                "issuer": "https://idp.example",
                "authorizationEndpoint": "https://idp.example/authorize",
                "tokenEndpoint": "https://idp.example/token",
                "responseTypes": ["code"],
                "tokenEndpointAuthMethods": ["client_secret_post"],
            }
        },
        "onBehalfOfTokenExchangeConfig": {
            "grantType": "TOKEN_EXCHANGE",
            "tokenExchangeGrantTypeConfig": {"actorTokenContent": "M2M", "actorTokenScopes": ["a"]},
        },
        "clientAuthenticationMethod": "CLIENT_SECRET_POST",
        "privateEndpoint": {
            "managedVpcResource": {
                "vpcIdentifier": "vpc-01234567",
                "subnetIds": ["subnet-01234567"],
                "endpointIpAddressType": "IPV4",
                "tags": {"a": "b"},
            }
        },
        "certificateConfigurations": [{"s3": {"uri": "s3://bucket/ca.pem"}}],
    }
    create(door, "idp", "CustomOauth2", **given, **MANAGED)

    output = shown(door, "idp")["oauth2ProviderConfigOutput"]
    assert output == {"customOauth2ProviderConfig": {"clientId": "client", **given}}


@pytest.mark.parametrize("method", ["AWS_IAM_ID_TOKEN_JWT", "PRIVATE_KEY_JWT"])
def test_a_custom_provider_may_have_no_secret(door: Any, method: str) -> None:
    create(door, "idp", "CustomOauth2", clientAuthenticationMethod=method)
    got = shown(door, "idp")
    assert "clientSecretSource" not in got
    assert got["clientSecretArn"]["secretArn"]


def test_an_included_vendor_shows_the_endpoints_that_it_was_given(door: Any) -> None:
    create(door, "okta", "OktaOauth2", issuer="https://dev.okta.example", **MANAGED)
    (config,) = shown(door, "okta")["oauth2ProviderConfigOutput"].values()
    assert config["oauthDiscovery"] == {
        "authorizationServerMetadata": {
            "issuer": "https://dev.okta.example",
            "authorizationEndpoint": "https://okta.com/oauth2/authorize",
            "tokenEndpoint": "https://okta.com/oauth2/token",
        }
    }


def test_the_tenant_is_not_shown(door: Any) -> None:
    create(door, "entra", "MicrosoftOauth2", tenantId="tenant-4711", **MANAGED)
    assert "tenant-4711" not in str(shown(door, "entra"))
    assert stored(door, "entra").config["tenantId"] == "tenant-4711"


def test_an_external_secret_is_shown_by_its_whole_arn_however_it_was_named(door: Any) -> None:
    arn = f"arn:aws:secretsmanager:us-east-1:{door.scope.account}:secret:prod/github"
    shapes = {"by-name": "prod/github", "by-part": arn}
    for name, secret_id in shapes.items():
        create(
            door, name, clientSecretSource="EXTERNAL", clientSecretConfig={"secretId": secret_id, "jsonKey": "secret"}
        )
    found = {shown(door, name)["clientSecretArn"]["secretArn"] for name in shapes}
    (whole,) = found
    assert re.fullmatch(re.escape(arn) + "-[A-Za-z0-9]{6}", whole)

    create(door, "by-arn", clientSecretSource="EXTERNAL", clientSecretConfig={"secretId": whole, "jsonKey": "secret"})
    assert shown(door, "by-arn")["clientSecretArn"]["secretArn"] == whole


def test_a_managed_secret_is_kept_by_the_service_and_nowhere_readable(door: Any) -> None:
    create(door, "github", **MANAGED)
    door.client.create_api_key_credential_provider(name="stripe", apiKey="never-shown-7f3a")

    oauth, key = shown(door), door.client.get_api_key_credential_provider(name="stripe")
    own = f"arn:aws:secretsmanager:us-east-1:{door.scope.account}:secret:bedrock-agentcore-identity!default"
    assert re.fullmatch(re.escape(own) + "/oauth2/github-[A-Za-z0-9]{6}", oauth["clientSecretArn"]["secretArn"])
    assert re.fullmatch(re.escape(own) + "/apikey/stripe-[A-Za-z0-9]{6}", key["apiKeySecretArn"]["secretArn"])
    assert (oauth["clientSecretSource"], key["apiKeySecretSource"]) == ("MANAGED", "MANAGED")
    for where in (oauth, key, stored(door), stored(door, "stripe", API_KEY_PROVIDER)):
        assert "never-shown" not in str(where)


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({}, "clientSecret is required"),
        ({"clientSecret": ""}, "clientSecret is required"),
        ({"clientSecretSource": "MANAGED"}, "clientSecret is required"),
        ({"clientSecretSource": "EXTERNAL"}, "clientSecretConfig is required"),
        ({**EXTERNAL, **MANAGED}, "clientSecret cannot be given"),
        ({**EXTERNAL, "clientSecretSource": "MANAGED"}, "only with clientSecretSource EXTERNAL"),
        ({"clientSecretConfig": EXTERNAL["clientSecretConfig"]}, "only with clientSecretSource EXTERNAL"),
    ],
)
def test_what_is_said_of_a_secret_has_to_fit(door: Any, config: dict[str, Any], why: str) -> None:
    code, message = refused(door.client.create_oauth2_credential_provider, **oauth2(**config))
    assert code == "ValidationException"
    assert why in message
    names = {
        "clientSecret": "apiKey",
        "clientSecretConfig": "apiKeySecretConfig",
        "clientSecretSource": "apiKeySecretSource",
    }
    params = {names[member]: value for member, value in config.items()}
    assert refused(door.client.create_api_key_credential_provider, name="stripe", **params)[0] == "ValidationException"
    assert door.store.providers(door.scope) == []


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"name": "dots.are.no.part"}, "name"),
        ({"name": "n" * 129}, "name"),
        ({"credentialProviderVendor": "NobodyOauth2"}, "credentialProviderVendor"),
        ({"tags": {"a": "semi;colon"}}, "tags.a.member"),
        (
            {"oauth2ProviderConfigInput": {"githubOauth2ProviderConfig": {"clientId": "c" * 257, **MANAGED}}},
            "oauth2ProviderConfigInput.githubOauth2ProviderConfig.clientId",
        ),
    ],
)
def test_create_refuses_what_the_model_does_not_allow(door: Any, change: dict[str, Any], where: str) -> None:
    code, message = refused(door.client.create_oauth2_credential_provider, **{**oauth2(**MANAGED), **change})
    assert code == "ValidationException"
    assert f"Value at '{where}' failed to satisfy constraint" in message
    assert "never-shown" not in message


def test_names_take_everything_up_to_the_limit(door: Any) -> None:
    for name in ("a", "n" * 128, "A-Z_09"):
        create(door, name)
        assert shown(door, name)["name"] == name


def test_update_replaces_the_whole_config_and_moves_the_time(door: Any) -> None:
    create(door, "okta", "OktaOauth2", issuer="https://dev.okta.example", **EXTERNAL)
    before = shown(door, "okta")
    door.clock.sleep(60)

    answer = update(door, "okta", "OktaOauth2", clientId="other", **EXTERNAL)

    got = shown(door, "okta")
    assert stored(door, "okta").config == {"clientId": "other"}
    assert got["lastUpdatedTime"] - before["lastUpdatedTime"] == datetime.timedelta(seconds=60)
    assert got["createdTime"] == before["createdTime"]
    assert (got["callbackUrl"], got["credentialProviderArn"]) == (
        before["callbackUrl"],
        before["credentialProviderArn"],
    )
    assert answer["oauth2ProviderConfigOutput"] == got["oauth2ProviderConfigOutput"]


def test_update_without_a_secret_keeps_the_managed_one_or_forgets_it_by_the_terms(door: Any) -> None:
    create(door, "github", **MANAGED)
    door.client.create_api_key_credential_provider(name="stripe", apiKey="k")
    kinds = {"github": OAUTH2_PROVIDER, "stripe": API_KEY_PROVIDER}

    for lost in (False, True):
        terms(door, forgets_secret=lost)
        update(door)
        door.client.update_api_key_credential_provider(name="stripe")
        for name, kind in kinds.items():
            assert (stored(door, name, kind).source, stored(door, name, kind).lost) == ("MANAGED", lost)
    update(door, **MANAGED)
    door.client.update_api_key_credential_provider(name="stripe", **KEY_OUTSIDE)
    assert not any(stored(door, name, kind).lost for name, kind in kinds.items())


def test_update_may_move_a_secret_outside_and_not_take_an_outside_one_for_its_own(door: Any) -> None:
    create(door, "github", **MANAGED)
    update(door, **EXTERNAL)
    assert shown(door)["clientSecretSource"] == "EXTERNAL"
    assert refused(door.client.update_oauth2_credential_provider, **oauth2())[0] == "ValidationException"

    door.client.create_api_key_credential_provider(name="stripe", **KEY_OUTSIDE)
    assert refused(door.client.update_api_key_credential_provider, name="stripe")[0] == "ValidationException"
    door.client.update_api_key_credential_provider(name="stripe", apiKey="k")
    assert door.client.get_api_key_credential_provider(name="stripe")["apiKeySecretSource"] == "MANAGED"


@pytest.mark.parametrize("kind", ["oauth2", "api_key"])
def test_an_unknown_name_is_not_found(door: Any, kind: str) -> None:
    extra = oauth2(**MANAGED) if kind == "oauth2" else {"apiKey": "k"}
    for verb, params in (("get", {}), ("delete", {}), ("update", extra)):
        call = getattr(door.client, f"{verb}_{kind}_credential_provider")
        code, message = refused(call, **{**params, "name": "nobody"})
        assert code == "ResourceNotFoundException"
        assert "nobody" in message


def test_a_name_that_exists_is_a_conflict_within_its_kind(door: Any) -> None:
    create(door, "shared")
    door.client.create_api_key_credential_provider(name="shared", apiKey="k")
    door.put("shared")

    assert (
        refused(door.client.create_oauth2_credential_provider, **oauth2("shared", **MANAGED))[0] == "ConflictException"
    )
    assert refused(door.client.create_api_key_credential_provider, name="shared", apiKey="k")[0] == "ConflictException"


def test_a_deleted_provider_is_gone_and_its_successor_has_another_callback(door: Any) -> None:
    first = create(door)["callbackUrl"]
    answer = door.client.delete_oauth2_credential_provider(name="github")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert listed(door) == []
    door.clock.sleep(1)
    assert create(door)["callbackUrl"] != first


def test_a_deleted_name_may_be_taken_for_a_while(door: Any) -> None:
    terms(door, tombstone_attempts=1)
    create(door)
    door.client.delete_oauth2_credential_provider(name="github")
    door.client.create_api_key_credential_provider(name="github", apiKey="k")
    assert refused(door.client.create_oauth2_credential_provider, **oauth2(**MANAGED))[0] == "ConflictException"
    create(door)


@pytest.mark.parametrize(("kind", "page"), [("oauth2", 20), ("api_key", 100)])
def test_the_listing_comes_in_pages_ordered_by_name(door: Any, kind: str, page: int) -> None:
    names = sorted(f"provider-{number:03}" for number in range(2 * page + 5))
    vendor = "GithubOauth2" if kind == "oauth2" else ""
    door.put_all(*(Provider(name=name, vendor=vendor, created=1.5, updated=2.5) for name in reversed(names)))
    call = getattr(door.client, f"list_{kind}_credential_providers")

    first = call()
    assert len(first["credentialProviders"]) == page
    assert listed(door, f"list_{kind}_credential_providers") == names
    entry = first["credentialProviders"][0]
    assert entry["name"] == names[0]
    assert [entry[member].timestamp() for member in ("createdTime", "lastUpdatedTime")] == [1.5, 2.5]
    members = {"name", "credentialProviderArn", "createdTime", "lastUpdatedTime"}
    assert set(entry) == members | ({"credentialProviderVendor"} if vendor else set())
    assert refused(call, maxResults=page + 1)[0] == "ValidationException"
    assert "nextToken" in refused(call, nextToken="nonsense")[1]


def test_one_too_many_is_refused_for_each_kind_by_itself(door: Any) -> None:
    terms(door, max_oauth2_providers=1, max_api_key_providers=2)
    create(door, "one")
    code, message = refused(door.client.create_oauth2_credential_provider, **oauth2("two", **MANAGED))
    assert (code, "limit of 1 OAuth2 credential providers" in message) == ("ServiceQuotaExceededException", True)
    for name in ("one", "two"):
        door.client.create_api_key_credential_provider(name=name, apiKey="k")
    code, _ = refused(door.client.create_api_key_credential_provider, name="three", apiKey="k")
    assert code == "ServiceQuotaExceededException"


def test_fifty_of_each_are_allowed_by_default(door: Any) -> None:
    door.put_all(*(Provider(name=f"p{number}", vendor="XOauth2") for number in range(50)))
    door.put_all(*(Provider(name=f"p{number}") for number in range(50)))
    assert (
        refused(door.client.create_oauth2_credential_provider, **oauth2(**MANAGED))[0]
        == "ServiceQuotaExceededException"
    )
    code, _ = refused(door.client.create_api_key_credential_provider, name="more", apiKey="k")
    assert code == "ServiceQuotaExceededException"


def test_a_provider_settles_after_so_many_reads(door: Any) -> None:
    terms(door, settling_reads=2)
    assert create(door)["status"] == "CREATING"
    assert [shown(door)["status"] for _ in range(4)] == ["CREATING", "CREATING", "READY", "READY"]
    assert update(door, **EXTERNAL)["status"] == "UPDATING"
    assert refused(door.client.update_oauth2_credential_provider, **oauth2(**EXTERNAL))[0] == "ConflictException"
    assert [shown(door)["status"] for _ in range(3)] == ["UPDATING", "UPDATING", "READY"]


def test_a_provider_settles_after_so_many_seconds(door: Any) -> None:
    terms(door, settling_seconds=10)
    create(door)
    assert shown(door)["status"] == "CREATING"
    door.clock.sleep(10)
    assert shown(door)["status"] == "READY"


def test_a_provider_may_fail_to_settle_and_says_why(door: Any) -> None:
    terms(door, settling_reads=1, create_failures={"github": "no such secret"}, update_failures={"slack": "denied"})
    create(door)
    create(door, "slack", "SlackOauth2")
    seen = [(shown(door)["status"], shown(door).get("failureReason")) for _ in range(1)]
    assert seen == [("CREATING", "no such secret")]
    assert "failureReason" not in shown(door, "slack")
    update(door, "slack", "SlackOauth2", **EXTERNAL)
    shown(door, "slack")
    assert [shown(door, "slack")[member] for member in ("status", "failureReason")] == ["UPDATE_FAILED", "denied"]
    update(door, **EXTERNAL)
    shown(door)
    assert shown(door)["status"] == "READY"


def test_the_arn_may_be_of_the_service_that_the_models_patterns_name(door: Any) -> None:
    terms(door, provider_arn_service="acps")
    made = create(door)["credentialProviderArn"]
    assert made == f"arn:aws:acps:us-east-1:{door.scope.account}:token-vault/default/oauth2credentialprovider/github"
    assert re.fullmatch(SHAPE("CredentialProviderArnType").metadata["pattern"], made)
    for arn in (made, made.replace(":acps:", ":bedrock-agentcore:")):
        assert door.client.list_tags_for_resource(resourceArn=arn)["tags"] == {}
    terms(door, provider_arn_service="bedrock-agentcore")
    assert refused(door.client.list_tags_for_resource, resourceArn=made)[0] == "ResourceNotFoundException"


@pytest.mark.parametrize("touch", [False, True])
def test_tags_are_kept_beside_the_config(door: Any, touch: bool) -> None:
    terms(door, tags_touch=touch)
    arns = [
        door.client.create_oauth2_credential_provider(**oauth2(**MANAGED), tags={"team": "pay"})[
            "credentialProviderArn"
        ],
        door.client.create_api_key_credential_provider(name="stripe", apiKey="k", tags={"team": "pay"})[
            "credentialProviderArn"
        ],
    ]
    door.clock.sleep(60)
    for arn in arns:
        door.client.tag_resource(resourceArn=arn, tags={"stage": "prod"})
        door.client.untag_resource(resourceArn=arn, tagKeys=["team", "missing"])
        assert door.client.list_tags_for_resource(resourceArn=arn)["tags"] == {"stage": "prod"}
    assert "tags" not in shown(door)
    moved = [one.updated - one.created for one in door.store.providers(door.scope)]
    assert moved == ([60, 60] if touch else [0, 0])
    update(door)
    assert stored(door).tags == {"stage": "prod"}


def test_each_account_and_region_is_a_vault_of_its_own(door: Any) -> None:
    create(door)
    assert door.store.providers(door.scope._replace(region="eu-central-1")) == []
    assert door.store.count(door.scope, OAUTH2_PROVIDER) == 1
    assert door.store.count(door.scope) == 0


def test_reads_of_providers_may_lag(door: Any) -> None:
    door.put_all(Provider(name="github", vendor="GithubOauth2", config={"clientId": "old"}, created=1, updated=1))
    door.misbehaviour.lag(seconds=10)
    update(door, clientId="new")
    create(door, "slack", "SlackOauth2")
    door.client.create_api_key_credential_provider(name="stripe", apiKey="k")

    (config,) = shown(door)["oauth2ProviderConfigOutput"].values()
    assert config["clientId"] == "old"
    assert listed(door) == ["github"]
    assert listed(door, "list_api_key_credential_providers") == []
    door.clock.sleep(10)
    assert listed(door) == ["github", "slack"]
    assert listed(door, "list_api_key_credential_providers") == ["stripe"]


def test_what_goes_wrong_on_request_does_so_for_providers_too(door: Any) -> None:
    door.misbehaviour.fail("CreateOauth2CredentialProvider", "DecryptionFailure", name="github")
    assert refused(door.client.create_oauth2_credential_provider, **oauth2(**MANAGED))[0] == "DecryptionFailure"
    door.misbehaviour.before("UpdateOauth2CredentialProvider", lambda _: update(door, clientId="theirs"))
    create(door, "github", **MANAGED)
    arn = shown(door)["credentialProviderArn"]
    update(door, clientId="ours")
    assert door.misbehaviour.count("UpdateOauth2CredentialProvider") == 2
    door.misbehaviour.fail("TagResource", "InternalServerException", name="github")
    assert refused(door.client.tag_resource, resourceArn=arn, tags={"a": "b"})[0] == "InternalServerException"
