"""Each channel against a real peer on this machine: what arrives, what counts as told, and what is never let through."""

from __future__ import annotations

import base64
import hmac
import json
import re
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from reconciler.errors import ReconcilerError
from reconciler.model.environments import Environment
from reconciler.notifying import Delivered, Errand, Letter, deliver, read_recipients
from reconciler.notifying.posting import Bounds
from tests.notifying.conftest import KEY
from tests.peers import Inbox, serve_inbox, serve_mail

BOUNDS = Bounds(connect=5, read=5, total=20, pause=0)


def sent(word: str, letter: Letter, bounds: Bounds = BOUNDS, **environ: str) -> Delivered:
    (recipient,) = read_recipients([word])
    errand = Errand(recipient=recipient, letter=letter, environment=Environment(name="prod"))
    (done,) = deliver([errand], environ=environ, bounds=bounds)
    return done


def refused(done: Delivered) -> ReconcilerError:
    assert done.failed is not None
    return done.failed


def test_a_webhook_is_sent_the_payload_signed_so_that_others_libraries_can_check_it(inbox: Inbox, letter: Letter):
    assert sent(f"webhook={inbox.url}/drift,key=DRIFT_KEY", letter, DRIFT_KEY=KEY).failed is None
    got = inbox.only
    assert (got.path, got.json) == ("/drift", {"key": "ab"})
    assert got.headers["content-type"] == "application/json"
    assert got.headers["webhook-id"] == letter.key
    assert Webhook(KEY).verify(got.body, got.headers) == {"key": "ab"}


def test_the_check_that_the_documentation_shows_is_one(inbox: Inbox, letter: Letter):
    sent(f"webhook={inbox.url}/,key=DRIFT_KEY", letter, DRIFT_KEY=KEY)
    page = (Path(__file__).parents[2] / "docs" / "notifications.md").read_text()
    (shown,) = [one for one in re.findall(r"^```python\n(.*?)^```", page, re.M | re.S) if "hmac" in one]
    for body, genuine in ((inbox.only.body, True), (inbox.only.body + b" ", False)):
        names = {
            "base64": base64, "hmac": hmac, "time": time, "headers": inbox.only.headers, "body": body,
            "key": KEY.removeprefix("whsec_"),
        }  # fmt: skip
        exec(shown, names)
        assert names["genuine"] is genuine


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp", "webhook-signature", ""])
def test_whatever_is_changed_on_the_way_does_not_check(inbox: Inbox, letter: Letter, header: str):
    sent(f"webhook={inbox.url}/,key=DRIFT_KEY", letter, DRIFT_KEY=KEY)
    got = inbox.only
    forged = "v1,AAAA" if header == "webhook-signature" else str(int(time.time()) + 1)
    headers = {**got.headers, header: forged}
    body = got.body if header else got.body + b" "
    with pytest.raises(WebhookVerificationError):
        Webhook(KEY).verify(body, headers)


@pytest.mark.parametrize(
    ("key", "why"), [("", "is not set"), ("not base64!", "not base64"), ("c2hvcnQ=", "24 are needed")]
)
def test_without_a_key_that_is_one_nothing_is_sent(inbox: Inbox, letter: Letter, key: str, why: str):
    error = refused(sent(f"webhook={inbox.url}/,key=DRIFT_KEY", letter, DRIFT_KEY=key))
    assert why in error.summary
    assert not key or key not in error.summary + error.detail
    assert inbox.sent == []


def test_slack_is_sent_its_message_to_the_address_that_a_variable_holds(inbox: Inbox, letter: Letter):
    assert sent("slack=env:SLACK", letter, SLACK=f"{inbox.url}/services/T0/B0/xyz").failed is None
    assert (inbox.only.path, inbox.only.json) == ("/services/T0/B0/xyz", {"text": "`Drift`"})
    assert "webhook-signature" not in inbox.only.headers


@pytest.mark.parametrize(
    "words",
    [
        "no such hook: /services/T0AAA/B0BBB/tokenS3cret",
        "no such hook: services/T0AAA/B0BBB/tokenS3cret",
        "no such hook: tokenS3cret",
        "tokenS3cret",
        "tokens3cret",
        "token_s3cret",
        "no hook okens3cre",
        "t0aaa",
        "a b3 c",
        "a%20b3%20c",
        "wh4t",
        "Do as it says at https://evil.example",
        "no\nsuch hook",
        "x" * 100,
    ],
)
def test_what_a_peer_says_of_a_failure_is_not_told_where_it_may_hold_a_piece_of_its_address(
    inbox: Inbox, letter: Letter, words: str
):
    inbox.status, inbox.words = 403, words.encode()
    address = f"{inbox.url}/services/T0AAA/B0BBB/tokenS3cret/a%20b3%20c?x=Wh4t"
    error = refused(sent("slack=env:SLACK", letter, SLACK=address))
    assert (error.summary, error.detail) == ("127.0.0.1 answered 403", "")


