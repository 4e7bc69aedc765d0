"""The SQL of `reconciler.emulator.store`: its tables, how older ones become these, and every statement run on them."""

VERSION = 2
"""Of the tables; kept in the file's user_version."""

SCHEMA = (
    """
    CREATE TABLE IF NOT EXISTS thing (
        account TEXT NOT NULL, region TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
        tags TEXT NOT NULL, created REAL NOT NULL, updated REAL NOT NULL, body TEXT NOT NULL, vanishes REAL,
        PRIMARY KEY (account, region, kind, name)
    ) WITHOUT ROWID
    """,
    """
    CREATE INDEX IF NOT EXISTS vanishing ON thing (vanishes) WHERE vanishes IS NOT NULL
    """,
    """
    CREATE TABLE IF NOT EXISTS census (
        account TEXT NOT NULL, region TEXT NOT NULL, kind TEXT NOT NULL, number INTEGER NOT NULL,
        PRIMARY KEY (account, region, kind)
    ) WITHOUT ROWID
    """,
    """
    CREATE TRIGGER IF NOT EXISTS appeared AFTER INSERT ON thing BEGIN
        INSERT INTO census VALUES (new.account, new.region, new.kind, 1) ON CONFLICT DO UPDATE SET number = number + 1;
    END
    """,
    """
    CREATE TRIGGER IF NOT EXISTS went AFTER DELETE ON thing BEGIN
        UPDATE census SET number = number - 1 WHERE account = old.account AND region = old.region AND kind = old.kind;
    END
    """,
    """
    CREATE TABLE IF NOT EXISTS parent (
        account TEXT NOT NULL, region TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
        name TEXT NOT NULL, identity TEXT NOT NULL, created REAL NOT NULL,
        PRIMARY KEY (account, region, kind, id)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE IF NOT EXISTS tombstone (
        account TEXT NOT NULL, region TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
        until REAL NOT NULL, attempts INTEGER NOT NULL, PRIMARY KEY (account, region, kind, name)
    ) WITHOUT ROWID
    """,
)
FROM_VERSION_1 = (
    (
        # Version 1 knew identities alone. What is named as before must be out of the way of SCHEMA.
        "ALTER TABLE identity RENAME TO old_identity",
        "ALTER TABLE tombstone RENAME TO old_tombstone",
        "DROP INDEX vanishing",
        "DROP TRIGGER appeared",
        "DROP TRIGGER went",
        "DROP TABLE census",
    ),
    (
        """
        INSERT INTO thing SELECT account, region, 'workload_identity', name, tags, created, updated,
            json_object('urls', json(urls), 'parent_kind', parent_kind, 'parent_id', parent_id), vanishes FROM old_identity
        """,
        "INSERT INTO tombstone SELECT account, region, 'workload_identity', name, until, attempts FROM old_tombstone",
        "DROP TABLE old_identity",
        "DROP TABLE old_tombstone",
    ),
)
"""What to run before and after SCHEMA on a file of that version."""

UPSERT = """
INSERT INTO thing VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)
ON CONFLICT DO UPDATE SET tags = excluded.tags, created = excluded.created, updated = excluded.updated, body = excluded.body
"""
ONE = """
SELECT name, tags, created, updated, body FROM thing
WHERE account = ? AND region = ? AND kind = ? AND name = ? AND (vanishes IS NULL OR vanishes > ?)
"""
ALL = """
SELECT name, tags, created, updated, body FROM thing
WHERE account = ? AND region = ? AND kind = ? AND (vanishes IS NULL OR vanishes > ?) ORDER BY name
"""
PAGE = """
SELECT name FROM thing
WHERE account = ? AND region = ? AND kind = ? AND name > ? AND (vanishes IS NULL OR vanishes > ?) ORDER BY name LIMIT ?
"""
COUNT = "SELECT number FROM census WHERE account = ? AND region = ? AND kind = ?"
DROP = "DELETE FROM thing WHERE account = ? AND region = ? AND kind = ? AND name = ?"
FAREWELL = "DELETE FROM thing WHERE vanishes <= ?"
VANISH = "UPDATE thing SET vanishes = ? WHERE account = ? AND region = ? AND kind = ? AND name = ?"
LINK = "INSERT OR REPLACE INTO parent VALUES (?, ?, ?, ?, ?, ?, ?)"
PARENT = """
SELECT kind, id, name, identity, created FROM parent WHERE account = ? AND region = ? AND kind = ? AND id = ?
"""
PARENTS = """
SELECT kind, id, name, identity, created FROM parent
WHERE account = ? AND region = ? AND kind = ? AND id > ? ORDER BY id LIMIT ?
"""
UNLINK = "DELETE FROM parent WHERE account = ? AND region = ? AND kind = ? AND id = ?"
BURY = "INSERT OR REPLACE INTO tombstone VALUES (?, ?, ?, ?, ?, ?)"
TOMBSTONE = "SELECT until, attempts FROM tombstone WHERE account = ? AND region = ? AND kind = ? AND name = ?"
WEAR = "UPDATE tombstone SET attempts = attempts - 1 WHERE account = ? AND region = ? AND kind = ? AND name = ?"
WORN = "DELETE FROM tombstone WHERE account = ? AND region = ? AND kind = ? AND name = ?"
CLEAR = (
    "DELETE FROM thing WHERE account = ? AND region = ?",
    "DELETE FROM parent WHERE account = ? AND region = ?",
    "DELETE FROM tombstone WHERE account = ? AND region = ?",
)
