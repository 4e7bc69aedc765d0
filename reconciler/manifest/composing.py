"""YAML text to a `Document`, in one pass over the parser's events, with every mistake on the way as a diagnostic.

Bounded by construction: nesting by `MAX_DEPTH` (also what keeps libyaml's own scanner from going quadratic), what aliases
repeat by `ALIAS_ALLOWANCE`. Leaves out what a manifest may say: see `reconciler.manifest.checking`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import yaml

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.manifest.documents import (
    REFERENCE_FORMS,
    REFERENCES,
    Branch,
    Document,
    ManifestFile,
    Marks,
    error,
    place_at,
    quoted,
    source_of,
)
from reconciler.manifest.scalars import Odd, read_plain
from reconciler.manifest.texts import decode, word_yaml_error
from reconciler.model.pausing import collector_paused

if TYPE_CHECKING:
    from yaml.events import AliasEvent, CollectionStartEvent, Event, ScalarEvent

MAX_DEPTH = 24
MAX_FOUND = 1000
"""Mistakes of one file that are told one by one."""

ALIAS_ALLOWANCE = 10_000
"""Values that aliases may add to a file, on top of ten times those that are written out."""

_STRING_TAG = "tag:yaml.org,2002:str"
_SURROGATE = re.compile("[\ud800-\udfff]")  # only the Python loader lets an escape make one
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def compose(file: ManifestFile) -> tuple[Document | None, list[Diagnostic]]:
    """The file's content and what is wrong with its YAML; no document where it cannot be read at all, or is empty."""
    text, found = decode(file)
    if text is None:
        return None, found
    composer = _Composer(file.name)
    with collector_paused():
        try:
            composer.run(LOADER(text))
        except _TooMuch as stop:
            return None, [*composer.found, stop.diagnostic]
        except yaml.YAMLError as problem:
            return None, [*composer.found, word_yaml_error(problem, file.name, text)]
    if composer.marks is None or composer.value is None:
        return None, [*composer.found, _empty(file.name)]
    return Document(file=file.name, value=composer.value, marks=composer.marks), composer.found


