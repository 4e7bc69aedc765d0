"""A lockfile for people: whose it is, and what it holds of each resource."""

from __future__ import annotations

from reconciler.model.environments import Target
from reconciler.model.resources import Known, Lock, Origin
from reconciler.render import words
from reconciler.render.clean import clean
from reconciler.render.elements import elements
from reconciler.render.palette import Palette


def lock_text(lock: Lock, *, colour: bool, file: str = "") -> str:
    """The whole lockfile in address order, ending in a line break. `file`: its path, to be named in the first line."""
    paint = Palette(colour)
    of = Target(stack=lock.stack, environment=lock.environment, account=lock.account, region=lock.region)
    title = f"Lockfile {clean(file)} of" if file else "Lockfile of"
    head = [
        paint.bold(f"{title} {words.target(of)}"),
        f"lineage {clean(lock.lineage)}, serial {lock.serial}, {words.plural(len(lock.resources), 'resource')}",
    ]
    blocks = [_entry(lock.resources[address], paint) for address in sorted(lock.resources)]
    return "\n\n".join("\n".join(lines) for lines in [head, *blocks]) + "\n"


def _entry(known: Known, paint: Palette) -> list[str]:
    marks = [
        "adopted" if known.origin is Origin.ADOPTED else "",
        "protected" if known.protect else "",
        "update-only" if known.update_only else "",
    ]
    shown = ", ".join(mark for mark in marks if mark)
    name = paint.bold(words.title(known.address, known.name))
    lines = [f"{name}  {paint.careful(shown)}" if shown else name, f"  {paint.dim(clean(known.arn))}"]
    for attribute, value in words.contents(known.address.type, known.attributes):
        lines.append(f"  {clean(attribute)}")
        lines += [f"    {element.text}" for element in elements(value, value)]
    return lines
