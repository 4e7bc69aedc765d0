"""Saved plans as files: written with their date and signature, read again, told about."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.age import in_words, moment, now, stamp
from reconciler.cli.console import Console
from reconciler.cli.output import write_whole
from reconciler.cli.signing import sign, signed_in_words
from reconciler.errors import ReconcilerError, UsageError
from reconciler.model.plan import Plan

if TYPE_CHECKING:
    from reconciler.planning import SavedPlan

_ONLY_OURS = 0o600  # names, ARNs and return URLs are nobody else's business on a shared machine


def read_plan(file: Path) -> SavedPlan:
    """What `file` holds, its signature unchecked.

    Raises UsageError for a file that cannot be read, InvalidInput, StalePlan for an edited one.
    """
    from reconciler.planning import load_saved

    if file.exists() and not file.is_file():  # a pipe or a device would be waited for, or have no end
        raise UsageError(f"{file} is no file", "Make one with `plan --out FILE`.")
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{file} is no saved plan: it is not UTF-8 text", "Make one with `plan --out FILE`."
        ) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"cannot read the plan {file}: {reason}", "Make one with `plan --out FILE`.") from error
    return load_saved(text, file=str(file))


def save(
    console: Console, made: Plan, file: Path, *, refused: bool, sign_with: str | None, option: str = "--out"
) -> None:
    """Write the plan where it can be applied from, and say how. `option`: the one that named the file.

    Raises ReconcilerError where it cannot be signed or written.
    """
    from reconciler.planning import dump_saved

    text = dump_saved(made, created_at=stamp(), sign=lambda digest: sign(made, digest, sign_with=sign_with))
    text = text.encode("utf-8", "backslashreplace").decode()  # a path that is no UTF-8; in JSON, that is its escape
    try:
        write_whole(file, text, mode=_ONLY_OURS, through_link=False)
    except OSError as error:
        raise ReconcilerError(
            f"cannot save the plan to {file}: {error.strerror or error}",
            f"Choose another file for {option}, and run this again.",
        ) from error
    verifying = f" --verify-with {shlex.quote(sign_with)}" if sign_with else ""
    command = f"reconciler apply --plan {shlex.quote(str(file))}{verifying}"
    way = "As it is, apply will refuse it." if refused else f"To apply exactly this: {command}"
    console.note(f"Saved the plan to {file}. {way}")


def tell(console: Console, saved: SavedPlan, *, file: Path, checked: bool) -> None:
    """Say when it was made and who vouches for it."""
    when = "does not say when it was made"
    if saved.created_at:
        age = in_words(now() - moment(saved.created_at, file=str(file)))
        when = f"was made {saved.created_at}, {age} ago"
    console.note(f"{file} {when}. {signed_in_words(saved, checked=checked)}")
