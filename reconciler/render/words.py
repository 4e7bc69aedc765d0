"""The sentences that all views of a plan share: why a change is planned, who made an attribute differ, what it comes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.model.addresses import Address
from reconciler.model.changes import TAKES_OVER, Action, Cause, Change, Drift, Reason
from reconciler.model.environments import OWNER_TAG, Target, Where
from reconciler.model.kinds import KINDS, kind_of
from reconciler.model.plan import Plan
from reconciler.model.reasons import reasons_of
from reconciler.model.resources import Refresh
from reconciler.model.values import Attributes, Value
from reconciler.planning.cost import cost
from reconciler.render.clean import clean
from reconciler.render.elements import Element, made_outside

_NOTED = "in the lockfile only"
_ENTERS: Mapping[Reason, str] = {
    Reason.REBUILT: "ours by the ownership tag, enters the lockfile as it stands",
    Reason.REBUILT_UNDECLARED: "ours by the ownership tag and not in the manifest, enters the lockfile as it stands",
}
_CAUSES: Mapping[Cause | None, str] = {
    None: "",
    Cause.MANIFEST: "(manifest)",
    Cause.OUTSIDE: "(changed outside: undone)",
    Cause.BOTH: "(both: manifest and outside)",
}
_AGREES: Mapping[Refresh, str] = {
    Refresh.CHANGED: "No changes in the manifest or the listing; what neither shows as changed was not read one by one.",
    Refresh.NONE: "No changes compared with the lockfile only; the directory was not read.",
}


def plural(number: int, singular: str, several: str = "") -> str:
    """`1 error`, `2 errors`, `3 workload identities`."""
    return f"{number} {singular if number == 1 else several or singular + 's'}"


def reasons(change: Change) -> list[str]:
    """Why the change is planned, a sentence each, cleaned."""
    return [clean(one) for one in reasons_of(change)]


def lockfile_only(plan: Plan) -> list[tuple[str, list[Change]]]:
    """The changes that only the lockfile sees, in groups, each under a heading without its capital."""
    groups: dict[str, list[Change]] = {heading: [] for heading in (_NOTED, *_ENTERS.values())}
    for one in plan.changes:
        if one.action is Action.NO_OP:
            groups[_ENTERS.get(one.reason, _NOTED)].append(one)
    return [(heading, found) for heading, found in groups.items() if found]


def cause(of: Cause | None) -> str:
    """Who made an attribute differ, in parentheses, or ""."""
    return _CAUSES[of]


def title(address: Address, name: str) -> str:
    """The address, and the remote name where it is another word."""
    shown = clean(str(address))
    return shown if name in {address.key, ""} else f"{shown} ({clean(name)})"


def target(of: Target, where: Where = Where.AWS) -> str:
    """`stack payments, environment prod (account 222222222222, us-east-1)`."""
    place = [f"account {clean(of.account)}"] if of.account else []
    place += [clean(of.region)] if of.region else []
    if where is Where.EMBEDDED:
        place = ["embedded directory"]
    return f"stack {clean(of.stack)}, environment {clean(of.environment)}" + (f" ({', '.join(place)})" if place else "")


def refresh(plan: Plan) -> str:
    """How the plan came to know the directory, where it did not read all that is ours; "" for a full refresh."""
    match plan.refresh:
        case Refresh.FULL:
            return ""
        case Refresh.CHANGED:
            return "Read one by one: only what the manifest or the listing shows as changed (--refresh changed)."
        case Refresh.NONE:
            return "Compared with the lockfile only; the directory was not read (--refresh none)."


def nothing(plan: Plan) -> str:
    """What to say of a plan without changes, no more than what is known to be true."""
    if plan.errored:
        return "Nothing is planned beside what is refused."
    if not plan.complete:
        return "Nothing is planned for what could be read. What could not be read may differ."
    if plan.excluded:
        return "No changes in what was selected."
    return _AGREES[plan.refresh] if plan.refresh is not Refresh.FULL else f"No changes. {_agreement(plan)}"


def _agreement(plan: Plan) -> str:
    if not plan.managed and not plan.declared:
        return "Nothing is declared, and nothing is managed."
    if plan.unchanged != plan.declared or plan.drift:
        return "There is nothing to do."
    if plan.trusted:
        return "What was read stands as declared; the rest was not updated since the lockfile, the listing says."
    if plan.declared == 1:
        return "The one resource of the manifest stands in the directory as declared."
    return f"All {plan.declared} resources of the manifest stand in the directory as declared."


def sums(plan: Plan) -> str:
    """`3 to create, 1 to update, 0 to replace, 1 to delete, 2 to adopt`: the rarer actions only where there are any."""
    counts = plan.counts()
    always = (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE)
    parts = [f"{counts[action]} to {action.word}" for action in always]
    parts += [f"{counts[action]} to {action.word}" for action in (Action.ADOPT, Action.FORGET) if counts[action]]
    if counts[Action.NO_OP]:
        parts.append(f"{counts[Action.NO_OP]} in the lockfile only")
    return ", ".join(parts)


def costs(plan: Plan) -> list[str]:
    """What deletes cost people, one sentence per kind that has such a cost; each rename has a diagnostic of its own."""
    lost = Counter(one.address.type for one in plan.changes if one.action is Action.DELETE)
    return [
        f"{plural(lost[kind.type], kind.singular, kind.plural)} will be deleted. {kind.stranded}"
        for kind in KINDS
        if lost[kind.type] and kind.stranded
    ]


_WORTH_A_WORD = 5  # seconds; nobody plans for less


def trusted(plan: Plan) -> str:
    """What was not read one by one though it could have been; "" where everything was."""
    if not plan.trusted:
        return ""
    return (
        f"Not read again, tags included, since the listing shows no update after the lockfile's: {plan.trusted} "
        "(--refresh full reads all)."
    )


def order(plan: Plan) -> str:
    """What comes before what, where a plan has changes of kinds that depend on each other; "" elsewhere."""
    first = [one for one in plan.changes if one.action not in (Action.DELETE, Action.FORGET, Action.NO_OP)]
    last = [one for one in plan.changes if one.action is Action.DELETE]
    forwards, backwards = _kinds(first), _kinds(last)[::-1]
    if len({*forwards, *backwards}) < 2:
        return ""
    said = [", then ".join(forwards)] if forwards else []
    said += [f"deletes last: {', then '.join(backwards)}"] if backwards else []
    return f"Order: {'; '.join(said)}."


def _kinds(changes: Sequence[Change]) -> list[str]:
    """What the changes are of, what is granted before those that it is granted to; what has no order, in one."""
    found: dict[int, set[str]] = {}
    for kind in {kind_of(one.address.type) for one in changes}:
        found.setdefault(kind.rank, set()).add(kind.singular if kind.singleton else kind.plural)
    return [" and ".join(sorted(found[rank])) for rank in sorted(found)]


def calls(plan: Plan) -> str:
    """How many calls apply makes and how long they take at least; "" where that is a moment, or nothing limits them."""
    found = cost(plan)
    if found.seconds is None or found.seconds < _WORTH_A_WORD:
        return ""
    least = f"{found.seconds} s" if found.seconds < 60 else duration(found.seconds)
    slowest = f"{found.calls[found.longest]:,} {found.longest} at {found.rate:g} a second"
    return f"Apply makes about {found.total:,} calls, which takes at least {least}: {slowest}."


def duration(seconds: float) -> str:
    """`340 ms`, `2.4 s`, `3 min 5 s`."""
    if seconds < 0.9995:
        return f"{round(seconds * 1000)} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def changed_outside(plan: Plan) -> dict[Address, dict[str, Value]]:
    """What the lockfile held of each attribute that differs in the directory, by address and attribute."""
    return {one.address: {attribute.name: attribute.before for attribute in one.attributes} for one in plan.drift}


def left_drifted(plan: Plan) -> list[Drift]:
    """What changed outside and is not planned to change back."""
    planned = {one.address for one in plan.changes}
    return [one for one in plan.drift if one.address not in planned]


def whose(element: Element, cause: Cause | None, known: Value) -> str:
    """Where an attribute has causes of both kinds: what was done outside to this element of it ("added outside"), or ""."""
    return made_outside(element, known) if cause is Cause.BOTH and known is not None else ""


def refusals(plan: Plan) -> list[Diagnostic]:
    """The diagnostics that keep apply from running."""
    return [one for one in plan.diagnostics if one.severity is Severity.ERROR]


def remarks(plan: Plan) -> list[Diagnostic]:
    """The other diagnostics, less those that repeat what `plan.unknown` and `plan.listing_failed` say."""
    planned = {str(one.address) for one in plan.changes}

    def told(one: Diagnostic) -> bool:
        if one.code == "listing-incomplete":
            return bool(plan.listing_failed)
        return one.code == "unreadable" and one.address in plan.unknown and one.address not in planned

    return [one for one in plan.diagnostics if one.severity is not Severity.ERROR and not told(one)]


def marked(plan: Plan) -> str:
    """What apply writes beside the attributes: the ownership tag of what becomes ours. "" where nothing does."""
    new = {Action.CREATE, Action.REPLACE, Action.ADOPT}
    taken = [one for one in plan.changes if one.action in new or one.reason in TAKES_OVER]
    if not any(kind_of(one.address.type).tagged for one in taken):
        return ""
    return f"What becomes yours gets the ownership tag {OWNER_TAG} = {clean(plan.target.owner)}."


def summary(one: Diagnostic) -> str:
    """The diagnostic's summary where its address stands before it anyway; cleaned."""
    return clean(one.summary.removeprefix(f"{one.address}: "))


