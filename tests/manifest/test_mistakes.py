"""What a manifest can get wrong beyond YAML: each mistake told once, where it stands, all of them together."""

from __future__ import annotations

import pytest

HEAD = "version: 1\nstack: s\n"
ENVIRONMENTS = "environments: {dev: {variables: {host: a.example.com}}, prod: {account: '222222222222'}}\n"
ENTRY = HEAD + "workloadIdentities:\n  abc:\n    allowedResourceOauth2ReturnUrls: ['https://a.example.com/']\n"

MISTAKES: dict[str, tuple[str, list[str]]] = {
    "no version": ("stack: s\n", ["m.yaml:1:1 missing-key"]),
    "a newer version": ("version: 2\nstack: s\n", ["m.yaml:1:10 invalid-value"]),
    "a version in quotes": ("version: '1'\nstack: s\n", ["m.yaml:1:10 invalid-value", "m.yaml:1:10 wrong-type"]),
    "a stack with a slash": ("version: 1\nstack: a/b\n", ["m.yaml:2:8 invalid-value"]),
    "an unknown key": (HEAD + "workloadIdentity: {}\n", ["m.yaml:3:1 unknown-key"]),
    "an unknown key in an entry": (ENTRY + "    tag: {}\n", ["m.yaml:6:5 unknown-key"]),
    "a provider without a vendor": (
        HEAD + "oauth2CredentialProviders: {github: {}}\napiKeyCredentialProviders: {}\ntokenVault:\n",
        ["m.yaml:3:37 missing-key", "m.yaml:3:37 missing-key"],
    ),
    "an unknown vendor": (
        HEAD + "oauth2CredentialProviders: {github: {credentialProviderVendor: Github, config: {clientId: a}}}\n",
        ["m.yaml:3:64 invalid-value"],
    ),
    "a member of another vendor's config": (
        HEAD
        + "oauth2CredentialProviders: {g: {credentialProviderVendor: GithubOauth2, config: {clientId: a, tenantId: b}}}\n",
        ["m.yaml:3:95 unknown-key"],
    ),
    "a custom provider without its endpoints": (
        HEAD + "oauth2CredentialProviders: {g: {credentialProviderVendor: CustomOauth2, config: {clientId: a}}}\n",
        ["m.yaml:3:81 missing-key"],
    ),
    "a discovery URL that is none": (
        HEAD + "oauth2CredentialProviders:\n  g:\n    credentialProviderVendor: CustomOauth2\n"
        "    config: {oauthDiscovery: {discoveryUrl: 'https://idp.example.com'}}\n",
        ["m.yaml:6:45 invalid-value"],
    ),
    "a secret in plain text": (
        HEAD + "apiKeyCredentialProviders: {s: {apiKey: sk-canary}}\n",
        ["m.yaml:3:41 literal-secret"],
    ),
    "a secret in a form that is none": (
        HEAD + "apiKeyCredentialProviders: {s: {apiKey: {value: sk-canary}}}\n",
        ["m.yaml:3:42 secret-form"],
    ),
    "a secret in the configuration": (
        HEAD
        + "oauth2CredentialProviders: {g: {credentialProviderVendor: GithubOauth2, config: {clientId: a, clientSecret: c}}}\n",
        ["m.yaml:3:95 unknown-key"],
    ),
    "an identity that is named twice": (
        ENTRY + "    runtime: a\n    gateway: b\n    name: abc\n",
        ["m.yaml:7:5 parent-form"],
    ),
    "a runtime's identity that is to be made": (
        ENTRY + "    runtime: a\n    lifecycle: {updateOnly: false}\n",
        ["m.yaml:7:29 parent-form"],
    ),
    "a runtime's name that is none": (ENTRY + "    runtime: a-b\n", ["m.yaml:6:14 invalid-value"]),
    "a provider of a runtime": (
        HEAD + "apiKeyCredentialProviders: {s: {runtime: a, apiKey: {secretId: a, jsonKey: b}}}\n",
        ["m.yaml:3:33 unknown-key"],
    ),
    "one gateway for two": (
        HEAD + "workloadIdentities: {abc: {gateway: a}, def: {gateway: a}, ghi: {runtime: a}}\n",
        [
            "m.yaml:3:22 no-return-urls",
            "m.yaml:3:41 no-return-urls",
            "m.yaml:3:56 duplicate-name",
            "m.yaml:3:60 no-return-urls",
        ],
    ),
    "a day that no calendar has": (ENTRY + "    expires: 2027-02-30\n", ["m.yaml:6:14 invalid-value"]),
    "a day in another form": (ENTRY + "    expires: 1.3.2027\n", ["m.yaml:6:14 invalid-value"]),
    "what every entry has to say": (
        ENTRY
        + "    owner: me\n  def:\n    allowedResourceOauth2ReturnUrls: ['https://b.example.com/']\n    expires: 2027-03-01\n"
        "apiKeyCredentialProviders:\n  s: {apiKey: {secretId: a, jsonKey: b}}\n"
        "tokenVault: {keyType: ServiceManagedKey}\nsettings: {require: [owner, expires]}\n",
        ["m.yaml:4:3 required", "m.yaml:7:3 required", "m.yaml:11:3 required", "m.yaml:11:3 required"],
    ),
    "a path of an approver that no manifest has": (
        ENTRY + "settings: {review: {approvers: [{paths: [workloadIdentity.abc], require: security}]}}\n",
        ["m.yaml:6:42 review-path"],
    ),
    "a path of an approver at which nothing stands": (
        ENTRY
        + "settings: {review: {approvers: [{paths: ['workloadIdentities.x*', 'workloadIdentities', 'stack'], require: me}]}}\n",
        ["m.yaml:6:42 review-path"],
    ),
    "an approver of nothing, and nobody": (
        ENTRY + "settings: {review: {approvers: [{paths: [], require: ''}]}}\n",
        ["m.yaml:6:41 invalid-value", "m.yaml:6:54 invalid-value", "m.yaml:6:54 invalid-value"],
    ),
    "an approver that is asked for from no level": (
        ENTRY + "settings: {review: {approvers: [{paths: [stack], require: security, from: info}]}}\n",
        ["m.yaml:6:75 invalid-value"],
    ),
    "hosts of everybody": (
        ENTRY + "settings: {review: {hosts: ['*.com', '*', '*.github.io', 'app.*', '*.example.com', a.example.com]}}\n",
        ["m.yaml:6:29 review-host", "m.yaml:6:38 review-host", "m.yaml:6:43 review-host", "m.yaml:6:58 review-host"],
    ),
    "a host that is a URL": (
        ENTRY + "settings: {review: {hosts: ['https://app.example.com']}}\n",
        ["m.yaml:6:29 invalid-value"],
    ),
    "what is required and refused is told once": (
        ENTRY + "    owner: 12\nsettings: {require: [owner]}\n",
        ["m.yaml:6:12 wrong-type"],
    ),
    "a secret in two places": (
        HEAD + "apiKeyCredentialProviders: {s: {apiKey: {secretId: a, jsonKey: b, fromEnv: C}}}\n",
        ["m.yaml:3:41 secret-form"],
    ),
    "a secret nowhere": (
        HEAD + "apiKeyCredentialProviders: {s: {apiKey: {version: 1}}}\n",
        ["m.yaml:3:41 secret-form"],
    ),
    "a managed secret without its version": (
        HEAD + "apiKeyCredentialProviders: {s: {apiKey: {fromEnv: KEY}}}\n",
        ["m.yaml:3:41 missing-key"],
    ),
    "a secret of one's own without its key": (
        HEAD + "apiKeyCredentialProviders: {s: {apiKey: {secretId: a}}}\n",
        ["m.yaml:3:41 missing-key"],
    ),
    "credentials as a secret": (
        HEAD + "apiKeyCredentialProviders: {s: {apiKey: {fromEnv: AWS_SECRET_ACCESS_KEY, version: 1}}}\n",
        ["m.yaml:3:51 reserved-variable"],
    ),
    "the token of a pipeline as a secret": (
        HEAD + "apiKeyCredentialProviders: {s: {apiKey: {fromEnv: GITHUB_TOKEN, version: 1}}}\n",
        ["m.yaml:3:51 reserved-variable"],
    ),
    "a vault without its key": (HEAD + "tokenVault: {keyType: CustomerManagedKey}\n", ["m.yaml:3:13 missing-key"]),
    "a vault's key that is none": (
        HEAD + "tokenVault: {keyType: CustomerManagedKey, kmsKeyArn: alias/mine}\n",
        ["m.yaml:3:54 invalid-value"],
    ),
    "a grant of nothing": (ENTRY + "    access: [{scopes: [a]}]\n", ["m.yaml:6:14 grant-form"]),
    "a grant without flows": (ENTRY + "    access: [{oauth2: github}]\n", ["m.yaml:6:14 missing-key"]),
    "a grant of what is not declared": (ENTRY + "    access: [{apiKey: stripe}]\n", ["m.yaml:6:14 unknown-provider"]),
    "a grant of what stands twice": (
        HEAD + "apiKeyCredentialProviders: {s: {apiKey: {fromEnv: KEY, version: 1}}}\n"
        "workloadIdentities: {abc: {access: [{apiKey: s}, {apiKey: s}]}}\n",
        ["m.yaml:4:50 duplicate-grant"],
    ),
    "another stack's provider that is declared here": (
        HEAD + "apiKeyCredentialProviders: {s: {apiKey: {fromEnv: KEY, version: 1}}}\n"
        "workloadIdentities: {abc: {access: [{apiKey: s, external: true}]}}\n",
        ["m.yaml:4:22 no-return-urls", "m.yaml:4:37 grant-form"],
    ),
    "an API key with scopes": (
        HEAD + "apiKeyCredentialProviders: {s: {apiKey: {fromEnv: KEY, version: 1}}}\n"
        "workloadIdentities: {abc: {access: [{apiKey: s, scopes: [a]}]}}\n",
        ["m.yaml:4:49 grant-form"],
    ),
    "a list of identities": (HEAD + "workloadIdentities: [abc]\n", ["m.yaml:3:21 wrong-type"]),
    "a key too short for a name": (HEAD + "workloadIdentities: {ab: {tags: {}}}\n", ["m.yaml:3:22 invalid-value"]),
    "a key with a space": (HEAD + "workloadIdentities: {a b c: {}}\n", ["m.yaml:3:22 invalid-key"]),
    "a name too long": (ENTRY + f"    name: {'a' * 256}\n", ["m.yaml:6:11 invalid-value"]),
    "a name with a slash": (ENTRY + "    name: a/b/c\n", ["m.yaml:6:11 invalid-value"]),
    "an empty name": (ENTRY + "    name:\n", ["m.yaml:6:10 wrong-type"]),
    "a URL alone": (
        HEAD + "workloadIdentities: {abc: {allowedResourceOauth2ReturnUrls: 'https://a.example.com'}}\n",
        ["m.yaml:3:61 wrong-type"],
    ),
    "a URL without a scheme": (ENTRY.replace("https:", ""), ["m.yaml:5:39 invalid-value"]),
    "a URL with a space": (ENTRY.replace(".com/", ".com/ "), ["m.yaml:5:39 invalid-value"]),
    "a URL too long": (ENTRY.replace(".com/", ".com/" + "a" * 2048), ["m.yaml:5:39 invalid-value"]),
    "a URL that ends in a line break": (
        ENTRY.replace("'", '"').replace(".com/", ".com/\\n"),
        ["m.yaml:5:39 invalid-value"],
    ),
    "a number for a URL": (ENTRY.replace("'https://a.example.com/'", "8080"), ["m.yaml:5:39 wrong-type"]),
    "a tag value outside the charset": (ENTRY + "    tags: {team: 'a,b'}\n", ["m.yaml:6:18 invalid-value"]),
    "a tag value too long": (ENTRY + f"    tags: {{team: {'a' * 257}}}\n", ["m.yaml:6:18 invalid-value"]),
    "a tag key outside the charset": (ENTRY + "    tags: {te*m: a}\n", ["m.yaml:6:12 invalid-key"]),
    "a template in a tag key": (ENTRY + "    tags: {'${host}': a}\n", ["m.yaml:6:12 invalid-key"]),
    "fifty tags": (
        ENTRY + f"    tags: {{{', '.join(f'k{i}: a' for i in range(50))}}}\n",
        ["m.yaml:6:11 invalid-value"],
    ),
    "our own tag": (ENTRY + "    tags: {'reconciler:stack': s/dev}\n", ["m.yaml:6:12 reserved-tag"]),
    "AWS's own tag": (ENTRY + "    tags: {AWS:cloudformation: a}\n", ["m.yaml:6:12 reserved-tag"]),
    "an ignored tag": (
        ENTRY + "    tags: {'corp:unit': a}\nsettings: {ignoreTags: ['corp:*']}\n",
        ["m.yaml:6:12 ignored-tag"],
    ),
    "a word for a boolean": (ENTRY + "    lifecycle: {protect: 'true'}\n", ["m.yaml:6:26 wrong-type"]),
    "yes for a boolean": (ENTRY + "    lifecycle: {protect: yes}\n", ["m.yaml:6:26 yaml-ambiguous"]),
    "an unknown environment": (ENTRY + "    environments: [prd]\n" + ENVIRONMENTS, ["m.yaml:6:20 unknown-environment"]),
    "no environment at all": (ENTRY + "    environments: []\n", ["m.yaml:6:19 invalid-value"]),
    "a previous key that is its own": (ENTRY + "    previously: abc\n", ["m.yaml:6:17 previously"]),
    "a previous key that is declared": (
        ENTRY + "    previously: def\n  def: {allowedResourceOauth2ReturnUrls: ['https://b.example.com/']}\n",
        ["m.yaml:6:17 previously"],
    ),
    "a previous key of two": (
        ENTRY
        + "    previously: old\n  def: {previously: old, allowedResourceOauth2ReturnUrls: ['https://b.example.com/']}\n",
        ["m.yaml:7:21 previously"],
    ),
    "two entries of one name": (
        ENTRY + "  def: {name: abc, allowedResourceOauth2ReturnUrls: ['https://b.example.com/']}\n",
        ["m.yaml:6:15 duplicate-name"],
    ),
    "an account without quotes": (HEAD + "environments: {a: {account: 222222222222}}\n", ["m.yaml:3:29 wrong-type"]),
    "an octal account": (
        HEAD + "environments: {a: {account: 012345678901}}\n",
        ["m.yaml:3:29 yaml-ambiguous"],
    ),
    "an account too short": (HEAD + "environments: {a: {account: '1234'}}\n", ["m.yaml:3:29 invalid-value"]),
    "a region that is none": (HEAD + "environments: {a: {region: Ireland}}\n", ["m.yaml:3:28 invalid-value"]),
    "an unknown directory": (HEAD + "environments: {a: {directory: azure}}\n", ["m.yaml:3:31 invalid-value"]),
    "an external id without a role": (HEAD + "environments: {a: {externalId: abc}}\n", ["m.yaml:3:19 missing-key"]),
    "a limit over 100%": (HEAD + "environments: {a: {limits: {deletes: 101%}}}\n", ["m.yaml:3:38 invalid-value"]),
    "a limit below 0": (HEAD + "environments: {a: {limits: {deletes: -1}}}\n", ["m.yaml:3:38 invalid-value"]),
    "a variable that is built in": (
        HEAD + "environments: {a: {variables: {region: x}}}\n",
        ["m.yaml:3:32 reserved-variable"],
    ),
    "a variable with a space": (HEAD + "environments: {a: {variables: {a b: x}}}\n", ["m.yaml:3:32 invalid-key"]),
    "a variable of a variable": (
        HEAD + "environments: {a: {variables: {a: '${b}'}}}\n",
        ["m.yaml:3:35 template-not-read"],
    ),
    "a template in a profile": (HEAD + "environments: {a: {profile: '${b}'}}\n", ["m.yaml:3:29 template-not-read"]),
    "an unknown rule": (HEAD + "settings: {rules: {plain-htp: error}}\n", ["m.yaml:3:20 unknown-rule"]),
    "an unknown operation": (HEAD + "settings: {rates: {GetWorkloadIdentty: 9}}\n", ["m.yaml:3:20 unknown-operation"]),
    "no calls at all": (
        HEAD + "settings: {rates: {'*': 0, GetWorkloadIdentity: -3}}\n",
        ["m.yaml:3:25 invalid-value", "m.yaml:3:49 invalid-value"],
    ),
    "more calls than anybody can make": (HEAD + "settings: {rates: {'*': 10001}}\n", ["m.yaml:3:25 invalid-value"]),
    "a rate that is no number": (HEAD + "settings: {rates: {'*': fast}}\n", ["m.yaml:3:25 wrong-type"]),
    "rates that are no mapping": (HEAD + "settings: {rates: 20}\n", ["m.yaml:3:19 wrong-type"]),
    "rates from elsewhere": (HEAD + "settings: {rates: {from: the-moon}}\n", ["m.yaml:3:26 invalid-value"]),
    "an unknown severity": (HEAD + "settings: {rules: {plain-http: fatal}}\n", ["m.yaml:3:32 invalid-value"]),
    "a rule silenced without a reason": (
        HEAD + "settings: {rules: {plain-http: off, shared-url: {severity: off}}}\n",
        ["m.yaml:3:32 silenced-without-reason", "m.yaml:3:49 silenced-without-reason"],
    ),
    "a rule with no severity": (HEAD + "settings: {rules: {plain-http: {reason: a}}}\n", ["m.yaml:3:32 missing-key"]),
    "an unknown variable": (
        ENTRY + "    tags: {at: '${hots}'}\n    environments: [dev]\n" + ENVIRONMENTS,
        ["m.yaml:6:16 unknown-variable"],
    ),
    "a variable of some environments": (
        ENTRY + "    tags: {at: '${host}'}\n" + ENVIRONMENTS,
        ["m.yaml:6:16 unknown-variable"],
    ),
    "an account that is not declared": (
        ENTRY + "    tags: {at: '${account}'}\n" + ENVIRONMENTS,
        ["m.yaml:6:16 unknown-variable"],
    ),
    "a template that is never closed": (ENTRY + "    tags: {at: '${host'}\n" + ENVIRONMENTS, ["m.yaml:6:16 template"]),
    "a template of nothing": (ENTRY + "    tags: {at: '${}'}\n", ["m.yaml:6:16 template"]),
    "a name that is too long in one environment": (
        ENTRY + "    name: 'abc-${x}'\nenvironments: {a: {variables: {x: b}}, b: {variables: {x: %s}}}\n" % ("y" * 255),
        ["m.yaml:6:11 invalid-value"],
    ),
    "a name that is one only in an environment": (
        ENTRY
        + "    name: 'abc-${x}'\n  abc-b: {allowedResourceOauth2ReturnUrls: ['https://b.example.com/']}\n"
        + "environments: {a: {variables: {x: a}}, b: {variables: {x: b}}}\n",
        ["m.yaml:7:3 duplicate-name"],
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_where_it_stands(name, places):
    text, expected = MISTAKES[name]

    assert places(text) == expected


@pytest.mark.parametrize("name", MISTAKES)
def test_a_message_names_the_thing_and_the_way_out(name, findings):
    for one in findings(MISTAKES[name][0]):
        assert one.summary
        assert not one.summary.endswith(".")
        assert one.detail.endswith((".", "}", "…}."))
        assert "\n" not in one.summary


def test_a_near_miss_is_asked_about(findings):
    for text, meant in (
        (HEAD + "workloadIdentites: {}\n", "workloadIdentities"),
        (ENTRY + "    lifecycle: {updateonly: true}\n", "updateOnly"),
        (HEAD + "environments: {a: {directory: embeded}}\n", "embedded"),
        (HEAD + "settings: {rules: {plain-https: error}}\n", "plain-http"),
        (HEAD + "settings: {rates: {GetWorkloadIdentitys: 9}}\n", "GetWorkloadIdentity"),
        (ENTRY + "    environments: [pord]\n" + ENVIRONMENTS, "prod"),
        (ENTRY + "    environments: [dev]\n    tags: {at: '${hots}'}\n" + ENVIRONMENTS, "host"),
    ):
        assert f'Did you mean "{meant}"?' in findings(text)[0].detail


def test_mistakes_of_every_kind_and_file_are_told_at_once_and_in_order(places):
    files = {
        "c.yaml": "workloadIdentities: {abc: {tags: {a: 1}, environments: [nowhere], name: '${nothing}'}}\n",
        "a.yaml": "version: 1\nstack: s\nstak: t\nenvironments: {dev: {}, prod: {region: moon}}\n",
        "b.yaml": "workloadIdentities:\n  def: {previously: def, tags: {aws:x: b, c: '${d'}}\n  def: {}\n",
    }

    told = places(files)

    assert told == [
        "a.yaml:3:1 unknown-key",
        "a.yaml:4:40 invalid-value",
        "b.yaml:2:21 previously",
        "b.yaml:2:33 reserved-tag",
        "b.yaml:2:46 template",
        "b.yaml:3:3 yaml-duplicate-key",
        "c.yaml:1:38 wrong-type",
        "c.yaml:1:57 unknown-environment",
    ]
    assert places(dict(reversed(files.items()))) == told


def test_a_broken_file_does_not_hide_the_mistakes_of_another_nor_invent_some(places):
    files = {
        "a.yaml": "version: 1\nstack: s\nenvironments: {prod: {}\n",
        "b.yaml": "workloadIdentities:\n  abc: {environments: [prod], tag: {}}\n",
    }

    assert places(files) == ["a.yaml:4:1 yaml-syntax", "b.yaml:2:31 unknown-key"]


def test_a_key_in_two_files_names_both_places(findings):
    (told,) = findings(
        {
            "a.yaml": HEAD
            + "workloadIdentities:\n  abc: {allowedResourceOauth2ReturnUrls: ['https://a.example.com/']}\n",
            "b.yaml": "# more\nworkloadIdentities:\n  abc: {}\n",
        }
    )

    assert (str(told.source), told.code) == ("b.yaml:3:3", "duplicate-key")
    assert "a.yaml:4:3" in told.detail


def test_files_of_one_folder_must_agree(places):
    files = {
        "a.yaml": "version: 1\nstack: one\nsettings: {ignoreTags: [a], rules: {shared-url: info}}\n",
        "b.yaml": "version: 1\nstack: two\nsettings: {ignoreTags: [b], rules: {shared-url: info, plain-http: error}}\n",
    }

    assert places(files) == ["b.yaml:2:8 stack-mismatch", "b.yaml:3:12 duplicate-key", "b.yaml:3:37 duplicate-key"]


def test_thousands_of_mistakes_are_told_in_part_and_said_to_be_more(findings):
    text = HEAD + "workloadIdentities:\n" + "".join(f"  agent-{i:05}: {{tag: {{}}}}\n" for i in range(10_000))
    told = findings(text)

    assert {one.code for one in told} == {"unknown-key", "more-mistakes"}
    assert len(told) == 1001
