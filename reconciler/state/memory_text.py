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
from reconciler.model.moments import utc_moment
from reconciler.model.pausing import collector_paused
from reconciler.model.strict_json import load_json
from reconciler.model.telling import Failing, Telling, Told
from reconciler.model.values import canonical_json

VERSION = 1
SUFFIX = ".drift.json"
_FIRST_YEAR = 2000
_MOST_RUNS = 10**9


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
        "listed": sorted(memory.listed),
        "findings": {fingerprint: _encode_standing(one) for fingerprint, one in memory.findings.items()},
        "shelved": {
            against.value: {fingerprint: _encode_standing(one) for fingerprint, one in findings.items()}
            for against, findings in memory.shelved.items()
        },
        "told": {name: _encode_told(one) for name, one in memory.told.items()},
        "spent": sorted(memory.spent),
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
        said = f"{error} is missing" if isinstance(error, KeyError) else error or type(error).__name__
        raise StateError(
            f"{file} is damaged: {said}",
            "Remove it: the next run reads everything and tells what stands as new.",
        ) from error


def _decode(raw: dict[str, Any]) -> Memory:
    return Memory(
        lineage=raw["lineage"],
        account=raw["account"],
        region=raw["region"],
        serial=raw["serial"],
        against=Against(raw["against"]),
        watermark=_maybe(raw["watermark"]),
        last_run=_maybe(raw["lastRun"]),
        last_success=_maybe(raw["lastSuccess"]),
        full_since=_maybe(raw["fullSince"]),
        readings={_remote(word): _decode_reading(one) for word, one in raw["readings"].items()},
        others=None if raw["others"] is None else frozenset(map(_remote, raw["others"])),
        listed=frozenset(raw["listed"]),
        findings=_decode_findings(raw["findings"]),
        shelved={Against(against): _decode_findings(found) for against, found in raw["shelved"].items()},
        told={name: _decode_told(one) for name, one in raw.get("told", {}).items()},
        spent=frozenset(map(str, raw.get("spent", ()))),
    )


def _moment(said: Any) -> str:
    """The moment that it says. Raises ValueError for anything else, and for one before anything of this was there."""
    if not isinstance(said, str) or utc_moment(said).year < _FIRST_YEAR:
        raise ValueError(f"{said!r} is no moment")
    return said


def _maybe(said: Any) -> str:
    """The moment, or "" for none."""
    return "" if said == "" else _moment(said)


def _word(remote: Remote) -> str:
    return f"{remote.type}.{remote.name}"


def _remote(word: str) -> Remote:
    type_, _, name = word.partition(".")
    return Remote(type_, name)


def _encode_reading(one: Reading) -> list[Any]:
    sound = None if one.sound == one.at else one.sound
    return [one.at, one.agreed, sound, one.owned, one.created]  # ten thousand of them, so they are short


def _decode_reading(raw: list[Any]) -> Reading:
    at, agreed, sound, owned, created = raw
    return Reading(
        at=_moment(at), agreed=agreed, sound=at if sound is None else _maybe(sound), owned=owned, created=created
    )


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


def _decode_findings(raw: dict[str, Any]) -> dict[str, Standing]:
    return {fingerprint: _decode_standing(one) for fingerprint, one in raw.items()}


def _decode_standing(raw: dict[str, Any]) -> Standing:
    address, count = raw["address"], raw["count"]
    if not isinstance(count, int) or not 0 < count <= _MOST_RUNS:
        raise ValueError(f"{count!r} is no number of runs")
    return Standing(
        first=_moment(raw["first"]),
        last=_moment(raw["last"]),
        count=count,
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
