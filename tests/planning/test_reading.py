"""What a reading shows beside what was recorded, and which two ids name one secret."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.addresses import Remote
from reconciler.model.kinds import API_KEY_PROVIDER, KINDS, OAUTH2_PROVIDER, WORKLOAD_IDENTITY, Kind
from reconciler.model.reading import beside, blind, respelt
from reconciler.model.resources import Live
from reconciler.model.secrets import is_reserved, may_name_one, names_secret
from reconciler.model.values import canonical
from reconciler.schema_files import schema

ACCOUNT, REGION = "222222222222", "us-east-1"
HERE = {"account": ACCOUNT, "region": REGION}
moderate = settings(derandomize=True, deadline=None, max_examples=200)

plain_names = st.text("abcXYZ019/_+=.@-", min_size=1, max_size=12)
ends = st.text("abcdefABCDEF0123456789", min_size=6, max_size=6)
names = plain_names | st.builds("{}-{}".format, plain_names, ends)


def arn_of(name: str, account: str = ACCOUNT, region: str = REGION) -> str:
    return f"arn:aws:secretsmanager:{region}:{account}:secret:{name}"


@moderate
@given(names, ends)
def test_a_name_its_arn_and_its_partial_arn_are_the_secret_that_stands(name: str, end: str) -> None:
    arn = arn_of(f"{name}-{end}")
    assert all(names_secret(spelt, arn, **HERE) for spelt in (name, arn, arn_of(name)))


@moderate
@given(names, names, ends)
def test_no_other_name_is(one: str, other: str, end: str) -> None:
    """However much they are alike: `prod/stripe-backup` is not `prod/stripe` with six characters more."""
    arn = arn_of(f"{one}-{end}")
    assert names_secret(other, arn, **HERE) == (other == one)
    assert names_secret(arn_of(other), arn, **HERE) == (other in (one, f"{one}-{end}"))


@pytest.mark.parametrize(
    ("spelt", "arn", "same"),
    [
        ("prod/github", arn_of("prod/github-AbCdEf", account="999999999999"), False),
        ("prod/github", arn_of("prod/github-AbCdEf", region="eu-west-1"), False),
        ("prod/github", arn_of("prod/github2-AbCdEf"), False),
        ("prod/github", arn_of("prod/github-AbCdE"), False),
        ("prod/github", arn_of("prod/github-AbCdEfg"), False),
        ("prod/github", arn_of("prod/github-AbC/Ef"), False),
        ("prod/github", arn_of("prod/github-backup-AbCdEf"), False),
        ("prod/github-abcdef", arn_of("prod/github-abcdef-XyZ123"), True),
        ("prod/github-abcdef", arn_of("prod/github-abcdef"), False),
        ("prod/github-backup", "prod/github", False),
        ("prod/github", "prod/github-backup", False),
        ("Prod/github", arn_of("prod/github-AbCdEf"), False),
    ],
)
def test_ids_of_secrets(spelt: str, arn: str, *, same: bool) -> None:
    assert names_secret(spelt, arn, **HERE) == same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("prod/github", "prod/github", True),
        ("prod/github", arn_of("prod/github-AbCdEf"), True),
        ("prod/github", arn_of("prod/github"), True),
        (arn_of("prod/github"), arn_of("prod/github-AbCdEf"), True),
        ("prod/github", arn_of("prod/github-AbCdEf").replace(ACCOUNT, "333333333333"), False),
        ("prod/github", "prod/github-backup", False),
        ("prod/github", arn_of("prod/github-backup-AbCdEf"), False),
    ],
)
def test_which_ids_may_name_one_secret(one: str, other: str, *, same: bool) -> None:
    assert may_name_one(one, other, **HERE) == may_name_one(other, one, **HERE) == same


def test_a_secret_whose_account_nobody_knows_may_be_in_any() -> None:
    assert may_name_one("prod/github", arn_of("prod/github-AbCdEf"), account="", region="")


@pytest.mark.parametrize(
    ("env", "reserved"),
    [
        ("AWS_SECRET_ACCESS_KEY", True),
        ("aws_x", True),
        ("RECONCILER_X", True),
        ("GITHUB_TOKEN", True),
        ("GH_TOKEN", True),
        ("GIT_CONFIG_VALUE_0", True),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", True),
        ("CI_JOB_TOKEN", True),
        ("GITLAB_TOKEN", True),
        ("RUNNER_TRACKING_ID", True),
        ("SYSTEM_ACCESSTOKEN", True),
        ("JENKINS_SECRET", True),
        ("IDENTITIES_SIGN_WITH", True),
        ("GITHUB_SECRET", False),
        ("GITHUB_CLIENT_SECRET", False),
        ("GITLAB_API_KEY_2", False),
        ("STRIPE_KEY", False),
        ("TF_VAR_GITHUB_KEY", False),
        ("MY_AWS_KEY", False),
        ("CIVIC_KEY", False),
        ("GITHUB", False),
    ],
)
def test_reserved_variables(env: str, *, reserved: bool) -> None:
    assert is_reserved(env) == reserved
    secrets = schema("plan")["$defs"]["resource_change"]["properties"]["secrets"]
    pattern = secrets["additionalProperties"]["oneOf"][0]["properties"]["env"]["pattern"]
    if env.isupper():  # in small letters, apply refuses it
        assert (re.search(pattern, env) is None) == reserved


# Readings

references = st.none() | st.one_of(
    st.builds(lambda version: {"source": "MANAGED", "version": version}, st.integers(1, 3)),
    st.builds(lambda name: {"source": "EXTERNAL", "secretId": name, "jsonKey": "k"}, st.sampled_from(["a", "b"])),
)
configs = st.fixed_dictionaries(
    {"clientId": st.sampled_from(["1", "2"])},
    optional={
        "tenantId": st.sampled_from(["t", "u"]),
        "issuer": st.sampled_from(["https://one", "https://two"]),
        "oauthDiscovery": st.fixed_dictionaries(
            {},
            optional={
                "discoveryUrl": st.just("https://x"),
                "authorizationServerMetadata": st.fixed_dictionaries(
                    {"issuer": st.sampled_from(["i", "j"])}, optional={"responseTypes": st.just(["code", "token"])}
                ),
            },
        ),
    },
)
local = st.fixed_dictionaries({}, optional={"owner": st.sampled_from(["a", "b"]), "expires": st.just("2027-03-01")})


@st.composite
def sides(draw: st.DrawFn) -> tuple[Kind, dict[str, Any]]:
    """Attributes of some kind as they are declared or recorded."""
    kind = draw(st.sampled_from([one for one in KINDS if one.api.list]))
    raw: dict[str, Any] = {**draw(local), "tags": draw(st.dictionaries(st.just("team"), st.sampled_from("xy")))}
    raw |= {"clientSecret": draw(references), "apiKey": draw(references), "config": draw(configs)}
    raw |= {"credentialProviderVendor": draw(st.sampled_from(["GithubOauth2", "CustomOauth2"]))}
    raw |= {"allowedResourceOauth2ReturnUrls": draw(st.lists(st.just("https://x/cb"), max_size=1))}
    return kind, canonical(kind, raw)


def as_read(kind: Kind, attributes: dict[str, Any]) -> Live:
    """What an answer shows of them: no version, nothing local, no tenant, a secret by its ARN."""
    shown = {one.name: attributes[one.name] for one in kind.attributes if not one.local}
    for name in ("clientSecret", "apiKey"):
        secret = shown.get(name)
        if secret:
            hidden = {"source": "MANAGED"}
            shown[name] = (
                hidden
                if secret["source"] == "MANAGED"
                else {**secret, "secretId": arn_of(f"{secret['secretId']}-AbCdEf")}
            )
    if "config" in shown:
        shown["config"] = {name: value for name, value in shown["config"].items() if name != "tenantId"}
    return Live(remote=Remote(kind.type, "x"), arn=f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:x", attributes=shown)


@moderate
@given(sides())
def test_what_stands_as_recorded_reads_as_recorded(side: tuple[Kind, dict[str, Any]]) -> None:
    kind, attributes = side
    assert beside(kind, as_read(kind, attributes), attributes) == attributes


@moderate
@given(sides(), sides())
def test_a_reading_is_taken_beside_the_record_once_for_all(one: Any, other: Any) -> None:
    (kind, attributes), (theirs, record) = one, other
    if kind is not theirs:
        return
    live = as_read(kind, attributes)
    seen = beside(kind, live, record)
    again = beside(kind, Live(remote=live.remote, arn=live.arn, attributes=seen), record)
    assert again == seen
    for name in ("tags", "allowedResourceOauth2ReturnUrls", "credentialProviderVendor"):
        assert seen.get(name) == live.attributes.get(name), "what a reading shows in full is never the record's"
    if "config" in seen:
        assert seen["config"]["clientId"] == attributes["config"]["clientId"]


@moderate
@given(sides(), sides())
def test_two_that_read_alike_differ_in_nothing_but_what_is_blind(one: Any, other: Any) -> None:
    """Otherwise an update would count as done before it was sent."""
    (kind, before), (theirs, after) = one, other
    if kind is not theirs or before == after:
        return
    looks_done = beside(kind, as_read(kind, before), after) == after
    sent = [one.name for one in kind.sent if before.get(one.name) != after.get(one.name)]
    assert not (looks_done and sent) or blind(kind, before, after), (before, after)


@moderate
@given(sides())
def test_nothing_is_blind_that_stays(side: tuple[Kind, dict[str, Any]]) -> None:
    kind, attributes = side
    assert not blind(kind, attributes, dict(attributes))


def test_an_id_is_respelt_only_where_both_name_one_secret() -> None:
    def secret(name: str, key: str = "k") -> dict[str, Any]:
        return canonical(API_KEY_PROVIDER, {"apiKey": {"source": "EXTERNAL", "secretId": name, "jsonKey": key}})

    live = as_read(API_KEY_PROVIDER, secret("a"))
    assert respelt(API_KEY_PROVIDER, live, secret("a"), secret("a-backup")) == secret("a")
    assert respelt(API_KEY_PROVIDER, live, secret(arn_of("a-AbCdEf")), secret("a")) == secret("a")
    assert respelt(API_KEY_PROVIDER, live, secret(arn_of("a-AbCdEf"), "other"), secret("a")) == secret("a", "other")
    assert respelt(API_KEY_PROVIDER, live, secret("b"), secret("a")) == secret("b")


def test_the_kinds_that_a_reading_shows_in_part() -> None:
    assert [one.name for one in OAUTH2_PROVIDER.blurred] == ["config", "clientSecret", "owner", "expires"]
    assert [one.name for one in WORKLOAD_IDENTITY.blurred] == ["inbound", "access", "owner", "expires"]
