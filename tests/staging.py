"""A golden case on its stage: its manifest and lockfile in the current folder, its directory in an emulator of its own.

What `case.yaml` says becomes values here; what must hold of them is in `tests/test_cases.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from reconciler.applying import Patience, apply
from reconciler.directory.agentcore import AgentCore
from reconciler.directory.connecting import connect
from reconciler.directory.snapshot import read_snapshot
from reconciler.emulator import ACCOUNT, Identity, Misbehaviour, Provider, Scope, Store, Terms, Vault, attach
from reconciler.emulator.things import API_KEY_PROVIDER, IDENTITY, KINDS, OAUTH2_PROVIDER
from reconciler.manifest import load, resolve
from reconciler.model import kinds as described
from reconciler.model.addresses import Address
from reconciler.model.environments import OWNER_TAG, Target, Where
from reconciler.model.kinds import WORKLOAD_IDENTITY, kind_of
from reconciler.model.moments import utc_exactly
from reconciler.model.outcomes import Report
from reconciler.model.plan import Plan, Route
from reconciler.model.resources import Known, Lock, Origin, Refresh, Snapshot, Stack
from reconciler.model.values import canonical
from reconciler.planning import (
    Allowances,
    Selection,
    changed_remotes,
    expected_remotes,
    known_remotes,
    make_adoption,
    make_forgetting,
    make_plan,
    make_rebuild,
)
from reconciler.state import LocalState, dump_lock

SCOPE = Scope(ACCOUNT, "us-east-1")
TARGET = Target(stack="payments", environment="prod", account=SCOPE.account, region=SCOPE.region)
LOCKFILE = Path("manifest.prod.lock.json")
LINEAGE = "11111111-2222-3333-4444-555555555555"
QUICK = Patience(total=0.05, first=0.01, longest=0.02)
_CARRYING = (  # what may carry a secret, and where in it
    ("CreateOauth2CredentialProvider", "clientSecret"),
    ("UpdateOauth2CredentialProvider", "clientSecret"),
    ("CreateApiKeyCredentialProvider", "apiKey"),
    ("UpdateApiKeyCredentialProvider", "apiKey"),
)
_ENTRY = frozenset({"name", "urls", "tags", "origin", "protect", "updateOnly", "vendor", "config", "secret", "keyType"})
_ENTRY |= {"kmsKeyArn", "updated", "inbound", "access", "owner", "expires"}

Thing = Identity | Provider | Vault


@dataclass(frozen=True, kw_only=True)
class Case:
    """A `case.yaml`, read strictly: a member that nobody knows is a mistake."""

    about: str
    exit: int
    lock: dict[str, Any] | None = None
    live: dict[str, Any] = field(default_factory=dict)
    faults: list[dict[str, str]] = field(default_factory=list)
    terms: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    reads: dict[str, int] | None = None
    ends: dict[str, str] = field(default_factory=dict)
    next: list[str] = field(default_factory=list)

    @property
    def refresh(self) -> Refresh:
        return Refresh(self.options.get("refresh", "full"))

    @property
    def allow(self) -> Allowances:
        return Allowances(**self.options.get("allow", {}))


class Stage:
    """One case set up."""

    def __init__(self, folder: Path, clock: Any, set_variable: Callable[[str, str], None]) -> None:
        self.folder = folder
        self.case = case = Case(**yaml.safe_load((folder / "case.yaml").read_text(encoding="utf-8")))
        Path("manifest.yaml").write_bytes((folder / "manifest.yaml").read_bytes())
        for name, value in case.variables.items():
            set_variable(name, value)
        self.store = Store(clock=clock)
        self.misbehaviour = Misbehaviour(clock=clock, sleep=clock.sleep)
        self.secrets_seen: list[tuple[str, str, str]] = []
        for operation, member in _CARRYING:
            self.misbehaviour.before(operation, self._note(operation, member), times=None)
        self.stack = _stack()
        self.directory: AgentCore = connect(self.stack.environment, attach=self._attach)
        self.state = LocalState(LOCKFILE, new_lineage=lambda: LINEAGE)
        self._fill(case)
        self.misbehaviour.terms = Terms(**case.terms)
        self.misbehaviour.calls.clear()

    def _attach(self, client: Any) -> None:
        attach(client, self.store, misbehaviour=self.misbehaviour)

    def _fill(self, case: Case) -> None:
        """The directory, then the lockfile, which takes from that what only the service gives."""
        held = {(one.type, about.get("name", one.key)) for one, about in _addressed(case.lock or {})}
        things = [
            _thing(self.store, one, {"owner": "ours" if (one.type, one.key) in held else "none", **about})
            for one, about in _addressed(case.live)
        ]
        self.store.put_all(SCOPE, things)
        if case.lock is not None:
            lock = _lock([self._entry(address, about) for address, about in _addressed(case.lock)])
            self.store.put_all(SCOPE, things)  # as they were: one that settles counts how often it is looked at
            LOCKFILE.write_text(dump_lock(lock), encoding="utf-8")

    def _entry(self, address: Address, about: dict[str, Any]) -> Known:
        assert about.keys() <= _ENTRY, about
        kind, name = kind_of(address.type), about.get("name", address.key)
        live = self.directory.read(kind, name) if kind.api.dated else None
        return Known(
            address=address,
            name=name,
            arn=live.arn if live else SCOPE.arn(kind.api.resource.format(name=name)),
            origin=Origin(about.get("origin", "created")),
            attributes=canonical(kind, _raw(about)),
            protect=about.get("protect", False),
            update_only=about.get("updateOnly", bool(kind.singleton)),
            updated=_moment(self.store) if kind.api.dated else "",
            outputs=live.outputs if live else {},
        )

    def _note(self, operation: str, member: str) -> Callable[[dict[str, Any]], None]:
        def note(params: dict[str, Any]) -> None:
            value = next(_values_of(member, params), "")
            if value:
                self.secrets_seen.append((operation, params["name"], value))

        return note

    def disturb(self) -> None:
        for fault in self.case.faults:
            self.misbehaviour.fail(fault["operation"], "AccessDeniedException", times=None, name=fault.get("name"))

    def standing(self) -> dict[tuple[str, str], Thing]:
        """Everything that stands, by type and name."""
        found = {(kind.name, one.name): one for kind in KINDS.values() for one in self.store.all(SCOPE, kind)}
        return {("token_vault", "default"): self.store.vault(SCOPE), **found}

    def snapshot(self, lock: Lock | None) -> Snapshot:
        asked = bool({"adopt", "forget", "rebuild"} & self.case.options.keys())
        return read_snapshot(
            self.directory,
            refresh=self.case.refresh,
            wanted=lambda remote: asked,
            expected=expected_remotes(self.stack, lock),
            changed=changed_remotes(self.stack, lock, self.case.options.get("today")),
            known=known_remotes(lock),
            trusting="refresh" not in self.case.options,
            parents={one.parent for one in self.stack.resources.values() if one.parent},
            kinds=described.KINDS if self.case.options.get("rebuild") else (WORKLOAD_IDENTITY,),
        )

    def plan(self, *, again: bool = False) -> Plan:
        """As the options say; `again`: after the apply, where a rebuilt lockfile is followed by an ordinary plan."""
        options, lock = self.case.options, self.state.read()
        route = Route(lockfile=str(LOCKFILE), where=Where.EMBEDDED, rates=self.directory.rates)
        common: dict[str, Any] = {"snapshot": self.snapshot(lock), "target": TARGET, "route": route}
        if options.get("rebuild") and not again:
            return make_rebuild(stack=self.stack, **common)
        if "forget" in options:
            assert lock is not None
            return make_forgetting(lock=lock, addresses=_addresses(options["forget"]), **common)
        if "adopt" in options:
            return make_adoption(stack=self.stack, lock=lock, addresses=_addresses(options["adopt"]), **common)
        return make_plan(
            stack=self.stack,
            lock=lock,
            selection=Selection(
                tuple(options.get("target", ())),
                tuple(options.get("exclude", ())),
                options.get("finish_renames", False),
            ),
            destroy=options.get("destroy", False),
            today=options.get("today"),
            **common,
        )

    def apply(self, plan: Plan) -> Report:
        """Execute it, with the calls that the plan said it would make where nothing is in their way."""
        self.misbehaviour.calls.clear()
        with self.state.exclusive("apply") as writer:
            return apply(plan, self.directory, writer, patience=QUICK if self.case.ends else None)

    @property
    def made(self) -> Counter[str]:
        """The calls that arrived since the last apply began."""
        return Counter(one.operation for one in self.misbehaviour.calls)

    @property
    def undisturbed(self) -> bool:
        """Whether apply can know beforehand what it calls."""
        return not self.case.faults and not self.case.terms


def _stack() -> Stack:
    loaded = load(Path("manifest.yaml"))
    assert loaded.manifest is not None, loaded.diagnostics
    resolved = resolve(loaded.manifest, "prod")
    assert resolved.stack is not None, resolved.diagnostics
    return resolved.stack


def _addresses(texts: Iterable[str]) -> list[Address]:
    return [Address.parse(text) for text in texts]


def _addressed(held: dict[str, Any]) -> Iterator[tuple[Address, dict[str, Any]]]:
    """The members by address; one that names no kind is an identity."""
    for key, about in held.items():
        yield Address.parse(key) if key.split(".")[0] in KINDS else Address(IDENTITY.name, key), about


def _raw(about: dict[str, Any]) -> dict[str, Any]:
    """An entry's attributes under their own names."""
    secret = about.get("secret")
    if secret is not None:
        secret = {"source": "MANAGED", **secret} if "version" in secret else {"source": "EXTERNAL", **secret}
    return {
        **{
            name: about.get(name)
            for name in ("config", "keyType", "kmsKeyArn", "inbound", "access", "owner", "expires")
        },
        "allowedResourceOauth2ReturnUrls": about.get("urls"),
        "credentialProviderVendor": about.get("vendor"),
        "clientSecret": secret,
        "apiKey": secret,
        "tags": about.get("tags"),
    }


