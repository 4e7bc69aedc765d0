"""An apply in words: a line as each change starts and ends, and the closing report of what was done and what was not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from reconciler.model.changes import Action, Change
from reconciler.model.outcomes import Outcome, Report, Status
from reconciler.model.plan import Plan
from reconciler.render.clean import clean
from reconciler.render.findings import wrapped
from reconciler.render.palette import Palette
from reconciler.render.words import duration, plural, title

_DOING = {
    Action.CREATE: "creating",
    Action.UPDATE: "updating",
    Action.DELETE: "deleting",
    Action.REPLACE: "replacing",
    Action.ADOPT: "adopting",
    Action.FORGET: "forgetting",
    Action.NO_OP: "noting it in the lockfile",
}
_DONE = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.DELETE: "deleted",
    Action.REPLACE: "replaced",
    Action.ADOPT: "adopted",
    Action.FORGET: "forgotten",
    Action.NO_OP: "noted in the lockfile",
}
_NEW = (Action.CREATE, Action.REPLACE, Action.ADOPT)
_MARGIN = " " * 6
_NEXT = {
    Status.DONE_WITHOUT_TAGS: "Tags that could not be set are planned again by the next plan.",
    Status.FAILED: "What failed is planned again: settle the reason, then run plan and apply once more.",
    Status.REFUSED: "What was refused is not as the plan saw it: run plan again to see what stands there now.",
    Status.LEFT: "What was left was never started: run apply again to go on.",
}


def started_line(change: Change, *, colour: bool) -> str:
    """`~ workload_identity.invoice-agent: updating`."""
    return _line(Palette(colour), change, _DOING[change.action])


def outcome_line(outcome: Outcome, *, colour: bool) -> str:
    """`~ workload_identity.invoice-agent: updated in 340 ms`, or why not; one line."""
    paint = Palette(colour)
    return _line(paint, outcome.change, _ended(outcome, paint))


def event_line(event: Change | Outcome, *, done: int, total: int, colour: bool) -> str:
    """A line for a plain log: a Change has started, an Outcome has ended; `done` of `total` have ended so far."""
    line = started_line(event, colour=colour) if isinstance(event, Change) else outcome_line(event, colour=colour)
    return f"[{done:>{len(str(total))}}/{total}] {line}"


def report_text(report: Report, plan: Plan, *, colour: bool, width: int = 100) -> str:
    """What was done with its ARN and time, what failed and why, what was refused, what was left, the sums, the next step."""
    paint = Palette(colour)
    sections = [
        _group(report, Status.DONE, paint.good("Done"), paint, width),
        _group(report, Status.DONE_WITHOUT_TAGS, paint.careful("Done, but for the tags"), paint, width),
        _group(report, Status.FAILED, paint.bad("Failed"), paint, width),
        _group(
            report, Status.REFUSED, paint.bad("Refused: changed since the plan, so nothing was written"), paint, width
        ),
        _group(report, Status.LEFT, paint.bad("Left: never started"), paint, width),
        _closing(report, plan, paint, width),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def _group(report: Report, status: Status, heading: str, paint: Palette, width: int) -> list[str]:
    found = [one for one in report.outcomes if one.status is status]
    if not found:
        return []
    lines = [f"{heading} ({len(found)})"]
    for one in found:
        lines += _told(one, paint, width)
    return lines


def _told(outcome: Outcome, paint: Palette, width: int) -> list[str]:
    change = outcome.change
    name = title(change.address, change.name)
    head = f"{paint.action(change.action, f'{change.action.value:>3}')} {paint.bold(name)}"
    stands = change.action not in {Action.DELETE, Action.FORGET, Action.NO_OP}
    match outcome.status:
        case Status.LEFT:
            return [f"{head}  not {_DONE[change.action]}"]
        case Status.DONE | Status.DONE_WITHOUT_TAGS:
            lines = [f"{head}  {_DONE[change.action]}{paint.dim(_time(outcome))}"]
            if stands and outcome.arn:
                lines.append(f"{_MARGIN}{paint.dim(clean(outcome.arn))}")
            if change.action is Action.REPLACE:
                said = f"{clean(change.previous_name)} stays beside it until apply --finish-renames."
                lines += wrapped(said, width, first=_MARGIN, rest=_MARGIN)
            if change.action in _NEW and outcome.outputs.get("callbackUrl"):
                said = f"Register this callback URL at the identity provider: {clean(outcome.outputs['callbackUrl'])}"
                lines += wrapped(said, width, first=_MARGIN, rest=_MARGIN)
        case _:
            lines = [f"{head}  not {_DONE[change.action]}{paint.dim(_after(outcome))}"]
    lines += wrapped(outcome.message, width, first=_MARGIN, rest=_MARGIN)
    return lines + wrapped(outcome.hint, width, first=f"{_MARGIN}= help: ", rest=f"{_MARGIN}        ")


def _closing(report: Report, plan: Plan, paint: Palette, width: int) -> list[str]:
    used = f"in {duration(report.seconds)}" + (f" with {plural(report.calls, 'call')}" if report.calls else "")
    sums = outcome_sums(report.outcomes)
    if report.whole:
        lines = [f"{paint.good('Applied:')} {sums}, {used}."]
    else:
        word = "Interrupted:" if report.interrupted else "Applied in part:"
        lines = [f"{paint.bad(word)} {sums}, {used}."]
    if report.serial:
        file = clean(plan.route.lockfile)
        where = f"{file}, serial {report.serial}" if file else f"serial {report.serial}"
        lines += wrapped(f"Lockfile: {where}; it holds what happened, no more and no less.", width)
    ended = {one.status for one in report.outcomes}
    for status, sentence in _NEXT.items():
        if status in ended:
            lines += wrapped(sentence, width)
    return lines


def outcome_sums(outcomes: Sequence[Outcome]) -> str:
    """`3 created, 1 failed`."""
    done = (Status.DONE, Status.DONE_WITHOUT_TAGS)
    counts = Counter(one.change.action for one in outcomes if one.status in done)
    parts = [f"{counts[action]} {_DONE[action]}" for action in Action if counts[action]] or ["nothing done"]
    others = Counter(one.status for one in outcomes)
    for status, word in ((Status.FAILED, "failed"), (Status.REFUSED, "refused"), (Status.LEFT, "left")):
        if others[status]:
            parts.append(f"{others[status]} {word}")
    return ", ".join(parts)


def _line(paint: Palette, change: Change, said: str) -> str:
    symbol = paint.action(change.action, f"{change.action.value:>3}")
    return f"{symbol} {title(change.address, change.name)}: {said}"


def _ended(outcome: Outcome, paint: Palette) -> str:
    done, time, why = _DONE[outcome.change.action], _time(outcome), clean(outcome.message)
    match outcome.status:
        case Status.DONE:
            return f"{done}{time}"
        case Status.DONE_WITHOUT_TAGS:
            return paint.careful(f"{done}{time}, but for the tags: {why}")
        case Status.FAILED:
            return paint.bad(f"failed{_after(outcome)}: {why}")
        case Status.REFUSED:
            return paint.bad(f"refused: {why}")
        case Status.LEFT:
            return paint.bad("never started")


def _time(outcome: Outcome) -> str:
    return "" if outcome.change.action is Action.NO_OP else f" in {duration(outcome.seconds)}"


def _after(outcome: Outcome) -> str:
    return f" after {duration(outcome.seconds)}"
