"""An environment that goes to several places: each combination of its `targets` and regions is a target with a name of its own.

A target is an `Environment` like any other, so that everything that works on an environment works on it. Its name is the
entry's, `@`, and what tells it apart: `prod@eu-west-1`, `prod@payments`, `prod@payments@eu-west-1`. No label of a manifest
holds an `@`, so no such name can be meant otherwise; in a file's name, an S3 key and a tag's value it is a plain character.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from reconciler.diagnostics import Diagnostic, Source
from reconciler.manifest.documents import Document, Keys, error
from reconciler.manifest.environments import environment_from, environment_mistakes
from reconciler.manifest.templates import BUILT_IN, TARGET
from reconciler.model.environments import EMBEDDED_ACCOUNT, EMBEDDED_REGION, Environment, Where
from reconciler.model.rates import Rates

SEPARATOR = "@"
_MERGED = "variables"
"""What a target adds to, where it replaces everything else that its environment says."""


class _Part(NamedTuple):
    """One target as it is declared: the rest of its name, what holds there, and where it stands."""

    suffix: str
    raw: Mapping[str, Any]
    path: Keys


def environments_from(
    document: Document, name: str, raw: Mapping[str, Any], source: Source, *, rates: Rates
) -> dict[str, Environment]:
    """The environment that a sound entry declares, or its targets, by name."""
    if not has_targets(raw):
        return {name: environment_from(name, raw, source, rates=rates)}
    made = {}
    for part in _parts(name, raw):
        full = name + part.suffix
        place = document.source(part.path, key=True)
        made[full] = environment_from(full, part.raw, place, rates=rates, group=name)
    return made


def has_targets(raw: Mapping[str, Any]) -> bool:
    """Whether the entry goes to more than the one place that bears its name."""
    return bool(raw.get("targets")) or isinstance(raw.get("region"), list)


def _parts(name: str, raw: Mapping[str, Any]) -> Iterator[_Part]:
    """The targets of an entry, in the order of the manifest."""
    base = ("environments", name)
    own = {key: value for key, value in raw.items() if key != "targets"}
    declared = raw.get("targets") or {}
    if not declared:
        yield from _regions("", own, base)
    for target, value in declared.items():
        said = {key: one for key, one in (value or {}).items() if one is not None}
        merged = {**own, **said, _MERGED: {**(own.get(_MERGED) or {}), **(said.get(_MERGED) or {})}}
        path = (*base, "targets", target)
        yield from _regions(SEPARATOR + target, merged, path, region_at=path if "region" in said else base)


def _regions(suffix: str, raw: Mapping[str, Any], path: Keys, *, region_at: Keys | None = None) -> Iterator[_Part]:
    regions = raw.get("region")
    if not isinstance(regions, list):
        yield _Part(suffix, raw, path)
        return
    for index, region in enumerate(regions):
        place = (*path, "region", index) if region_at in (None, path) else path
        yield _Part(f"{suffix}{SEPARATOR}{region}", {**raw, "region": region}, place)


def entry_mistakes(document: Document, name: str, raw: Mapping[str, Any], *, sound: bool) -> Iterator[Diagnostic]:
    """What no schema can tell of an entry and its targets. `sound`: the schema has nothing against it."""
    base = ("environments", name)
    several = has_targets(raw)
    reserved = (*BUILT_IN, TARGET) if several else BUILT_IN
    yield from environment_mistakes(document, base, raw, reserved=reserved)
    targets = raw.get("targets")
    for target, said in (targets if isinstance(targets, dict) else {}).items():
        if isinstance(said, dict):
            whole = {**said, "directory": raw.get("directory")}
            yield from environment_mistakes(document, (*base, "targets", target), whole, reserved=reserved)
    if several and sound:
        yield from _same_place(document, name, raw)
        for part in _parts(name, raw):
            for key in sorted({"externalId", "sessionName"} & part.raw.keys()) if "roleArn" not in part.raw else ():
                place = document.source((*part.path, key), key=True)
                yield error(
                    "missing-key", f"Target {name + part.suffix} has {key} and no roleArn", "Add it.", source=place
                )


def _same_place(document: Document, name: str, raw: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """Targets of one entry that go to the same account and region: each would find what the other made, and refuse it."""
    first: dict[object, _Part] = {}
    for part in _parts(name, raw):
        earlier = first.setdefault(_place(part.raw), part)
        if earlier is part:
            continue
        here = name + part.suffix
        summary = f"Target {here} goes where {name + earlier.suffix} goes"
        detail = (
            f"That stands at {document.source(earlier.path, key=True)}. One environment goes to an account and region once: "
            "give one of the two another account or region, or make it an environment of its own with other names in it."
        )
        yield error("same-target", summary, detail, source=document.source(part.path, key=True))


def _place(raw: Mapping[str, Any]) -> object:
    """What tells two places apart as far as the manifest says."""
    if raw.get("directory") == Where.EMBEDDED.value:
        return raw.get("account", EMBEDDED_ACCOUNT), raw.get("region", EMBEDDED_REGION)
    if "account" in raw:
        return raw["account"], raw.get("region")
    return raw.get("profile"), raw.get("roleArn"), raw.get("region")
