"""Moving a state from one place to another: both held, nothing in flight, the copy read back before the old one ends."""

from __future__ import annotations

from reconciler.errors import StateError, StateMoved
from reconciler.model.resources import Lock
from reconciler.state.opening import State
from reconciler.state.writer import Writer


def movable(source: State, target: State) -> Lock:
    """The lockfile that is to be moved. Takes no lock and writes nothing.

    Raises StateError where there is none, where a run is unfinished on either side, and where something else stands at the
    target already.
    """
    lock = source.read()
    _check_settled(source)
    if lock is None:
        raise StateError(
            f"there is no lockfile at {source.place}", "There is nothing to move; `lock status` shows the state."
        )
    if _stands(target) is not None:
        _check_settled(target)
    _check_free(lock, target)
    return lock


def migrate(source: Writer, target: Writer, target_state: State) -> Lock:
    """Move it; both are held. The lockfile as it stands at the target, lineage and serial the same.

    A move that broke off before is ended, if nothing was applied since. Raises StateError as `movable` does; then the source
    is as it was.
    """
    if source.lock is None:
        raise StateError(f"there is no lockfile at {source.place}", "It went meanwhile. Nothing was moved.")
    for writer in (source, target):
        if writer.pending is not None:
            raise _unsettled(writer.place)
    moved_before = _check_free(source.lock, target_state)
    if moved_before is None:
        target.replace(source.lock)
        if target_state.read() != source.lock:
            raise StateError(
                f"{target.place} does not read as it was written", "Nothing was removed; look at both places."
            )
    moved = moved_before or source.lock
    source.retire(target.place)
    return moved


def _check_free(lock: Lock, target: State) -> Lock | None:
    """None where the target may be written; the lockfile there, where it is this very one. Raises StateError else.

    A later serial of the same line proves nothing: both may have gone on since a move broke off.
    """
    stands = _stands(target)
    if stands is None:
        return None
    if stands == lock:
        return stands
    if stands.lineage == lock.lineage:
        raise StateError(
            f"{target.place} has the same line (lineage {lock.lineage}) at serial {stands.serial}, the one to be moved is at "
            f"serial {lock.serial}, and they do not say the same",
            "A move broke off before, and one of them was applied since, or both. Nothing was moved or removed. Look at both "
            "with `lock show`: what was applied last knows what stands. Keep a copy of the other one and move it away; then "
            "run this again if the one to be moved is right, and go on without it if the other is.",
        )
    raise StateError(
        f"a lockfile stands at {target.place} already (lineage {stands.lineage}, serial {stands.serial})",
        f"The one to be moved has lineage {lock.lineage}, serial {lock.serial}. Only one of them can be right: look at both "
        "with `lock show`, and move the other away.",
    )


def _stands(target: State) -> Lock | None:
    """The lockfile at the target; what only says that it was moved away counts as none."""
    try:
        return target.read()
    except StateMoved:
        return None


def _check_settled(state: State) -> None:
    if state.unfinished() is not None:
        raise _unsettled(state.place)


def _unsettled(place: str) -> StateError:
    return StateError(
        f"{place}: a run is under way, or was interrupted and is not settled",
        "Wait for it, or run apply where it ran, which settles it; then move the state.",
    )
