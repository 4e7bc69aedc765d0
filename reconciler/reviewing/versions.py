"""The two versions that a review compares, each as far as it can be read."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.diagnostics import Diagnostic
from reconciler.manifest import Loaded, Manifest, Resolved, resolve
from reconciler.manifest.domains import registrable
from reconciler.manifest.entries import Entry
from reconciler.model.addresses import Address
from reconciler.model.environments import Environment, Where
from reconciler.model.report import Version
from reconciler.model.resources import Stack
from reconciler.model.review_settings import ReviewSettings
from reconciler.reviewing.arrivals import Web, is_named, places_of, urls_in
from reconciler.reviewing.likeness import Known


@dataclass(frozen=True, kw_only=True)  # it keeps what it worked out
class Reviewed:
    """One version. `loaded` None: the version has no manifest at all, as before it was written and after it was deleted.

    `earlier`: another version, of which is taken over what entries come to that did not change.
    """

    version: Version
    loaded: Loaded | None
    earlier: Reviewed | None = None

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
    def _resolved(self) -> dict[str, Resolved]:
        return {}

    def resolved(self, environment: str) -> Resolved | None:
        """What it comes to in that environment, worked out when somebody asks; None where it declares no such one."""
        if self.manifest is None or environment not in self.environments:
            return None
        if environment not in self._resolved:
            earlier = self.earlier.resolved(environment) if self.earlier else None
            self._resolved[environment] = resolve(self.manifest, environment, earlier=earlier)
        return self._resolved[environment]

    @property
    def review(self) -> ReviewSettings:
        """What its settings say of reviews."""
        return self.manifest.settings.review if self.manifest else ReviewSettings()

    @functools.cached_property
    def urls(self) -> Mapping[str, frozenset[str]]:
        """All return URLs of each environment; none for one with mistakes."""
        return {name: urls_in(self.stack(name)) for name in self.environments}

    @functools.cached_property
    def places(self) -> Mapping[str, frozenset[Web]]:
        """Where the return URLs of each environment lead."""
        return {name: places_of(texts) for name, texts in self.urls.items()}

    @functools.cached_property
    def schemes(self) -> Mapping[str, Mapping[str, frozenset[str]]]:
        """By environment, the hosts that return URLs lead to, with the schemes by which they are reached."""
        found: dict[str, dict[str, frozenset[str]]] = {}
        for name, webs in self.places.items():
            hosts = found.setdefault(name, {})
            for web in webs:
                hosts[web.host] = hosts.get(web.host, frozenset()) | {web.scheme}
        return found

    @functools.cached_property
    def used_in(self) -> Mapping[str, Sequence[str]]:
        """The environments by the hosts that their return URLs lead to, in order."""
        found: dict[str, list[str]] = {}
        for name in sorted(self.schemes):
            for host in self.schemes[name]:
                found.setdefault(host, []).append(name)
        return found

    @functools.cached_property
    def domains_in(self) -> Mapping[str, frozenset[str]]:
        """The environments by the domains of those hosts that have a name."""
        found: dict[str, frozenset[str]] = {}
        for host, names in self.used_in.items():
            if is_named(host):
                domain = registrable(host)
                found[domain] = found.get(domain, frozenset()).union(names)
        return found

    @functools.cached_property
    def known(self) -> Known:
        """The hosts that its return URLs lead to, but for emulated directories, and those that its settings allow by name."""
        real = (webs for name, webs in self.places.items() if self.environments[name].where is not Where.EMBEDDED)
        used = {web.host for webs in real for web in webs if is_named(web.host)}
        allowed = (glob.removeprefix("*.") for glob in self.review.hosts)
        return Known({*used, *(host for host in allowed if not any(one in host for one in "*?"))})

    def stack(self, environment: str) -> Stack | None:
        """The whole in that environment, None where the version has no such one or it has mistakes there."""
        found = self.resolved(environment)
        return found.stack if found else None

    def unsound(self, environment: str) -> bool:
        """Whether the version has mistakes there, so that nobody can say what it means."""
        if self.loaded is not None and self.manifest is None:
            return True
        found = self.resolved(environment)
        return found is not None and found.stack is None

    def diagnostics(self, environments: Iterable[str]) -> tuple[Diagnostic, ...]:
        """Everything there is to say about it, in those environments and in all of them."""
        found = self.loaded.diagnostics if self.loaded else ()
        resolved = map(self.resolved, environments)
        return (*found, *(one for each in resolved if each for one in each.diagnostics))
