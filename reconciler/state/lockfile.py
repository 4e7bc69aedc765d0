"""The lockfile as text: where it stands, how it is written, what is wrong with a bad one.

Leaves out when it is written and by whom: see `reconciler.state.local`.
"""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path
from typing import Any

from reconciler.errors import Refused, StateError, StateMoved
from reconciler.model.addresses import Address, Remote
from reconciler.model.encoding import decode_known, encode_known
from reconciler.model.environments import Target
from reconciler.model.pausing import collector_paused
from reconciler.model.resources import Known, Lock
from reconciler.model.strict_json import Repeated, load_json
from reconciler.model.values import canonical_json

VERSION = 1
SUFFIX = ".lock.json"

_CONFLICT = re.compile(r"^(<{7}|={7}|>{7})( |$)", re.MULTILINE)
_ENVIRONMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*")


def lockfile_path(manifest: Path, environment: str) -> Path:
    """Where the lockfile of that environment stands: beside a manifest file, inside a manifest folder.

    `m.yaml` -> `m.<environment>.lock.json`; folder `d` -> `d/<d's name>.<environment>.lock.json`. Raises StateError for an
    environment whose name could lead out of that folder.
    """
    if manifest.is_dir():
        return manifest / lockfile_name(manifest.resolve().name, environment)
    return manifest.with_name(lockfile_name(manifest.stem, environment))


def lockfile_name(stem: str, environment: str) -> str:
    """What the lockfile is called. `stem`: that of the manifest's file, or its folder's name."""
    if not _ENVIRONMENT.fullmatch(environment):
        raise StateError(
            f"environment {environment!r} cannot be part of a file name",
            "Name it with letters, digits, `_`, `-`, `.` and `@` alone.",
        )
    return f"{stem}.{environment}{SUFFIX}"


def dump_lock(lock: Lock) -> str:
    """The lockfile's text: canonical JSON, sorted, two spaces a level, so that a git diff shows one resource as one block."""
    raw: dict[str, Any] = {
        "version": VERSION,
        "lineage": lock.lineage,
        "serial": lock.serial,
        "stack": lock.stack,
        "environment": lock.environment,
        "account": lock.account,
        "region": lock.region,
        "resources": {str(address): encode_known(known) for address, known in lock.resources.items()},
    }
    if lock.last_plan:
        raw["lastPlan"] = lock.last_plan
    return canonical_json(raw, indent=2) + "\n"


def moved_text(lock: Lock, to: str) -> str:
    """What stands in the place of a lockfile that was moved `to` another place: `parse_lock` refuses it with the way there."""
    raw = {"version": VERSION, "moved": to, "lineage": lock.lineage, "serial": lock.serial}
    return canonical_json(raw, indent=2) + "\n"


def parse_lock(text: str, *, file: str) -> Lock:
    """The lockfile in `text`; resources in address order. `file` is what messages call it.

    Raises StateMoved where it was moved elsewhere. Raises StateError, with the line where there is one and what to do:
    damaged, in the middle of a merge, written by a newer version, or not what `schemas/lockfile.schema.json` says.
    """
    with collector_paused():
        return _parsed(text, file)


def _parsed(text: str, file: str) -> Lock:
    raw = _load(text, file)
    version = raw.get("version") if isinstance(raw, dict) else None
    if isinstance(version, int) and version > VERSION:
        raise StateError(
            f"{file} was written by a newer reconciler (lockfile version {version}; this one reads {VERSION})",
            "Upgrade with `pip install --upgrade agentcore-reconciler`; the file was not touched.",
        )
    if isinstance(raw, dict) and isinstance(raw.get("moved"), str):
        raise StateMoved(
            f"{file} was moved to {raw['moved']}",
            "Take the manifest that says so (`state` of the environment): this one is older. To move it back: "
            "reconciler lock migrate.",
        )
    _check_schema(raw, file)
    resources = {}
    for key, entry in raw["resources"].items():
        address = Address.parse(key)
        resources[address] = decode_known(address, entry)
    _check_one_entry_each(resources, file)
    return Lock(
        lineage=raw["lineage"],
        serial=raw["serial"],
        stack=raw["stack"],
        environment=raw["environment"],
        account=raw["account"],
        region=raw["region"],
        resources=dict(sorted(resources.items())),
        last_plan=raw.get("lastPlan", ""),
    )