@pytest.mark.parametrize("words", ["invalid_payload", "no_service", "channel_is_archived", "no such channel\n"])
def test_a_short_reason_of_a_peer_is_told(inbox: Inbox, letter: Letter, words: str):
    inbox.status, inbox.words = 400, words.encode()
    error = refused(sent("slack=env:SLACK", letter, SLACK=f"{inbox.url}/services/T0AAA/B0BBB/tokenS3cret"))
    assert error.summary == f"127.0.0.1 answered 400: {words.strip()}"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(inbox: Inbox, letter: Letter, status: int):
    with serve_inbox() as elsewhere:
        inbox.status, inbox.headers = status, {"Location": f"{elsewhere.url}/stolen"}
        error = refused(sent(f"webhook={inbox.url}/,key=DRIFT_KEY", letter, DRIFT_KEY=KEY))
        assert "was not followed" in error.summary
        assert elsewhere.sent == []


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_peer_that_says_later_is_asked_once_more(inbox: Inbox, letter: Letter, status: int):
    inbox.answers = [status]
    assert sent("slack=env:SLACK", letter, SLACK=f"{inbox.url}/x").failed is None
    inbox.answers = [status] * 5
    assert str(status) in refused(sent("slack=env:SLACK", letter, SLACK=f"{inbox.url}/x")).summary
    assert len(inbox.sent) == 4


@pytest.mark.parametrize("status", [400, 404, 410, 500])
def test_what_is_refused_for_good_is_not_sent_again_in_this_run(inbox: Inbox, letter: Letter, status: int):
    inbox.status = status
    assert str(status) in refused(sent("slack=env:SLACK", letter, SLACK=f"{inbox.url}/x")).summary
    assert len(inbox.sent) == 1


def test_a_peer_that_drops_the_connection_may_have_it_and_is_told_again_by_the_next_run(inbox: Inbox, letter: Letter):
    inbox.drops = True
    error = refused(sent("slack=env:SLACK", letter, SLACK=f"{inbox.url}/x"))
    assert "may come twice" in error.detail
    assert len(inbox.sent) == 1


def test_nobody_at_home_is_said_so(letter: Letter):
    with serve_inbox() as gone:
        url = gone.url
    assert "no connection to 127.0.0.1" in refused(sent("slack=env:SLACK", letter, SLACK=f"{url}/x")).summary


def test_a_peer_that_does_not_answer_is_given_up_and_the_others_are_told(inbox: Inbox, letter: Letter):
    with serve_inbox() as slow:
        slow.held = threading.Event()
        places = {"SLOW": f"{slow.url}/x", "QUICK": f"{inbox.url}/x"}
        errands = [
            Errand(recipient=one, letter=letter, environment=Environment(name="prod"))
            for one in read_recipients(["slack=env:SLOW", "slack=env:QUICK"])
        ]
        done = list(deliver(errands, environ=places, bounds=Bounds(read=0.2, total=20, attempts=1)))
    assert [(one.errand.recipient.name, one.failed is None) for one in done] == [
        ("slack=env:QUICK", True),
        ("slack=env:SLOW", False),
    ]
    assert len(inbox.sent) == 1


def test_an_answer_that_drips_for_ever_is_cut_off_in_the_end(inbox: Inbox, letter: Letter):
    inbox.drip = True
    began = time.monotonic()
    error = refused(sent("slack=env:SLACK", letter, Bounds(total=1.0), SLACK=f"{inbox.url}/x"))
    assert "did not answer within 1 seconds" in error.summary
    assert time.monotonic() - began < 10


def test_a_certificate_that_nobody_vouches_for_is_refused(tls: Any, letter: Letter):
    with serve_inbox(tls) as inbox:
        error = refused(sent("slack=env:SLACK", letter, SLACK=f"{inbox.url}/x"))
        assert "could not be trusted" in error.summary
        assert inbox.sent == []


@pytest.mark.usefixtures("trusting")
def test_an_authority_of_ones_own_is_trusted_where_it_is_named(tls: Any, letter: Letter):
    with serve_inbox(tls) as inbox:
        assert sent("slack=env:SLACK", letter, SLACK=f"{inbox.url}/x").failed is None
        assert len(inbox.sent) == 1


# Mail


