"""Objects under one prefix of an S3 bucket, written on condition. Knows nothing of what they hold.

A lost answer never looks like somebody else's write: a condition that fails because the first attempt did succeed is told by
the content that stands. S3 reads are strongly consistent, so what was written is what the next read shows.
"""

from __future__ import annotations

import datetime
import email.utils
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore import xform_name
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from reconciler.aws.asked import Asked, Verb
from reconciler.aws.clients import make_client
from reconciler.aws.faults import FAILURES, translate
from reconciler.aws.sessions import check_account, is_loopback, open_session
from reconciler.errors import AccessDenied, ObjectChanged, StateError
from reconciler.model.environments import Environment, StatePlace
from reconciler.model.moments import utc_text

ATTEMPTS = 3
READ_SECONDS = 10
"""How often the SDK sends a call, and how long it waits for each answer; conditions make repeating harmless."""

_CONNECTIONS = 16
_CONFLICTS = 5  # S3 answers 409 while two conditional writes of one key overlap; neither has won then
_AT_ONCE = 1000  # keys in one DeleteObjects
_PERMISSIONS = {
    "DeleteObjects": "DeleteObject",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjectsV2": "ListBucket",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An object as it was read. `age`: seconds since it was written, by S3's own clock and to a second; 0 if not told."""

    body: bytes
    etag: str
    age: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of an object in a versioned bucket. `modified`: ISO 8601 in UTC. `latest`: what stands now."""

    id: str
    modified: str
    size: int
    latest: bool


def open_objects(environment: Environment, place: StatePlace) -> Objects:
    """The objects at `place`, with the environment's credentials.

    Raises Refused on another account than the environment declares, DirectoryError without credentials or region.
    """
    session = open_session(environment)
    region = {"region_name": place.region} if place.region else {}
    client = make_client(
        session,
        "s3",
        environment,
        _CONNECTIONS,
        attempts=ATTEMPTS,
        read_timeout=READ_SECONDS,
        client_options=region,
    )
    if environment.account and not is_loopback(str(client.meta.endpoint_url)):
        check_account(session, environment)
    return Objects(client, place)


class Objects:
    """Reads and writes by key, relative to the place's prefix, from any thread. Raises StateError and its kinds only."""

    def __init__(self, client: BaseClient, place: StatePlace) -> None:
        self._client = client
        self._place = place

    def url(self, key: str) -> str:
        """What messages call the object: `s3://bucket/prefix/key`."""
        return f"s3://{self._place.bucket}/{self._place.prefix}{key}"

    def get(self, key: str, *, version: str = "") -> Stored | None:
        """The object, None if there is none; `version`: that one of a versioned bucket."""
        wanted = {"VersionId": version} if version else {}
        try:
            answer = self._send("GetObject", key, Key=self._place.prefix + key, **wanted)
            body = answer["Body"].read()
        except _Missing:
            return None
        except FAILURES as error:  # the body broke off
            raise _failed(error, self._asked("GetObject", key)) from error
        return Stored(body=body, etag=answer["ETag"], age=_age(answer))

    def get_all(self, keys: Iterable[str]) -> list[bytes]:
        """The bodies, in the order of the keys. Raises ObjectChanged for one that went meanwhile."""
        wanted = list(keys)
        with ThreadPoolExecutor(_CONNECTIONS, thread_name_prefix="objects") as readers:
            found = list(readers.map(self.get, wanted))
        gone = [key for key, one in zip(wanted, found, strict=True) if one is None]
        if gone:
            raise ObjectChanged(
                f"{self.url(gone[0])} went while it was read", "Another run has just ended. Run this again."
            )
        return [one.body for one in found if one is not None]

    def put(self, key: str, body: bytes, *, replacing: str | None) -> str:
        """Write it where what stands is what the caller saw: the etag `replacing`, or nothing (None). The new etag.

        Raises ObjectChanged where something else stands; what stands with the very same body is what was written.
        """
        condition = {"IfNoneMatch": "*"} if replacing is None else {"IfMatch": replacing}
        try:
            answer = self._send(
                "PutObject", key, Key=self._place.prefix + key, Body=body, **condition, **self._sealed()
            )
        except (_Missing, _ConditionFailed) as error:
            stands = self.get(key)
            if stands is not None and stands.body == body:
                return stands.etag
            raise ObjectChanged(
                f"{self.url(key)} was written by somebody else meanwhile", "Nothing of it was replaced."
            ) from error
        return str(answer["ETag"])

    def remove(self, key: str, *, only: str) -> None:
        """Remove it where its etag is `only`; nothing where it is gone already. Raises ObjectChanged."""
        try:
            self._send("DeleteObject", key, Key=self._place.prefix + key, IfMatch=only)
        except _Missing:
            return
        except _ConditionFailed as error:
            raise ObjectChanged(f"{self.url(key)} was written by somebody else meanwhile") from error

    def remove_all(self, keys: Iterable[str]) -> None:
        """Remove them, whatever they hold; those that are gone already do no harm."""
        wanted = list(keys)
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            named = [{"Key": self._place.prefix + key} for key in some]
            answer = self._send("DeleteObjects", some[0], Delete={"Objects": named, "Quiet": True})
            for refusal in answer.get("Errors") or ():
                said = f"{refusal.get('Code')}: {refusal.get('Message')}"
                hint = "Allow the IAM action s3:DeleteObject to these credentials."
                raise StateError(f"{self.url(some[0])} and its like cannot be removed: {said}", hint)

    def keys(self, beginning: str) -> tuple[str, ...]:
        """The keys that begin so, sorted."""
        found: list[str] = []
        token: dict[str, str] = {}
        while True:
            answer = self._send("ListObjectsV2", beginning, Prefix=self._place.prefix + beginning, **token)
            found += [one["Key"].removeprefix(self._place.prefix) for one in answer.get("Contents") or ()]
            if not answer.get("IsTruncated"):
                return tuple(sorted(found))
            token = {"ContinuationToken": answer["NextContinuationToken"]}

    def versions(self, key: str) -> Iterator[Version]:
        """Its versions, newest first; of a bucket without versioning, the one that stands."""
        marks: dict[str, str] = {}
        whole = self._place.prefix + key
        while True:
            answer = self._send("ListObjectVersions", key, Prefix=whole, **marks)
            for one in answer.get("Versions") or ():
                if one["Key"] == whole:
                    modified = utc_text(one["LastModified"])
                    yield Version(id=one["VersionId"], modified=modified, size=one["Size"], latest=one["IsLatest"])
            if not answer.get("IsTruncated") or answer["NextKeyMarker"] != whole:
                return  # it sorts before all that only begin like it, of which there may be any number
            marks = {"KeyMarker": answer["NextKeyMarker"], "VersionIdMarker": answer["NextVersionIdMarker"]}

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def _sealed(self) -> dict[str, str]:
        if not self._place.kms_key:
            return {}
        return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self._place.kms_key}

    def _asked(self, operation: str, key: str) -> Asked:
        permission = _PERMISSIONS.get(operation, operation)
        verb = Verb.READ if operation.startswith(("Get", "List")) else Verb.TAG  # none does harm when it is repeated
        return Asked(operation=operation, verb=verb, subject=self.url(key), service="s3", permission=permission)

    def _send(self, operation: str, key: str, **params: Any) -> dict[str, Any]:
        """The answer. Raises _Missing, _ConditionFailed, StateError."""
        method = getattr(self._client, xform_name(operation))
        for left in reversed(range(_CONFLICTS)):
            try:
                answer: dict[str, Any] = method(Bucket=self._place.bucket, **params)
                return answer
            except ClientError as error:
                code = str(error.response.get("Error", {}).get("Code", ""))
                if code in ("NoSuchKey", "NoSuchVersion"):
                    raise _Missing from error
                if code in ("PreconditionFailed", "412"):
                    raise _ConditionFailed from error
                if code == "ConditionalRequestConflict" and left:
                    time.sleep(0.05)
                    continue
                if code == "NoSuchBucket":
                    raise StateError(
                        f"there is no bucket {self._place.bucket}, where the state is to be kept",
                        "Make it (with versioning), or correct `state` of the environment in the manifest.",
                    ) from error
                raise _failed(error, self._asked(operation, key)) from error
            except FAILURES as error:
                raise _failed(error, self._asked(operation, key)) from error
        raise _ConditionFailed


class _Missing(Exception):
    """There is no such object."""


class _ConditionFailed(Exception):
    """What stands is not what the condition says."""


def _failed(error: Exception, asked: Asked) -> StateError:
    said = translate(error, asked)
    detail = said.detail
    if isinstance(said, AccessDenied) and asked.operation == "GetObject":
        detail += "\nWithout s3:ListBucket on the bucket, S3 says so of an object that does not exist, too."
    return StateError(said.summary, detail)


def _age(answer: dict[str, Any]) -> float:
    """Both times are S3's own, so no clock of ours matters. What is no date tells nothing."""
    try:
        now = email.utils.parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"].get("date", ""))
    except ValueError:
        return 0.0
    if now.tzinfo is None:  # "-0000": whose time it is, is not told
        return 0.0
    written: datetime.datetime = answer["LastModified"]
    return max(0.0, (now - written).total_seconds())
