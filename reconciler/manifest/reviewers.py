"""The manifest's `settings.review` as the model's value, and its mistakes that no schema can tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.manifest.documents import Document, did_you_mean, error, quoted
from reconciler.model.addresses import Address
from reconciler.model.kinds import KINDS, kind_of
from reconciler.model.review_settings import Approver, ReviewSettings

_SECTIONS = ("stack", "settings", "environments", *(kind.section for kind in KINDS))
_WILDCARDS = "*?["


def review_from(raw: Mapping[str, Any]) -> ReviewSettings:
    """What a sound `settings.review` says."""
    approvers = (
        Approver(paths=tuple(sorted(set(one["paths"]))), require=one["require"], least=one.get("from", ""))
        for one in raw.get("approvers") or ()
    )
    ordered = sorted(set(approvers), key=lambda one: (one.require, one.paths, one.least))
    return ReviewSettings(hosts=tuple(sorted(set(raw.get("hosts") or ()))), approvers=tuple(ordered))


def manifest_path(address: Address) -> str:
    """Where an entry stands in a manifest: `workloadIdentities.invoice-agent`."""
    kind = kind_of(address.type)
    return kind.section if kind.singleton else f"{kind.section}.{address.key}"


def review_mistakes(
    documents: Sequence[Document], review: ReviewSettings, entries: Iterable[Address], environments: AbstractSet[str]
) -> Iterator[Diagnostic]:
    """Hosts that would be anybody's, and paths that lead nowhere."""
    if not review.hosts and not review.approvers:
        return
    stands = [manifest_path(one) for one in entries] if review.approvers else []
    stands += (f"environments.{name}" for name in environments)
    stands += dict.fromkeys(one.partition(".")[0] for one in stands)  # whole sections
    for document in documents:
        settings = document.value.get("settings")
        raw = (settings.get("review") if isinstance(settings, dict) else None) or {}
        if not isinstance(raw, dict):
            continue
        for index, glob in enumerate(raw.get("hosts") or ()):
            if glob in review.hosts and _anybodys(glob):
                yield error(
                    "review-host",
                    f"{quoted(glob)} would allow hosts of everybody",
                    "Name the domain that is yours, as *.example.com: everybody can have a name below what is left of this.",
                    source=document.source(("settings", "review", "hosts", index)),
                )
        for at, one in enumerate(raw.get("approvers") or ()):
            for index, glob in enumerate((one.get("paths") or ()) if isinstance(one, dict) else ()):
                yield from _path_mistakes(
                    document, ("settings", "review", "approvers", at, "paths", index), glob, stands
                )


def _anybodys(glob: str) -> bool:
    """Whether the labels behind the last wildcard are no domain that somebody registered."""
    from reconciler.manifest.domains import is_public_suffix

    labels = glob.split(".")
    wild = [index for index, label in enumerate(labels) if "*" in label or "?" in label]
    if not wild:
        return False
    rest = ".".join(labels[wild[-1] + 1 :])
    return not rest or is_public_suffix(rest)


def _path_mistakes(
    document: Document, place: tuple[str | int, ...], glob: object, stands: Sequence[str]
) -> Iterator[Diagnostic]:
    if not isinstance(glob, str):
        return
    first = glob.partition(".")[0]
    if not any(one in first for one in _WILDCARDS) and first not in _SECTIONS:
        detail = f"{did_you_mean(first, _SECTIONS)}A path begins with one of: {', '.join(_SECTIONS)}."
        yield error("review-path", f"No path of a manifest is {quoted(glob)}", detail, source=document.source(place))
    elif not _leads_somewhere(glob, stands):
        yield Diagnostic(
            severity=Severity.WARNING,
            code="review-path",
            summary=f"Nothing that is declared stands at {quoted(glob)}",
            detail="So nobody is asked to approve it. Mend the path, or take it away.",
            source=document.source(place),
        )


def _leads_somewhere(glob: str, stands: Sequence[str]) -> bool:
    """Whether the glob matches an entry or environment, or may match something in one; settings may all be written."""
    if glob.startswith(("settings", "stack")):
        return True
    whole = Approver(paths=(glob,), require="")
    if whole.path_for(stands):
        return True
    section, _, rest = glob.partition(".")
    # `environments.prod.protect` stands in what is declared as `environments.prod`
    steps = rest.split(".")
    heads = [".".join((section, *steps[:count])) for count in range(len(steps), 0, -1)]
    return any(Approver(paths=(head,), require="").path_for(stands) for head in heads)
