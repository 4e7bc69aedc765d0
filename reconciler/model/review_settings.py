"""What a manifest says of its own review: which hosts need no second look, and who has to approve which part."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import accumulate


@dataclass(frozen=True, slots=True, kw_only=True)
class Approver:
    """One entry of `settings.review.approvers`: `require` has to approve what changes at `paths`, globs over manifest paths.

    `least`: only where a finding of that level (notice, warning, critical) or a graver one is about it; "" for every change.
    """

    paths: tuple[str, ...]
    require: str
    least: str = ""

    def __str__(self) -> str:
        return f"{self.require}: {', '.join(self.paths)}" + (f" (from {self.least})" if self.least else "")

    def path_for(self, candidates: Iterable[str]) -> str:
        """The first of these manifest paths that one of the globs matches, or "".

        A glob that matches everything below something matches that thing: `environments.prod.*` is `environments.prod` too.
        """
        for one in candidates:
            if any(fnmatchcase(one, glob) or fnmatchcase(f"{one}.", glob) for glob in self.paths):
                return one
        return ""

    def path_above(self, candidates: Iterable[str]) -> str:
        """The first of these manifest paths that one of the globs leads further down from, step by step, or ""."""
        heads = [tuple(accumulate(glob.split("."), "{}.{}".format)) for glob in self.paths]
        for one in candidates:
            depth = one.count(".")
            if any(len(steps) > depth and fnmatchcase(one, steps[depth]) for steps in heads):
                return one
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSettings:
    """`settings.review`. `hosts`: globs in which `*` stands for part of one label, or in front for any number of labels."""

    hosts: tuple[str, ...] = ()
    approvers: tuple[Approver, ...] = ()

    def glob_for(self, host: str) -> str:
        """The glob that allows the host, or ""."""
        return next((glob for glob in self.hosts if _pattern(glob).fullmatch(host)), "")


@functools.cache
def _pattern(glob: str) -> re.Pattern[str]:
    """Never across a dot but at the front, so that `example.*` cannot mean `example.com.evil.net`."""
    rest = glob.removeprefix("*.")
    front = "(?:[^.]+\\.)+" if rest != glob else ""
    words = {"*": "[^.]*", "?": "[^.]"}
    return re.compile(front + "".join(words.get(one, re.escape(one)) for one in rest))
