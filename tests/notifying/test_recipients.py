"""Who may be named with --notify, and what is refused before anything begins; secrets are never taken from a command line."""

from __future__ import annotations

import pytest

from reconciler.errors import NotTold, UsageError
from reconciler.notifying import Channel, read_recipients

TOPIC = "arn:aws:sns:us-east-1:222222222222:drift"
MAIL = "email=a@example.com,via=smtp://mail.example.com,from=b@example.com"


@pytest.mark.parametrize(
    ("word", "channel", "name"),
    [
        ("slack=env:SLACK_URL", Channel.SLACK, "slack=env:SLACK_URL"),
        ("webhook=env:HOOK,key=KEY", Channel.WEBHOOK, "webhook=env:HOOK"),
        (f"sns={TOPIC}", Channel.SNS, f"sns={TOPIC}"),
        (f"sns={TOPIC}.fifo", Channel.SNS, f"sns={TOPIC}.fifo"),
        ("eventbridge=default", Channel.EVENTBRIDGE, "eventbridge=default"),
        ("EMAIL" + MAIL[5:], Channel.EMAIL, "email=a@example.com"),
        (MAIL + ",user=U,password=P", Channel.EMAIL, "email=a@example.com"),
        ("github=acme/identities", Channel.GITHUB, "github=acme/identities"),
    ],
)
def test_every_channel_is_named_by_its_place(word: str, channel: Channel, name: str):
    (one,) = read_recipients([word])
    assert (one.channel, one.name) == (channel, name)


def test_a_webhook_is_named_without_what_may_be_secret_in_its_address_and_yet_told_apart():
    first, second = read_recipients(
        ["webhook=https://h.example/a?token=s3cret,x,key=K", "webhook=https://h.example/b,key=K"]
    )
    assert first.address({}) == "https://h.example/a?token=s3cret,x"
    assert first.name.startswith("webhook=h.example#")
    assert "s3cret" not in first.name
    assert first.name != second.name


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("pager=x", "no channel"),
        ("slack", "no channel"),
        ("slack=https://hooks.slack.com/services/T/B/s3cret", "the address is a secret"),
        ("webhook=https://h.example/a", "key= is missing"),
        ("webhook=https://h.example/a,key=s3cret!", "not the secret itself"),
        ("webhook=http://h.example/a,key=K", "https://"),
        ("webhook=https://user:s3cret@h.example/a,key=K", "user or password in a URL"),
        ("webhook=https:///a,key=K", "no URL"),
        ("webhook=https://h.example/a b,key=K", "no URL"),
        ("webhook=https://[x,key=K", "no URL"),
        ("webhook=https://h.example:x/,key=K", "no URL"),
        ("slack=env:A-B", "environment variable"),
        ("sns=drift", "no ARN"),
        ("eventbridge=a b", "bus"),
        ("email=nobody", "no mail address"),
        ("email=a@example.com,b@example.com", "no mail address"),
        ("email=a@example.com\n,via=smtp://m,from=b@example.com", "no mail address"),
        ("email=a@example.com,from=b@example.com", "via= is missing"),
        (MAIL.replace("smtp:", "smtp+plain:"), "this machine alone"),
        (MAIL.replace("smtp:", "http:"), "via has to be"),
        (MAIL + ",user=U", "go together"),
        (MAIL + ",key=K", "means nothing here"),
        (MAIL.replace("b@", "b"), "from is no mail address"),
        ("github=acme", "no repository"),
        ("github=../x", "no repository"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_an_example(word: str, said: str):
    with pytest.raises(UsageError) as caught:
        read_recipients([word])
    assert said in caught.value.summary
    assert "as in" in caught.value.detail
    assert "s3cret" not in caught.value.summary + caught.value.detail


def test_each_is_named_once():
    with pytest.raises(UsageError, match="is given twice"):
        read_recipients(["slack=env:A", "slack=env:A"])


@pytest.mark.parametrize("value", ["", "http://example.com/x", "https://u:p@example.com/", "no url"])
def test_a_variable_that_holds_no_address_is_told_without_its_value(value: str):
    (one,) = read_recipients(["slack=env:SLACK_URL"])
    with pytest.raises(NotTold) as caught:
        one.address({"SLACK_URL": value})
    assert "SLACK_URL" in caught.value.summary
    assert not value or value not in caught.value.summary
