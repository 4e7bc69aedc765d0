"""Runs among faults: a random stack, random faults, and what must be so after each run and once the faults are over."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from reconciler.applying import Patience, RunBroken, apply, recover
from reconciler.directory.snapshot import read_snapshot
from reconciler.emulator import Identity, Misbehaviour, Store, Terms
from reconciler.errors import ReconcilerError
from reconciler.model.addresses import Address
from reconciler.model.changes import Action
from reconciler.model.environments import OWNER_TAG, Environment, Settings, Target, Where
from reconciler.model.kinds import WORKLOAD_IDENTITY
from reconciler.model.outcomes import Outcome, Report, Status
from reconciler.model.plan import Plan, Route
from reconciler.model.resources import Desired, Known, Lock, Origin, Refresh, Stack
from reconciler.model.values import canonical
from reconciler.planning import Allowances, changed_remotes, expected_remotes, guard, known_remotes, make_plan
from reconciler.state import LocalState, dump_lock
from tests.torture import fleet
from tests.torture.faulty import FAULTS, FailingDisk, Scene

TARGET = Target(stack="fleet", environment="prod", account=fleet.SCOPE.account, region=fleet.SCOPE.region)
URLS = (fleet.OLD, fleet.NEW, "https://third.example.com/cb")
LINEAGE = "0d1f6d5e-6f7e-4c39-9b76-0a4c5f2f8a11"
ROLES = ("create", "create", "urls", "tags", "both", "clear", "delete", "replace", "same", "gone", "mine")


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Where mixtures run. `directory`: ours, over some door. `pass_time(seconds)`: let the service's time pass.

    `stopping`: makes what ends waits early, on the same clock. `quiet`: returns when nothing is under way. `late`: see `Scene`.
    """

    directory: Any
    store: Store
    misbehaviour: Misbehaviour
    folder: Path
    patience: Patience
    pass_time: Callable[[float], object]
    stopping: Callable[[], threading.Event]
    quiet: Callable[[], object]
    late: float = 0.0


@dataclass(frozen=True, kw_only=True)
class _Attempt:
    """What one run came to."""

    plan: Plan | None = None
    report: Report | None = None
    refusal: str = ""
    error: ReconcilerError | None = None


