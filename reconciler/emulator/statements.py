"""The SQL of `reconciler.emulator.store`: its tables, and every statement that it runs on them."""

VERSION = 1
"""Of the tables; kept in the file's user_version."""

SCHEMA = (
    """
    CREATE TABLE IF NOT EXISTS identity (
        account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
        urls TEXT NOT NULL, tags TEXT NOT NULL, created REAL NOT NULL, updated REAL NOT NULL,
        parent_kind TEXT NOT NULL, parent_id TEXT NOT NULL, vanishes REAL,
        PRIMARY KEY (account, region, name)
    ) WITHOUT ROWID
    """,
    """
    CREATE INDEX IF NOT EXISTS vanishing ON identity (vanishes) WHERE vanishes IS NOT NULL
    """,
    """
    CREATE TABLE IF NOT EXISTS census (
        account TEXT NOT NULL, region TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (account, region)
    ) WITHOUT ROWID
    """,
    """
    CREATE TRIGGER IF NOT EXISTS appeared AFTER INSERT ON identity BEGIN
        INSERT INTO census VALUES (new.account, new.region, 1) ON CONFLICT DO UPDATE SET number = number + 1;
    END
    """,
    """
    CREATE TRIGGER IF NOT EXISTS went AFTER DELETE ON identity BEGIN
        UPDATE census SET number = number - 1 WHERE account = old.account AND region = old.region;
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
        account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, until REAL NOT NULL, attempts INTEGER NOT NULL,
        PRIMARY KEY (account, region, name)
    ) WITHOUT ROWID
    """,
)
UPSERT = """
INSERT INTO identity VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)
ON CONFLICT DO UPDATE SET urls = excluded.urls, tags = excluded.tags, created = excluded.created,
    updated = excluded.updated, parent_kind = excluded.parent_kind, parent_id = excluded.parent_id
"""
ONE = """
SELECT name, urls, tags, created, updated, parent_kind, parent_id FROM identity
WHERE account = ? AND region = ? AND name = ? AND (vanishes IS NULL OR vanishes > ?)
"""
ALL = """
SELECT name, urls, tags, created, updated, parent_kind, parent_id FROM identity
WHERE account = ? AND region = ? AND (vanishes IS NULL OR vanishes > ?) ORDER BY name
"""
PAGE = """
SELECT name FROM identity
WHERE account = ? AND region = ? AND name > ? AND (vanishes IS NULL OR vanishes > ?) ORDER BY name LIMIT ?
"""
PARENT = """
SELECT kind, id, name, identity, created FROM parent WHERE account = ? AND region = ? AND kind = ? AND id = ?
"""
PARENTS = """
SELECT kind, id, name, identity, created FROM parent
WHERE account = ? AND region = ? AND kind = ? AND id > ? ORDER BY id LIMIT ?
"""
UNLINK = "DELETE FROM parent WHERE account = ? AND region = ? AND kind = ? AND id = ?"
VANISH = "UPDATE identity SET vanishes = ? WHERE account = ? AND region = ? AND name = ?"
DROP = "DELETE FROM identity WHERE account = ? AND region = ? AND name = ?"
TOMBSTONE = "SELECT until, attempts FROM tombstone WHERE account = ? AND region = ? AND name = ?"
WEAR = "UPDATE tombstone SET attempts = attempts - 1 WHERE account = ? AND region = ? AND name = ?"
WORN = "DELETE FROM tombstone WHERE account = ? AND region = ? AND name = ?"
CLEAR = (
    "DELETE FROM identity WHERE account = ? AND region = ?",
    "DELETE FROM parent WHERE account = ? AND region = ?",
    "DELETE FROM tombstone WHERE account = ? AND region = ?",
)
