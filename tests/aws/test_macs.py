"""MACs by a KMS key, against moto's KMS: made, checked, and every way in which that is not to be had."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest

from reconciler.aws.macs import generate_mac, verify_mac
from reconciler.errors import AccessDenied, DirectoryError
from reconciler.model.environments import Environment

PROD = Environment(name="prod", region="us-east-1")


@pytest.fixture
def kms(http_emulator: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A KMS client of somebody who makes keys; ours speak to the same server."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", http_emulator.url)
    client = boto3.client("kms", region_name="us-east-1")
    yield client
    client.close()


def hmac_key(kms: Any) -> dict[str, Any]:
    made: dict[str, Any] = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]
    return made


def test_a_mac_is_that_keys_for_that_message_and_no_other(kms: Any) -> None:
    one, other = hmac_key(kms)["Arn"], hmac_key(kms)["Arn"]
    mac = generate_mac(PROD, one, b"message")
    assert len(mac) == 32
    assert verify_mac(PROD, one, b"message", mac) is True
    assert verify_mac(PROD, one, b"massage", mac) is False
    assert verify_mac(PROD, other, b"message", mac) is False
    assert verify_mac(PROD, one, b"message", mac[:-1] + bytes([mac[-1] ^ 1])) is False


@pytest.mark.parametrize("way", ["KeyId", "Arn"])
def test_a_key_is_named_by_its_id_or_its_arn(kms: Any, way: str) -> None:
    key = hmac_key(kms)
    assert verify_mac(PROD, key["Arn"], b"message", generate_mac(PROD, key[way], b"message"))


def test_a_key_is_asked_for_where_its_arn_says(kms: Any, http_emulator: Any) -> None:
    far = boto3.client("kms", region_name="eu-west-1")
    key = hmac_key(far)["Arn"]
    assert ":eu-west-1:" in key
    assert verify_mac(PROD, key, b"message", generate_mac(PROD, key, b"message"))
    far.close()


def test_a_key_that_is_not_there_is_named(kms: Any) -> None:
    for ask in (lambda key: generate_mac(PROD, key, b""), lambda key: verify_mac(PROD, key, b"", bytes(32))):
        with pytest.raises(DirectoryError, match="Mac 11111111-2222-3333-4444-555555555555") as caught:
            ask("11111111-2222-3333-4444-555555555555")
        assert caught.value.code == "NotFoundException"


def test_a_key_for_something_else_is_refused_by_kms(kms: Any) -> None:
    key = kms.create_key()["KeyMetadata"]["Arn"]
    with pytest.raises(DirectoryError, match="GenerateMac"):
        generate_mac(PROD, key, b"message")


def test_no_region_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(DirectoryError, match="no AWS Region"):
        verify_mac(Environment(name="around"), "alias/plans", b"", bytes(32))


class _Denying(BaseHTTPRequestHandler):
    """A KMS that allows nothing."""

    def do_POST(self) -> None:
        body = json.dumps({"__type": "AccessDeniedException", "message": "not you"}).encode()
        self.send_response(400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def test_what_is_not_allowed_names_the_action_and_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Denying) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", f"http://127.0.0.1:{server.server_port}")
        with pytest.raises(AccessDenied) as made:
            generate_mac(PROD, "alias/plans", b"")
        with pytest.raises(AccessDenied) as checked:
            verify_mac(PROD, "alias/plans", b"", bytes(32))
        server.shutdown()
        thread.join()
    assert "kms:GenerateMac on alias/plans" in made.value.detail
    assert "kms:VerifyMac on alias/plans" in checked.value.detail
