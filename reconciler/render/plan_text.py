"""A plan on a terminal: what is unknown, what is refused, what changes and why, what it comes to, what is left alone.

The order is that of a reader's questions; the sums stand last because that is where the eyes are after ten thousand lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.diagnostics import Diagnostic, Source
from reconciler.model.addresses import Address
from reconciler.model.changes import Action, Cause, Change, Drift
from reconciler.model.plan import Plan
from reconciler.model.values import Value
from reconciler.render import words
from reconciler.render.clean import clean
from reconciler.render.elements import elements
from reconciler.render.findings import wrapped
from reconciler.render.palette import Palette

_MARGIN = 6  # columns before what is said of a change
_SOURCE_AT = 100  # on wider terminals the source line does not run away from its address
_NAMES = 4  # how many untouched names are given; JSON has them all

# Known values by address and attribute, where live differs from them.
_Drifted = Mapping[Address, Mapping[str, Value]]


def plan_text(
    plan: Plan, *, colour: bool, width: int = 100, verbose: bool = False, guards: Sequence[Diagnostic] = ()
) -> str:
    """The whole plan for people, ending in a line break. `guards`: what would make apply refuse it.

    `verbose` also shows elements that stay as they are, what adopted resources hold, and every untouched name.
    """
    view = _View(paint=Palette(colour), width=max(width, 40), verbose=verbose)
    sections = [
        view.header(plan),
        view.unknown(plan),
        view.changes(plan),
        view.lockfile_only(plan),
        view.left_drifted(plan),
        view.refusals(plan),
        view.remarks(plan),
        view.closing(plan, guards),
        view.guards(guards),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    paint: Palette
    width: int
    verbose: bool

    def header(self, plan: Plan) -> list[str]:
        name = words.target(plan.target, plan.route.where)
        lines = [self.paint.bold(f"Plan for {name}")]
        if not plan.lineage:
            lines.append("No lockfile yet: nothing is managed so far.")
        return lines if plan.empty else lines + wrapped(words.refresh(plan), self.width)

    def unknown(self, plan: Plan) -> list[str]:
        if plan.complete:
            return []
        lines = []
        if plan.listing_failed:
            said = f"INCOMPLETE: the listing of the directory could not be read in full: {clean(plan.listing_failed)}"
            lines += [self.paint.bad(line) for line in wrapped(said, self.width)]
            lines += wrapped("What it did not show may or may not exist.", self.width)
        if plan.unknown:
            number = words.plural(len(plan.unknown), "resource")
            left = "it is left as it is" if len(plan.unknown) == 1 else "they are left as they are"
            lines.append(self.paint.bad(f"INCOMPLETE: {number} could not be read; {left}."))
        for address, why in sorted(plan.unknown.items()):
            lines.append(f"{self.paint.bad('  ?')} {'unknown':<8} {self.paint.bold(clean(address))}")
            lines += self._said(f"could not be read: {clean(why)}")
        return lines

    def changes(self, plan: Plan) -> list[str]:
        drifted = words.changed_outside(plan)
        blocks = [self._change(one, drifted) for one in plan.changes if one.action is not Action.NO_OP]
        return _joined(blocks)

    def lockfile_only(self, plan: Plan) -> list[str]:
        lines: list[str] = []
        for heading, found in words.lockfile_only(plan):
            lines += [*([""] if lines else []), f"{heading[0].upper()}{heading[1:]}:"]
            for one in found:
                lines.append(self._entry("", one.action.word, words.title(one.address, one.name), one.source))
                lines += [self.paint.dim(line) for why in words.reasons(one) for line in self._said(why)]
                for name, before, after, _ in words.rows(one):
                    lines += self._attribute(name, before, after, None, None)
        return lines

    def left_drifted(self, plan: Plan) -> list[str]:
        found = words.left_drifted(plan)
        if not found:
            return []
        number = words.plural(len(found), "resource")
        return [f"Changed outside and left as it is ({number}):", *_joined([self._drift(one) for one in found])]

    def refusals(self, plan: Plan) -> list[str]:
        return _joined([self._refusal(one) for one in words.refusals(plan)])

    def remarks(self, plan: Plan) -> list[str]:
        lines = []
        for cost in words.costs(plan):
            lines += self._remark(self.paint.careful("warning"), cost)
        for one in words.remarks(plan):
            lines += self._headline(one)
            lines += self._said(one.detail)
        return lines

    def closing(self, plan: Plan, guards: Sequence[Diagnostic]) -> list[str]:
        lead = "" if plan.complete else "Incomplete. "
        said = words.nothing(plan) if plan.empty else f"Plan: {words.sums(plan)}."
        first, *rest = wrapped(f"{lead}{said}", self.width)
        first = first.removeprefix(lead)
        if not plan.empty:
            first = self.paint.bold("Plan:") + first.removeprefix("Plan:")
        elif plan.complete and not plan.errored:
            first, rest = self.paint.good(first), [self.paint.good(line) for line in rest]
        lines = [self.paint.bad(lead) + first, *rest]
        refused = len(words.refusals(plan))
        if refused and "guard-errored" not in {one.code for one in guards}:
            lines.append(self.paint.bad(f"Refused: {refused}. Nothing is applied until that is settled."))
        return lines + self._beside(plan)

    def guards(self, guards: Sequence[Diagnostic]) -> list[str]:
        lines = []
        for one in guards:
            said = wrapped(f"apply will refuse this: {clean(one.summary)}", self.width)
            lines += [self.paint.bad(line) for line in said]
            lines += self._said(one.detail, margin=2)
        return lines

    def _change(self, change: Change, drifted: _Drifted) -> list[str]:
        title = words.title(change.address, change.name)
        lines = [self._entry(change.action.value, change.action.word, title, change.source, change.action)]
        for why in words.reasons(change):
            lines += self._said(why)
        known = drifted.get(change.address, {})
        for name, before, after, cause in words.rows(change):
            shown = cause if change.action in {Action.UPDATE, Action.REPLACE} else None
            lines += self._attribute(name, before, after, shown, known.get(name))
        if self.verbose and change.action in {Action.ADOPT, Action.FORGET} and change.before:
            for name, value in words.contents(change.address.type, change.before):
                lines += self._attribute(name, value, value, None, None)
        return lines

    def _attribute(self, name: str, before: Value, after: Value, cause: Cause | None, known: Value) -> Iterator[str]:
        pad = " " * _MARGIN
        said = words.cause(cause)
        yield f"{pad}{clean(name)}  {self.paint.dim(said)}" if said else f"{pad}{clean(name)}"
        kept = 0
        for element in elements(before, after):
            sign = element.sign
            if sign == " " and not self.verbose:
                kept += 1
                continue
            line = self.paint.sign(sign, f"{sign} {element.text}")
            whose = words.whose(element, cause, known)
            yield f"{pad}  {line}  {self.paint.dim(f'({whose})')}" if whose else f"{pad}  {line}"
        if kept:
            yield f"{pad}    {self.paint.dim(f'{kept} unchanged')}"

    def _drift(self, drift: Drift) -> list[str]:
        title = words.title(drift.address, drift.name)
        if drift.after is None:
            return [self._entry("", "deleted", title, None)]
        lines = [self._entry("", "changed", title, None)]
        for one in drift.attributes:
            lines += self._attribute(one.name, one.before, one.after, None, None)
        return lines

    def _refusal(self, one: Diagnostic) -> list[str]:
        about = clean(one.address) if one.address else "the whole plan"
        line = self._entry("!", "refused", about, one.source, bad=True)
        return [line, *self._said(f"{words.summary(one)} [{one.code}]"), *self._said(one.detail)]

    def _remark(self, label: str, text: str) -> list[str]:
        first, *rest = wrapped(text, self.width - 9)
        return [f"{label}: {first}", *(f"{' ' * 9}{line}" for line in rest)]

    def _beside(self, plan: Plan) -> list[str]:
        """What apply takes and marks, and what it leaves alone: unchanged, left out, not ours."""
        notes = (words.order(plan), words.calls(plan), words.marked(plan), words.trusted(plan))
        parts = [f"Unchanged: {plan.unchanged}."] if plan.unchanged else []
        if plan.excluded:
            parts.append(f"Left out by --target or --exclude: {plan.excluded}.")
        lines = [line for said in notes if said for line in wrapped(said, self.width, rest="  ")]
        lines += [" ".join(parts)] if parts else []
        limit = 1_000_000_000 if self.verbose else _NAMES
        untouched = []
        kinds = (("unmanaged", plan.untouched.unmanaged), ("service-linked", plan.untouched.service_linked))
        for word, by_type in kinds:
            names = [name for type_ in sorted(by_type) for name in by_type[type_]]
            if names:
                untouched.append(f"{len(names)} {word} ({words.some(names, limit)})")
        if untouched:
            total = plan.untouched.unmanaged_count + plan.untouched.service_linked_count
            more = "" if self.verbose or total <= _NAMES else " All of them: --verbose."
            lines += wrapped(f"Not touched: {', '.join(untouched)}.{more}", self.width, rest="  ")
        return [self.paint.dim(line) for line in lines]

    def _entry(
        self,
        symbol: str,
        word: str,
        title: str,
        source: Source | None,
        action: Action | None = None,
        *,
        bad: bool = False,
    ) -> str:
        """One resource's line: symbol, word, address, and the source line at the right."""
        lead = f"{symbol:>3} {word:<8}"
        painted = self.paint.bad(lead) if bad else self.paint.action(action or Action.NO_OP, lead)
        line = f"{painted}{self.paint.bold(title)}"
        if not source:
            return line
        place = clean(f"{source.file}:{source.line}")
        gap = min(self.width, _SOURCE_AT) - len(lead) - len(title) - len(place)
        return f"{line}{' ' * max(gap, 2)}{self.paint.dim(place)}"

    def _headline(self, one: Diagnostic) -> list[str]:
        """`warning[code]: summary  place`, what does not fit on the line folded below."""
        label, pad = f"{one.severity.value}[{clean(one.code)}]: ", " " * _MARGIN
        place = clean(f"{one.source.file}:{one.source.line}") if one.source else ""
        said = clean(one.summary)
        tail = f"  {self.paint.dim(place)}" if place else ""
        head = self.paint.severity(one.severity, label.rstrip())
        if len(label) + len(said) + len(place) + 2 <= self.width:
            return [f"{head} {self.paint.bold(said)}{tail}"]
        first, *rest = wrapped(said, self.width - len(label)) or [""]
        lines = [f"{head} {self.paint.bold(first)}", *(pad + self.paint.bold(line) for line in rest)]
        return [*lines, pad + self.paint.dim(place)] if place else lines

    def _said(self, text: str, margin: int = _MARGIN) -> list[str]:
        pad = " " * margin
        return wrapped(text, self.width, first=pad, rest=pad)


def _joined(blocks: Sequence[list[str]]) -> list[str]:
    """Blocks of one line follow each other; a longer one gets air around it."""
    lines: list[str] = []
    for index, block in enumerate(blocks):
        if index and (len(block) > 1 or len(blocks[index - 1]) > 1):
            lines.append("")
        lines += block
    return lines
