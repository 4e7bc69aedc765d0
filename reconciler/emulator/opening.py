"""Opening the emulated directory's database: the file's mode, its tables, and files of an earlier version."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

from reconciler.emulator import statements
from reconciler.errors import DirectoryError


def opened(path: Path | None) -> sqlite3.Connection:
    """A connection to the database at that path, made if it is missing; without a path, one in memory.

    Raises DirectoryError for a file that cannot be opened, is no database, or was written by a newer version.
    """
    try:
        if path is not None:
            _make_private(path)
        place = ":memory:" if path is None else path
        connection = sqlite3.connect(place, timeout=30.0, isolation_level=None, check_same_thread=False)
        try:
            return _prepared(connection)
        except BaseException:
            connection.close()
            raise
    except (OSError, sqlite3.Error) as error:
        raise DirectoryError(
            f"the emulated directory's file {path} cannot be used: {error}",
            "Move the file away to begin with an empty directory, or name another one.",
        ) from error


def _make_private(path: Path) -> None:
    """Make the file that SQLite will open, for its owner alone; SQLite gives the mode on to the log beside it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    if path.is_file() and path.stat().st_mode & 0o077:
        path.chmod(0o600)  # an earlier version left it open to all


def _prepared(connection: sqlite3.Connection) -> sqlite3.Connection:
    # Write-ahead log: readers never wait. NORMAL: safe against a killed process, which is what an emulator must survive.
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("BEGIN IMMEDIATE")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > statements.VERSION:
        raise sqlite3.DatabaseError(
            f"it was written by a newer version (format {version}, known here: {statements.VERSION})"
        )
    before, after = statements.FROM_VERSION_1 if version == 1 else ((), ())
    for statement in (*before, *statements.SCHEMA, *after):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {statements.VERSION}")
    connection.execute("COMMIT")
    return connection


def _write_ahead(connection: sqlite3.Connection, tries: int = 250) -> None:
    # When several connections switch a new file at once, SQLite refuses some without waiting for its timeout.
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            tries -= 1
            if not tries:
                raise
            time.sleep(0.02)
        else:
            return