class _TooMuch(Exception):
    """The rest of the file is not worth reading; the diagnostic says why."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__()
        self.diagnostic = diagnostic


class _Frame:
    """A mapping or list that is still open. `key` is the one whose value comes next, None where a key does."""

    __slots__ = ("anchor", "branch", "is_map", "key", "key_place", "key_usable", "size_before", "value")

    def __init__(self, branch: Branch, *, is_map: bool, anchor: str | None, size_before: int) -> None:
        self.branch = branch
        self.is_map = is_map
        self.value: Any = {} if is_map else []
        branch.children = {} if is_map else []
        self.anchor = anchor
        self.size_before = size_before
        self.key: str | None = None
        self.key_place = 0
        self.key_usable = True


class _Composer:
    """The state of one pass. `size` counts values as if aliases were written out."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Diagnostic] = []
        self.value: Any = None
        self.marks: Marks | None = None
        self.size = 0
        self.written = 0
        self.frames: list[_Frame] = []
        self.anchors: dict[str, tuple[Any, Marks, int]] = {}

    def run(self, parser: Any) -> None:
        """Take every event of the first document. Raises yaml.YAMLError and _TooMuch."""
        steps: dict[type[Event], Callable[[Any], None]] = {
            yaml.ScalarEvent: self.scalar,
            yaml.MappingStartEvent: self.open,
            yaml.SequenceStartEvent: self.open,
            yaml.MappingEndEvent: self.close,
            yaml.SequenceEndEvent: self.close,
            yaml.AliasEvent: self.alias,
            yaml.DocumentStartEvent: self.start,
        }
        get_event = parser.get_event
        while (event := get_event()) is not None:
            if (step := steps.get(type(event))) is not None:
                step(event)

    def start(self, event: Event) -> None:
        """A document begins; there is one to a file."""
        if self.marks is not None:
            where = source_of(self.file, self.place(event))
            detail = "Take the `---` away, or put what follows into a file of its own in the same folder."
            raise _TooMuch(error("yaml-documents", "A second YAML document begins here", detail, source=where))

    def place(self, event: Event) -> int:
        """Where the event begins."""
        mark = event.start_mark
        return place_at(mark.line, mark.column) if mark is not None else place_at(0, 0)

    def scalar(self, event: ScalarEvent) -> None:
        """A scalar: a key, or a value."""
        place = self.place(event)
        value: Any = event.value
        if event.tag is not None:
            self.check_tag(event)
        elif event.implicit[0] and not event.style:
            value = read_plain(value)
        elif event.style == '"' and _SURROGATE.search(value):
            self.say("yaml-character", "A surrogate is half a character", 'Write the whole one: "\\U0001F600".', place)
            value = _SURROGATE.sub("\ufffd", value)
        frame = self.frames[-1] if self.frames else None
        if frame is not None and frame.is_map and frame.key is None:
            self.take_key(frame, value, place)
        else:
            if type(value) is Odd:
                self.say_odd(value, place)
                value = value.text
            self.take(value, place)
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, place, 1)

    def open(self, event: CollectionStartEvent) -> None:
        """A mapping or list begins."""
        place = self.place(event)
        if len(self.frames) >= MAX_DEPTH:
            where = source_of(self.file, place)
            raise _TooMuch(
                error("yaml-depth", f"Nested deeper than {MAX_DEPTH} levels", "No manifest needs that.", source=where)
            )
        self.check_tag(event)
        is_map = type(event) is yaml.MappingStartEvent
        self.frames.append(_Frame(Branch(place), is_map=is_map, anchor=event.anchor, size_before=self.size))

    def close(self, _: Event) -> None:
        """The innermost mapping or list ends."""
        frame = self.frames.pop()
        if frame.anchor is not None:
            self.anchors[frame.anchor] = (frame.value, frame.branch, self.size - frame.size_before + 1)
        parent = self.frames[-1] if self.frames else None
        if parent is not None and parent.is_map and parent.key is None:
            self.take_key(parent, frame.value, frame.branch.place)
        else:
            self.take(frame.value, frame.branch)

    def alias(self, event: AliasEvent) -> None:
        """`*name`: the very value that `&name` marked."""
        place = self.place(event)
        name = event.anchor or ""
        known = self.anchors.get(name)
        value: Any = None
        marks: Marks = place
        if known is None:
            inside = any(frame.anchor == name for frame in self.frames)
            why = "stands inside the value that it names" if inside else "names no anchor above"
            detail = "Write the value out." if inside else f"Mark a value above with &{name}, or write it out."
            if self.secretive:
                self.say_secretive("An alias", place)
            else:
                self.say("yaml-alias", f"The alias {quoted('*' + name)} {why}", detail, place)
        else:
            value, marks, size = known
            self.size += size - 1
            if self.size - self.written > ALIAS_ALLOWANCE + 10 * self.written:
                where = source_of(self.file, place)
                detail = "A few nested aliases can stand for billions of values. Write the values out."
                raise _TooMuch(error("yaml-alias", "The aliases up to here repeat too much", detail, source=where))
        frame = self.frames[-1] if self.frames else None
        if frame is not None and frame.is_map and frame.key is None:
            self.take_key(frame, value, place)
        else:
            self.take(value, marks)

    def take(self, value: Any, marks: Marks) -> None:
        """Put a value where it belongs: under the key that waits, at the end of a list, or at the top."""
        self.size += 1
        self.written += 1
        if not self.frames:
            self.value, self.marks = value, marks
            return
        frame = self.frames[-1]
        children = frame.branch.children
        if isinstance(children, list):
            frame.value.append(value)
            children.append(marks)
            return
        key = frame.key
        frame.key = None
        if key is not None and frame.key_usable:
            frame.value[key] = value
            children[key] = marks
            frame.branch.keys[key] = frame.key_place

    def take_key(self, frame: _Frame, value: Any, place: int) -> None:
        """Keep the key for the value that comes next, and say what is wrong with it."""
        frame.key_place = place
        frame.key_usable = type(value) is str and value not in frame.value
        if frame.key_usable:
            frame.key = value
            return
        frame.key = ""  # a value follows all the same, and is dropped
        if type(value) is str:
            first = source_of(self.file, frame.branch.keys[value])
            detail = f"It stands at {first} already. Keep one of the two."
            self.say("yaml-duplicate-key", f"The key {quoted(value)} stands here a second time", detail, place)
        elif type(value) is Odd and value.text == "<<":
            detail = "Write the keys out, or use an alias for the whole value: `tags: *common`."
            self.say("yaml-merge-key", "Merge keys (`<<`) are not part of YAML 1.2 and not read here", detail, place)
        elif type(value) is Odd:
            self.say_odd(value, place)
        elif isinstance(value, dict | list):
            detail = "Text with { or [ in front needs quotes."
            self.say("yaml-key", "A mapping or list stands where a key is expected", detail, place)
        else:
            shown = "" if value is None else str(value).lower()
            what = "empty" if value is None else f"{shown}, which is not text"
            self.say("yaml-key", f"The key is {what}", f'Write it in quotes: "{shown}".' if shown else "", place)

    def check_tag(self, event: ScalarEvent | CollectionStartEvent) -> None:
        """Refuse every explicit tag but `!!str`: a manifest is made of plain values."""
        tag = event.tag
        if tag is not None and not (tag == _STRING_TAG and type(event) is yaml.ScalarEvent):
            detail = "Take the tag away; text that looks like something else goes in quotes."
            if self.secretive:
                self.say_secretive("A YAML tag", self.place(event))
            else:
                self.say("yaml-tag", f"The YAML tag {quoted(tag)} is not read", detail, self.place(event))

    def say_odd(self, odd: Odd, place: int) -> None:
        """An unquoted scalar that programs read differently."""
        if self.secretive:
            self.say_secretive("Text without quotes, or a secret,", place)
            return
        detail = f'It is {odd.reading}. For text, write it in quotes: "{odd.text}".'
        if odd.reading.startswith("true"):
            detail += " For true or false, write true or false."
        self.say("yaml-ambiguous", f"{quoted(odd.text)[1:-1]} without quotes is not taken for text", detail, place)

    @property
    def secretive(self) -> bool:
        """Whether this is where a manifest speaks of a secret: what stands there may be one, and is never repeated."""
        return any(frame.key in REFERENCES for frame in self.frames)

    def say_secretive(self, what: str, place: int) -> None:
        """A mistake there, told without its words."""
        self.say(
            "secret-form", f"{what} stands where a secret is spoken of; it is not repeated here", REFERENCE_FORMS, place
        )

    def say(self, code: str, summary: str, detail: str, place: int) -> None:
        """Note a mistake and go on, unless there is no end to them."""
        if len(self.found) == MAX_FOUND:
            where = source_of(self.file, place)
            raise _TooMuch(error("more-mistakes", "More mistakes follow", "Mend those above first.", source=where))
        self.found.append(error(code, summary, detail, source=source_of(self.file, place)))


def _empty(file: str) -> Diagnostic:
    return Diagnostic(
        severity=Severity.WARNING,
        code="empty-file",
        summary="The file declares nothing",
        detail="Write the manifest into it, or take it away.",
        source=source_of(file, place_at(0, 0)),
    )
