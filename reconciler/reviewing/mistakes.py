"""What `validate` says of the version under review and did not say of the one before, as findings of the review.

An error is always told: with it, nobody can say what the manifest means. A warning about a URL that arrives is left to the
risk rules, which look at every such URL, tell it once for a host, and know how much is at stake. So a warning is left out if
its rule is among those that `risks.forms` covers and its URL arrives; and so is `shared-url`, for which there is `url-shared`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from reconciler.diagnostics import Diagnostic, Severity, in_order
from reconciler.manifest.documents import quoted
from reconciler.model.report import Finding, Level
from reconciler.reviewing.risks.facts import FEW, Facts, named
from reconciler.reviewing.risks.forms import COVERED
from reconciler.reviewing.versions import Reviewed

_SHARED = "shared-url"
_COMMIT = 10  # digits of a commit that people read


def mistakes(base: Reviewed, head: Reviewed, environments: Sequence[str], looked: Sequence[Facts]) -> Iterator[Finding]:
    """The findings in these environments; of more than a few warnings of one code, one that counts them.

    `looked`: what the risk rules looked at.
    """
    known = {(one.code, one.address, one.summary) for one in base.diagnostics(environments)}
    told = frozenset(
        (address, f"The return URL {quoted(one.text)} ")
        for facts in looked
        for one in facts.arrivals
        for address in (str(one.address), _SHARED)
    )
    by_code: dict[str, list[Diagnostic]] = {}
    said: Counter[tuple[str, ...]] = Counter()
    for one in in_order(head.diagnostics(environments)):
        words = (one.code, one.address or "", one.summary)
        said[words] += 1
        if one.severity is Severity.ERROR:
            yield _finding(one, nth=said[words])
        elif said[words] == 1 and (one.code, one.address, one.summary) not in known and not _told_better(one, told):
            by_code.setdefault(one.code, []).append(one)
    for alike in by_code.values():
        yield from _counted(alike)


def mistakes_of(side: Reviewed) -> Iterator[str]:
    """The errors of a version that a change is compared with, as sentences with their lines; and what can be done."""
    label, commit = side.version.label, side.version.commit[:_COMMIT]
    errors = [one for one in in_order(side.diagnostics(tuple(side.environments))) if one.severity is Severity.ERROR]
    for one in errors[:FEW]:
        place = f"{one.source.file}:{one.source.line}" if one.source else "the manifest"
        yield f"In {label}{f' ({commit})' if commit else ''}, {place}: {one.summary}"
    if len(errors) > FEW:
        yield f"And {len(errors) - FEW} more mistakes there."
    yield (
        f"A change that mends {label} can be compared with the last version that had none: --base COMMIT. "
        "`reconciler validate` says whether the version under review is sound."
    )


def _told_better(one: Diagnostic, told: frozenset[tuple[str, str]]) -> bool:
    """Whether its URL arrives: at its own resource, or, for what is said at the first of several, at any."""
    if one.code not in COVERED and one.code != _SHARED:
        return False
    address = _SHARED if one.code == _SHARED else one.address or ""
    return any((address, start) in told for start in _starts(one.summary))


def _starts(summary: str) -> Iterable[str]:
    """Every way in which the summary may begin with a quoted URL, which may hold quotes itself."""
    return (summary[: at + 2] for at in range(len(summary)) if summary.startswith('" ', at))


def _counted(alike: Sequence[Diagnostic]) -> Iterator[Finding]:
    if len(alike) <= FEW:
        yield from map(_finding, alike)
        return
    named_first = sorted(alike, key=lambda one: (one.address or "", one.summary))  # whatever file they stand in
    first = _finding(named_first[0])
    about = list(dict.fromkeys(one.address or "manifest" for one in named_first))
    yield Finding(
        level=first.level,
        code=first.code,
        about=about[0],
        summary=f"{len(alike)} of the same, in {named(about)}: {first.summary}",
        consequence=first.consequence,
        source=first.source,
        others=tuple(about[1:]),
    )


def _finding(one: Diagnostic, *, nth: int = 1) -> Finding:
    """`nth`: of the errors in the same words, which this one is: each is one to mend."""
    return Finding(
        level=Level.of(one.severity),
        code=one.code,
        about=one.address or "manifest",
        summary=one.summary,
        consequence=one.detail,
        subject=one.summary if nth == 1 else f"{one.summary} ({nth})",
        source=one.source,
    )
