"""State in a bucket, and a runner whose disk vanishes with it: only what a checkout and an artifact bring is there again."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from reconciler.aws.objects import Objects
from reconciler.model.environments import StatePlace
from reconciler.model.resources import Lock
from reconciler.state import Journal
from reconciler.state.bucket import BucketState
from tests.buckets import Buckets

LOCK = "fleet.prod.lock.json"
_OBJECTS = ".objects"  # a template's file with what the bucket holds


class BucketPlace:
    """A bucket of that server, and a folder that is the runner's disk."""

    patience = ("--lock-timeout", "60")

    def __init__(self, buckets: Buckets, bucket: str, folder: Path) -> None:
        self.folder = folder
        self.environment = f"prod: {{region: us-east-1, state: 's3://{bucket}/team'}}"
        self.variables = {"AWS_ENDPOINT_URL_S3": buckets.url}
        self._url, self._bucket, self._buckets = f"{buckets.url}/{bucket}", bucket, buckets

    def begin(self, template: Path) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(template, self.folder)
        kept = self.folder / _OBJECTS
        objects = json.loads(kept.read_text()) if kept.exists() else {}
        kept.unlink(missing_ok=True)
        for key in self._keys():
            self._ask("DELETE", key)
        for key, text in objects.items():
            self._ask("PUT", key, text.encode())

    def keep(self, template: Path) -> None:
        shutil.copytree(self.folder, template)
        (template / _OBJECTS).write_text(json.dumps({key: self._ask("GET", key).decode() for key in self._keys()}))

    def died(self) -> None:
        """The disk is wiped and the checkout made anew; so much time passes that the dead run's lease runs out."""
        brought = {path.name: path.read_bytes() for path in self.folder.iterdir() if path.name in _BROUGHT}
        shutil.rmtree(self.folder)
        self.folder.mkdir()
        for name, data in brought.items():
            (self.folder / name).write_bytes(data)
        lease = f"team/{LOCK}.lease"
        if lease in self._keys():
            record = json.loads(self._ask("GET", lease)) | {"seconds": -1000}
            self._ask("PUT", lease, json.dumps(record).encode())

    def contents(self) -> dict[str, bytes]:
        files = {path.name: path.read_bytes() for path in sorted(self.folder.iterdir())}
        return files | {key: self._ask("GET", key) for key in self._keys()}

    def lock(self) -> Lock | None:
        with self._state() as state:
            return state.read()

    def journal(self) -> Journal | None:
        with self._state() as state:
            return state.unfinished()

    def leftovers(self) -> list[str]:
        """Of the disk, everything: not a byte of the state may be there."""
        files = sorted(path.name for path in self.folder.iterdir() if path.name not in _BROUGHT)
        return files + [key for key in self._keys() if key != f"team/{LOCK}"]

    @contextlib.contextmanager
    def _state(self) -> Iterator[BucketState]:
        place = StatePlace(bucket=self._bucket, prefix="team/")
        with contextlib.closing(Objects(self._buckets.client(), place)) as objects:
            yield BucketState(objects, LOCK)

    def _keys(self) -> list[str]:
        return sorted(re.findall(r"<Key>(.*?)</Key>", self._ask("GET", "?list-type=2").decode()))

    def _ask(self, method: str, target: str, body: bytes | None = None) -> bytes:
        """One request over a connection of its own, which is closed again: nothing is under way when it returns."""
        url = f"{self._url}{target}" if target.startswith("?") else f"{self._url}/{quote(target)}"
        request = urllib.request.Request(url, data=body, method=method, headers=_HEADERS)
        with urllib.request.urlopen(request) as answer:
            data: bytes = answer.read()
            return data


_SIGNED = "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
_HEADERS = {"Authorization": _SIGNED, "Content-Type": "application/octet-stream"}
_BROUGHT = frozenset({"fleet.yaml", "saved.plan"})
