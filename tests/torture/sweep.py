"""A run that is sent a signal at one point after another, what it leaves, and what the runs after it make of that."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from reconciler.emulator import Identity
from reconciler.emulator.server import Server
from tests.torture import fleet
from tests.torture.places import Place
from tests.torture.running import Ran, Runner

Point = int | str
"""The number of a point, or the label of the first of that name."""
Signals = tuple[tuple[Point, int], ...]
APPLY = ("apply", "fleet.yaml", "--auto-approve", "--threads", "4")
SAVED = ("apply", "--plan", "saved.plan", "--auto-approve", "--threads", "4")
ADOPT = ("adopt", "fleet.yaml", "--all-matching", "*", "--auto-approve")


def _forget(*names: str) -> tuple[str, ...]:
    return ("forget", "fleet.yaml", *(f"workload_identity.{name}" for name in names), "--auto-approve")


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What is interrupted, and what is so in the end.

    `first` is the command that is interrupted; each of `then` must end with 0, or with 1 and the words `nothing_left`. `ours`:
    names of what is ours in the end. `others`: what must never be touched. `stays`: names of what must stand at every moment.
    `unknown`: names of what bears our tag at first without being in the lockfile. `planned`: exit codes of a plan in between.
    """

    name: str
    first: tuple[str, ...]
    then: tuple[tuple[str, ...], ...] = (APPLY,)
    nothing_left: str = ""
    ours: frozenset[str] = fleet.WANTED
    others: tuple[Identity, ...] = fleet.OTHERS
    stays: frozenset[str] = frozenset()
    unknown: tuple[str, ...] = ()
    planned: tuple[int, ...] = (0,)


_STAYS = frozenset({"cleared-1", "mine-1", "old-1", "old-2", "same-1", "tags-1", "up-1", "up-2"})
SCENARIOS = {
    one.name: one
    for one in (
        Scenario(name="apply", first=SAVED, stays=_STAYS, unknown=("mine-1",)),
        Scenario(name="settle", first=APPLY, stays=_STAYS, unknown=("mine-1",)),
        Scenario(name="first", first=APPLY, ours=frozenset({"made-1", "made-2", "made-3"})),
        Scenario(
            name="adopt",
            first=(*ADOPT, "--threads", "2"),
            then=(ADOPT,),
            ours=frozenset({"nobodys-1", "nobodys-2", "same-1"}),
            others=fleet.OTHERS[1:],
            planned=(0, 3),  # what is not adopted yet is not ours
            stays=frozenset({"nobodys-1", "nobodys-2", "same-1"}),
        ),
        Scenario(
            name="forget",
            first=(*_forget("down-1", "up-1"), "--threads", "2"),
            then=(_forget("down-1"), _forget("up-1")),
            nothing_left="does not hold",
            ours=frozenset({"same-1"}),
            stays=frozenset({"down-1", "same-1", "up-1"}),
        ),
    )
}
"""`settle` is the apply after one that was killed half-way, `first` the one that has no lockfile yet."""


@dataclass(frozen=True, kw_only=True)
class _Template:
    """How a scenario begins: the folder, what stands, and the points that its first command passes undisturbed."""

    folder: Path
    stands: tuple[Identity, ...]
    labels: tuple[str, ...]