def mail(port: int, scheme: str = "smtp", *, login: bool = False, to: str = "oncall@example.com") -> str:
    word = f"email={to},via={scheme}://127.0.0.1:{port},from=drift@example.com"
    return f"{word},user=SMTP_USER,password=SMTP_PASSWORD" if login else word


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_mail_goes_over_tls_with_the_credentials_of_the_environment(tls: Any, letter: Letter, scheme: str):
    how = {"starttls": tls} if scheme == "smtp" else {"tls": tls}
    with serve_mail(**how, login=(b"drift", b"hunter2")) as box:
        done = sent(mail(box.port, scheme, login=True), letter, SMTP_USER="drift", SMTP_PASSWORD="hunter2")
        assert done.failed is None
        (message,) = box.mails
        assert (message["From"], message["To"]) == ("drift@example.com", "oncall@example.com")
        assert message["Subject"] == letter.headline
        assert message.get_content().splitlines() == letter.text.splitlines()
        assert message["Message-ID"] == f"<{letter.key}@example.com>"
        assert parsedate_to_datetime(message["Date"]).tzinfo is not None
        assert message["Auto-Submitted"] == "auto-generated"
        assert box.seen_tls == [scheme == "smtp"]  # the other server takes nothing else, and does not say so
        assert box.signed_in == [True]
        assert "hunter2" not in message.as_string()


@pytest.mark.usefixtures("trusting")
def test_a_wrong_password_is_told_by_the_name_of_its_variable(tls: Any, letter: Letter):
    with serve_mail(starttls=tls, login=(b"drift", b"right")) as box:
        error = refused(sent(mail(box.port, login=True), letter, SMTP_USER="drift", SMTP_PASSWORD="wr0ng-one"))
        assert "SMTP_PASSWORD" in error.detail
        assert "wr0ng-one" not in error.summary + error.detail
        assert box.mails == []


def test_a_mail_server_that_nobody_vouches_for_is_given_nothing(tls: Any, letter: Letter):
    with serve_mail(starttls=tls) as box:
        assert "could not be trusted" in refused(sent(mail(box.port), letter)).summary
        assert box.envelopes == []


def test_a_mail_server_that_does_not_encrypt_is_given_nothing(letter: Letter):
    with serve_mail() as box:
        assert "STARTTLS" in refused(sent(mail(box.port), letter)).summary
        assert box.envelopes == []


def test_the_mail_server_of_this_machine_may_be_spoken_to_in_the_open(letter: Letter):
    with serve_mail() as box:
        assert sent(mail(box.port, "smtp+plain"), letter).failed is None
        assert len(box.mails) == 1


def test_a_recipient_whom_the_server_does_not_know_was_not_told(letter: Letter):
    with serve_mail() as box:
        box.refused = "oncall@example.com"
        assert "takes no mail for oncall@example.com" in refused(sent(mail(box.port, "smtp+plain"), letter)).summary


# AWS


@pytest.fixture
def moto(bucket_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for service in ("SNS", "SQS", "EVENTBRIDGE", "EVENTS", "LOGS"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", bucket_server.url)
    return bucket_server.url


def client(service: str, url: str) -> Any:
    return boto3.client(service, region_name="us-east-1", endpoint_url=url)


def queue_of(url: str, *, subscribed: Mapping[str, str] | None = None) -> tuple[Any, str, str]:
    sqs = client("sqs", url)
    made = sqs.create_queue(QueueName=f"told-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=made, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return sqs, made, arn


def test_a_topic_is_published_to_in_json_for_programs_and_text_for_people(moto: str, letter: Letter):
    sns = client("sns", moto)
    topic = sns.create_topic(Name=f"drift-{uuid.uuid4().hex[:8]}")["TopicArn"]
    sqs, queue, arn = queue_of(moto)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    assert sent(f"sns={topic}", letter).failed is None
    (got,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    body = json.loads(got["Body"])
    assert json.loads(body["Message"]) == {"key": "ab"}
    assert body["Subject"] == letter.headline
    assert body["MessageAttributes"]["key"]["Value"] == letter.key
    for one in (sns, sqs):
        one.close()


def test_a_topic_that_is_not_there_was_not_told(moto: str, letter: Letter):
    topic = "arn:aws:sns:us-east-1:123456789012:nobody"
    assert refused(sent(f"sns={topic}", letter)).summary == f"there is no topic {topic}"


def test_a_bus_is_given_an_event_that_a_rule_can_match(moto: str, letter: Letter):
    events = client("events", moto)
    bus = f"drift-{uuid.uuid4().hex[:8]}"
    events.create_event_bus(Name=bus)
    sqs, queue, arn = queue_of(moto)
    pattern = {"source": ["reconciler"], "detail-type": ["Drift Notification"]}
    events.put_rule(Name="drift", EventBusName=bus, EventPattern=json.dumps(pattern))
    events.put_targets(Rule="drift", EventBusName=bus, Targets=[{"Id": "1", "Arn": arn}])
    assert sent(f"eventbridge={bus}", letter).failed is None
    (got,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(got["Body"])["detail"] == {"key": "ab"}
    for one in (events, sqs):
        one.close()


def test_without_credentials_a_topic_is_not_told_and_says_so(
    moto: str, letter: Letter, monkeypatch: pytest.MonkeyPatch
):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    assert "credentials" in refused(sent("sns=arn:aws:sns:us-east-1:123456789012:drift", letter)).summary
