"""Sends one mail by SMTP, over verified TLS; in the open to a mail server of this machine alone."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import urlsplit

from reconciler.errors import NotTold
from reconciler.notifying.letter import Letter
from reconciler.notifying.posting import Bounds
from reconciler.notifying.recipients import Recipient, secret_in

_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
_SUBJECT = 200


def mail(recipient: Recipient, letter: Letter, environ: Mapping[str, str], bounds: Bounds) -> None:
    """Hand it to the server. Raises NotTold where it was not taken, and where nobody can tell."""
    options = recipient.options
    parts = urlsplit(options["via"])
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    message = _message(recipient, letter)
    try:
        with _connected(parts.scheme, host, port, bounds.read) as server:
            if "user" in options:
                server.login(secret_in(environ, options["user"]), secret_in(environ, options["password"]))
            server.send_message(message, from_addr=options["from"], to_addrs=[recipient.place])
    except smtplib.SMTPAuthenticationError as error:  # its words may repeat what was sent
        raise NotTold(
            f"{host} refuses the user or the password", f"They come from {options['user']} and {options['password']}."
        ) from error
    except smtplib.SMTPRecipientsRefused as error:
        code = next((refused[0] for refused in error.recipients.values()), 0)
        raise NotTold(f"{host} takes no mail for {recipient.place} (code {code})") from error
    except smtplib.SMTPResponseException as error:
        raise NotTold(f"{host} answered {error.smtp_code} to the mail") from error
    except smtplib.SMTPNotSupportedError as error:
        raise NotTold(
            f"{host} offers no STARTTLS, or no way to sign in", "Use smtps://, or a server that encrypts."
        ) from error
    except ssl.SSLError as error:
        raise NotTold(
            f"{host} could not be trusted: {error.reason or error}",
            "With a certificate authority of your own: SSL_CERT_FILE.",
        ) from error
    except (smtplib.SMTPException, OSError) as error:
        raise NotTold(f"no mail could be handed to {host}: {type(error).__name__}") from error


def _connected(scheme: str, host: str, port: int, seconds: float) -> smtplib.SMTP:
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=seconds, context=ssl.create_default_context())
    server = smtplib.SMTP(host, port, timeout=seconds)
    if scheme == "smtp":
        try:
            server.starttls(context=ssl.create_default_context())
        except BaseException:
            server.close()
            raise
    return server


def _message(recipient: Recipient, letter: Letter) -> EmailMessage:
    sender = recipient.options["from"]
    message = EmailMessage()
    message["From"], message["To"] = sender, recipient.place
    message["Subject"] = letter.headline[:_SUBJECT]
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = f"<{letter.key}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # nobody's absence note answers it (RFC 3834)
    message["X-Reconciler-Key"] = letter.key
    message.set_content(letter.text)
    return message
