"""What a sound manifest comes to in each of its environments."""

from __future__ import annotations

import pytest

from reconciler.diagnostics import Severity, Source
from reconciler.errors import UsageError
from reconciler.manifest import load_files, resolve
from reconciler.manifest.documents import ManifestFile
from reconciler.model.addresses import Address
from reconciler.model.environments import Limit, RuleSetting, Where
from reconciler.model.rates import Rates

WHOLE = """\
version: 1
stack: payments
settings:
  ignoreTags: [cost-center, "corp:*"]
  rules:
    custom-scheme: info
    no-return-urls: {severity: off, reason: Batch agents need none.}
environments:
  local: {directory: embedded, variables: {host: "localhost:8080"}, limits: {deletes: 3}}
  prod:
    account: "222222222222"
    region: us-east-1
    roleArn: arn:aws:iam::222222222222:role/reconciler
    externalId: abc
    sessionName: us
    profile: prod
    variables: {host: app.example.com}
    protect: true
    limits: {deletes: "5%"}
    state: s3://bucket/prefix
workloadIdentities:
  invoice-agent:
    name: invoice-${environment}
    allowedResourceOauth2ReturnUrls:
      - https://${host}/z
      - https://${host}/a
      - https://${host}/a
    tags: {z: "${account}/${region}", a: "1"}
    environments: [prod]
    lifecycle: {protect: true, updateOnly: true}
    previously: bill-agent
  batch-agent:
  literal-agent:
    allowedResourceOauth2ReturnUrls: ["https://a.example.com/$${host}/$x"]
"""


def test_every_word_of_the_manifest_reaches_the_model(stack_of):
    stack = stack_of(WHOLE, "prod")
    prod = stack.environment
    one = stack.resources[Address("workload_identity", "invoice-agent")]

    assert (stack.name, prod.name, prod.where, prod.account, prod.region) == (
        "payments",
        "prod",
        Where.AWS,
        "222222222222",
        "us-east-1",
    )
    assert (prod.profile, prod.role_arn, prod.external_id, prod.session_name, str(prod.state)) == (
        "prod",
        "arn:aws:iam::222222222222:role/reconciler",
        "abc",
        "us",
        "s3://bucket/prefix",
    )
    assert (prod.variables, prod.protect, prod.limit) == ({"host": "app.example.com"}, True, Limit(percent=5))
    assert prod.source == Source("m.yaml", 10, 3)
    assert stack.settings.ignore_tags == ("corp:*", "cost-center")
    assert stack.settings.rules == {
        "custom-scheme": RuleSetting(severity=Severity.INFO, source=Source("m.yaml", 6, 5)),
        "no-return-urls": RuleSetting(severity=None, reason="Batch agents need none.", source=Source("m.yaml", 7, 5)),
    }
    assert one.name == "invoice-prod"
    assert one.attributes == {
        "allowedResourceOauth2ReturnUrls": ("https://app.example.com/a", "https://app.example.com/z"),
        "tags": {"a": "1", "z": "222222222222/us-east-1"},
    }
    assert (one.protect, one.update_only, one.previously) == (True, True, Address("workload_identity", "bill-agent"))
    assert one.source == Source("m.yaml", 22, 3)


def test_an_entry_stands_only_where_it_says(stack_of):
    local = stack_of(WHOLE, "local")

    assert [str(one) for one in local.resources] == ["workload_identity.batch-agent", "workload_identity.literal-agent"]
    assert (local.environment.where, local.environment.limit) == (Where.EMBEDDED, Limit(percent=None, count=3))


def test_what_is_left_out_is_the_services_default(stack_of):
    one = stack_of(WHOLE, "local").resources[Address("workload_identity", "batch-agent")]

    assert one.attributes == {"allowedResourceOauth2ReturnUrls": (), "tags": {}}
    assert (one.name, one.protect, one.update_only, one.previously) == ("batch-agent", False, False, None)


def test_a_doubled_dollar_is_a_literal_one(stack_of):
    one = stack_of(WHOLE, "local").resources[Address("workload_identity", "literal-agent")]

    assert one.attributes["allowedResourceOauth2ReturnUrls"] == ("https://a.example.com/${host}/$x",)


def test_without_environments_there_is_one_with_ambient_credentials(stack_of):
    environment = stack_of("version: 1\nstack: s\n").environment

    assert (environment.name, environment.where, environment.account) == ("default", Where.AWS, "")


def test_sections_and_lists_may_be_left_empty(stack_of):
    text = (
        "version: 1\nstack: s\nsettings:\nenvironments:\n  a:\nworkloadIdentities:\n  abc:\n    tags:\n    lifecycle:\n"
    )

    assert len(stack_of(text + "    allowedResourceOauth2ReturnUrls:\n    environments:\n", "a").resources) == 1


def test_an_environment_that_is_not_declared_is_a_usage_error():
    manifest = load_files([ManifestFile("m.yaml", WHOLE.encode())]).manifest

    with pytest.raises(UsageError) as caught:
        resolve(manifest, "prd")

    assert 'Did you mean "prod"?' in caught.value.detail


def test_a_folder_of_files_comes_to_the_same_as_one(stack_of):
    head, rest = WHOLE.split("environments:\n", 1)
    environments, entries = rest.split("workloadIdentities:\n", 1)
    files = {
        "a.yaml": "workloadIdentities:\n" + entries,
        "b.yaml": "environments:\n" + environments,
        "c.yaml": head,
        "d.yaml": "# nothing yet\n",
        "e.yaml": "version: 1\nstack: payments\n",
    }

    apart, whole = stack_of(files, "prod"), stack_of(WHOLE, "prod")

    assert apart.digest == whole.digest
    assert [str(one.source) for one in apart.resources.values()] == ["a.yaml:12:3", "a.yaml:2:3", "a.yaml:13:3"]


def test_one_word_more_is_another_digest(stack_of):
    base = stack_of(WHOLE, "prod").digest
    changed = [
        WHOLE.replace("stack: payments", "stack: payment"),
        WHOLE.replace("/z", "/y"),
        WHOLE.replace('a: "1"', 'a: "2"'),
        WHOLE.replace("protect: true, updateOnly", "protect: false, updateOnly"),
        WHOLE.replace("updateOnly: true", "updateOnly: false"),
        WHOLE.replace("name: invoice-", "name: invoices-"),
        WHOLE.replace("bill-agent", "bills-agent"),
        WHOLE.replace("us-east-1", "us-east-2"),
        WHOLE.replace('account: "222222222222"', 'account: "333333333333"'),
        WHOLE.replace("batch-agent:", "batch-agents:"),
    ]

    assert len({base, *(stack_of(text, "prod").digest for text in changed)}) == len(changed) + 1
    assert stack_of("# more\n" + WHOLE.replace("  batch-agent:", "\n\n  batch-agent: {}"), "prod").digest == base


def test_rates_hold_in_every_environment_and_may_stand_in_several_files(stack_of):
    files = {
        "a.yaml": "version: 1\nstack: s\nsettings: {rates: {'*': 10, from: service-quotas}}\n",
        "b.yaml": "settings: {rates: {GetWorkloadIdentity: 40}}\nenvironments: {a: {}, b: {region: us-east-1}}\n",
    }
    for environment in ("a", "b"):
        rates = stack_of(files, environment).environment.rates
        assert rates == Rates(asked={"*": 10.0, "GetWorkloadIdentity": 40.0}, look_up=True)
    assert stack_of("version: 1\nstack: s\n").environment.rates == Rates()
