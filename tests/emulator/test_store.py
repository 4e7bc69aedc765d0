"""The store by itself: threads, processes, a killed process."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from reconciler.emulator import API_KEY_PROVIDER, KINDS, Identity, Provider, Scope, Store, Vault, attach
from reconciler.errors import DirectoryError

HERE = Scope("000000000000", "us-east-1")
WRITER = """
import sys
from pathlib import Path
from reconciler.emulator import Identity, Scope, Store

store, number = Store(Path(sys.argv[1])), 0
while True:
    store.put(Scope("000000000000", "us-east-1"), Identity(name=f"agent-{number:06}", urls=("https://a.example/cb",)))
    print(number, flush=True)
    number += 1
"""
COUNTER = """
import sys
from dataclasses import replace
from pathlib import Path
from reconciler.emulator import Identity, Scope, Store

store, here = Store(Path(sys.argv[1])), Scope("000000000000", "us-east-1")
for number in range(50):
    with store.transaction():
        old = store.get(here, "shared") or Identity(name="shared")
        store.put(here, replace(old, urls=(*old.urls, f"{sys.argv[2]}:{number}")))
store.close()
"""
VERSION_1 = """
CREATE TABLE identity (
    account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
    urls TEXT NOT NULL, tags TEXT NOT NULL, created REAL NOT NULL, updated REAL NOT NULL,
    parent_kind TEXT NOT NULL, parent_id TEXT NOT NULL, vanishes REAL,
    PRIMARY KEY (account, region, name)
) WITHOUT ROWID;
CREATE INDEX vanishing ON identity (vanishes) WHERE vanishes IS NOT NULL;
CREATE TABLE census (
    account TEXT NOT NULL, region TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (account, region)
) WITHOUT ROWID;
CREATE TRIGGER appeared AFTER INSERT ON identity BEGIN
    INSERT INTO census VALUES (new.account, new.region, 1) ON CONFLICT DO UPDATE SET number = number + 1;
END;
CREATE TRIGGER went AFTER DELETE ON identity BEGIN
    UPDATE census SET number = number - 1 WHERE account = old.account AND region = old.region;
END;
CREATE TABLE parent (
    account TEXT NOT NULL, region TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
    name TEXT NOT NULL, identity TEXT NOT NULL, created REAL NOT NULL,
    PRIMARY KEY (account, region, kind, id)
) WITHOUT ROWID;
CREATE TABLE tombstone (
    account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, until REAL NOT NULL, attempts INTEGER NOT NULL,
    PRIMARY KEY (account, region, name)
) WITHOUT ROWID;
INSERT INTO identity VALUES
    ('000000000000', 'us-east-1', 'agent', '["https://b", "https://a/\\u00e4"]', '{"k": "\\u00e4"}',
        1800000000.1234567, 1800000060.25, '', '', NULL),
    ('000000000000', 'us-east-1', 'rt-0123456789', '[]', '{}', 1.5, 1.5, 'runtime', 'rt-0123456789', NULL),
    ('000000000000', 'us-east-1', 'leaving', '[]', '{}', 1.5, 1.5, 'runtime', 'gone-0123456789', 4000000000.0),
    ('999999999999', 'eu-west-1', 'agent', '[]', '{}', 1.0, 1.0, '', '', NULL);
INSERT INTO parent VALUES ('000000000000', 'us-east-1', 'runtime', 'rt-0123456789', 'rt', 'rt-0123456789', 1.5);
INSERT INTO tombstone VALUES ('000000000000', 'us-east-1', 'buried', 4000000000.0, 0);
PRAGMA user_version = 1;
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "not" / "there" / "yet" / "directory.sqlite"


def opened(file: Path, look: Callable[[Store], Any]) -> Any:
    store = Store(file)
    try:
        return look(store)
    finally:
        store.close()


