"""The door of moto: adds identities to moto's `bedrock-agentcore-control`, so that its runtimes and gateways make them.

Identities, credential providers, their tags, the token vault and payment managers are answered by our rules, and so is what
the data plane (`bedrock-agentcore`) does for identities. Runtimes and gateways are made and shown by moto; what
it makes or deletes appears in and vanishes from our store. They are listed from the store, which pages as the service does
and also knows those that another process made. LookupEvents of moto's `cloudtrail` shows what was changed here, and by whom,
as moto's own users and role sessions sign. Stands on how moto 5.2.5 dispatches, which is no public interface: the version is
pinned.
"""

from __future__ import annotations

import contextlib
import contextvars
import json
import threading
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ConnectionClosedError
from moto.bedrockagentcore.models import BedrockAgentCoreBackend, bedrockagentcore_backends
from moto.bedrockagentcore.responses import BedrockAgentCoreResponse
from moto.bedrockagentcore.urls import url_bases as data_plane_bases
from moto.bedrockagentcorecontrol.models import (
    AgentRuntime,
    BedrockAgentCoreControlBackend,
    Gateway,
    bedrockagentcorecontrol_backends,
)
from moto.bedrockagentcorecontrol.responses import BedrockAgentCoreControlResponse
from moto.bedrockagentcorecontrol.urls import url_bases
from moto.cloudtrail.models import CloudTrailBackend, cloudtrail_backends
from moto.cloudtrail.responses import CloudTrailResponse
from moto.cloudtrail.urls import url_bases as trail_bases
from moto.core.common_types import TYPE_RESPONSE
from moto.core.request import Request
from moto.core.responses import BaseResponse
from moto.sts.models import sts_backends

from reconciler.emulator import tags
from reconciler.emulator.arns import name_in, named_in
from reconciler.emulator.callers import TARGET, Sender, caller_of, header, sent_by
from reconciler.emulator.door import CONTROL_PLANE, Door, service_model
from reconciler.emulator.faults import Dropped, Fault
from reconciler.emulator.misbehaviour import Misbehaviour
from reconciler.emulator.parents import GATEWAY, RUNTIME, ParentKind
from reconciler.emulator.rules import OPERATIONS
from reconciler.emulator.store import Store
from reconciler.emulator.things import Scope
from reconciler.emulator.wire import Request as Understood

_MOTO_MAKES = frozenset({RUNTIME.create, GATEWAY.create})
_ABOUT_ONE = {operation: kind for kind in (RUNTIME, GATEWAY) for operation in (kind.get, kind.delete)}
_TAGGING = frozenset(tags.OPERATIONS)


def install(store: Store | None = None, misbehaviour: Misbehaviour | None = None) -> Door:
    """Let every `mock_aws` and moto server of this process answer for the directory, from `store` (default: one in memory).

    Returns the door, whose `store` and `misbehaviour` a test may look at and change. Installing again without arguments
    changes nothing; with arguments, it replaces the door. Whatever moto holds for these services is forgotten at first.
    """
    installed = _extension.installed
    if installed is not None and store is None and misbehaviour is None:
        return installed
    if installed is None:
        _extension.hold()
    _extension.installed = Door(store or Store(), misbehaviour)
    return _extension.installed


def uninstall() -> None:
    """Give moto its own backend back. Without an installation: nothing."""
    if _extension.installed is not None:
        _extension.installed = None
        _extension.release()


@contextlib.contextmanager
def serving(door: Door) -> Iterator[None]:
    """Requests that arrive inside are answered from this door, whatever is installed: for servers with stores of their own."""
    token = _extension.serving.set(door)
    try:
        yield
    finally:
        _extension.serving.reset(token)