def _thing(store: Store, address: Address, about: dict[str, Any]) -> Thing:
    owner = {"ours": TARGET.owner, "none": ""}.get(about["owner"], about["owner"])
    tags = {**about.get("tags", {}), **({OWNER_TAG: owner} if owner else {})}
    rest = {key: value for key, value in about.items() if key not in ("owner", "tags")}
    common: dict[str, Any] = {"name": address.key, "tags": tags, "created": store.clock(), "updated": store.clock()}
    if address.type == IDENTITY.name:
        return _identity(store, common, **rest)
    if address.type in (OAUTH2_PROVIDER.name, API_KEY_PROVIDER.name):
        return _provider(store, common, **rest)
    return Vault(key_type=rest.get("keyType", "ServiceManagedKey"), kms_key_arn=rest.get("kmsKeyArn", ""))


def _identity(
    store: Store, common: dict[str, Any], *, urls: Iterable[str] = (), linked: str = "", parent: str = ""
) -> Identity:
    if linked:
        store.link(SCOPE, linked, common["name"], name=parent)
    return Identity(urls=tuple(urls), parent_kind=linked, parent_id=common["name"] if linked else "", **common)


def _provider(
    store: Store,
    common: dict[str, Any],
    *,
    vendor: str = "",
    config: dict[str, Any] | None = None,
    secret: dict[str, str] | str = "managed",
    updated: float = 0.0,
    **status: Any,
) -> Provider:
    """`updated`: seconds after the lockfile was written. `secret`: {secretId, jsonKey}, managed, or none."""
    where = secret if isinstance(secret, dict) else {}
    source = {"managed": "MANAGED", "none": ""}[secret] if isinstance(secret, str) else "EXTERNAL"
    return Provider(
        vendor=vendor,
        config=config or {},
        source=source,
        secret_id=where.get("secretId", ""),
        json_key=where.get("jsonKey", ""),
        **(common | {"updated": common["updated"] + updated}),
        **status,
    )


def _moment(store: Store) -> str:
    return utc_exactly(datetime.fromtimestamp(store.clock(), UTC))


def _lock(entries: Iterable[Known]) -> Lock:
    return Lock(
        lineage=LINEAGE,
        serial=7,
        stack=TARGET.stack,
        environment=TARGET.environment,
        account=TARGET.account,
        region=TARGET.region,
        resources={known.address: known for known in entries},
    )


def _values_of(member: str, value: Any) -> Iterator[Any]:
    """What stands under that name, at any depth."""
    if isinstance(value, dict):
        for key, one in value.items():
            if key == member:
                yield one
            else:
                yield from _values_of(member, one)