def test_a_file_keeps_everything(file: Path) -> None:
    whole = Identity(name="agent", urls=("https://b", "https://a"), tags={"k": "v"}, created=1.5, updated=2.5)

    def fill(store: Store) -> None:
        store.put(HERE, whole)
        store.link(HERE, "runtime", "rt-0123456789", name="rt")
        store.bury(HERE, "gone", seconds=1000, attempts=0)

    opened(file, fill)

    assert opened(file, lambda store: store.get(HERE, "agent")) == whole
    assert opened(file, lambda store: store.get(HERE, "rt-0123456789").linked)
    assert opened(file, lambda store: store.parent(HERE, "runtime", "rt-0123456789").name) == "rt"
    assert opened(file, lambda store: store.disturb(HERE, "gone"))
    assert opened(file, lambda store: store.count(HERE)) == 2


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    def fail() -> None:
        with store.transaction():
            store.put(HERE, Identity(name="half"))
            with store.transaction():
                store.put(HERE, Identity(name="way"))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert store.identities(HERE) == []
    store.put(HERE, Identity(name="whole"))
    assert [one.name for one in store.identities(HERE)] == ["whole"]


def test_a_killed_process_loses_nothing_that_it_had_answered(file: Path) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(file)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    answered = [int(writer.stdout.readline()) for _ in range(200)]
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()

    names = [one.name for one in opened(file, lambda store: store.identities(HERE))]
    assert names[:200] == [f"agent-{number:06}" for number in answered]
    assert opened(file, lambda store: store.count(HERE)) == len(names)


def test_processes_may_share_a_file_from_its_first_moment(file: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", COUNTER, str(file), f"writer-{number}"]) for number in range(4)]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0, 0]

    urls = opened(file, lambda store: store.get(HERE, "shared").urls)
    assert len(urls) == 200
    for writer in range(4):
        own = [url for url in urls if url.startswith(f"writer-{writer}:")]
        assert own == [f"writer-{writer}:{number}" for number in range(50)]


def test_threads_do_not_lose_each_others_writes(store: Store) -> None:
    store.put(HERE, Identity(name="shared"))
    start = threading.Barrier(16)

    def write(thread: int) -> None:
        start.wait()
        for number in range(20):
            with store.transaction():
                old = store.get(HERE, "shared")
                assert old is not None
                store.put(HERE, replace(old, tags={**old.tags, f"{thread}-{number}": ""}))
            store.put(HERE, Identity(name=f"own-{thread:02}-{number:02}"))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(write, range(16)))

    shared = store.get(HERE, "shared")
    assert shared is not None
    assert len(shared.tags) == 320
    assert store.count(HERE) == len(store.identities(HERE)) == 321


def test_the_count_follows_everything_that_comes_and_goes(store: Store, clock: Any) -> None:
    def agree(number: int) -> None:
        assert store.count(HERE) == len(store.identities(HERE)) == number

    agree(0)
    store.put_all(HERE, [Identity(name=f"agent-{number}") for number in range(5)])
    store.put(HERE, Identity(name="agent-0", tags={"again": ""}))
    agree(5)
    assert store.drop(HERE, "agent-1")
    assert not store.drop(HERE, "agent-1")
    agree(4)
    store.link(HERE, "gateway", "gw-0123456789")
    store.unlink(HERE, "gateway", "gw-0123456789", linger=60)
    agree(5)
    clock.sleep(60)
    agree(4)
    store.put(HERE, Identity(name="gw-0123456789"))
    agree(5)
    store.clear(HERE)
    agree(0)


def test_ten_thousand_are_paged_through_in_order(store: Store) -> None:
    names = [f"agent-{number:05}" for number in range(10_000)]
    store.put_all(HERE, (Identity(name=name) for name in reversed(names)))

    seen: list[str] = []
    while page := store.names(HERE, seen[-1] if seen else "", 20):
        seen += page

    assert seen == names
    assert store.count(HERE) == 10_000


def test_a_file_that_is_no_store_is_refused_in_words_and_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("these are notes, and quite a few of them\n" * 100)
    (tmp_path / "folder").mkdir()

    for path in (text, tmp_path / "folder", text / "below.sqlite"):
        with pytest.raises(DirectoryError) as failure:
            Store(path)
        assert str(path) in failure.value.summary
        assert "Move the file away" in failure.value.detail
    assert text.read_text().startswith("these are notes")


def test_a_file_of_a_newer_version_is_refused(file: Path) -> None:
    opened(file, lambda store: store.put(HERE, Identity(name="agent")))
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA user_version = 3")

    with pytest.raises(DirectoryError, match="newer version"):
        Store(file)