class Extension:
    """What of this process's moto is ours at the moment."""

    def __init__(self) -> None:
        self.installed: Door | None = None
        self.serving: contextvars.ContextVar[Door | None] = contextvars.ContextVar("serving", default=None)
        self._holders = 0
        self._lock = threading.Lock()

    @property
    def door(self) -> Door:
        """The door that the present request goes through."""
        door = self.serving.get() or self.installed
        if door is None:
            raise RuntimeError("the emulator's moto extension is not installed: call install() first")
        return door

    def hold(self) -> None:
        """Put our backends in the places of moto's, unless they stand there already."""
        with self._lock:
            self._holders += 1
            if self._holders == 1:
                _place(IdentityBackend, DataPlaneBackend, TrailBackend)

    def release(self) -> None:
        """Undo one `hold`; the last one puts moto's own backends back."""
        with self._lock:
            self._holders -= 1
            if self._holders == 0:
                _place(BedrockAgentCoreControlBackend, BedrockAgentCoreBackend, CloudTrailBackend)


def _place(
    control_plane: type[BedrockAgentCoreControlBackend],
    data_plane: type[BedrockAgentCoreBackend],
    trail: type[CloudTrailBackend],
) -> None:
    for backends, backend in (
        (bedrockagentcorecontrol_backends, control_plane),
        (bedrockagentcore_backends, data_plane),
        (cloudtrail_backends, trail),
    ):
        backends.clear()
        backends.backend = backend


_extension = Extension()
hold, release = _extension.hold, _extension.release


class _OursFirst(BaseResponse):
    """moto's responses, with our operations answered before moto looks at them."""

    leaves_events = False  # what moto answers does, too

    def parse_parameters(self, request: Request) -> None:
        """Leaves our operations to our own parser."""
        # Whether a runtime or gateway is moto's cannot be told yet: the account is not known at this point.
        if self._get_action() in _ABOUT_ONE or not self._ours():
            super().parse_parameters(request)

    def call_action(self) -> TYPE_RESPONSE:
        """Answers by our rules where the operation is ours, else by moto's, misbehaviour around both."""
        try:
            return self._answer(_extension.door, Scope(self.current_account, self.region))
        except Dropped as dropped:
            if self.is_werkzeug_request:
                raise
            raise ConnectionClosedError(endpoint_url=self.uri) from dropped

    def _answer(self, door: Door, scope: Scope) -> TYPE_RESPONSE:
        operation = self._get_action()
        if self._ours():
            target = header(self.headers, TARGET)
            return door.answer(scope, self.method, self.uri, self.body, target=target, sender=self._sender(scope))
        if not operation:
            return super().call_action()
        entry = door.entry(scope, Understood(operation, dict(getattr(self, "params", None) or {})), self._sender(scope))
        entry.written = entry.written or not self.leaves_events
        shape = None if entry.written else service_model(CONTROL_PLANE).operation_model(operation).input_shape
        try:
            answer: TYPE_RESPONSE = door.recorded(entry, shape, run=super().call_action, outcome=_outcome)
            return answer
        except Fault as fault:
            return door.wire.fault(fault)
        except NotImplementedError as error:
            return door.wire.fault(Fault("UnknownOperationException", str(error)))

    def _ours(self) -> bool:
        return self._get_action() in OPERATIONS

    def _sender(self, scope: Scope) -> Sender:
        """Who signed, with the user or role session whose key that is in moto's IAM or STS."""
        sender = sent_by(self.headers)
        arn = sts_backends[scope.account][scope.partition].get_caller_identity(sender.access_key, scope.region)[1]
        return sender._replace(known=caller_of(arn))


def _outcome(response: Any) -> Mapping[str, Any] | Fault:
    """How moto answered, for the trail."""
    status, headers, body = response
    try:
        members = json.loads(body or "{}")
    except ValueError:
        members = {}
    if status < 400:
        return members if isinstance(members, dict) else {}
    said = {key.lower(): str(value) for key, value in [*headers.items(), *members.items()]}
    return Fault(said.get("x-amzn-errortype") or said.get("__type", "Unknown"), said.get("message", ""), status)


