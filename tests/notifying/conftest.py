"""Those who are told, and certificates that they show."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from reconciler.notifying import Letter
from tests.forges import Forges, serve_forges
from tests.peers import Inbox, serve_inbox

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw0123456789abcdef"


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with serve_inbox() as running:
        yield running


@pytest.fixture
def forges() -> Iterator[Forges]:
    with serve_forges() as running:
        yield running


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    """Nobody trusts it unless told to; its certificate is in `authority.pem`."""
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    return made


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    """What a server of this machine shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def trusting(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process trusts the authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))


@pytest.fixture
def letter() -> Letter:
    return Letter(
        key="ab" * 32,
        headline="Drift of payments/prod: 1 new",
        text="Drift of payments/prod: 1 new\né\n",
        json='{"key":"ab"}',
        slack='{"text":"`Drift`"}',
        title="Drift of payments/prod",
        body="<!-- reconciler:drift payments/prod -->\n1 stands\n",
        comment="1 new\n",
        known=True,
        quiet=False,
        over=False,
    )
