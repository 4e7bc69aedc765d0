"""The two versions that a review compares, each as far as it can be read."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.diagnostics import Diagnostic
from reconciler.manifest import Loaded, Manifest, Resolved, resolve
from reconciler.manifest.entries import Entry
from reconciler.model.addresses import Address
from reconciler.model.environments import Environment
from reconciler.model.report import Version
from reconciler.model.resources import Stack


@dataclass(frozen=True, kw_only=True)  # it keeps what it worked out
class Reviewed:
    """One version. `loaded` None: the version has no manifest at all, as before it was written and after it was deleted."""

    version: Version
    loaded: Loaded | None

    @property
    def manifest(self) -> Manifest | None:
        """The manifest, None where there is none or it has mistakes."""
        return self.loaded.manifest if self.loaded else None

    @property
    def absent(self) -> bool:
        """Whether the version has no manifest."""
        return self.loaded is None

    @property
    def environments(self) -> Mapping[str, Environment]:
        """Its environments and targets, by name."""
        return self.manifest.environments if self.manifest else {}

    @functools.cached_property
    def entries(self) -> Mapping[Address, Entry]:
        """What is declared, as it stands in the files."""
        return {one.address: one for one in self.manifest.entries} if self.manifest else {}

    @functools.cached_property
    def resolved(self) -> Mapping[str, Resolved]:
        """What it comes to in each environment."""
        return {name: resolve(self.manifest, name) for name in self.environments} if self.manifest else {}

    def stack(self, environment: str) -> Stack | None:
        """The whole in that environment, None where the version has no such one or it has mistakes there."""
        found = self.resolved.get(environment)
        return found.stack if found else None

    def unsound(self, environment: str) -> bool:
        """Whether the version has mistakes there, so that nobody can say what it means."""
        if self.loaded is not None and self.manifest is None:
            return True
        found = self.resolved.get(environment)
        return found is not None and found.stack is None

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Everything there is to say about it, in all environments."""
        found = self.loaded.diagnostics if self.loaded else ()
        return (*found, *(one for each in self.resolved.values() for one in each.diagnostics))
