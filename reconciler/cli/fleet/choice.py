"""Which targets a command line means: all, those of an environment, those that match a glob; and which shard of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.workspace import choose_environment, open_manifest
from reconciler.diagnostics import Diagnostic
from reconciler.errors import UsageError
from reconciler.model.fleet import Shard
from reconciler.model.sharding import shard_of

if TYPE_CHECKING:
    from reconciler.manifest import Manifest

_MOST = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the command line says about where: --env, --all, --shard, --scheduler."""

    env: str | None = None
    every: bool = False
    shard: str | None = None
    scheduler: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A manifest that is open, and the targets chosen in it. `several`: they are told as several, even if it is one, or none.

    `found`: what the manifest's check had to say. `chosen`: how many there were before `shard` took its part.
    `scheduler`: of the cluster that shall run them, None for this process.
    """

    manifest: Manifest
    found: tuple[Diagnostic, ...]
    names: tuple[str, ...]
    several: bool
    chosen: int
    shard: Shard | None
    scheduler: str | None = None


def choose(path: Path | None, wanted: Wanted) -> Choice:
    """The targets meant. Raises UsageError for none, and for --shard where one target is meant; as `open_manifest`."""
    from reconciler.manifest import is_glob, meant

    shard = read_shard(wanted.shard)
    if wanted.every and wanted.env is not None:
        raise UsageError(
            f"--all takes every environment, and --env (or RECONCILER_ENV) says {wanted.env!r}", "Give one of the two."
        )
    manifest, found = open_manifest(path)
    names = tuple(manifest.environments) if wanted.every else meant(manifest, wanted.env) if wanted.env else ()
    several = wanted.every or len(names) > 1 or (bool(names) and wanted.env is not None and is_glob(wanted.env))
    if not several:
        for option, given in (("--shard", wanted.shard), ("--scheduler", wanted.scheduler)):
            if given is not None:
                raise UsageError(
                    f"{option} is for several targets, and one is meant", "Add --all, or --env with a glob or a group."
                )
        names = (choose_environment(manifest, wanted.env),)
    mine = shard_of(names, shard) if shard else names
    return Choice(
        manifest=manifest,
        found=found,
        names=mine,
        several=several,
        chosen=len(names),
        shard=shard,
        scheduler=wanted.scheduler,
    )


def read_shard(words: str | None) -> Shard | None:
    """What --shard I/N says. Raises UsageError."""
    if words is None:
        return None
    found = re.fullmatch(r"([0-9]{1,5})/([0-9]{1,5})", words)
    index, count = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= index <= count <= _MOST:
        raise UsageError(f"--shard {words!r} is no shard", "Give which of how many: --shard 2/5 is the second of five.")
    return Shard(index=index, count=count)
