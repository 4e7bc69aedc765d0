"""CloudFormation templates, read: intrinsics worked out, what is hidden said with its place, no secret taken along."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import InvalidInput
from reconciler.foreign import Deployed, Reading, read_cloudformation

EXAMPLE = Path(__file__).resolve().parents[2] / "manifests" / "import" / "template.yaml"
SECRET = "C4N4RY-secret"


def read(text: str, *, deployed: Deployed | None = None, **parameters: str) -> Reading:
    return read_cloudformation(dedent(text).encode(), "t.yaml", parameters=parameters, deployed=deployed)


def identity(name: str, *, head: str = "", more: str = "") -> str:
    """A template with one identity, whose Name is that YAML."""
    resource = f"  A:\n    Type: AWS::BedrockAgentCore::WorkloadIdentity\n    Properties:\n      Name: {name}\n"
    return f"{head}Resources:\n{resource}{more}"


def refusal(text: str | bytes, **parameters: str) -> Any:
    content = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(InvalidInput) as caught:
        read_cloudformation(content, "t.yaml", parameters=parameters)
    return caught.value


def test_the_example_is_read_whole() -> None:
    reading = read_cloudformation(EXAMPLE.read_bytes(), "template.yaml", parameters={})
    assert [(one.type, one.name, one.source, one.retained) for one in reading.found] == [
        ("api_key_credential_provider", "stripe", "Stripe", False),
        ("oauth2_credential_provider", "github", "Github", False),
        ("oauth2_credential_provider", "ledger", "Ledger", False),
        ("workload_identity", "audit-agent-prod", "AuditAgent", True),
        ("workload_identity", "invoice-agent-prod", "InvoiceAgent", False),
    ]
    found = {one.source: one for one in reading.found}
    assert found["InvoiceAgent"].attributes == {
        "allowedResourceOauth2ReturnUrls": (
            "http://localhost:8080/callback",
            "https://app.example.com/invoice/callback",
        ),
        "tags": {"stage": "prod", "team": "payments"},
    }
    assert found["Github"].attributes == {
        "credentialProviderVendor": "GithubOauth2",
        "config": {"clientId": "Iv1.0123456789abcdef"},
        "clientSecret": {"source": "MANAGED"},
        "tags": {"team": "payments"},
    }
    assert found["Github"].secrets == {"clientSecret": {"secretId": "prod/github", "jsonKey": "clientSecret"}}
    assert found["Ledger"].attributes["config"] == {
        "clientId": "ledger",
        "oauthDiscovery": {"discoveryUrl": "https://id.example.com/.well-known/openid-configuration"},
    }
    assert found["Stripe"].attributes["apiKey"] == {"source": "EXTERNAL", "secretId": "prod/stripe", "jsonKey": "key"}
    assert reading.others == {"AWS::SNS::Topic": 1}
    assert not any(one.hidden for one in reading.found)


def test_a_parameter_that_is_given_goes_before_the_default_and_moves_conditions() -> None:
    reading = read_cloudformation(EXAMPLE.read_bytes(), "template.yaml", parameters={"Stage": "dev"})
    assert "invoice-agent-dev" in {one.name for one in reading.found}
    assert "AuditAgent" not in {one.source for one in reading.found}
    assert reading.notes == ("AuditAgent is left out: its condition IsProd does not hold.",)
    assert "declares no parameter Stge" in refusal(EXAMPLE.read_bytes(), Stge="dev").summary


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain-agent", "plain-agent"),
        ("007", "007"),
        ("!Sub 'a-${P}-${!P}'", "a-x-${P}"),
        ("!Sub ['${P}-${q}', {q: !Ref P}]", "x-x"),
        ("!Join ['-', [a, !Ref P, !If [Yes, b, c]]]", "a-x-b"),
        ("!Join ['-', [a, !If [No, b, !Ref 'AWS::NoValue']]]", "a"),
        ("!Select [1, !Split ['/', 'a/b/c']]", "b"),
        ("!FindInMap [M, !Ref P, n]", "mapped"),
        ("{'Fn::FindInMap': [M, nothing, n, {DefaultValue: dflt}]}", "dflt"),
        ("{Ref: P}", "x"),
        ("{'Fn::Sub': 'long-${P}'}", "long-x"),
        ("!If [Both, yes-both, no]", "yes-both"),
        ("!Select [0, !Ref L]", "one"),
    ],
)
def test_intrinsics_are_worked_out(name: str, expected: str) -> None:
    head = dedent("""\
        Parameters: {P: {Type: String, Default: x}, L: {Type: CommaDelimitedList, Default: "one,two"}}
        Mappings: {M: {x: {n: mapped}}}
        Conditions:
          Yes: !Equals [!Ref P, x]
          No: !Not [!Condition Yes]
          Both: !And [!Condition Yes, !Or [!Condition No, !Equals [a, a]]]
        """)
    tags = f"      Tags:\n        - Key: k\n          Value: {name}\n"
    (one,) = read(identity("an-agent", head=head, more=tags)).found
    assert one.attributes["tags"] == {"k": expected}


LINES = {
    "''": 8,
    "!If [Loop, a, b]": 5,
}  # the resource that has no name, and the condition; all else in the Name itself


@pytest.mark.parametrize(
    ("name", "why", "out"),
    [
        ("!Ref P", "the parameter P has no default", "--parameter P=VALUE"),
        ("!Sub 'a-${P}'", "the parameter P has no default", "--parameter P=VALUE"),
        ("!Ref Quiet", "NoEcho", "--parameter Quiet=VALUE"),
        ("!Ref Ssm", "the parameter Ssm has no default", "--parameter Ssm=VALUE"),
        ("!Ref AWS::Region", "AWS::Region is not known", "--parameter AWS::Region=VALUE"),
        ("!GetAtt Other.Name", "the attribute Other.Name is known once it is deployed", "deployed stack"),
        ("!Ref Other", "what Other refers to", "deployed stack"),
        ("!ImportValue exported", "Fn::ImportValue is worked out by CloudFormation alone", "deployed stack"),
        ("'{{resolve:ssm:name}}'", "dynamic reference", "deployed stack"),
        ("!Join ['', ['{{resolve:', 'ssm:name}}']]", "dynamic reference", "deployed stack"),
        ("!FindInMap [M, x, y]", "no such entry", "deployed stack"),
        ("!If [Missing, a, b]", "the condition Missing is not defined", "deployed stack"),
        ("!If [Loop, a, b]", "the condition Loop is not defined", "deployed stack"),
        ("!Select [9, [a]]", "selects what is not there", "deployed stack"),
        ("''", "it has none", "deployed stack"),
    ],
)
def test_what_an_intrinsic_hides_is_an_error_with_line_property_and_way_out(name: str, why: str, out: str) -> None:
    head = dedent("""\
        Parameters:
          P: {Type: String}
          Quiet: {Type: String, NoEcho: true, Default: hush}
          Ssm: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /path}
        Conditions: {Loop: !Condition Loop}
        """)
    (found,) = refusal(identity(name, head=head)).diagnostics
    assert "Resources.A.Properties.Name" in found.summary
    assert why in found.summary
    assert out in found.detail
    assert found.source is not None
    assert found.source.line == LINES.get(name, 10)
    assert "hush" not in found.summary + found.detail


def test_what_is_hidden_beside_the_name_is_told_apart() -> None:
    text = identity(
        "a-agent", more="      AllowedResourceOauth2ReturnUrls: [!GetAtt Api.Url]\n      Tags: [{Key: k, Value: v}]\n"
    )
    (one,) = read(text).found
    assert one.attributes == {"allowedResourceOauth2ReturnUrls": (), "tags": {"k": "v"}}
    assert "Properties.AllowedResourceOauth2ReturnUrls" in one.hidden[0].summary
    assert one.hidden[0].source is not None
    assert one.hidden[0].source.line == 6


SECRETS = [
    (SECRET, {}),
    ("!Ref Quiet", {}),
    (f"!Sub 'x{SECRET}'", {}),
    ("'{{resolve:ssm-secure:name}}'", {}),
    ("'{{resolve:secretsmanager:prod/x}}'", {"secretId": "prod/x"}),
    ("'{{resolve:secretsmanager:prod/x:SecretString:key:AWSCURRENT}}'", {"secretId": "prod/x", "jsonKey": "key"}),
    (
        "!Sub '{{resolve:secretsmanager:arn:aws:secretsmanager:${AWS::Region}:1:secret:x-AbCdEf:SecretString:key}}'",
        {"secretId": "arn:aws:secretsmanager:eu-west-1:1:secret:x-AbCdEf", "jsonKey": "key"},
    ),
    ("!Sub '{{resolve:secretsmanager:${Secret}:SecretString:key}}'", {}),
]


@pytest.mark.parametrize(("value", "where"), SECRETS)
def test_of_a_secret_only_where_it_lies_is_taken(value: str, where: dict[str, str]) -> None:
    text = f"""\
        Parameters: {{Quiet: {{Type: String, NoEcho: true, Default: {SECRET}}}}}
        Resources:
          K:
            Type: AWS::BedrockAgentCore::ApiKeyCredentialProvider
            Properties: {{Name: k, ApiKey: {value}}}
          O:
            Type: AWS::BedrockAgentCore::OAuth2CredentialProvider
            Properties:
              Name: o
              CredentialProviderVendor: GithubOauth2
              Oauth2ProviderConfigInput: {{GithubOauth2ProviderConfig: {{ClientId: i, ClientSecret: {value}}}}}
        """
    reading = read_cloudformation(dedent(text).encode(), "t", parameters={"AWS::Region": "eu-west-1"})
    key, oauth2 = reading.found
    assert key.attributes["apiKey"] == oauth2.attributes["clientSecret"] == {"source": "MANAGED"}
    assert key.secrets == ({"apiKey": where} if where else {})
    assert oauth2.secrets == ({"clientSecret": where} if where else {})
    assert oauth2.attributes["config"] == {"clientId": "i"}
    assert SECRET not in repr(reading)
    assert not key.hidden


def test_a_config_has_the_apis_names_and_the_users_keys() -> None:
    text = """\
        Resources:
          O:
            Type: AWS::BedrockAgentCore::OAuth2CredentialProvider
            Properties:
              Name: o
              CredentialProviderVendor: CustomOauth2
              Surprise: 1
              Oauth2ProviderConfigInput:
                CustomOauth2ProviderConfig:
                  OauthDiscovery: {DiscoveryUrl: "https://x/.well-known/openid-configuration"}
                  PrivateKeyJwtConfig:
                    AdditionalHeaderClaims: {Kid: a, X5T: b}
                    PrivateKeySource: {KmsKeySource: {KmsKeyArn: arn}}
        """
    (one,) = read(text).found
    assert one.attributes["config"] == {
        "oauthDiscovery": {"discoveryUrl": "https://x/.well-known/openid-configuration"},
        "privateKeyJwtConfig": {
            "additionalHeaderClaims": {"Kid": "a", "X5T": "b"},
            "privateKeySource": {"kmsKeySource": {"kmsKeyArn": "arn"}},
        },
    }
    assert "Surprise" in one.notes[0]


def test_a_name_that_no_resource_can_have_and_an_id_that_is_none_go_no_further() -> None:
    (found,) = refusal(identity('"a\\nb-c"')).diagnostics
    assert "it does not match" in found.summary
    reading = read(identity("an-agent", more='  "B\\n  C":\n    Type: AWS::BedrockAgentCore::WorkloadIdentity\n'))
    assert [one.source for one in reading.found] == ["A"]
    assert "letters and digits" in reading.notes[0]


def test_a_stack_tells_names_places_and_parameters() -> None:
    arn = "arn:aws:bedrock-agentcore:eu-west-1:111111111111:token-vault/default/apikeycredentialprovider/real-name"
    deployed = Deployed(
        name="agents",
        account="111111111111",
        region="eu-west-1",
        physical={"A": "a-made-up-name", "K": arn},
        parameters={"P": "given"},
    )
    text = identity(
        "!GetAtt Other.Name",
        head="Parameters: {P: {Type: String}}\n",
        more="      Tags: [{Key: p, Value: !Ref P}, {Key: s, Value: !Sub '${AWS::StackName}/${AWS::Region}/${A}'}]\n"
        "  K: {Type: 'AWS::BedrockAgentCore::ApiKeyCredentialProvider', Properties: {Name: !Ref Nobody}}\n"
        "  Gone: {Type: 'AWS::BedrockAgentCore::WorkloadIdentity', Properties: {Name: gone}}\n",
    )
    key, one = read(text, deployed=deployed).found
    assert (one.name, one.account, one.region) == ("a-made-up-name", "111111111111", "eu-west-1")
    assert one.attributes["tags"] == {"p": "given", "s": "agents/eu-west-1/a-made-up-name"}
    assert (key.name, key.region) == ("real-name", "eu-west-1")
    assert read(text, deployed=deployed).notes == ("Gone is left out: the stack agents has not made it.",)


def test_json_says_the_same_as_yaml_tabs_and_halved_characters_included() -> None:
    raw = {
        "Resources": {
            "A": {
                "Type": "AWS::BedrockAgentCore::WorkloadIdentity",
                "Properties": {"Name": {"Fn::Sub": "a-b"}, "Tags": [{"Key": "k", "Value": "\U0001f600\\ud83d/"}]},
            }
        }
    }
    text = json.dumps(raw, indent="\t").replace("ud83d/", "ud83d\\/")
    assert "\\ud83d\\ude00" in text
    (one,) = read_cloudformation(text.encode(), "t.json", parameters={}).found
    assert (one.name, one.attributes["tags"]) == ("a-b", {"k": "\U0001f600\\ud83d/"})


@pytest.mark.parametrize(
    ("content", "why", "line"),
    [
        (b"", "empty", 1),
        (b"a: ]", "no YAML", 1),
        (b"Resources: {}\n", "no Resources", 1),
        (b"- a\n", "no Resources", 1),
        (b"Resources: {A: &a {b: c}, B: *a}\n", "alias", 1),
        (b"Resources:\n  A: 1\n  A: 2\n", "twice", 3),
        (b"Resources:\n  ? [a]\n  : 1\n", "no text", 2),
        (b"Resources: {A: 1}\n---\nb: 1\n", "several documents", 1),
        (b"\xff\xfe", "UTF-8", 1),
        (b"[" * 500 + b"]" * 500, "nests deeper", 1),
        (b"#" * ((1 << 20) + 1), "MiB", 1),
        (b"a: \x00", "no YAML", 1),
    ],
)
def test_what_is_no_template_is_refused_with_its_place(content: bytes, why: str, line: int) -> None:
    (found,) = refusal(content).diagnostics
    assert why in found.summary
    assert found.source is not None
    assert (found.source.file, found.source.line) == ("t.yaml", line)


words = st.sampled_from(
    [
        "Ref",
        "Fn::Sub",
        "Fn::Join",
        "Fn::If",
        "Fn::Select",
        "Fn::GetAtt",
        "Fn::Split",
        "Fn::FindInMap",
        "Type",
        "Name",
        "Key",
    ]
)
trees = st.recursive(
    st.none() | st.sampled_from(["Stage", "${Stage}", "{{resolve:x}}", "IsProd", "AWS::NoValue", "0", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=2),
    max_leaves=8,
)


@settings(deadline=None, max_examples=150)
@given(trees, trees, trees)
def test_whatever_stands_in_a_template_it_is_read_or_refused(name: Any, tags: Any, condition: Any) -> None:
    raw = {
        "Parameters": {"Stage": {"Default": "x"}},
        "Conditions": {"IsProd": condition},
        "Resources": {
            "A": {"Type": "AWS::BedrockAgentCore::WorkloadIdentity", "Properties": {"Name": name, "Tags": tags}},
            "O": {
                "Type": "AWS::BedrockAgentCore::OAuth2CredentialProvider",
                "Condition": "IsProd",
                "Properties": {"Name": "o", "Oauth2ProviderConfigInput": {"X": tags}},
            },
        },
    }
    with contextlib.suppress(InvalidInput):
        assert read_cloudformation(json.dumps(raw).encode(), "t.json", parameters={}).found


def _doubled(depth: int) -> dict[str, Any]:
    """Conditions of which each asks twice for the next."""
    conditions: dict[str, Any] = {
        f"C{at}": {"Fn::And": [{"Condition": f"C{at + 1}"}, {"Condition": f"C{at + 1}"}]} for at in range(depth)
    }
    return {**conditions, f"C{depth}": {"Fn::Equals": ["a", "a"]}}


@pytest.mark.parametrize(
    "head",
    [
        {"Conditions": _doubled(40)},
        {"Conditions": {f"C{at}": {"Fn::Not": [{"Condition": f"C{at + 1}"}]} for at in range(3000)}},
        {"Mappings": {"M": {"a": {"b": {"Fn::FindInMap": ["M", "a", "b"]}}}}},
    ],
    ids=["doubled", "a chain", "a circle"],
)
def test_a_template_that_would_go_on_for_ever_is_refused(head: dict[str, Any]) -> None:
    name: Any = {"Fn::FindInMap": ["M", "a", "b"]} if "Mappings" in head else {"Fn::If": ["C0", "abc", "abd"]}
    resource = {"Type": "AWS::BedrockAgentCore::WorkloadIdentity", "Properties": {"Name": name}}
    template = json.dumps({**head, "Resources": {"A": resource}}).encode()
    with pytest.raises(InvalidInput):
        read_cloudformation(template, "t.json", parameters={})


def test_what_is_selected_by_a_number_of_thousands_of_digits_is_not_there() -> None:
    with pytest.raises(InvalidInput):
        read(identity(f'!Select ["{"9" * 5000}", [a, b]]'))
