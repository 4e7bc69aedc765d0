"""Where a stack's state is kept while runs are killed: what stands there, and what a kill takes along.

The sweep knows a place by these verbs alone. Another one (a bucket, with the disk of a runner that vanishes) is a class more.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from reconciler.model.resources import Lock
from reconciler.state import Journal, LocalState


class Place(Protocol):
    """The state of one stack in one environment, and the folder in which its commands run.

    `environment`: the manifest's line for it. `variables`: environment variables of the commands. `patience`: arguments of
    those that write, where a dead run holds the state for a while.
    """

    environment: str
    variables: Mapping[str, str]
    patience: tuple[str, ...]
    folder: Path

    def begin(self, template: Path) -> None:
        """Stand as the template does: a folder that `keep` made. What was there before is gone."""

    def keep(self, template: Path) -> None:
        """Put everything as it stands now into that folder, which is new."""

    def died(self) -> None:
        """A process that ran here was killed: what does not outlive it goes."""

    def contents(self) -> dict[str, bytes]:
        """Everything that is kept, by name: what a command that only looks must leave as it is."""

    def lock(self) -> Lock | None:
        """The lockfile."""

    def journal(self) -> Journal | None:
        """What an interrupted run left, if its first line is whole."""

    def leftovers(self) -> list[str]:
        """Names of what must not be there when all is settled: a journal, temporary files, a holder's record."""


class LocalFolder:
    """State beside the manifest, on a disk that outlives the process."""

    environment = "prod: {region: us-east-1}"
    variables: Mapping[str, str] = MappingProxyType({})
    patience = ()

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._state = LocalState(folder / "fleet.prod.lock.json")

    def begin(self, template: Path) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(template, self.folder)

    def keep(self, template: Path) -> None:
        shutil.copytree(self.folder, template)

    def died(self) -> None:
        """The disk is as it was."""

    def contents(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(self.folder.iterdir())}

    def lock(self) -> Lock | None:
        return self._state.read()

    def journal(self) -> Journal | None:
        return self._state.unfinished()

    def leftovers(self) -> list[str]:
        expected = {"fleet.yaml", "saved.plan", "fleet.prod.lock.json", "fleet.prod.lock.json.guard"}
        return sorted(path.name for path in self.folder.iterdir() if path.name not in expected)
