"""A manifest with other values in one entry: drafted, judged by what it means, shown as a difference, written whole."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.cli.console import Console
from reconciler.cli.output import write_whole
from reconciler.cli.workspace import Workspace
from reconciler.diagnostics import Source
from reconciler.errors import ReconcilerError, Refused
from reconciler.model.addresses import Address
from reconciler.model.kinds import plain
from reconciler.model.values import Attributes, canonical_json

if TYPE_CHECKING:
    from reconciler.manifest import Manifest, ManifestFile

UNTOUCHED = "Nothing was written."


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A file of the manifest as it stands and as it would be, and the manifest before and after."""

    address: Address
    file: ManifestFile
    content: bytes
    before: Manifest
    after: Manifest

    @property
    def difference(self) -> str:
        """What changes, as programs apply it."""
        old, new = (one.decode("utf-8").splitlines() for one in (self.file.content, self.content))
        name = self.file.name
        return "\n".join(difflib.unified_diff(old, new, f"a/{name}", f"b/{name}", lineterm=""))

    def write(self) -> None:
        """Put it in the place of the file. Raises ReconcilerError where somebody else wrote that meanwhile."""
        place = Path(self.file.name)
        try:
            if place.read_bytes() != self.file.content:
                raise ReconcilerError(f"{place} was changed while this was looked at", f"{UNTOUCHED} Run this again.")
            write_whole(place, self.content.decode("utf-8"))
        except OSError as error:
            raise ReconcilerError(f"cannot write {place}: {error.strerror or error}", UNTOUCHED) from error


def draft(workspace: Workspace, address: Address, wanted: Attributes) -> Draft:
    """The manifest with those values in the entry. Raises Refused where its layout does not let them in."""
    from reconciler.manifest import load_files
    from reconciler.manifest.files import read_files
    from reconciler.manifest.layout import comments_of
    from reconciler.manifest.rewriting import CannotRewrite, Place, rewritten
    from reconciler.manifest.templates import substitute, variables_of

    files, unreadable = read_files(workspace.manifest)
    before = load_files(files, workspace.manifest, unreadable=unreadable).manifest
    entry = next((one for one in before.entries if one.address == address), None) if before else None
    if before is None or entry is None:
        raise ReconcilerError(f"{workspace.manifest} was changed while this was looked at", "Run this again.")
    file = next(one for one in files if one.name == entry.file)
    known = variables_of(workspace.environment)
    text = file.content.decode("utf-8-sig")
    section = entry.kind.section
    key = section if entry.kind.singleton else entry.key
    place = Place(line=entry.source().line, section=section, key=key, raw=entry.raw)
    values = {name: _escaped(plain(value)) for name, value in wanted.items()}
    try:
        changed = rewritten(text, place, values, lambda one: substitute(one, known, workspace.environment.name)[0])
    except CannotRewrite as error:
        raise _by_hand(entry.source(), str(error), wanted) from error
    mark = b"\xef\xbb\xbf" if file.content.startswith(b"\xef\xbb\xbf") else b""
    content = mark + changed.encode("utf-8")
    loaded = load_files([one if one != file else file._replace(content=content) for one in files], workspace.manifest)
    if loaded.manifest is None:
        why = f"would have mistakes then: {loaded.diagnostics[0].summary}"
        raise _by_hand(entry.source(), why, wanted)
    if sorted(comments_of(changed)) != sorted(comments_of(text)):
        raise _by_hand(entry.source(), "has comments that would be lost", wanted)
    return Draft(address=address, file=file, content=content, before=before, after=loaded.manifest)


def check_meaning(
    console: Console, workspace: Workspace, drafted: Draft, wanted: Attributes, *, everywhere: bool
) -> None:
    """Raise Refused where the draft says anything but those values in this environment.

    `everywhere`: other environments that share the entry may say so, too; what they say is told.
    """
    from reconciler.drifting.accepting import meaning_of

    name = workspace.environment.name
    meaning = meaning_of(drafted.before, drafted.after, name, drafted.address, wanted)
    if meaning.problems:
        raise Refused(f"{drafted.file.name} cannot be rewritten safely: {meaning.problems[0]}", _advice(wanted))
    if not meaning.elsewhere:
        return
    said = [f"{other}: {', '.join(row.name for row in rows)}" for other, rows in meaning.elsewhere.items()]
    if everywhere:
        console.note(f"The entry is shared. This changes what is wanted elsewhere as well ({'; '.join(said)}).")
        return
    raise Refused(
        f"{drafted.address} has one entry for several environments, and others would change as well ({'; '.join(said)})",
        f"If they shall: --everywhere. If not, give {name} a value of its own, as by a variable, or an entry of its own by "
        f"`environments: [{workspace.environment.declared}]`.\n{_advice(wanted)}",
    )


def _escaped(value: Any) -> Any:
    """The value as a manifest says it: no text in it is a template."""
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, dict):
        return {key: _escaped(one) for key, one in value.items()}
    return [_escaped(one) for one in value] if isinstance(value, list) else value


def _by_hand(source: Source, why: str, wanted: Attributes) -> Refused:
    return Refused(f"the entry at {source} {why}", _advice(wanted))


def _advice(wanted: Attributes) -> str:
    """What to write by hand: YAML, as all JSON is."""
    lines = (f"  {name}: {canonical_json(_escaped(plain(value)))}" for name, value in wanted.items())
    return "\n".join((f"{UNTOUCHED} What stands, to be written by hand:", *lines))
