"""Two environments side by side: as text, Markdown, JSON. `-` is what only the first has, `+` what only the second has."""

from __future__ import annotations

from typing import Any

from reconciler.model.changes import AttributeChange
from reconciler.model.encoding import encode_attributes
from reconciler.model.values import canonical_json
from reconciler.planning.comparing import Comparison, Held, Pair, View
from reconciler.render import words
from reconciler.render.clean import clean
from reconciler.render.elements import elements
from reconciler.render.markup import code, fenced
from reconciler.render.palette import Palette

FORMAT_VERSION = "1.0"
_PAD = "      "
_TITLES = {
    "declared": "Declared by the manifest",
    "held": "Held, as the lockfiles say",
    "live": "Live, as the directories answer",
}


def comparison_text(found: Comparison, *, colour: bool, verbose: bool = False) -> str:
    """The whole of it for people, ending in a line break. `verbose` also shows the elements that are the same."""
    paint = Palette(colour)
    head = paint.bold(f"Stack {clean(found.stack)}: {clean(found.first)} (-) and {clean(found.second)} (+)")
    sections = [[head]]
    for view in found.views:
        sections.append([paint.bold(_TITLES[view.kind])])
        sections += [_pair(one, found, paint, verbose=verbose) for one in view.pairs]
        sections.append(_sums(view, found, paint))
    return "\n\n".join("\n".join(lines) for lines in sections) + "\n"


def comparison_markdown(found: Comparison) -> str:
    """The same in GitHub-flavoured Markdown."""
    sections = [f"### Stack {code(found.stack)}: {code(found.first)} (-) and {code(found.second)} (+)"]
    plain = Palette(False)
    for view in found.views:
        lines = [line for one in view.pairs for line in (*_pair(one, found, plain, verbose=False), "")]
        sums = "\n".join(_sums(view, found, plain))
        sections.append(f"#### {_TITLES[view.kind]}")
        sections += [fenced(lines[:-1], "diff")] if lines else []
        sections.append(fenced(sums.splitlines(), "text"))
    return "\n\n".join(sections) + "\n"


def comparison_json(found: Comparison) -> str:
    """The same for programs, canonical."""
    return canonical_json(
        {
            "format_version": FORMAT_VERSION,
            "stack": found.stack,
            "first": found.first,
            "second": found.second,
            "same": found.same,
            "complete": found.complete,
            "views": [
                {
                    "kind": view.kind,
                    "alike": view.alike,
                    "unknown": dict(view.unknown),
                    "differences": [_encoded(one) for one in view.pairs],
                }
                for view in found.views
            ],
        }
    )


def _encoded(pair: Pair) -> dict[str, Any]:
    return {
        "address": str(pair.address),
        "first": _held(pair.address.type, pair.first),
        "second": _held(pair.address.type, pair.second),
        "attributes": [one.name for one in pair.attributes],
        "terms": list(pair.terms),
    }


def _held(type_: str, one: Held | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "name": one.name,
        "attributes": encode_attributes(type_, one.attributes),
        "protect": one.protect,
        "update_only": one.update_only,
    }


def _pair(pair: Pair, found: Comparison, paint: Palette, *, verbose: bool) -> list[str]:
    if pair.first is None or pair.second is None:
        sign, side = ("-", found.first) if pair.second is None else ("+", found.second)
        held = pair.first or pair.second
        title = words.title(pair.address, held.name if held else "")
        return [f"{paint.sign(sign, f'{sign} {title}')}  only in {clean(side)}"]
    names = sorted({pair.first.name, pair.second.name})
    named = f"  ({clean(pair.first.name)}, {clean(pair.second.name)})" if len(names) > 1 else ""
    lines = [f"{paint.sign('~', f'! {clean(str(pair.address))}')}{named}"]
    for one in pair.attributes:
        lines += _attribute(one, paint, verbose=verbose)
    for term in pair.terms:
        side = found.first if getattr(pair.first, _FIELDS[term]) else found.second
        lines.append(f"{_PAD}{term}: only in {clean(side)}")
    return lines


_FIELDS = {"protect": "protect", "updateOnly": "update_only"}


def _attribute(one: AttributeChange, paint: Palette, *, verbose: bool) -> list[str]:
    lines, kept = [f"{_PAD}{clean(one.name)}"], 0
    for element in elements(one.before, one.after):
        if element.sign == " " and not verbose:
            kept += 1
            continue
        lines.append(f"{_PAD}  {paint.sign(element.sign, f'{element.sign} {element.text}')}")
    return [*lines, f"{_PAD}    {kept} the same"] if kept else lines


def _sums(view: View, found: Comparison, paint: Palette) -> list[str]:
    first = sum(one.second is None for one in view.pairs)
    second = sum(one.first is None for one in view.pairs)
    differ = len(view.pairs) - first - second
    only = f"{first} only in {clean(found.first)}, {second} only in {clean(found.second)}"
    lines = [f"{view.alike} the same, {differ} different, {only}."]
    lines += [paint.bad(f"Could not be read: {clean(what)}: {clean(why)}") for what, why in view.unknown.items()]
    return lines if view.pairs or view.unknown else [paint.good(lines[0])]
