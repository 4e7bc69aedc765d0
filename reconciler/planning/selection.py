"""Which addresses a plan is about: `--target` or `--exclude`, as globs."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase

from reconciler.errors import UsageError
from reconciler.model.addresses import Address


@dataclass(frozen=True, slots=True)
class Selection:
    """Globs on addresses: only what matches `targets`, or all but what matches `excludes`. Raises UsageError for both.

    `finish_renames`: what renames left behind is to go; without it, it is kept.
    """

    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    finish_renames: bool = False

    def __post_init__(self) -> None:
        if self.targets and self.excludes:
            raise UsageError(
                "--target and --exclude exclude each other",
                "Give the addresses to work on with --target, or those to leave alone with --exclude.",
            )

    def check(self, addresses: Collection[Address]) -> None:
        """Raise UsageError for a glob that matches none of them: a misspelt --exclude would let through what it names."""
        names = sorted(str(address) for address in addresses)
        for flag, globs in (("--target", self.targets), ("--exclude", self.excludes)):
            for glob in globs:
                if not any(fnmatchcase(name, glob) for name in names):
                    raise UsageError(f"{flag} {glob!r} matches no address", _nearest(glob, names))

    def takes(self, *addresses: Address | None) -> bool:
        """Whether a step is selected. A rename has two addresses: either targets it, either excludes it."""
        if not self.targets and not self.excludes:
            return True
        names = [str(address) for address in addresses if address is not None]
        hit = any(fnmatchcase(name, glob) for name in names for glob in self.targets or self.excludes)
        return hit if self.targets else not hit


def _nearest(glob: str, names: list[str]) -> str:
    if not names:
        return "Neither the manifest nor the lockfile holds any resource."
    near = difflib.get_close_matches(glob, names, n=3, cutoff=0.5) or names[:3]
    return f"The manifest and the lockfile hold {len(names)}, such as {', '.join(near)}. Quote globs from the shell."
