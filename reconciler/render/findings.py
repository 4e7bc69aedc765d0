"""Diagnostics in the style of a good compiler: what, where, the line itself with a caret, and what to do."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Iterable

from reconciler.diagnostics import Diagnostic, Severity, Source
from reconciler.render.clean import clean, clean_lines, columns, inert
from reconciler.render.palette import Palette
from reconciler.render.words import plural

ReadLine = Callable[[str, int], str | None]

_NOUNS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "info"}
_UNQUOTED = frozenset({"literal-secret", "secret-form"})
"""Findings whose line may hold a secret."""

_BEFORE_CARET = 60  # columns of a long line that stay in front of the caret


def diagnostics_text(
    diagnostics: Iterable[Diagnostic], *, colour: bool, read_line: ReadLine | None = None, width: int = 100
) -> str:
    """All of them in the order given, then a line that counts them; "" for none.

    `read_line(file, line)` gives the text of a source line, None where it cannot (line counts from 1).
    """
    found = list(diagnostics)
    if not found:
        return ""
    paint = Palette(colour)
    blocks = ["\n".join(_block(one, paint, read_line, width)) for one in found]
    return "\n\n".join([*blocks, counted(found, paint)]) + "\n"


def counted(found: Iterable[Diagnostic], paint: Palette) -> str:
    """`2 errors, 1 warning`, each in its colour."""
    numbers = Counter(one.severity for one in found)
    return ", ".join(
        paint.severity(severity, plural(numbers[severity], noun, "info" if severity is Severity.INFO else ""))
        for severity, noun in _NOUNS.items()
        if numbers[severity]
    )


def headline(one: Diagnostic, paint: Palette) -> str:
    """`error[code]: summary`."""
    label = f"{one.severity.value}[{clean(one.code)}]"
    return f"{paint.severity(one.severity, label)}{paint.bold(': ' + clean(one.summary))}"


def wrapped(text: str, width: int, *, first: str = "", rest: str = "") -> list[str]:
    """The text's own lines, each folded to the width between words; `first` before the first line, `rest` before others."""
    out: list[str] = []
    for line in clean_lines(text):
        lead = rest if out else first
        if len(lead) + len(line) <= width:
            out.append(f"{lead}{line}".rstrip())
            continue
        own = line[: len(line) - len(line.lstrip())]
        out += textwrap.wrap(
            line.strip(),
            max(width, 40),
            initial_indent=lead + own,
            subsequent_indent=rest + own,
            break_long_words=False,
            break_on_hyphens=False,
        )
    return [inert(line) for line in out]


def _block(one: Diagnostic, paint: Palette, read_line: ReadLine | None, width: int) -> list[str]:
    source = one.source
    shown = read_line is not None and one.code not in _UNQUOTED
    quoted = read_line(source.file, source.line) if source and read_line and shown else None
    margin = " " * (len(str(source.line)) if source and quoted is not None else 1)
    lines = [headline(one, paint)]
    about = clean(one.address) if one.address and one.address not in one.summary else ""
    if source:
        place = f"{paint.gutter(f'{margin}-->')} {clean(source.file)}:{source.line}:{source.column}"
        lines.append(f"{place} ({about})" if about else place)
    elif about:
        lines.append(f"{paint.gutter(f'{margin}-->')} {about}")
    if source and quoted is not None:
        lines += _quotation(source, quoted, margin=margin, paint=paint, severity=one.severity, width=width)
    lead = f"{margin} = help: "
    for text in wrapped(one.detail, width, first=lead, rest=" " * len(lead)):
        lines.append(text.replace("=", paint.gutter("="), 1) if text.startswith(lead) else text)
    return lines


def _quotation(source: Source, text: str, *, margin: str, paint: Palette, severity: Severity, width: int) -> list[str]:
    """The source line in its frame, cut to the width around the caret where it is longer."""
    tabbed = text.rstrip("\r\n").replace("\t", "    ")
    start = len(text[: source.column - 1].replace("\t", "    "))
    skipped = max(0, start - _BEFORE_CARET)
    before, after = clean(tabbed[skipped:start]), clean(tabbed[start : skipped + max(width, 80)])
    dots = "..." if skipped else ""
    cut = "..." if skipped + max(width, 80) < len(tabbed) else ""
    bar = paint.gutter("|")
    caret = " " * columns(dots + before) + paint.severity(severity, "^")
    number = paint.gutter(str(source.line))
    return [f"{margin} {bar}", f"{number} {bar} {dots}{inert(before + after)}{cut}".rstrip(), f"{margin} {bar} {caret}"]