def rows(change: Change) -> list[tuple[str, Value, Value, Cause | None]]:
    """The attributes to show of a change: name, before, after, cause. Those that stay as they are are left out."""
    match change.action:
        case Action.CREATE:
            return _whole(change, change.after, created=True)
        case Action.DELETE:
            return _whole(change, change.before, created=False)
        case Action.UPDATE | Action.REPLACE | Action.NO_OP:
            return [(one.name, one.before, one.after, one.cause) for one in change.attributes]
        case _:
            return []


def contents(type_: str, attributes: Attributes) -> list[tuple[str, Value]]:
    """The attributes that hold something, in the kind's own order."""
    return [
        (one.name, value)
        for one in kind_of(type_).attributes
        if (value := attributes.get(one.name)) is not None and value not in ((), {})
    ]


def some(names: Sequence[str], limit: int) -> str:
    """The first few of many names: `a, b, c and 211 more`."""
    shown = ", ".join(clean(name) for name in names[:limit])
    return f"{shown} and {len(names) - limit} more" if len(names) > limit else shown


def _whole(
    change: Change, attributes: Attributes | None, *, created: bool
) -> list[tuple[str, Value, Value, Cause | None]]:
    held = contents(change.address.type, attributes or {})
    return [(name, None, value, None) if created else (name, value, None, None) for name, value in held]
