"""What is measured, against what, and what was promised for it. Each case returns one row of the table."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.fleet import ENVIRONMENT
from benchmarks.granted import GRANTS, PROVIDERS
from benchmarks.measure import Cost, Side, alternate, run
from benchmarks.reviewed import BASE, CHANGES, FILES, FOLDER

ROOT = Path(__file__).resolve().parents[1]
LATENCY_MS = 50
OURS = "reconciler"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. `other` None: there was nothing to compare with, `beside` says why or is empty."""

    title: str
    ours: Cost
    beside: str
    other: Cost | None
    target: str
    met: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where the cases run and how large they are: `scale` 1 is the fleet of 10,000 that the targets speak of."""

    folder: Path
    rounds: int
    scale: float
    terraform: str | None

    def size(self, full: int) -> int:
        """`full` at this scale."""
        return max(20, int(full * self.scale))

    def fleet(self, count: int) -> Path:
        """A folder with the fleet of that size in every form, made once."""
        folder = self.folder / f"fleet-{count}"
        if not folder.exists():
            subprocess.run([sys.executable, "-m", "benchmarks.fleet", str(folder), str(count)], cwd=ROOT, check=True)
            if self.terraform:
                init = [self.terraform, "init", "-input=false", "-no-color"]
                subprocess.run(init, cwd=folder / "terraform", env=self.environment(), check=True, capture_output=True)
        return folder

    def granted(self, count: int) -> Path:
        """A folder with that many identities and what they are granted, made once."""
        folder = self.folder / f"granted-{count}"
        if not folder.exists():
            subprocess.run([sys.executable, "-m", "benchmarks.granted", str(folder), str(count)], cwd=ROOT, check=True)
        return folder

    def repository(self, count: int) -> Path:
        """A repository with the fleet of that size and a change of it, made once."""
        folder = self.folder / f"reviewed-{count}"
        if not folder.exists():
            subprocess.run([sys.executable, "-m", "benchmarks.reviewed", str(folder), str(count)], cwd=ROOT, check=True)
        return folder

    def environment(self, endpoint: str = "") -> dict[str, str]:
        """The same few variables for every process: no settings of whoever runs the benchmark, no account."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "CHECKPOINT_DISABLE": "1",
            "AWS_ACCESS_KEY_ID": "benchmark",
            "AWS_SECRET_ACCESS_KEY": "benchmark",
            "AWS_EC2_METADATA_DISABLED": "true",
            **({"AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL": endpoint} if endpoint else {}),
        }

    def ours(self, arguments: Sequence[str], folder: Path, endpoint: str = "") -> Side:
        """Our command line, as installed beside the interpreter that runs the benchmark."""
        command = [str(Path(sys.executable).with_name(OURS)), *arguments]
        return Side(name=OURS, command=command, folder=folder, environment=self.environment(endpoint))

    def theirs(self, arguments: Sequence[str], folder: Path) -> Side | None:
        """Terraform's, or None where it is missing."""
        if self.terraform is None:
            return None
        command = [self.terraform, *arguments]
        return Side(name="terraform", command=command, folder=folder, environment=self.environment())


