"""The function in AWS Lambda: an event has one identity read, a scheduled one makes a run; twice is once, and nothing leaks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from standardwebhooks import Webhook

from reconciler.lambda_handler import DriftCheckFailed, handler
from tests.peers import Inbox, serve_inbox
from tests.scheduling.examples import template

ACCOUNT, REGION = "123456789012", "us-east-1"
ROGUE = "https://rogue.example/callback"
KEY = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CLOCK = {
    "version": "0", "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "detail-type": "Scheduled Event", "source": "aws.events",
    "account": ACCOUNT, "time": "2026-11-24T10:00:00Z", "region": REGION,
    "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/drift"], "detail": {},
}  # fmt: skip


@dataclass
class Function:
    """The function as it is deployed: its manifest and state in a bucket, and its directory."""

    client: Any
    trail: Any
    bucket: str
    buckets: Any
    project: Any
    aws: Any
    capture: Any

    def events(self) -> list[dict[str, Any]]:
        """What EventBridge makes of the trail, oldest first."""
        found = self.trail.lookup_events()["Events"]
        records = [json.loads(one["CloudTrailEvent"]) for one in reversed(found)]
        return [
            {
                "version": "0", "id": record["eventID"], "detail-type": "AWS API Call via CloudTrail",
                "source": "aws.bedrock-agentcore", "account": record["recipientAccountId"], "time": record["eventTime"],
                "region": record["awsRegion"], "resources": [], "detail": record,
            }
            for record in records
        ]  # fmt: skip

    def divert(self, *urls: str, name: str = "agent-a") -> dict[str, Any]:
        """Somebody changes the return URLs; the event of it."""
        self.client.update_workload_identity(name=name, allowedResourceOauth2ReturnUrls=list(urls) or [ROGUE])
        self.aws.misbehaviour.calls.clear()
        return next(one for one in reversed(self.events()) if one["detail"]["eventName"] == "UpdateWorkloadIdentity")

    def reads(self) -> list[str]:
        return [one.operation for one in self.aws.misbehaviour.calls if one.operation != "LookupEvents"]

    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.capture.readouterr().out.splitlines()]

    def stored(self) -> list[str]:
        return [one["Key"] for one in self.buckets.client().list_objects_v2(Bucket=self.bucket)["Contents"]]


@pytest.fixture
def function(
    project: Any, aws: Any, buckets: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Function]:
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDTRAIL", aws.url)
    bucket = buckets.make()
    head = f"environments: {{prod: {{account: '{ACCOUNT}', region: {REGION}, state: 's3://{bucket}/state'}}}}"
    manifest = project.declare("agent-a", "agent-b", head=head)
    assert project.run("apply", "--auto-approve").code == 0
    buckets.client().put_object(Bucket=bucket, Key="manifests/reconciler.yaml", Body=manifest.read_bytes())
    manifest.unlink()
    monkeypatch.setenv("RECONCILER_MANIFEST", f"s3://{bucket}/manifests/reconciler.yaml")
    monkeypatch.setenv("AWS_REGION", REGION)
    clients = [
        boto3.client(one, region_name=REGION, endpoint_url=aws.url)
        for one in ("bedrock-agentcore-control", "cloudtrail")
    ]
    made = Function(*clients, bucket, buckets, project, aws, capsys)
    assert handler(CLOCK)["outcome"] == "none"
    aws.misbehaviour.calls.clear()
    capsys.readouterr()
    yield made
    for client in clients:
        client.close()


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    with serve_inbox() as running:
        monkeypatch.setenv("DRIFT_KEY", KEY)
        monkeypatch.setenv("RECONCILER_NOTIFY", f"webhook={running.url}/drift,key=DRIFT_KEY")
        yield running


def test_an_event_has_the_identity_read_that_it_names_and_no_other(function: Function) -> None:
    event = function.divert()
    answer = handler(event)
    assert function.reads().count("GetWorkloadIdentity") == 1
    assert not {"ListWorkloadIdentities", "ListGateways"} & set(function.reads())
    (found,) = answer["findings"]
    assert found["about"] == "workload_identity.agent-a"
    assert found["by"] == [f"user {event['detail']['userIdentity']['userName']}"]
    assert (answer["outcome"], answer["exit_code"], answer["whole"], answer["new"]) == ("drift", 2, False, 1)
    assert json.loads(json.dumps(answer)) == answer
    assert function.logged()[-1]["outcome"] == "drift"
    assert "state/payments.prod.drift.json.lease" not in function.stored()


def test_an_event_that_is_delivered_twice_is_told_once(function: Function, inbox: Inbox) -> None:
    event = function.divert()
    assert (handler(event)["new"], handler(event)["new"], handler(CLOCK)["new"]) == (1, 0, 0)
    (posted,) = inbox.sent
    told = Webhook(KEY).verify(posted.body, posted.headers)
    assert ROGUE in json.dumps(told)


def test_what_was_undone_is_told_as_over(function: Function, inbox: Inbox) -> None:
    handler(function.divert())
    answer = handler(function.divert("https://app.example.com/agent-a"))
    assert (answer["outcome"], answer["resolved"]) == ("none", 1)
    assert len(inbox.sent) == 2


def test_a_scheduled_event_makes_a_run_over_everything(function: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_METRICS", "emf")
    function.divert()
    answer = handler(CLOCK)
    assert (answer["outcome"], answer["whole"], answer["new"]) == ("drift", True, 1)
    assert "ListWorkloadIdentities" in function.reads()
    (metrics,) = [one for one in function.logged() if "_aws" in one]
    assert (metrics["Drifted"], metrics["Environment"]) == (1, "prod")


def test_a_newcomer_is_found_by_its_event(function: Function) -> None:
    function.client.create_workload_identity(name="stranger", allowedResourceOauth2ReturnUrls=[ROGUE])
    assert [one["class"] for one in handler(function.events()[-1])["findings"]] == ["newcomer"]


NO_NEWS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"detail-type": "EC2 Instance State-change Notification"}, "is neither"),
    ({"source": "acme.tools"}, "not sent by AWS"),
    ({"account": "999999999999"}, "is of account 999999999999"),
    ({"region": "eu-west-1"}, "is of Region eu-west-1"),
    ({"detail": {"recipientAccountId": "999999999999"}}, "is of account 999999999999"),
    ({"detail": {"awsRegion": "eu-west-1"}}, "is of Region eu-west-1"),
    ({"account": None, "detail": {"recipientAccountId": "999999999999"}}, "is of account 999999999999"),
    ({"region": "", "detail": {"awsRegion": "eu-west-1"}}, "is of Region eu-west-1"),
    ({"account": None, "detail": {"recipientAccountId": None}}, "does not say of which account and Region"),
    ({"region": "", "detail": {"awsRegion": ""}}, "does not say of which account and Region"),
    ({"detail": {"eventName": "RunInstances"}}, "no identity"),
    ({"detail": None}, "no identity"),
    ({"detail": {"errorCode": "AccessDeniedException"}}, "was refused"),
    ({"detail": {"requestParameters": None, "responseElements": None, "resources": []}}, "does not say"),
)


def test_what_is_no_news_of_this_directory_is_left_alone(function: Function, inbox: Inbox) -> None:
    event = function.divert()
    for change, reason in NO_NEWS:
        detail = change.get("detail", {})
        answer = handler({**event, **change, "detail": {**event["detail"], **detail} if detail is not None else None})
        assert (answer["outcome"], answer["exit_code"]) == ("ignored", 0)
        assert reason in answer["reason"]
    assert handler({})["outcome"] == "ignored"
    for odd in ([event], None, "drift", 7):
        answer = handler(odd)
        assert (answer["outcome"], answer["exit_code"]) == ("ignored", 0)
        assert "no object of JSON" in answer["reason"]
    assert (function.reads(), inbox.sent) == ([], [])


def test_an_event_whose_parts_are_of_two_accounts_is_left_alone_also_where_the_manifest_names_none(
    function: Function,
) -> None:
    s3, where = function.buckets.client(), {"Bucket": function.bucket, "Key": "manifests/reconciler.yaml"}
    text = s3.get_object(**where)["Body"].read().decode()
    s3.put_object(**where, Body=text.replace(f"account: '{ACCOUNT}', ", "").encode())
    event = function.divert()
    answer = handler({**event, "detail": {**event["detail"], "recipientAccountId": "999999999999"}})
    assert "and what CloudTrail recorded is of 999999999999" in answer["reason"]
    assert handler(event)["new"] == 1


def test_the_rule_of_the_template_brings_a_change_from_the_bus_to_the_function(function: Function) -> None:
    event = function.divert()
    other = {**event, "detail": {**event["detail"], "errorCode": "AccessDenied"}}
    where = {"region_name": REGION, "endpoint_url": function.aws.url}
    bus, queues = boto3.client("events", **where), boto3.client("sqs", **where)
    queue = queues.create_queue(QueueName="drift")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = template(ApplyRole="none")["Changes"]["Properties"]["EventPattern"]
    bus.put_rule(Name="drift", EventPattern=json.dumps(pattern))
    bus.put_targets(Rule="drift", Targets=[{"Id": "drift", "Arn": arn}])
    for one in (other, event):
        entry = {"Source": one["source"], "DetailType": one["detail-type"], "Detail": json.dumps(one["detail"])}
        assert bus.put_events(Entries=[entry])["FailedEntryCount"] == 0
    (message,) = queues.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    answer = handler(json.loads(message["Body"]))
    assert [one["about"] for one in answer["findings"]] == ["workload_identity.agent-a"]
    for client in (bus, queues):
        client.close()


def test_while_another_is_at_work_an_event_is_tried_again_and_the_clock_is_not(function: Function) -> None:
    event = function.divert()
    lease = {
        "id": "7f0c1d1e-6f7e-4c39-9b76-0a4c5f2f8a11", "who": "ci@runner-9 process 7", "since": "2026-11-24T10:00:00Z",
        "command": "drift", "seconds": 60, "renewals": 0,
    }  # fmt: skip
    key = "state/payments.prod.drift.json.lease"
    function.buckets.client().put_object(Bucket=function.bucket, Key=key, Body=json.dumps(lease).encode())
    with pytest.raises(DriftCheckFailed, match=r"exit code 5: .*ci@runner-9"):
        handler(event)
    answer = handler(CLOCK)
    assert (answer["outcome"], answer["exit_code"]) == ("busy", 5)
    function.buckets.client().delete_object(Bucket=function.bucket, Key=key)
    assert handler(event)["new"] == 1


def test_what_could_not_be_read_fails_and_is_tried_again(function: Function, inbox: Inbox) -> None:
    event = function.divert()
    function.aws.misbehaviour.fail("GetWorkloadIdentity", "AccessDeniedException", times=None)
    with pytest.raises(DriftCheckFailed, match="could not be read"):
        handler(event)
    function.aws.misbehaviour.reset()
    assert handler(event)["new"] == 1
    assert len(inbox.sent) == 2


def test_an_error_says_one_sentence_and_nothing_of_what_led_to_it(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = function.divert()
    secret = "hooks.example.com/T0/s3cret-path"
    monkeypatch.setenv("RECONCILER_NOTIFY", f"slack=https://{secret}")
    monkeypatch.setenv("RECONCILER_FULL_EVERY", "soon")
    with pytest.raises(DriftCheckFailed) as caught:
        handler(event)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in json.dumps(function.logged())


def test_a_mistake_of_ours_tells_its_place_and_not_its_words(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    from reconciler.cli import drifted

    def broken(*_: object) -> None:
        raise KeyError("s3cret")

    event = function.divert()
    monkeypatch.setattr(drifted, "run_several", broken)
    with pytest.raises(DriftCheckFailed, match=r"internal error: KeyError in .*line \d+$") as caught:
        handler(event)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("RECONCILER_MANIFEST", "s3://nobody", "no manifest in a bucket"),
        ("RECONCILER_MANIFEST", "s3://{bucket}/other.yaml", "there is no manifest at"),
        ("RECONCILER_ENV", "test", "declares no environment 'test'"),
        ("RECONCILER_METRICS", "prometheus", "nothing that is written here"),
    ],
)
def test_what_is_set_wrongly_is_said(
    function: Function, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value.format(bucket=function.bucket))
    with pytest.raises(DriftCheckFailed, match=said):
        handler(CLOCK)


def test_a_manifest_beside_the_function_whose_state_is_not_in_a_bucket_is_refused(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RECONCILER_MANIFEST")
    function.project.declare("agent-a", head=f"environments: {{prod: {{region: {REGION}}}}}")
    with pytest.raises(DriftCheckFailed, match="keeps its state beside the manifest"):
        handler(CLOCK)


def test_a_folder_in_a_bucket_is_a_manifest_with_its_acknowledgements(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3 = function.buckets.client()
    whole = s3.get_object(Bucket=function.bucket, Key="manifests/reconciler.yaml")["Body"].read()
    (found,) = handler(function.divert())["findings"]
    acks = f"""\
