"""What we know of our own resources, kept safe: lockfile, journal, and one writer at a time."""

from reconciler.state.disk import Disk
from reconciler.state.edits import NO_EDITS, Edits
from reconciler.state.guard import Holder
from reconciler.state.journal import Header, Journal
from reconciler.state.local import LocalState, Writer, settled
from reconciler.state.lockfile import check_belongs, dump_lock, lockfile_path, parse_lock

__all__ = [
    "NO_EDITS",
    "Disk",
    "Edits",
    "Header",
    "Holder",
    "Journal",
    "LocalState",
    "Writer",
    "check_belongs",
    "dump_lock",
    "lockfile_path",
    "parse_lock",
    "settled",
]
