"""Who is to be told, as `--notify CHANNEL=PLACE,…` says it. What is secret is never written there: it names variables."""

from __future__ import annotations

import enum
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from reconciler.errors import NotTold, UsageError
from reconciler.forge.place import on_this_machine

_OPTION = re.compile(r",(?=(?:key|via|from|user|password)=)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:([a-z0-9-]+):\d{12}:[A-Za-z0-9_-]{1,256}(?:\.fifo)?")
_BUS = re.compile(r"arn:aws[a-z-]*:events:([a-z0-9-]+):\d{12}:event-bus/[/.\w-]{1,256}|[/.\w-]{1,256}", re.ASCII)
_MAILBOX = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
_REPOSITORY = re.compile(r"(?!\.{1,2}/)[\w.-]+/(?!\.{1,2}$)[\w.-]+", re.ASCII)
_FROM_ENVIRONMENT = "env:"


class Channel(enum.Enum):
    """How somebody is told."""

    WEBHOOK = "webhook"
    SLACK = "slack"
    SNS = "sns"
    EVENTBRIDGE = "eventbridge"
    EMAIL = "email"
    GITHUB = "github"


_EXAMPLES: Mapping[Channel, str] = {
    Channel.WEBHOOK: "webhook=https://hooks.example.com/drift,key=DRIFT_KEY, where the variable DRIFT_KEY holds what signs it",
    Channel.SLACK: "slack=env:SLACK_WEBHOOK_URL, where that variable holds the address, which is a secret",
    Channel.SNS: "sns=arn:aws:sns:us-east-1:222222222222:drift",
    Channel.EVENTBRIDGE: "eventbridge=default, or the ARN of a bus",
    Channel.EMAIL: "email=oncall@example.com,via=smtp://mail.example.com:587,from=drift@example.com,user=SMTP_USER,"
    "password=SMTP_PASSWORD, where the last two are variables",
    Channel.GITHUB: "github=OWNER/REPOSITORY, with the token in GITHUB_TOKEN",
}
_OPTIONS: Mapping[Channel, tuple[frozenset[str], frozenset[str]]] = {
    Channel.WEBHOOK: (frozenset({"key"}), frozenset()),
    Channel.SLACK: (frozenset(), frozenset()),
    Channel.SNS: (frozenset(), frozenset()),
    Channel.EVENTBRIDGE: (frozenset(), frozenset()),
    Channel.EMAIL: (frozenset({"via", "from"}), frozenset({"user", "password"})),
    Channel.GITHUB: (frozenset(), frozenset()),
}
"""Which options each has to have, and which it may have."""
_SHAPES: Mapping[Channel, tuple[re.Pattern[str], str]] = {
    Channel.SNS: (_TOPIC, "that is no ARN of a topic"),
    Channel.EVENTBRIDGE: (_BUS, "that is neither the name nor the ARN of a bus"),
    Channel.EMAIL: (_MAILBOX, "that is no mail address (one for each --notify)"),
    Channel.GITHUB: (_REPOSITORY, "that is no repository"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One of them. `place`: the address, `env:VARIABLE` for one that a variable holds. `options`: as they were given."""

    channel: Channel
    place: str
    options: Mapping[str, str]

    @property
    def name(self) -> str:
        """What it is called and remembered by. Of an address only the host is shown: the rest may be a secret."""
        if self.channel is Channel.WEBHOOK and not self.place.startswith(_FROM_ENVIRONMENT):
            told_apart = hashlib.sha256(self.place.encode()).hexdigest()[:8]
            return f"webhook={urlsplit(self.place).hostname}#{told_apart}"
        return f"{self.channel.value}={self.place}"

    def address(self, environ: Mapping[str, str]) -> str:
        """The URL itself. Raises NotTold where its variable is not set, or holds none."""
        if not self.place.startswith(_FROM_ENVIRONMENT):
            return self.place
        variable = self.place.removeprefix(_FROM_ENVIRONMENT)
        url = secret_in(environ, variable)
        if wrong := wrong_url(url):
            raise NotTold(f"the variable {variable} holds no address to send to: {wrong}")
        return url


def secret_in(environ: Mapping[str, str], variable: str) -> str:
    """What the variable holds. Raises NotTold where that is nothing."""
    value = environ.get(variable, "").strip()
    if not value:
        raise NotTold(f"the environment variable {variable} is not set, or empty", "Set it where the run is started.")
    return value


def read_recipients(words: Iterable[str]) -> tuple[Recipient, ...]:
    """Who the words name. Raises UsageError, with an example, for what is none, and for one that is named twice."""
    found: dict[str, Recipient] = {}
    for word in words:
        one = _read(word)
        if one.name in found:
            raise UsageError(f"--notify {one.name} is given twice", "Each is told once: take one out.")
        found[one.name] = one
    return tuple(found.values())


def _read(word: str) -> Recipient:
    name, separator, rest = word.partition("=")
    channel = next((one for one in Channel if one.value == name.lower()), None)
    if channel is None or not separator:
        known = ", ".join(one.value for one in Channel)
        raise UsageError(
            f"--notify {name!r} is no channel",
            f"Write CHANNEL=PLACE, as in {_EXAMPLES[Channel.SNS]}. Channels: {known}.",
        )
    place, *given = _OPTION.split(rest)
    options = {key: value for key, _, value in (one.partition("=") for one in given)}
    required, optional = _OPTIONS[channel]
    wrong = _wrong_place(channel, place)
    if not wrong and (missing := sorted(required - options.keys())):
        wrong = f"{missing[0]}= is missing"
    if not wrong and (odd := sorted(options.keys() - required - optional)):
        wrong = f"{odd[0]}= means nothing here"
    wrong = wrong or _wrong_option(options)
    if wrong:
        raise UsageError(f"--notify {channel.value}=…: {wrong}", f"Write it as in --notify {_EXAMPLES[channel]}.")
    return Recipient(channel=channel, place=place, options=options)


def _wrong_place(channel: Channel, place: str) -> str:
    """What is wrong with it, or ""."""
    if channel in (Channel.WEBHOOK, Channel.SLACK):
        if place.startswith(_FROM_ENVIRONMENT):
            return _wrong_variable(place.removeprefix(_FROM_ENVIRONMENT))
        readable = "the address is a secret, which others can read on a command line"
        return readable if channel is Channel.SLACK else wrong_url(place)
    shape, wrong = _SHAPES[channel]
    return "" if shape.fullmatch(place) else wrong


def _wrong_option(options: Mapping[str, str]) -> str:
    for name in ("key", "user", "password"):
        if name in options and (wrong := _wrong_variable(options[name])):
            return f"{name}: {wrong}"
    if ("user" in options) != ("password" in options):
        return "user and password go together"
    if "from" in options and not _MAILBOX.fullmatch(options["from"]):
        return "from is no mail address"
    return _wrong_server(options["via"]) if "via" in options else ""


def _wrong_variable(name: str) -> str:
    return "" if _VARIABLE.fullmatch(name) else "give the name of an environment variable, not the secret itself"


def wrong_url(url: str) -> str:
    """Why nothing is sent to that address, or ""."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
        parts = urlsplit("")
    if not host or not url.isascii() or not url.isprintable() or " " in url:
        return "that is no URL"
    if parts.username is not None or parts.password is not None:
        return "a user or password in a URL is a secret that many programs show"
    if parts.scheme != "https" and not (parts.scheme == "http" and on_this_machine(host)):
        return "it has to begin with https://: names and addresses of people are not sent in the open"
    return ""


def _wrong_server(via: str) -> str:
    try:
        parts = urlsplit(via)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "via is no server"
    if parts.scheme not in ("smtp", "smtps", "smtp+plain") or not host or parts.path or parts.username is not None:
        return "via has to be smtp://HOST[:PORT] (STARTTLS) or smtps://HOST[:PORT] (TLS)"
    if parts.scheme == "smtp+plain" and not on_this_machine(host):
        return "smtp+plain:// is for a mail server on this machine alone"
    return ""