class Mixture:
    """One mixture: everything about it follows from its seed, but for how its threads meet. `faults`: these, and no others."""

    def __init__(self, ground: Ground, seed: int, faults: Iterable[str] = ()) -> None:
        self.ground, self.seed = ground, seed
        self.random = Random(seed)
        alone = tuple(faults)
        self.again = f"SEED={seed}" + (f' FAULT="{alone[0]}"' if alone else "")
        self._faults = alone or tuple(self.random.sample(sorted(FAULTS), self.random.randint(1, 4)))
        self._threads = self.random.choice((1, 1, 1, 4))
        self._disk = FailingDisk()
        path = ground.folder / "fleet.prod.lock.json"
        for one in ground.folder.iterdir():
            one.unlink()
        self._state = LocalState(path, disk=self._disk)
        self._reset()
        ground.store.clear(fleet.SCOPE)
        self._stack, self._names, self._expected = self._make()
        ground.store.put_all(fleet.SCOPE, fleet.OTHERS)
        self.told: list[str] = [f"threads: {self._threads}"]
        self._touched: set[str] = set()
        self._unknown = {name for name in self._now().ours if name not in self._known()}

    def problems(self) -> list[str]:
        """Everything that is wrong, in words; nothing if all is well."""
        wrong: list[str] = []
        for _ in range(self.random.choice((1, 1, 2))):
            scene = Scene(
                random=self.random,
                misbehaviour=self.ground.misbehaviour,
                store=self.ground.store,
                scope=fleet.SCOPE,
                disk=self._disk,
                names=self._names,
                late=self.ground.late,
                touched=self._touched,
            )
            before = self._now()
            attempt = self._run(lambda scene=scene: self._unleash(scene))
            self.ground.quiet()
            wrong += self._after(before, attempt)
            self._reset()
            self.ground.pass_time(300)
        return wrong + self._in_the_end()

    def _unleash(self, scene: Scene) -> None:
        self.told += [FAULTS[name](scene) for name in self._faults]

    def _make(self) -> tuple[Stack, list[str], set[str]]:
        """What is wanted, the names that may be touched, and those that are ours in the end."""
        stands: list[Identity] = []
        known: list[Identity] = []
        wanted: list[Desired] = []
        names: list[str] = []
        for number in range(self.random.randint(3, 9)):
            role = self.random.choice(ROLES)
            name = f"{role}-{number}"
            urls, tags = self._some_urls(), self._some_tags()
            before = fleet.identity(name, *urls, owner=fleet.OURS, **tags)
            after = {"allowedResourceOauth2ReturnUrls": urls, "tags": tags}
            final, previously = name, None
            match role:
                case "urls" | "both":
                    after["allowedResourceOauth2ReturnUrls"] = [*urls, f"https://more.example.com/{number}"]
                case "clear":
                    after["allowedResourceOauth2ReturnUrls"] = []
                case "replace":
                    final, previously = f"new-{number}", _address(name)
            if role in ("tags", "both"):
                after["tags"] = {**tags, "changed": str(number)}
            if role not in ("create", "gone"):
                stands.append(before)
            if role not in ("create", "mine"):
                known.append(before)
            if role not in ("delete", "gone"):
                attributes = canonical(WORKLOAD_IDENTITY, after)
                wanted.append(
                    Desired(address=_address(final), name=final, attributes=attributes, previously=previously)
                )
            names += [name, final] if final != name else [name]
        self.ground.store.put_all(fleet.SCOPE, stands)
        self._write_lock(known)
        stack = Stack(
            name=TARGET.stack,
            environment=Environment(name="prod", where=Where.EMBEDDED),
            settings=Settings(),
            resources={one.address: one for one in sorted(wanted, key=lambda one: one.address)},
            digest="sha256:" + "c" * 64,
        )
        kept = {one.previously.key for one in wanted if one.previously}  # until the rename is finished
        return stack, names, {one.name for one in wanted} | kept

    def _some_urls(self) -> list[str]:
        return self.random.sample(URLS, self.random.randint(1, 2))

    def _some_tags(self) -> dict[str, str]:
        return {
            key: self.random.choice("ab") for key in self.random.sample(("team", "tier"), self.random.randint(0, 2))
        }

    def _write_lock(self, known: list[Identity]) -> None:
        if not known:
            return
        now = fleet.Truth(known)
        entries = {
            _address(name): Known(
                address=_address(name),
                name=name,
                arn=fleet.arn(name),
                origin=Origin.CREATED,
                attributes=now.attributes(name),
            )
            for name in sorted(now.names)
        }
        lock = Lock(
            lineage=LINEAGE,
            serial=1,
            stack=TARGET.stack,
            environment=TARGET.environment,
            account=TARGET.account,
            region=TARGET.region,
            resources=dict(sorted(entries.items())),
        )
        self._state.path.write_text(dump_lock(lock))

    # Runs

    def _run(self, unleash: Callable[[], None] = lambda: None) -> _Attempt:
        """What `apply` does: settle, plan, guards, execute. Faults begin with it, or, more often, with the changes."""
        begins_with_changes = self.random.random() < 0.7
        if not begins_with_changes:
            unleash()
        directory = self.ground.directory
        plan: Plan | None = None
        try:
            with self._state.exclusive("apply") as writer:
                recover(writer, directory, patience=Patience(total=0.02, first=0.005))
                plan = self._plan(writer.lock)
                refusals = guard(plan, Allowances(empty=True))
                if refusals or plan.errored:
                    said = (f"{one.address}: {one.summary}" for one in (*refusals, *plan.diagnostics))
                    return _Attempt(plan=plan, refusal="; ".join(said))
                if begins_with_changes:
                    unleash()
                report = apply(
                    plan,
                    directory,
                    writer,
                    threads=self._threads,
                    stop=self.ground.stopping(),
                    patience=self.ground.patience,
                )
                return _Attempt(plan=plan, report=report)
        except RunBroken as broken:
            return _Attempt(plan=plan, report=broken.report, error=broken)
        except ReconcilerError as error:
            return _Attempt(plan=plan, error=error)

    def _plan(self, lock: Lock | None) -> Plan:
        snapshot = read_snapshot(
            self.ground.directory,
            refresh=Refresh.FULL,
            expected=expected_remotes(self._stack, lock),
            changed=changed_remotes(self._stack, lock),
            known=known_remotes(lock),
            wanted=lambda _: False,
            threads=self._threads,
        )
        route = Route(lockfile=str(self._state.path), where=Where.EMBEDDED)
        return make_plan(stack=self._stack, lock=lock, snapshot=snapshot, target=TARGET, route=route)

    def _reset(self) -> None:
        self.ground.misbehaviour.reset()
        self.ground.misbehaviour.terms = Terms()
        self._disk.left = None

    # What must be so

    def _after(self, before: fleet.Truth, attempt: _Attempt) -> list[str]:
        """What is wrong after a run among faults."""
        now, lock, journal = self._now(), self._state.read(), self._state.unfinished()
        wrong = fleet.strangers_touched(now, fleet.OTHERS)
        wrong += fleet.forgotten(now, lock, journal, self._unknown)
        if attempt.error is not None and not attempt.error.summary:
            wrong.append(f"{type(attempt.error).__name__} without a word")
        open_names = {name for one in journal.intents for name in (one.name, one.previous_name)} if journal else set()
        written = {known.name for step in journal.edits for known in step.put} if journal else set()
        for outcome in attempt.report.outcomes if attempt.report else ():
            wrong += self._told_truly(outcome, before, now, lock, open_names | written)
        if attempt.report is None and before.identities != now.identities and not self._touched:
            wrong.append("nothing was reported, and something changed")
        return wrong

    def _told_truly(
        self, outcome: Outcome, before: fleet.Truth, now: fleet.Truth, lock: Lock | None, in_journal: set[str]
    ) -> Iterator[str]:
        """What the report says of one change, and is not so."""
        change = outcome.change
        names = [name for name in (change.name, change.previous_name) if name]
        if self._touched.intersection(names):
            return
        what = f"{change.action.word} {change.name}, {outcome.status.value} ({outcome.message})"
        if outcome.status is Status.DONE:
            if change.action in (Action.DELETE,) and change.name in now.names:
                yield f"{what}: it stands"
            if change.action is Action.REPLACE and change.previous_name not in now.names:
                yield f"{what}: the old one is gone"
            made = change.action in (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.ADOPT)
            if made and (change.name not in now.names or now.attributes(change.name) != change.after):
                yield f"{what}: there stands {now.identities.get(change.name)}"
            return
        known = {one.name: one.attributes for one in lock.resources.values()} if lock else {}
        for name in names:
            if before.identities.get(name) == now.identities.get(name) or name in in_journal:
                continue
            if known.get(name) != (now.attributes(name) if name in now.names else None):
                yield f"{what}: {name} is {now.identities.get(name)}, which neither lockfile nor journal know"

    def _in_the_end(self) -> list[str]:
        """What is wrong when the faults are over and one more run is made."""
        squatters = [name for name in self._touched if not self._ours(name) and name in self._now().names]
        attempt = self._run()
        wrong = []
        if squatters and attempt.refusal:
            if not any(name in attempt.refusal for name in squatters):
                wrong.append(f"refused because of {squatters}, in words that do not say so: {attempt.refusal}")
            if any(name in (one.name for one in self._lock().resources.values()) for name in squatters):
                wrong.append(f"one of {squatters} was taken over")
            for name in squatters:
                self.ground.store.drop(fleet.SCOPE, name)
            attempt = self._run()
        if attempt.report is None or not attempt.report.whole:
            ended = attempt.error or attempt.refusal or attempt.report
            wrong.append(f"the run after the faults did not converge: {ended}")
        now = self._now()
        wrong += fleet.strangers_touched(now, fleet.OTHERS) + fleet.unequal(now, self._state.read())
        # What somebody made anew under a name that we know is ours by the lockfile; it gets no tag that nobody asked for.
        untagged = {name for name in self._touched & self._known() if name in now.names - now.ours}
        if now.ours != self._expected - untagged:
            wrong.append(f"ours are {sorted(now.ours)} and should be {sorted(self._expected - untagged)}")
        if self._state.unfinished() is not None:
            wrong.append("a journal is left")
        left = self._plan(self._state.read())
        if not left.empty or left.errored:
            wrong.append(f"the plan afterwards holds {[str(one.address) for one in left.changes]}")
        return wrong

    def _ours(self, name: str) -> bool:
        found = self.ground.store.get(fleet.SCOPE, name)
        return found is not None and found.tags.get(OWNER_TAG) == fleet.OURS

    def _now(self) -> fleet.Truth:
        return fleet.Truth(self.ground.store.identities(fleet.SCOPE))

    def _lock(self) -> Lock:
        lock = self._state.read()
        assert lock is not None
        return lock

    def _known(self) -> set[str]:
        lock = self._state.read()
        return {one.name for one in lock.resources.values()} if lock else set()


def told(mixture: Mixture, wrong: Iterable[str], seconds: float) -> str:
    """One failure in words, with how to see it again."""
    faults = "\n    ".join(mixture.told)
    head = f"seed {mixture.seed} (again: make torture {mixture.again}; {seconds:.1f} s):\n    {faults}\n  "
    return head + "\n  ".join(wrong)


def _address(key: str) -> Address:
    return Address("workload_identity", key)