class TrailResponse(_OursFirst, CloudTrailResponse):
    """CloudTrail."""


class DataPlaneResponse(_OursFirst, BedrockAgentCoreResponse):
    """The data plane."""


class IdentityResponse(_OursFirst, BedrockAgentCoreControlResponse):
    """The control plane, where some operations are ours for some things and moto's for others."""

    leaves_events = True

    def _ours(self) -> bool:
        operation = self._get_action()
        if operation not in OPERATIONS or operation in _MOTO_MAKES:
            return False
        if operation in _TAGGING:
            return named_in(self.uri_match["resourceArn"]) is not None
        kind = _ABOUT_ONE.get(operation)
        return kind is None or self.uri_match[kind.asked] not in self._motos(kind)

    def _motos(self, kind: ParentKind) -> dict[str, Any]:
        return self.backend.agent_runtimes if kind is RUNTIME else self.backend.gateways


def _urls(bases: list[str], response: type[BaseResponse], path: str = ".*") -> Any:
    # moto would import a module by a name made from this one's; ours is the same service at the same addresses.
    return SimpleNamespace(url_bases=bases, url_paths={f"{{0}}/{path}$": response.dispatch})


class DataPlaneBackend(BedrockAgentCoreBackend):
    """moto's data plane; what we add keeps nothing."""

    @property
    def _url_module(self) -> Any:
        return _urls(data_plane_bases, DataPlaneResponse)


class TrailBackend(CloudTrailBackend):
    """moto's CloudTrail; the events stand in our store."""

    @property
    def _url_module(self) -> Any:
        return _urls(trail_bases, TrailResponse, path="")


class IdentityBackend(BedrockAgentCoreControlBackend):
    """moto's runtimes and gateways, telling our store when one comes or goes."""

    @property
    def _url_module(self) -> Any:
        return _urls(url_bases, IdentityResponse)

    def reset(self) -> None:
        """Forgets what stands in a store in memory, too; a file is kept."""
        super().reset()
        door = _extension.door
        if door.store.path is None:
            door.store.clear(self._scope)

    def create_agent_runtime(self, *args: Any, **kwargs: Any) -> AgentRuntime:
        """moto's, and its identity."""
        runtime = super().create_agent_runtime(*args, **kwargs)
        details = runtime.workload_identity_details
        self._appeared(RUNTIME, runtime.agent_runtime_id, runtime.agent_runtime_name, details)
        return runtime

    def delete_agent_runtime(self, agent_runtime_id: str) -> AgentRuntime:
        """moto's, and its identity."""
        runtime = super().delete_agent_runtime(agent_runtime_id)
        self._went(RUNTIME, agent_runtime_id)
        return runtime

    def create_gateway(self, *args: Any, **kwargs: Any) -> Gateway:
        """moto's, and its identity."""
        gateway = super().create_gateway(*args, **kwargs)
        self._appeared(GATEWAY, gateway.gateway_id, gateway.name, gateway.workload_identity_details)
        return gateway

    def delete_gateway(self, gateway_identifier: str) -> Gateway:
        """moto's, and its identity."""
        gateway = super().delete_gateway(gateway_identifier)
        self._went(GATEWAY, gateway_identifier)
        return gateway

    @property
    def _scope(self) -> Scope:
        return Scope(self.account_id, self.region_name)

    def _appeared(self, kind: ParentKind, parent_id: str, name: str, details: dict[str, str]) -> None:
        identity = name_in(details["workloadIdentityArn"]) or parent_id
        door = _extension.door
        door.store.link(self._scope, kind.kind, parent_id, name=name, identity=identity)
        door.misbehaviour.appeared(self._scope, identity)

    def _went(self, kind: ParentKind, parent_id: str) -> None:
        door = _extension.door
        door.store.unlink(self._scope, kind.kind, parent_id, linger=door.misbehaviour.terms.linger)
