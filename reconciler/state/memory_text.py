"""What drift runs remember, as text: canonical JSON, and what is wrong with a bad one.

A cache of what was seen and told, beside the lockfile and not in git. Where it is lost, the next run reads everything,
tells what stands as new, and takes what is not ours as given.
"""

from __future__ import annotations

from typing import Any

from reconciler.errors import StateError
from reconciler.model.addresses import Address, Remote
from reconciler.model.drift import Against, DriftClass, Drifted, Memory, Reading, Standing
from reconciler.model.encoding import decode_event, decode_source, decode_value, encode_event, encode_source
from reconciler.model.kinds import plain
from reconciler.model.pausing import collector_paused
from reconciler.model.strict_json import load_json
from reconciler.model.telling import Failing, Telling, Told
from reconciler.model.values import canonical_json

VERSION = 1
SUFFIX = ".drift.json"


def memory_name(lockfile: str) -> str:
    """What the memory of a lockfile is called, beside it: `reconciler.prod.lock.json` -> `reconciler.prod.drift.json`."""
    return lockfile.removesuffix(".lock.json") + SUFFIX


def dump_memory(memory: Memory) -> str:
    """The text."""
    raw = {
        "version": VERSION,
        "lineage": memory.lineage,
        "account": memory.account,
        "region": memory.region,
        "serial": memory.serial,
        "against": memory.against.value,
        "watermark": memory.watermark,
        "lastRun": memory.last_run,
        "lastSuccess": memory.last_success,
        "fullSince": memory.full_since,
        "readings": {_word(remote): _encode_reading(one) for remote, one in memory.readings.items()},
        "others": None if memory.others is None else sorted(map(_word, memory.others)),
        "findings": {fingerprint: _encode_standing(one) for fingerprint, one in memory.findings.items()},
        "told": {name: _encode_told(one) for name, one in memory.told.items()},
    }
    return canonical_json(raw, indent=1) + "\n"


def parse_memory(text: str, *, file: str) -> Memory:
    """The memory in `text`. Raises StateError, with what to do, for a damaged one and for one of a newer version."""
    try:
        with collector_paused():
            raw = load_json(text)
            if raw.get("version") != VERSION:
                raise StateError(
                    f"{file} has version {raw.get('version')!r}, and this reconciler knows {VERSION}",
                    "Use a reconciler that is not older than the one that wrote it; or remove the file: the next run reads "
                    "everything and tells what stands as new.",
                )
            return _decode(raw)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise StateError(
            f"{file} is damaged: {error or type(error).__name__}",
            "Remove it: the next run reads everything and tells what stands as new.",
        ) from error


def _decode(raw: dict[str, Any]) -> Memory:
    return Memory(
        lineage=raw["lineage"],
        account=raw["account"],
        region=raw["region"],
        serial=raw["serial"],
        against=Against(raw["against"]),
        watermark=raw["watermark"],
        last_run=raw["lastRun"],
        last_success=raw["lastSuccess"],
        full_since=raw["fullSince"],
        readings={_remote(word): _decode_reading(one) for word, one in raw["readings"].items()},
        others=None if raw["others"] is None else frozenset(map(_remote, raw["others"])),
        findings={fingerprint: _decode_standing(one) for fingerprint, one in raw["findings"].items()},
        told={name: _decode_told(one) for name, one in raw.get("told", {}).items()},
    )


def _word(remote: Remote) -> str:
    return f"{remote.type}.{remote.name}"


def _remote(word: str) -> Remote:
    type_, _, name = word.partition(".")
    return Remote(type_, name)


def _encode_reading(one: Reading) -> list[Any]:
    return [one.at, one.agreed, one.owned, one.created]  # ten thousand of them, so they are short


def _decode_reading(raw: list[Any]) -> Reading:
    at, agreed, owned, created = raw
    return Reading(at=at, agreed=agreed, owned=owned, created=created)


def _encode_standing(one: Standing) -> dict[str, Any]:
    drifted = one.drifted
    return {
        "first": one.first,
        "last": one.last,
        "count": one.count,
        "class": drifted.what.value,
        "remote": _word(drifted.remote),
        "address": str(drifted.address) if drifted.address else None,
        "attribute": drifted.attribute,
        "before": plain(drifted.before),
        "after": plain(drifted.after),
        "arn": drifted.arn,
        "reason": drifted.reason,
        "source": encode_source(drifted.source),
        "events": [encode_event(event) for event in drifted.events],
        "untraced": drifted.untraced,
    }


def _decode_standing(raw: dict[str, Any]) -> Standing:
    address = raw["address"]
    return Standing(
        first=raw["first"],
        last=raw["last"],
        count=raw["count"],
        drifted=Drifted(
            what=DriftClass(raw["class"]),
            remote=_remote(raw["remote"]),
            address=Address.parse(address) if address else None,
            attribute=raw["attribute"],
            before=decode_value(raw["before"]),
            after=decode_value(raw["after"]),
            arn=raw["arn"],
            reason=raw["reason"],
            source=decode_source(raw["source"]),
            events=tuple(map(decode_event, raw["events"])),
            untraced=raw["untraced"],
        ),
    )


def _encode_told(one: Told) -> dict[str, Any]:
    failing = one.failing
    return {
        "findings": {
            fingerprint: [*told.place, told.since, told.first, told.last, told.hushed]
            for fingerprint, told in one.findings.items()
        },
        "owed": {fingerprint: _encode_standing(owed) for fingerprint, owed in one.owed.items()},
        "failing": failing and [failing.since, failing.first, failing.last, list(failing.codes)],
        "reference": one.reference,
    }


def _decode_told(raw: dict[str, Any]) -> Told:
    failing = None
    if raw["failing"] is not None:
        since, first, last, codes = raw["failing"]
        failing = Failing(since=since, first=first, last=last, codes=tuple(codes))
    return Told(
        findings={fingerprint: _decode_telling(one) for fingerprint, one in raw["findings"].items()},
        owed={fingerprint: _decode_standing(one) for fingerprint, one in raw["owed"].items()},
        failing=failing,
        reference=raw["reference"],
    )


def _decode_telling(raw: list[Any]) -> Telling:
    what, type_, name, attribute, since, first, last, hushed = raw
    return Telling(place=(what, type_, name, attribute), since=since, first=first, last=last, hushed=hushed)
