"""The door in process: a boto3 client whose requests are answered from a store. No port, no network, no account."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.client import BaseClient
from botocore.exceptions import ConnectionClosedError

from reconciler.emulator.callers import TARGET, header, sent_by
from reconciler.emulator.door import SERVICES, Door
from reconciler.emulator.faults import Dropped
from reconciler.emulator.misbehaviour import Misbehaviour
from reconciler.emulator.store import Store
from reconciler.emulator.things import Scope

ACCOUNT = "000000000000"
"""The account that the embedded directory plays."""


def attach(
    client: BaseClient, store: Store, *, account: str = ACCOUNT, misbehaviour: Misbehaviour | None = None
) -> None:
    """Answer every request of the `bedrock-agentcore-control`, `bedrock-agentcore` or `cloudtrail` client from the store.

    The client's region is the directory's. Operations that the emulator does not know answer UnknownOperationException:
    nothing of such a client ever reaches a network. Raises ValueError for a client of another service.
    """
    model = client.meta.service_model
    if model.service_name not in SERVICES:
        raise ValueError(f"the emulator plays {', '.join(SERVICES)}, not {model.service_name}")
    door = Door(store, misbehaviour, models=(model,))
    scope = Scope(account, client.meta.region_name)

    def respond(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        try:
            answer = door.answer(
                scope,
                request.method,
                request.url,
                request.body,
                target=header(request.headers, TARGET),
                sender=sent_by(request.headers),
            )
        except Dropped as dropped:
            raise ConnectionClosedError(endpoint_url=request.url) from dropped
        return AWSResponse(request.url, answer.status, HeadersDict(answer.headers), _Body(answer.body))

    client.meta.events.register_first("before-send", respond)


class _Body(BytesIO):
    """Bytes in the place of urllib3's response."""

    def stream(self, amt: int = 65536, **_: Any) -> Iterator[bytes]:
        while chunk := self.read(amt):
            yield chunk
