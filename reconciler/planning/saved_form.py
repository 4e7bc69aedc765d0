"""What makes a file a saved plan of this version: JSON, its format, its schema; and the words for one that is not."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from reconciler import __version__
from reconciler.diagnostics import Diagnostic, Severity, Source
from reconciler.errors import InvalidInput
from reconciler.model.strict_json import Repeated, load_json

FORMAT_VERSION = "1.0"
AGAIN = "Make it again: reconciler plan --out FILE."
_MOST_NAMED = 20  # mistakes that are worth a message each; a file with more is no plan


def parse(text: str, file: str) -> dict[str, Any]:
    """The JSON object. Raises InvalidInput for what is none, and for one that says the same thing twice."""
    try:
        raw = load_json(text)
    except Repeated as error:
        said = f"{str(error)!r} stands twice in one object: readers may see two plans in it"
        raise invalid(file, [("", said)]) from error
    except json.JSONDecodeError as error:
        place = Source(file, error.lineno, error.colno)
        raise invalid(file, [("", f"it is not JSON: {error.msg}")], place) from error
    except (ValueError, RecursionError) as error:
        raise invalid(file, [("", f"it cannot be read as JSON: {error}")]) from error
    if not isinstance(raw, dict) or "format_version" not in raw:
        raise invalid(file, [("", "it is JSON, but not a plan of reconciler")])
    return raw


def check_version(raw: dict[str, Any], file: str) -> None:
    """Raise InvalidInput for a format that this version does not read."""
    version = raw["format_version"]
    if version == FORMAT_VERSION:
        return
    maker = raw.get("reconciler_version")
    if not isinstance(version, str) or not isinstance(maker, str):
        raise invalid(file, [("format_version", "it is JSON with a format_version, but not a plan of reconciler")])
    raise invalid(
        file,
        [
            (
                "format_version",
                f"its format is {version}, made by reconciler {maker}; this is {__version__}, which reads {FORMAT_VERSION}",
            )
        ],
    )


def check_schema(raw: dict[str, Any], file: str) -> None:
    """Raise InvalidInput, with what is wrong and where, for what `schemas/plan.schema.json` refuses."""
    import jsonschema_rs  # a first pass in milliseconds; jsonschema then words what is wrong

    from reconciler.schema_files import schema

    rules = schema("plan")
    with contextlib.suppress(UnicodeEncodeError):  # half a character, which only jsonschema can read
        if jsonschema_rs.validator_for(rules).is_valid(raw):
            return
    import jsonschema

    found = sorted(jsonschema.Draft202012Validator(rules).iter_errors(raw), key=lambda error: error.json_path)
    if not found:
        return
    raise invalid(file, [(error.json_path.removeprefix("$."), error.message) for error in found[:_MOST_NAMED]])


def invalid(file: str, mistakes: list[tuple[str, str]], place: Source | None = None) -> InvalidInput:
    """The error for a file that is no plan: mistakes are (place in the JSON, what is wrong)."""
    found = [
        Diagnostic(
            severity=Severity.ERROR,
            code="plan-format",
            summary=f"{at}: {_short(what)}" if at else _short(what),
            detail=AGAIN,
            source=place or Source(file),
        )
        for at, what in mistakes
    ]
    return InvalidInput(f"{file} is not a plan that this version can use", found, AGAIN)


def _short(text: str) -> str:
    return text if len(text) <= 200 else text[:200] + " …"
