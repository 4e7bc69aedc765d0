"""Who reaches what, for a terminal: a grid of identities and providers, folded into panels where it is too wide.

A panel has as many providers as the width takes and only the identities that reach one of them. What stands below the grid are
the scopes, which are the same for many.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from reconciler.access import Grants, Provider, Reach
from reconciler.model.addresses import Address
from reconciler.render import access_words as said
from reconciler.render.clean import clean, columns
from reconciler.render.palette import Palette
from reconciler.render.words import plural

_GAP = "  "
_NAMED = 6  # identities that are named for one scope


def matrix_text(grants: Grants, *, colour: bool, width: int) -> str:
    """The grid, what its marks mean, and the scopes; ends in a line break."""
    paint = Palette(colour)
    used = {one.provider.address for reach in grants.reaches for one in reach.grants}
    shown = [one for one in grants.providers if one.address in used]
    blocks = [f"{paint.bold(said.title(grants))}\n{said.sums(grants)}"]
    blocks += ["\n".join(panel) for panel in _panels(grants.reaches, shown, paint, width)]
    if meaning := said.legend(grants.reaches):
        blocks.append(paint.dim(meaning))
    blocks += _scopes(grants.reaches, width)
    blocks += _idle(grants, used, width)
    return "\n\n".join(blocks) + "\n"


def _panels(reaches: Sequence[Reach], providers: Sequence[Provider], paint: Palette, width: int) -> Iterator[list[str]]:
    reaching = [reach for reach in reaches if reach.grants]
    marks = {reach.identity: {one.provider.address: said.mark(one) for one in reach.grants} for reach in reaching}
    names = {reach.identity: clean(reach.identity.key) for reach in reaching}
    left = max((columns(name) for name in [*names.values(), "identity"]), default=0)
    inbound = max(len("inbound"), *(len(reach.inbound.value) for reach in reaching)) if reaching else 0
    room = max(width - left - inbound - len(_GAP), 12)
    for part in _parts(providers, room):
        heads = [_head(one) for one in part]
        sizes = [left, inbound, *(max(map(columns, head)) for head in heads)]
        yield [
            paint.dim(_row(["", "", *(sort for sort, _ in heads)], sizes)),
            paint.bold(_row(["identity", "inbound", *(name for _, name in heads)], sizes)),
            *(
                _row([names[reach.identity], reach.inbound.value, *cells], sizes)
                for reach in reaching
                if (cells := _cells(marks[reach.identity], part))
            ),
        ]


def _parts(providers: Sequence[Provider], room: int) -> Iterator[list[Provider]]:
    """As many as fit beside each other, at least one."""
    part: list[Provider] = []
    used = 0
    for one in providers:
        size = max(map(columns, _head(one))) + len(_GAP)
        if part and used + size > room:
            yield part
            part, used = [], 0
        part.append(one)
        used += size
    if part:
        yield part


def _head(provider: Provider) -> tuple[str, str]:
    return said.sort_of(provider), said.provider_name(provider)


def _cells(marks: Mapping[Address, str], part: Sequence[Provider]) -> list[str]:
    """The marks of one row; none where it would be empty."""
    cells = [marks.get(one.address, "") for one in part]
    return [cell or "." for cell in cells] if any(cells) else []


def _row(texts: Sequence[str], sizes: Sequence[int]) -> str:
    padded = (text + " " * (size - columns(text)) for text, size in zip(texts, sizes, strict=True))
    return _GAP.join(padded).rstrip()


def _scopes(reaches: Sequence[Reach], width: int) -> list[str]:
    """Each set of scopes of a provider, and who has it."""
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for reach in reaches:
        for one in reach.grants:
            if one.scopes:
                where = (said.provider_name(one.provider), tuple(map(clean, one.scopes)))
                found.setdefault(where, []).append(clean(reach.identity.key))
    lines = ["Scopes"] if found else []
    for (provider, scopes), names in sorted(found.items()):
        lines += _wrapped(f"{provider}: {' '.join(scopes)}", "  ", width)
        lines += _wrapped(_some(names), "      ", width)
    return ["\n".join(lines)] if lines else []


def _idle(grants: Grants, used: set[Address], width: int) -> list[str]:
    """Identities that reach nothing, providers that nobody reaches."""
    lines = []
    idle = [clean(reach.identity.key) for reach in grants.reaches if not reach.grants]
    if idle:
        lines += _wrapped(f"{plural(len(idle), 'identity', 'identities')} without a grant: {_some(idle)}", "", width)
    spare = [said.provider_name(one) for one in grants.providers if one.address not in used]
    if spare:
        lines += _wrapped(f"{plural(len(spare), 'provider')} that nobody reaches: {_some(spare)}", "", width)
    return ["\n".join(lines)] if lines else []


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _wrapped(text: str, indent: str, width: int) -> list[str]:
    return textwrap.wrap(
        text,
        width=max(width, 40),
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