version: 1
stack: payments
environment: prod
acknowledgements:
  - {{about: workload_identity.agent-a, fingerprint: "{found["fingerprint"]}", reason: known, by: jane, since: 2026-11-24,
     until: 2026-12-24}}
"""
    s3.put_object(Bucket=function.bucket, Key="team/payments/main.yaml", Body=whole)
    s3.put_object(Bucket=function.bucket, Key="team/payments/payments.prod.acks.yaml", Body=acks.encode())
    s3.put_object(Bucket=function.bucket, Key="team/payments/deeper/other.yaml", Body=b"not: ours")
    monkeypatch.setenv("RECONCILER_MANIFEST", f"s3://{function.bucket}/team/payments/")
    answer = handler(CLOCK)
    assert (answer["outcome"], answer["standing"]) == ("none", 1)
    s3.put_object(Bucket=function.bucket, Key="manifests/reconciler.prod.acks.yaml", Body=acks.encode())
    monkeypatch.setenv("RECONCILER_MANIFEST", f"s3://{function.bucket}/manifests/reconciler.yaml")
    assert handler(CLOCK)["outcome"] == "none"
    assert handler(function.divert("https://app.example.com/agent-a"))["resolved"] == 1
    answer = handler(function.divert())
    assert (answer["outcome"], answer["new"]) == ("drift", 1), (
        "the next one like it, with no run over everything between"
    )
