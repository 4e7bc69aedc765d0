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
    """
    CREATE TABLE IF NOT EXISTS event (
        number INTEGER PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL, time INTEGER NOT NULL, shown REAL NOT NULL,
        id TEXT NOT NULL, name TEXT NOT NULL, read_only TEXT NOT NULL, username TEXT NOT NULL, access_key TEXT NOT NULL,
        resources TEXT NOT NULL, record TEXT NOT NULL
    )
    """,
    """
    CREATE INDEX IF NOT EXISTS happening ON event (account, region, time)
    """,
)
EVENTS = 50_000
"""How many events are kept, of all accounts and regions together: some 100 MB."""

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
KEEP = "INSERT INTO event VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number"
TOO_MANY = "DELETE FROM event WHERE number <= ?"
TOO_OLD = "DELETE FROM event WHERE time < ? AND number IN (SELECT number FROM event ORDER BY number LIMIT 1000)"
KEPT = """
SELECT number, time, shown, id, name, read_only, username, access_key, resources, record FROM event
WHERE account = ? AND region = ? AND time >= ? AND time <= ? AND shown <= ? AND (time, number) < (?, ?)
"""
NEWEST_FIRST = "ORDER BY time DESC, number DESC LIMIT ?"
_IN_RESOURCES = "AND EXISTS (SELECT 1 FROM json_each(resources) WHERE json_extract(value, '$.{}') = ?)"
KEPT_BY = {
    "EventId": "AND id = ?",
    "EventName": "AND name = ?",
    "ReadOnly": "AND read_only = ?",
    "Username": "AND username = ?",
    "AccessKeyId": "AND access_key = ?",
    "ResourceName": _IN_RESOURCES.format("ResourceName"),
    "ResourceType": _IN_RESOURCES.format("ResourceType"),
}
"""What KEPT may go on with, by the attribute of LookupEvents."""
CLEAR = (
    "DELETE FROM thing WHERE account = ? AND region = ?",
    "DELETE FROM parent WHERE account = ? AND region = ?",
    "DELETE FROM tombstone WHERE account = ? AND region = ?",
    "DELETE FROM event WHERE account = ? AND region = ?",
)
