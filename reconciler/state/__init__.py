"""What we know of our own resources, kept safe: lockfile, journal, and one writer at a time."""

from reconciler.state.disk import Disk
from reconciler.state.edits import NO_EDITS, Edits
from reconciler.state.holder import Holder
from reconciler.state.journal import Header, Journal
from reconciler.state.local import LocalState
from reconciler.state.lockfile import check_belongs, check_place, dump_lock, lockfile_name, lockfile_path, parse_lock
from reconciler.state.memory import Remembered
from reconciler.state.opening import State, in_bucket, open_state, state_place
from reconciler.state.writer import Keeping, Writer, settled

__all__ = [
    "NO_EDITS",
    "Disk",
    "Edits",
    "Header",
    "Holder",
    "Journal",
    "Keeping",
    "LocalState",
    "Remembered",
    "State",
    "Writer",
    "check_belongs",
    "check_place",
    "dump_lock",
    "in_bucket",
    "lockfile_name",
    "lockfile_path",
    "open_state",
    "parse_lock",
    "settled",
    "state_place",
]