class Sweep:
    """One stack in one place on one emulator, brought back to the beginning for every point."""

    def __init__(self, server: Server, runner: Runner, place: Place, templates: Path) -> None:
        self.server = server
        self.place = place
        self._runner = runner
        self._folder = templates
        self._templates: dict[str, _Template] = {}

    def run(self, *arguments: str, signals: Iterable[tuple[Point, int]] = ()) -> Ran:
        """A command in the place's folder, against the emulator."""
        environment = {**fleet.endpoints(self.server), **self.place.variables}
        writes = arguments[0] not in ("plan", "lock")
        words = (*arguments, *(self.place.patience if writes else ()))
        return self._runner.run(self.place.folder, *words, environment=environment, signals=signals)

    def labels(self, scenario: Scenario) -> tuple[str, ...]:
        """The points that its first command passes when nobody disturbs it."""
        return self._template(scenario).labels

    def begin(self, scenario: Scenario) -> None:
        """Let the scenario stand at its beginning."""
        self._begin(self._template(scenario))

    def stands(self, scenario: Scenario) -> tuple[Identity, ...]:
        """What stands when it begins."""
        return self._template(scenario).stands

    def problems(
        self,
        scenario: Scenario,
        signals: Signals,
        *,
        codes: frozenset[int],
        also: Callable[[Sweep, Ran], list[str]] = lambda _sweep, _ran: [],
    ) -> tuple[Ran, list[str]]:
        """Run it with these signals, look at what it leaves, converge: how the run ended, and everything that is wrong.

        `codes`: the exit codes with which it may end; negative for a signal that ended it. `also`: what else may be wrong with
        what it left.
        """
        self.begin(scenario)
        before = fleet.Truth(self._template(scenario).stands)
        ran = self.run(*scenario.first, signals=signals)
        now = fleet.truth(self.server)
        wrong = [] if ran.code in codes else [f"it ended with {ran.code}: {ran.err[-1500:]}"]
        if ran.code < 0:
            self.place.died()
        wrong += self._left(scenario, now) + also(self, ran)
        wrong += self._looked_at(scenario)
        wrong += self._converged(scenario, before)
        return ran, wrong

    def _left(self, scenario: Scenario, now: fleet.Truth) -> list[str]:
        """What is wrong right after it ended."""
        wrong = fleet.strangers_touched(now, scenario.others)
        wrong += fleet.forgotten(now, self.place.lock(), self.place.journal(), scenario.unknown)
        wrong += [f"{name} is gone" for name in sorted(scenario.stays - now.names)]
        return wrong

    def _looked_at(self, scenario: Scenario) -> list[str]:
        """What is wrong with how commands that only look speak of what was left."""
        journal, contents = self.place.journal(), self.place.contents()
        status = self.run("lock", "status", "fleet.yaml", "--json")
        told = json.loads(status.out)["unfinished"] if status.code == 0 else status.err
        if journal is None:
            return [f"nothing is unfinished, and lock status says {told}"] if told else []
        planned = self.run("plan", "fleet.yaml")
        wrong = []
        if not isinstance(told, dict) or len(told["intents"]) != len(journal.intents):
            wrong.append(f"{len(journal.intents)} intents are open, and lock status says {told}")
        if planned.code not in scenario.planned or "was interrupted" not in planned.err:
            wrong.append(f"plan on an unfinished journal: exit {planned.code}: {planned.err[-1500:]}")
        if self.place.contents() != contents:
            wrong.append("plan or lock status wrote something")
        return wrong

    def _converged(self, scenario: Scenario, before: fleet.Truth) -> list[str]:
        """What is wrong after the commands that follow."""
        wrong = []
        for command in scenario.then:
            ran = self.run(*command)
            nothing_left = scenario.nothing_left and ran.code == 1 and scenario.nothing_left in ran.err
            if ran.code != 0 and not nothing_left:
                wrong.append(f"{command[0]} did not converge, exit {ran.code}: {ran.out[-1500:]}{ran.err[-1500:]}")
        now, lock = fleet.truth(self.server), self.place.lock()
        wrong += fleet.unequal(now, lock) + fleet.strangers_touched(now, scenario.others)
        expected = scenario.ours | scenario.stays | {one.name for one in scenario.others}
        if now.names != expected or now.ours != scenario.ours:
            wrong.append(f"there stand {sorted(now.names)}, of which ours {sorted(now.ours)}")
        wrong += [
            f"{name} was deleted and made again"
            for name in sorted(scenario.stays & now.names)
            if now.identities[name].created != before.identities[name].created
        ]
        wrong += [f"{name} is left behind" for name in self.place.leftovers()]
        planned = self.run("plan", "fleet.yaml", "--detailed-exitcode")
        if planned.code != 0:
            wrong.append(f"the plan afterwards: exit {planned.code}: {planned.out[-1500:]}{planned.err[-1500:]}")
        return wrong

    def _template(self, scenario: Scenario) -> _Template:
        found = self._templates.get(scenario.name)
        if found is None:
            _MAKERS[scenario.name](self)
            folder = self._folder / scenario.name
            self.place.keep(folder)
            made = _Template(folder=folder, stands=self._now(), labels=())
            self._begin(made)
            ran = self.run(*scenario.first)
            assert ran.code == 0, ran
            found = _Template(folder=folder, stands=made.stands, labels=tuple(ran.labels))
            self._templates[scenario.name] = found
        return found

    def _begin(self, template: _Template) -> None:
        self.place.begin(template.folder)
        self.server.store.clear(fleet.SCOPE)
        self.server.store.put_all(fleet.SCOPE, template.stands)
        self.server.misbehaviour.reset()

    def _now(self) -> tuple[Identity, ...]:
        return tuple(self.server.store.identities(fleet.SCOPE))

    def _declare(self, resources: str) -> None:
        text = fleet.manifest(self.place.environment, resources)
        (self.place.folder / "fleet.yaml").write_text(text)

    def _must(self, *arguments: str) -> Ran:
        ran = self.run(*arguments)
        assert ran.code == 0, ran
        return ran

    def _empty(self, resources: str) -> None:
        """Nothing stands, nothing is known, and this is declared."""
        empty = self._folder / "empty"
        empty.mkdir(exist_ok=True)
        self._begin(_Template(folder=empty, stands=(), labels=()))
        self._declare(resources)

    def _before_apply(self) -> None:
        self._empty(fleet.BEFORE)
        self._must(*APPLY)
        self.server.store.drop(fleet.SCOPE, "gone-1")
        self.server.store.put_all(fleet.SCOPE, (fleet.UNKNOWN, *fleet.OTHERS))
        self._declare(fleet.AFTER)
        self._must("plan", "fleet.yaml", "--out", "saved.plan")

    def _before_settle(self) -> None:
        apply = SCENARIOS["apply"]
        half_way = len(self.labels(apply)) * 2 // 3
        self.begin(apply)
        ran = self.run(*apply.first, signals=((half_way, signal.SIGKILL),))
        assert ran.code == -signal.SIGKILL, ran
        fleet.truth(self.server)
        self.place.died()
        journal = self.place.journal()
        assert journal is not None
        assert journal.intents
        assert journal.edits

    def _before_first(self) -> None:
        self._empty(fleet.FIRST)
        self.server.store.put_all(fleet.SCOPE, fleet.OTHERS)

    def _before_adopt(self) -> None:
        declared = f'{{allowedResourceOauth2ReturnUrls: ["{fleet.OLD}"], tags: {{team: x}}}}'
        self._empty(f"workloadIdentities:\n  same-1: {declared}\n")
        self._must(*APPLY)
        more = fleet.identity("nobodys-2", fleet.OLD, team="x")
        self.server.store.put_all(fleet.SCOPE, (*fleet.OTHERS, more))
        names = ("nobodys-1", "nobodys-2", "same-1")
        self._declare("workloadIdentities:\n" + "".join(f"  {name}: {declared}\n" for name in names))

    def _before_forget(self) -> None:
        declared = "".join(f"  {name}: {{tags: {{team: a}}}}\n" for name in ("down-1", "same-1", "up-1"))
        self._empty("workloadIdentities:\n" + declared)
        self._must(*APPLY)
        self.server.store.put_all(fleet.SCOPE, fleet.OTHERS)
        self._declare("workloadIdentities:\n  same-1: {tags: {team: a}}\n")


_MAKERS: dict[str, Callable[[Sweep], None]] = {
    "apply": Sweep._before_apply,
    "settle": Sweep._before_settle,
    "first": Sweep._before_first,
    "adopt": Sweep._before_adopt,
    "forget": Sweep._before_forget,
}


def told(scenario: Scenario, signals: Signals, ran: Ran, wrong: Iterable[str]) -> str:
    """One failure in words."""
    where = " ".join(f"{point}:{signal.Signals(number).name}" for point, number in signals)
    return f"{scenario.name} at {where} ({', '.join(ran.hit) or 'not reached'}):\n  " + "\n  ".join(wrong)
