"""A manifest that is kept in a bucket, for what runs where nothing is checked out: fetched anew for each run.

Beside a file, its acknowledgements are fetched as well; of a prefix, every part of a manifest folder.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from reconciler.errors import StateError, UsageError
from reconciler.model.environments import Environment, StatePlace

_URL = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<key>[^\s]{1,1024})")


@contextlib.contextmanager
def fetched(url: str) -> Iterator[Path]:
    """The manifest at `s3://BUCKET/KEY.yaml`, or of every file under `s3://BUCKET/PREFIX/`, on the disk while inside.

    Read with the credentials around. Raises UsageError for another URL and for one that nothing stands at, StateError where the
    bucket cannot be read.
    """
    from reconciler.aws.objects import open_objects
    from reconciler.manifest.files import ACKS_SUFFIX, SUFFIXES

    found = _URL.fullmatch(url)
    key = PurePosixPath(found["key"] if found else "")
    whole = found is not None and found["key"].endswith("/")
    if found is None or ".." in key.parts or not (whole or key.name.endswith(SUFFIXES)):
        raise UsageError(
            f"{url} is no manifest in a bucket",
            "Give the URL of a YAML file, s3://BUCKET/KEY.yaml, or of what is to be a folder, s3://BUCKET/PREFIX/.",
        )
    prefix = found["key"] if whole else found["key"].removesuffix(key.name)
    place = StatePlace(bucket=found["bucket"], prefix=prefix)
    with (
        contextlib.closing(open_objects(Environment(name="manifest"), place)) as objects,
        tempfile.TemporaryDirectory(prefix="reconciler-") as top,
    ):
        folder = Path(top, key.name if whole else "manifest")
        folder.mkdir()
        names = [
            one
            for one in objects.keys("" if whole else key.stem + ".")
            if "/" not in one and (one.endswith(SUFFIXES) if whole else one == key.name or one.endswith(ACKS_SUFFIX))
        ]
        if not whole and key.name not in names:
            names = []
        if not names:
            raise UsageError(f"there is no manifest at {url}", "Put it there, or set another URL.")
        for name in names:
            stored = objects.get(name)
            if stored is None:
                raise StateError(f"{objects.url(name)} went while it was read", "The next run reads it anew.")
            (folder / name).write_bytes(stored.body)
        # Of a folder, acknowledgements stand beside the manifest's parts and are no part of it, here as there.
        yield folder if whole else folder / key.name