def test_a_file_of_the_first_version_keeps_everything(tmp_path: Path, clock: Any) -> None:
    file = tmp_path / "directory.sqlite"
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.executescript(VERSION_1)

    for _ in range(2):
        store = Store(file, clock=clock)
        agent, runtime = store.get(HERE, "agent"), store.get(HERE, "rt-0123456789")
        assert agent == Identity(
            name="agent",
            urls=("https://b", "https://a/\u00e4"),
            tags={"k": "\u00e4"},
            created=1800000000.1234567,
            updated=1800000060.25,
        )
        assert runtime is not None
        assert (runtime.linked, runtime.parent_id) == (True, "rt-0123456789")
        assert store.parent(HERE, "runtime", "rt-0123456789").name == "rt"
        assert [one.name for one in store.identities(Scope("999999999999", "eu-west-1"))] == ["agent"]
        assert store.count(HERE) == 3
        assert store.disturb(HERE, "buried")
        store.put(HERE, Provider(name="github", vendor="GithubOauth2"))
        store.close()

    clock.now = 4_000_000_000.0
    store = Store(file, clock=clock)
    assert [one.name for one in store.identities(HERE)] == ["agent", "rt-0123456789"]
    assert store.count(HERE) == 2
    store.close()


def test_processes_may_bring_a_file_of_the_first_version_up_to_date_at_once(tmp_path: Path) -> None:
    file = tmp_path / "directory.sqlite"
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.executescript(VERSION_1)
    writers = [subprocess.Popen([sys.executable, "-c", COUNTER, str(file), f"writer-{number}"]) for number in range(3)]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    assert len(opened(file, lambda store: store.get(HERE, "shared").urls)) == 150
    assert opened(file, lambda store: store.count(HERE)) == 4


def test_a_file_keeps_providers_and_the_vault(file: Path) -> None:
    config = {"clientId": "c", "oauthDiscovery": {"discoveryUrl": "https://idp.example/x"}, "list": ["a", {"b": True}]}
    things = [
        Provider(name="idp", vendor="CustomOauth2", config=config, tags={"k": "v"}, created=1.5, updated=2.5),
        Provider(name="idp", source="EXTERNAL", secret_id="prod/key", json_key="k", lost=True),
        Vault(key_type="CustomerManagedKey", kms_key_arn="arn:aws:kms:x", updated=3.5),
    ]
    opened(file, lambda store: store.put_all(HERE, [*things, Identity(name="idp")]))

    assert opened(file, lambda store: store.providers(HERE)) == things[:2]
    assert opened(file, lambda store: store.vault(HERE)) == things[2]
    assert opened(file, lambda store: store.count(HERE)) == 1
    assert KINDS["api_key_credential_provider"] is API_KEY_PROVIDER
    assert opened(file, lambda store: store.drop(HERE, "idp", API_KEY_PROVIDER))
    assert opened(file, lambda store: store.providers(HERE)) == things[:1]


def test_no_byte_of_a_secret_reaches_the_file(tmp_path: Path) -> None:
    secret, store = "never-kept-7f3a", Store(tmp_path / "directory.sqlite")
    client = boto3.client("bedrock-agentcore-control", region_name="us-east-1")
    attach(client, store)
    oauth2 = {"name": "canary", "credentialProviderVendor": "GithubOauth2"}
    config = {"githubOauth2ProviderConfig": {"clientId": "c", "clientSecret": secret}}
    for verb in ("create", "update"):
        getattr(client, f"{verb}_oauth2_credential_provider")(**oauth2, oauth2ProviderConfigInput=config)
        getattr(client, f"{verb}_api_key_credential_provider")(name="canary", apiKey=secret)
    found = b"".join(one.read_bytes() for one in tmp_path.iterdir())
    store.close()
    found += b"".join(one.read_bytes() for one in tmp_path.iterdir())
    assert b"canary" in found
    assert secret.encode() not in found


def test_a_store_that_fails_is_answered_as_the_services_failure(store: Store, embedded_client: Any) -> None:
    embedded_client.create_workload_identity(name="agent")
    store.close()
    with pytest.raises(ClientError, match=r"InternalServerException.*store in memory failed"):
        embedded_client.get_workload_identity(name="agent")
