"""A stack on the emulated directory: what stands, what the lockfile says, and changes to apply to both."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.applying import Event, Patience, apply, recover
from reconciler.directory.connecting import connect
from reconciler.emulator import ACCOUNT, Identity, Misbehaviour, Scope, Store, attach
from reconciler.model.addresses import Address
from reconciler.model.changes import Action, Change, Reason
from reconciler.model.environments import OWNER_TAG, Environment, Limit, Target, Where
from reconciler.model.kinds import WORKLOAD_IDENTITY
from reconciler.model.outcomes import Outcome, Report
from reconciler.model.plan import Plan, Route, Untouched
from reconciler.model.resources import Known, Lock, Origin, Refresh
from reconciler.model.values import canonical
from reconciler.state import Disk, LocalState

REGION = "us-east-1"
SCOPE = Scope(ACCOUNT, REGION)
TARGET = Target(stack="payments", environment="prod", account=ACCOUNT, region=REGION)
OURS, THEIRS = TARGET.owner, "billing/prod"
DIGEST = "sha256:" + "a" * 64
QUICK = Patience(total=0.05, first=0.01, longest=0.02)


class World:
    """One stack: `directory` (emulated, behind `store`), `state` (its lockfile), and the changes that tests make of them.

    An identity's attributes are given as URLs and tags: `world.create("a", "https://x/y", team="payments")`.
    """

    ours, theirs, target = OURS, THEIRS, TARGET

    def __init__(self, path: Path, store: Store, misbehaviour: Misbehaviour, *, disk: Disk | None = None) -> None:
        self.store, self.misbehaviour = store, misbehaviour
        self.state = LocalState(path, disk=disk)
        self.events: list[Event] = []

    @functools.cached_property
    def directory(self) -> Any:
        """The emulated directory; connected when first asked for, since that takes a while."""
        return connect(
            Environment(name="prod", where=Where.EMBEDDED, region=REGION),
            attach=lambda client: attach(client, self.store, misbehaviour=self.misbehaviour),
        )

    # What stands

    def put(self, name: str, *urls: str, owner: str = OURS, **tags: str) -> None:
        """Let an identity stand, through nobody."""
        owned = {OWNER_TAG: owner} if owner else {}
        self.store.put(SCOPE, Identity(name=name, urls=urls, tags=tags | owned, created=1.0, updated=1.0))

    def vanish(self, name: str) -> None:
        """Let it stand no more."""
        self.store.drop(SCOPE, name)

    def link(self, name: str) -> None:
        """Let a runtime hold it."""
        found = self.store.get(SCOPE, name)
        assert found is not None
        self.store.put(SCOPE, replace(found, parent_kind="runtime", parent_id=name))

    def names(self) -> list[str]:
        return [one.name for one in self.store.identities(SCOPE)]

    def stands(self, name: str) -> dict[str, Any] | None:
        """Its attributes without the ownership tag, None if it does not stand."""
        found = self.store.get(SCOPE, name)
        return None if found is None else self.attributes(*found.urls, **self._tags(found))

    def owner(self, name: str) -> str:
        """Its ownership tag, "" for none."""
        found = self.store.get(SCOPE, name)
        assert found is not None
        return found.tags.get(OWNER_TAG, "")

    # What is known

    def know(self, *names: str, **more: Any) -> None:
        """Write a lockfile that holds these as they stand; keys are names."""
        entries = {}
        for name in names:
            found = self.store.get(SCOPE, name)
            assert found is not None
            address = self.address(name)
            rest: dict[str, Any] = {"origin": Origin.CREATED} | more
            entries[address] = Known(
                address=address,
                name=name,
                arn=self.arn(name),
                attributes=self.attributes(*found.urls, **self._tags(found)),
                **rest,
            )
        from reconciler.state import dump_lock

        lock = Lock(
            lineage="0d1f6d5e-6f7e-4c39-9b76-0a4c5f2f8a11",
            serial=1,
            stack=TARGET.stack,
            environment=TARGET.environment,
            account=TARGET.account,
            region=TARGET.region,
            resources=dict(sorted(entries.items())),
        )
        self.state.path.write_text(dump_lock(lock))

    def locked(self) -> dict[str, Any]:
        """What the lockfile holds: attributes by key, `key=name` where they differ."""
        lock = self.state.read()
        return {
            address.key if address.key == known.name else f"{address.key}={known.name}": known.attributes
            for address, known in (lock.resources.items() if lock else ())
        }

    def lockfile_is_the_directory(self) -> bool:
        """Whether every entry of the lockfile stands exactly so, and everything that bears our tag is in it."""
        lock = self.state.read()
        known = {one.name: one for one in (lock.resources.values() if lock else ())}
        tagged = {name for name in self.names() if self.owner(name) == OURS}
        return tagged == set(known) and all(
            self.stands(name) == one.attributes and self.arn(name) == one.arn for name, one in known.items()
        )

    # Changes

    def create(self, name: str, *urls: str, **tags: str) -> Change:
        return self._change(Action.CREATE, name, None, self.attributes(*urls, **tags), reason=Reason.DECLARED)

    def update(self, name: str, *urls: str, **tags: str) -> Change:
        """From what stands now to these."""
        return self._change(Action.UPDATE, name, self.stands(name), self.attributes(*urls, **tags))

    def delete(self, name: str) -> Change:
        return self._change(Action.DELETE, name, self.stands(name), None, reason=Reason.NOT_DECLARED)

    def replace(self, old: str, new: str, key: str = "") -> Change:
        """Another name for what stands as `old`; the key is `old` unless given."""
        change = self._change(Action.REPLACE, new, self.stands(old), self.stands(old), reason=Reason.RENAMED)
        address = self.address(key or old)
        previous = self.address(old) if key else None
        return replace(
            change, address=address, arn=self.arn(old), owner=self.owner(old), previous=previous, previous_name=old
        )

    def adopt(self, name: str) -> Change:
        stands = self.stands(name)
        return self._change(Action.ADOPT, name, stands, stands, reason=Reason.ASKED, origin=Origin.ADOPTED)

    def forget(self, name: str) -> Change:
        return self._change(Action.FORGET, name, self.stands(name), None, reason=Reason.ASKED)

    def no_op(self, name: str, reason: Reason, **more: Any) -> Change:
        return self._change(Action.NO_OP, name, self.stands(name), self.stands(name), reason=reason, **more)

    # Runs

    def plan(self, *changes: Change, ignored: tuple[str, ...] = ()) -> Plan:
        lock = self.state.read()
        return Plan(
            target=TARGET,
            lineage=lock.lineage if lock else "",
            serial=lock.serial if lock else 0,
            manifest_digest=DIGEST,
            refresh=Refresh.FULL,
            route=Route(lockfile=str(self.state.path), where=Where.EMBEDDED),
            changes=tuple(sorted(changes, key=lambda one: one.address)),
            drift=(),
            diagnostics=(),
            untouched=Untouched(unmanaged={}, service_linked={}),
            unknown={},
            listing_failed="",
            managed=len(lock.resources) if lock else 0,
            declared=0,
            unchanged=0,
            excluded=0,
            limit=Limit(),
            protected=False,
            tags_ignored=ignored,
        )

    def apply(
        self,
        *changes: Change,
        ignored: tuple[str, ...] = (),
        threads: int = 4,
        stop: threading.Event | None = None,
        patience: Patience = QUICK,
        on_event: Callable[[Event], None] | None = None,
        grace: float = 8.0,
    ) -> Report:
        plan = self.plan(*changes, ignored=ignored)
        with self.state.exclusive("apply") as writer:
            return apply(
                plan,
                self.directory,
                writer,
                threads=threads,
                on_event=on_event or self.events.append,
                stop=stop,
                patience=patience,
                grace=grace,
            )

    def apply_one(self, change: Change, **more: Any) -> Outcome:
        (outcome,) = self.apply(change, **more).outcomes
        return outcome

    def recover(self) -> Any:
        with self.state.exclusive("apply") as writer:
            return recover(writer, self.directory, patience=QUICK)

    # Words

    def address(self, key: str) -> Address:
        return Address("workload_identity", key)

    def arn(self, name: str) -> str:
        return SCOPE.arn(f"workload-identity-directory/default/workload-identity/{name}")

    def attributes(self, *urls: str, **tags: str) -> dict[str, Any]:
        return canonical(WORKLOAD_IDENTITY, {"allowedResourceOauth2ReturnUrls": urls, "tags": tags})

    def _tags(self, found: Identity) -> dict[str, str]:
        return {key: text for key, text in found.tags.items() if key != OWNER_TAG}

    def _change(self, action: Action, name: str, before: Any, after: Any, **more: Any) -> Change:
        stands = self.store.get(SCOPE, name)
        parts: dict[str, Any] = {
            "reason": Reason.MANIFEST_CHANGED,
            "arn": self.arn(name) if stands else "",
            "owner": stands.tags.get(OWNER_TAG, "") if stands else "",
        }
        return Change(
            action=action, address=self.address(name), name=name, before=before, after=after, **(parts | more)
        )


@pytest.fixture
def make_world(tmp_path: Path, store: Store, misbehaviour: Misbehaviour) -> Callable[..., World]:
    return lambda **more: World(tmp_path / "m.prod.lock.json", store, misbehaviour, **more)


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()