def check_belongs(lock: Lock, target: Target, *, file: str) -> None:
    """Raise StateError for a lockfile of another stack or environment, Refused for one of another account or region.

    An account or region that either side does not name is not compared.
    """
    made_for = Target(stack=lock.stack, environment=lock.environment, account=lock.account, region=lock.region)
    check_place(made_for, target, file=file)


def check_place(made_for: Target, target: Target, *, file: str) -> None:
    """The same for any file of the state (a journal) that was `made_for` a target."""
    if (made_for.stack, made_for.environment) != (target.stack, target.environment):
        raise StateError(
            f"{file} belongs to stack {made_for.stack}, environment {made_for.environment}, "
            f"not to {target.stack}, {target.environment}",
            "Was the file copied? Move it away. Was the stack renamed? Give the old name back. To rename it in truth: forget "
            "its resources under the old name, move the lockfile away, then adopt them under the new one.",
        )
    for what, ours, theirs in (
        ("account", target.account, made_for.account),
        ("region", target.region, made_for.region),
    ):
        if ours and theirs and ours != theirs:
            raise Refused(
                f"{file} was made in {what} {theirs}, but environment {target.environment} is now {what} {ours}",
                f"Go back to {what} {theirs}, or declare the other {what} as an environment of its own.",
            )


def _load(text: str, file: str) -> Any:
    try:
        return load_json(text)
    except Repeated as error:
        key = str(error)
        raise StateError(
            f"{file}{_line_of_second(text, key)}: damaged: {key!r} stands there twice", _restore(file)
        ) from error
    except json.JSONDecodeError as error:
        conflict = _CONFLICT.search(text)
        if conflict:
            line = text.count("\n", 0, conflict.start()) + 1
            raise StateError(
                f"{file}:{line}: unresolved merge conflict",
                "Take one side whole with `git checkout --ours -- FILE` (or --theirs), then run plan: it shows what the "
                "other side did as resources that are ours by their tag, or as drift. Do not mix the two by hand.",
            ) from error
        raise StateError(f"{file}:{error.lineno}:{error.colno}: damaged: {error.msg}", _restore(file)) from error
    except (ValueError, RecursionError) as error:
        raise StateError(f"{file}: damaged: {error}", _restore(file)) from error


def _restore(file: str) -> str:
    """How to take back a good version of it."""
    if file.startswith("s3://"):
        how = "with `reconciler lock restore` (`reconciler lock history` lists them)"
    else:
        how = "for example with `git checkout -- FILE` (`git log -- FILE` lists them)"
    return f"Take back the last good version, {how}, and run plan again: it shows what happened since."


def _line_of_second(text: str, key: str) -> str:
    """`:LINE` of the repetition, nothing where the key stands in too many places to tell."""
    quoted = json.dumps(key, ensure_ascii=False) + ":"
    if text.count(quoted) != 2:
        return ""
    return f":{text.count(chr(10), 0, text.rindex(quoted)) + 1}"


def _check_schema(raw: Any, file: str) -> None:
    import jsonschema_rs  # a first pass in milliseconds; jsonschema then words what is wrong

    from reconciler.schema_files import schema

    rules = schema("lockfile")
    with contextlib.suppress(UnicodeEncodeError):  # half a character, which only jsonschema can read
        if jsonschema_rs.validator_for(rules).is_valid(raw):
            return
    import jsonschema

    found = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(rules).iter_errors(raw))
    if found is None:
        return
    place, said = found.json_path.removeprefix("$").lstrip("."), found.message
    said = said if len(said) <= 200 else said[:200] + " …"
    raise StateError(f"{file}: not a lockfile of this version: {place + ': ' if place else ''}{said}", _restore(file))


def _check_one_entry_each(resources: dict[Address, Known], file: str) -> None:
    seen: dict[Remote, Address] = {}
    for address, known in resources.items():
        remote = Remote(address.type, known.name)
        if remote in seen:
            raise StateError(
                f"{file}: {seen[remote]} and {address} are both {known.name}; a resource has one entry",
                "Two branches were probably merged. Take one side whole with `git checkout`, then run plan.",
            )
        seen[remote] = address
