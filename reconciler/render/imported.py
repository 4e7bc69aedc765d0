"""What another tool's record holds, as an entry of a manifest: with what is live where that was read. Pure."""

from __future__ import annotations

from reconciler.foreign.found import Found
from reconciler.model.environments import OWNER_TAG
from reconciler.model.kinds import Kind, Shape, kind_of
from reconciler.model.resources import Live
from reconciler.model.secrets import MANAGED, SecretSource
from reconciler.model.values import Attributes, canonical, without_tags
from reconciler.render.export import entry_attributes
from reconciler.render.manifest_text import Entry


def imported_entry(found: Found, live: Live | None, *, tool: str) -> Entry:
    """The entry, with comments that say where it comes from. `live`: how it stands; None: nobody looked.

    What stands goes before what the record says, so that the manifest plans to nothing; what a reading does not show is the
    record's.
    """
    kind = kind_of(found.type)
    recorded = _ours_aside(kind, canonical(kind, found.attributes))
    attributes = recorded if live is None else entry_attributes(kind, live, recorded)
    differing = _differing(kind, recorded, attributes) if live is not None and not found.hidden else []
    comments = [f"{tool}: {found.source}"]
    if differing:
        comments.append(f"{tool} has it otherwise: {', '.join(differing)}; this is how it stands")
    return Entry(
        kind=kind,
        key=found.name,
        attributes=_ours_aside(kind, attributes),
        comments=(*comments, *found.notes),
        secrets={
            name: SecretSource(secret_id=where["secretId"], json_key=where.get("jsonKey", ""))
            for name, where in found.secrets.items()
        },
    )


def _differing(kind: Kind, recorded: Attributes, attributes: Attributes) -> list[str]:
    """The attributes in which the record is not what stands; of a secret that the service keeps there is nothing to compare."""
    before, after = recorded, _ours_aside(kind, attributes)
    return [
        one.name
        for one in kind.attributes
        if before.get(one.name) != after.get(one.name)
        if not (one.shape is Shape.REFERENCE and _kept(before.get(one.name)) and _kept(after.get(one.name)))
    ]


def _ours_aside(kind: Kind, attributes: Attributes) -> Attributes:
    """Without AWS's own tags, and without the ownership tag, which a record has of resources that were ours already."""
    return without_tags(kind, attributes, (OWNER_TAG,))


def _kept(value: object) -> bool:
    return value is None or (isinstance(value, dict) and value.get("source") == MANAGED)