@contextlib.contextmanager
def directory(count: int) -> Iterator[str]:
    """A directory server with `count` identities, as a process of its own; its endpoint."""
    command = [sys.executable, "-m", "benchmarks.directory_server"]
    arguments = ["--identities", str(count), "--latency-ms", str(LATENCY_MS)]
    with subprocess.Popen([*command, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            if server.stdout is None:
                raise RuntimeError("the directory server has no output to read its address from")
            yield server.stdout.readline().split()[-1]
        finally:
            server.terminate()


def _compare(
    bench: Bench, title: str, sides: Sequence[Side | None], target: str, met: Callable[[Cost, Cost], bool]
) -> Row:
    present = [side for side in sides if side is not None]
    costs = alternate(present, bench.rounds)
    ours = costs.pop(OURS)
    if not costs:
        return Row(title=title, ours=ours, beside="terraform is not on the PATH", other=None, target=target, met=None)
    ((name, other),) = costs.items()
    return Row(title=title, ours=ours, beside=name, other=other, target=target, met=met(ours, other))


def _alone(bench: Bench, title: str, side: Side, target: str, limit: float) -> Row:
    ours = alternate([side], bench.rounds * 3)[OURS]
    return Row(title=title, ours=ours, beside="", other=None, target=target, met=ours.wall < limit)


def start_up(bench: Bench) -> Row:
    """What every command pays before it does anything."""
    return _alone(bench, "`--help`", bench.ours(["--help"], bench.folder), "< 0.2 s", 0.2)


def validate_quickstart(bench: Bench) -> Row:
    """The command that editors and hooks run on every save."""
    side = bench.ours(["validate", str(ROOT / "manifests" / "quickstart.yaml")], bench.folder)
    return _alone(bench, "`validate` of the quickstart", side, "< 0.35 s", 0.35)


def validate(bench: Bench) -> Row:
    """A manifest of 10,000, offline."""
    count = bench.size(10_000)
    fleet = bench.fleet(count)
    sides = [
        bench.ours(["validate", "fleet.yaml"], fleet / "reconciler"),
        bench.theirs(["validate", "-no-color"], fleet / "terraform"),
    ]
    title = f"`validate` of {count:,}"
    return _compare(bench, title, sides, "≤ 1/3 of the time", lambda ours, other: ours.wall * 3 <= other.wall)


def plan(bench: Bench) -> Row:
    """Nothing to do and nothing read: what the tool itself costs."""
    count = bench.size(10_000)
    fleet = bench.fleet(count)
    sides = [
        bench.ours(["plan", "fleet.yaml", "--refresh", "none", "--detailed-exitcode"], fleet / "reconciler"),
        bench.theirs(
            ["plan", "-refresh=false", "-detailed-exitcode", "-input=false", "-no-color"], fleet / "terraform"
        ),
    ]
    title = f"`plan --refresh none` of {count:,}, nothing to do"
    target = "≤ 1/15 of the time, < 300 MB"
    return _compare(bench, title, sides, target, lambda a, b: a.wall * 15 <= b.wall and a.memory < 300 * 1024**2)


def review(bench: Bench) -> Row:
    """What a change of a few means, in a stack of many files, beside a plan of the same size that reads nothing."""
    count = bench.size(10_000)
    sides = [
        bench.ours(["review", FOLDER, "--base", BASE], bench.repository(count)),
        bench.theirs(["plan", "-refresh=false", "-input=false", "-no-color"], bench.fleet(count) / "terraform"),
    ]
    title = f"`review` of {count:,} in {FILES} files, {CHANGES} changes"
    return _compare(bench, title, sides, "≤ 1/10 of the time", lambda ours, other: ours.wall * 10 <= other.wall)


def every_kind(bench: Bench) -> Row:
    """What providers and grants add to a plan that reads nothing, beside the same identities without them."""
    count = bench.size(2_000)
    verb = ["--refresh", "none", "--detailed-exitcode"]
    alone = bench.ours(["plan", "fleet.yaml", *verb], bench.fleet(count) / "reconciler")
    sides = [
        bench.ours(["plan", "granted.yaml", *verb], bench.granted(count)),
        replace(alone, name="the identities alone"),
    ]
    title = f"`plan --refresh none` of {count:,}, {PROVIDERS} providers, {count * GRANTS:,} grants"
    return _compare(bench, title, sides, "< 1.5 times", lambda ours, other: ours.wall < 1.5 * other.wall)


def matrix(bench: Bench) -> Row:
    """Who reaches what, of 2,000 identities with five of 50 providers each."""
    count = bench.size(2_000)
    side = bench.ours(["access", "matrix", "granted.yaml"], bench.granted(count))
    return _alone(bench, f"`access matrix` of {count:,}, {count * GRANTS:,} grants", side, "< 1 s", 1.0)


def picture(bench: Bench) -> Row:
    """The same, drawn."""
    count = bench.size(2_000)
    side = bench.ours(["graph", "granted.yaml", "--format", "svg"], bench.granted(count))
    return _alone(bench, f"`graph --format svg` of {count:,}, {count * GRANTS:,} grants", side, "< 3 s", 3.0)


def refresh(bench: Bench) -> Row:
    """Everything read one by one, over HTTP, beside the serial listing that no client can go below."""
    count = bench.size(10_000)
    fleet = bench.fleet(count)
    with directory(count) as endpoint:
        ours = bench.ours(["plan", "fleet.yaml", "--detailed-exitcode"], fleet / "reconciler", endpoint)
        bare = Side(
            name=f"{-(-count // 20)} list pages",
            command=[sys.executable, str(ROOT / "benchmarks" / "floor.py"), endpoint],
            folder=bench.folder,
            environment=bench.environment(),
        )
        title = f"`plan` of {count:,}, full refresh at {LATENCY_MS} ms"
        return _compare(bench, title, [ours, bare], "≤ 1.2 × the floor", lambda a, b: a.wall <= 1.2 * b.wall)


def apply(bench: Bench) -> Row:
    """1,000 creates over HTTP, beside Terraform's 1,000 that need no network at all."""
    count = bench.size(1_000)
    fleet = bench.fleet(count)
    ours_folder, theirs_folder = (
        Path(shutil.copytree(fleet / one, fleet / f"{one}-apply")) for one in (OURS, "terraform")
    )
    with directory(0) as endpoint:

        def start_over() -> None:
            urllib.request.urlopen(f"{endpoint}/reset").close()
            (ours_folder / f"fleet.{ENVIRONMENT}.lock.json").unlink(missing_ok=True)
            (theirs_folder / "terraform.tfstate").unlink(missing_ok=True)

        ours = bench.ours(["apply", "fleet.yaml", "--auto-approve"], ours_folder, endpoint)
        theirs = bench.theirs(["apply", "-auto-approve", "-input=false", "-no-color"], theirs_folder)
        sides = [_prepared(one, start_over) for one in (ours, theirs) if one is not None]
        title = f"`apply` of {count:,} creates at {LATENCY_MS} ms (Terraform: without a network)"
        return _compare(bench, title, sides, "≤ 1/12 of the time", lambda a, b: a.wall * 12 <= b.wall)


def journal(bench: Bench) -> Row:
    """The same creates with a journal that is never written: what it costs to lose nothing."""
    count = bench.size(1_000)
    folder = Path(shutil.copytree(bench.fleet(count) / OURS, bench.folder / "journal"))
    with directory(0) as endpoint:

        def start_over() -> None:
            urllib.request.urlopen(f"{endpoint}/reset").close()
            (folder / f"fleet.{ENVIRONMENT}.lock.json").unlink(missing_ok=True)

        arguments = ["apply", "fleet.yaml", "--auto-approve"]
        ours = bench.ours(arguments, folder, endpoint)
        bare = Side(
            name="without a journal",
            command=[sys.executable, "-m", "benchmarks.unjournalled", *arguments],
            folder=folder,
            environment={**bench.environment(endpoint), "PYTHONPATH": str(ROOT)},
        )
        title = f"`apply` of {count:,} creates at {LATENCY_MS} ms, journalled"
        sides = [_prepared(one, start_over) for one in (ours, bare)]
        return _compare(bench, title, sides, "≤ 1.1 × the time", lambda a, b: a.wall <= 1.1 * b.wall)


def page(bench: Bench) -> Row:
    """The HTML report of 2,000 changes in a browser that is started for it, until its script has run, beside an empty page."""
    count = bench.size(2_000)
    title = f"HTML report of {count:,} changes, opened"
    folder = Path(shutil.copytree(bench.fleet(count) / OURS, bench.folder / "page"))
    (folder / f"fleet.{ENVIRONMENT}.lock.json").unlink()
    written = bench.ours(["plan", "fleet.yaml", "--refresh", "none", "--output", "html=report.html"], folder)
    writing = run(written)
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        return Row(title=title, ours=writing, beside="there is no Chromium", other=None, target="< 2 s more", met=None)
    (folder / "empty.html").write_text("<!DOCTYPE html><title>empty</title>", encoding="utf-8")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    ours, empty = (
        Side(
            name=name,
            command=[browser, "--headless", *sandbox, "--dump-dom", (folder / file).as_uri()],
            folder=folder,
            environment=bench.environment(),
        )
        for name, file in ((OURS, "report.html"), ("an empty page", "empty.html"))
    )
    return _compare(bench, title, [ours, empty], "< 2 s more", lambda a, b: a.wall < b.wall + 2)


def markdown(bench: Bench) -> Row:
    """A comment on a change of everything."""
    return _report(bench, "markdown")


def sarif(bench: Bench) -> Row:
    """The same for code scanning."""
    return _report(bench, "sarif")


def _report(bench: Bench, form: str) -> Row:
    count = bench.size(10_000)
    side = Side(
        name=OURS,
        command=[sys.executable, "-m", "benchmarks.reports", form, str(count)],
        folder=bench.folder,
        environment={**bench.environment(), "PYTHONPATH": str(ROOT)},
    )
    row = _alone(bench, f"{form} of {count:,} changes with a finding each", side, "< 2 s, < 300 MB", 2.0)
    return replace(row, met=row.met and row.ours.memory < 300 * 1024**2)


def _prepared(side: Side, prepare: Callable[[], None]) -> Side:
    return Side(name=side.name, command=side.command, folder=side.folder, environment=side.environment, prepare=prepare)


CASES: dict[str, Callable[[Bench], Row]] = {
    "help": start_up,
    "quickstart": validate_quickstart,
    "validate": validate,
    "plan": plan,
    "review": review,
    "kinds": every_kind,
    "matrix": matrix,
    "graph": picture,
    "refresh": refresh,
    "apply": apply,
    "journal": journal,
    "html": page,
    "markdown": markdown,
    "sarif": sarif,
}
