"""Plans and their parts, made briefly, so that a test shows only what it is about."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.diagnostics import Source
from reconciler.model.addresses import Address
from reconciler.model.changes import Action, AttributeChange, Cause, Change, Reason
from reconciler.model.environments import Limit, Target, Where
from reconciler.model.kinds import WORKLOAD_IDENTITY, kind_of
from reconciler.model.plan import Plan, Route, Untouched
from reconciler.model.resources import Refresh
from reconciler.model.values import canonical

URLS = "allowedResourceOauth2ReturnUrls"
TARGET = Target(stack="payments", environment="prod", account="222222222222", region="us-east-1")


class Make:
    """Builders with defaults; every keyword is the value's own field."""

    urls = URLS
    target = TARGET

    @staticmethod
    def address(key: str) -> Address:
        return Address(WORKLOAD_IDENTITY.type, key)

    @staticmethod
    def at(line: int, file: str = "manifests/prod.yaml") -> Source:
        return Source(file, line, 3)

    @staticmethod
    def held(*urls: str, **tags: str) -> dict[str, Any]:
        return canonical(WORKLOAD_IDENTITY, {URLS: list(urls), "tags": tags})

    @staticmethod
    def differ(before: Any, after: Any, cause: Cause | None = Cause.MANIFEST, name: str = "") -> AttributeChange:
        name = name or ("tags" if isinstance(before, dict) else URLS)
        return AttributeChange(name=name, before=before, after=after, cause=cause)

    @staticmethod
    def change(action: Action, key: str, reason: Reason, **fields: Any) -> Change:
        address = Make.address(key)
        fields.setdefault("before", None if action is Action.CREATE else canonical(kind_of(address.type), {}))
        fields.setdefault("after", None if action is Action.DELETE else canonical(kind_of(address.type), {}))
        fields.setdefault("name", key)
        return Change(action=action, address=address, reason=reason, **fields)

    @staticmethod
    def plan(*changes: Change, **fields: Any) -> Plan:
        defaults: dict[str, Any] = {
            "target": TARGET,
            "lineage": "2f6b1a52-8a3c-4a53-9d31-0c2f6b7b1f0e",
            "serial": 7,
            "manifest_digest": "sha256:0",
            "refresh": Refresh.FULL,
            "route": Route(lockfile="manifests/prod.prod.lock.json", where=Where.AWS),
            "changes": changes,
            "drift": (),
            "diagnostics": (),
            "untouched": Untouched(unmanaged={}, service_linked={}),
            "unknown": {},
            "listing_failed": "",
            "managed": 40,
            "declared": 40,
            "unchanged": 0,
            "excluded": 0,
            "limit": Limit(),
            "protected": False,
            "tags_ignored": (),
        }
        return Plan(**(defaults | fields))


@pytest.fixture(scope="session")
def make() -> type[Make]:
    return Make
