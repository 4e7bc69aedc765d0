"""A plan on a terminal: what is unknown, what is refused, what changes and why, what it comes to, what is left alone.

The order is that of a reader's questions; the sums stand last because that is where the eyes are after ten thousand lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from reconciler.diagnostics import Diagnostic
from reconciler.model.addresses import Address
from reconciler.model.changes import Action, Change, Drift
from reconciler.model.plan import Plan
from reconciler.model.values import Value
from reconciler.render import words
from reconciler.render.clean import clean
from reconciler.render.findings import wrapped
from reconciler.render.lines import Lines, joined
from reconciler.render.palette import Palette

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


class _View(Lines):
    """The sections of a plan."""

    __slots__ = ()

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
            lines += self.said(f"could not be read: {clean(why)}")
        return lines

    def changes(self, plan: Plan) -> list[str]:
        drifted = words.changed_outside(plan)
        blocks = [self._change(one, drifted) for one in plan.changes if one.action is not Action.NO_OP]
        return joined(blocks)

    def lockfile_only(self, plan: Plan) -> list[str]:
        lines: list[str] = []
        for heading, found in words.lockfile_only(plan):
            lines += [*([""] if lines else []), f"{heading[0].upper()}{heading[1:]}:"]
            for one in found:
                lines.append(self.entry("", one.action.word, words.title(one.address, one.name), one.source))
                lines += [self.paint.dim(line) for why in words.reasons(one) for line in self.said(why)]
                for name, before, after, _ in words.rows(one):
                    lines += self.attribute(name, before, after, None, None)
        return lines

    def left_drifted(self, plan: Plan) -> list[str]:
        found = words.left_drifted(plan)
        if not found:
            return []
        number = words.plural(len(found), "resource")
        return [f"Changed outside and left as it is ({number}):", *joined([self._drift(one) for one in found])]

    def refusals(self, plan: Plan) -> list[str]:
        return joined([self._refusal(one) for one in words.refusals(plan)])

    def remarks(self, plan: Plan) -> list[str]:
        lines = []
        for cost in words.costs(plan):
            lines += self.remark(self.paint.careful("warning"), cost)
        for one in words.remarks(plan):
            paint = partial(self.paint.severity, one.severity)
            lines += self.headline(f"{one.severity.value}[{clean(one.code)}]", clean(one.summary), one.source, paint)
            lines += self.said(one.detail)
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
            lines += self.said(one.detail, margin=2)
        return lines

    def _change(self, change: Change, drifted: _Drifted) -> list[str]:
        title = words.title(change.address, change.name)
        lines = [self.entry(change.action.value, change.action.word, title, change.source, change.action)]
        for why in words.reasons(change):
            lines += self.said(why)
        known = drifted.get(change.address, {})
        for name, before, after, cause in words.rows(change):
            shown = cause if change.action in {Action.UPDATE, Action.REPLACE} else None
            lines += self.attribute(name, before, after, shown, known.get(name))
        if self.verbose and change.action in {Action.ADOPT, Action.FORGET} and change.before:
            for name, value in words.contents(change.address.type, change.before):
                lines += self.attribute(name, value, value, None, None)
        return lines

    def _drift(self, drift: Drift) -> list[str]:
        title = words.title(drift.address, drift.name)
        if drift.after is None:
            return [self.entry("", "deleted", title, None)]
        lines = [self.entry("", "changed", title, None)]
        for one in drift.attributes:
            lines += self.attribute(one.name, one.before, one.after, None, None)
        return lines

    def _refusal(self, one: Diagnostic) -> list[str]:
        about = clean(one.address) if one.address else "the whole plan"
        line = self.entry("!", "refused", about, one.source, bad=True)
        return [line, *self.said(f"{words.summary(one)} [{one.code}]"), *self.said(one.detail)]

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
