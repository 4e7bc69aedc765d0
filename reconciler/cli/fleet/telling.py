"""What a run over several targets says: its report on standard output, what accompanies it on standard error."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.cli.console import Console
from reconciler.cli.fleet.choice import Choice
from reconciler.cli.options import Format
from reconciler.model.fleet import FleetResult, TargetResult

_NAMES = 3


def gathered(
    choice_names: tuple[str, ...],
    results: Mapping[str, TargetResult],
    *,
    command: str,
    stack: str,
    choice: Choice | None = None,
) -> FleetResult:
    """The whole of it, the targets that have no result as left."""
    return FleetResult(
        command=command,
        stack=stack,
        targets=tuple(results.get(name) or TargetResult(name=name, left=True) for name in choice_names),
        chosen=choice.chosen if choice else len(choice_names),
        shard=choice.shard if choice else None,
    )


def show(console: Console, result: FleetResult, form: Format, *, verbose: bool = False) -> None:
    """Write the report to standard output."""
    console.show(fleet_in(form, result, console, verbose=verbose))


def fleet_in(form: Format, result: FleetResult, console: Console | None = None, *, verbose: bool) -> str:
    """The report in that format; as text, as it looks on the console, or in a file where there is none."""
    from reconciler.render.fleet_json import fleet_json
    from reconciler.render.fleet_markdown import fleet_markdown
    from reconciler.render.fleet_text import fleet_text

    match form:
        case Format.TEXT:
            colour, width = (console.colour_out, console.width) if console else (False, 100)
            return fleet_text(result, colour=colour, width=width, verbose=verbose)
        case Format.MARKDOWN:
            return fleet_markdown(result)
        case Format.JSON:
            return fleet_json(result)


def text_of(console: Console, result: FleetResult, *, verbose: bool = False) -> str:
    """The report as this terminal shows it."""
    return fleet_in(Format.TEXT, result, console, verbose=verbose)


def notes(console: Console, result: FleetResult) -> None:
    """Say what was said beside each, the same only once."""
    from reconciler.render.words import some

    said: dict[str, list[str]] = {}
    for one in result.targets:
        for note in one.notes:
            said.setdefault(note, []).append(one.name)
    for note, names in said.items():
        console.tell(f"{some(names, _NAMES)}: {note}")
