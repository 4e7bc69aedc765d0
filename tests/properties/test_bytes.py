"""The same input gives the same bytes: on any hash seed, in any order of files, keys and list entries."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.manifest import load, resolve
from reconciler.model.resources import Stack

PROGRAM = Path(__file__).with_name("plan_bytes.py")
SOME = {
    f"agent-{number:02}": {
        "allowedResourceOauth2ReturnUrls": [f"https://h{number}.example.com/{part}" for part in ("c", "a", "b")],
        "tags": {"tier": "gold", "team": "payments", "area": "eu"},
    }
    for number in range(24)
}
HEAD = {
    "version": 1,
    "stack": "payments",
    "settings": {"ignoreTags": ["corp:*", "cost-*"]},
    "environments": {"prod": {"directory": "embedded"}, "dev": {"directory": "embedded"}},
}


def written(folder: Path, files: dict[str, dict[str, Any]]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("seeds")
    written(folder / "stack", {"a.yaml": {**HEAD, "workloadIdentities": SOME}})

    def run(seed: str) -> bytes:
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, str(PROGRAM), "stack"]
        return subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, timeout=60).stdout

    return [run(seed) for seed in ("0", "1", "4242")]


def test_plan_lockfile_and_every_view_have_the_same_bytes_on_any_hash_seed(outputs: list[bytes]) -> None:
    assert len(outputs[0]) > 10_000
    assert outputs[0] == outputs[1] == outputs[2]


def resolved(folder: Path) -> Stack:
    loaded = load(folder)
    assert loaded.manifest is not None, loaded.diagnostics
    found = resolve(loaded.manifest, "prod")
    assert found.stack is not None, found.diagnostics
    return found.stack


entries = st.dictionaries(
    st.sampled_from([f"agent-{letter}" for letter in "abcdef"]),
    st.fixed_dictionaries(
        {},
        optional={
            "allowedResourceOauth2ReturnUrls": st.lists(
                st.sampled_from([f"https://{host}.example.com/cb" for host in ("one", "two", "three")]),
                unique=True,
                max_size=3,
            ),
            "tags": st.dictionaries(
                st.sampled_from(["team", "tier", "area"]), st.sampled_from(["gold", "plain"]), max_size=3
            ),
            "lifecycle": st.just({"protect": True}),
        },
    ),
    max_size=6,
)


@given(entries, st.randoms(use_true_random=False), st.integers(1, 3))
@settings(derandomize=True, deadline=None, max_examples=40)
def test_the_order_of_files_keys_and_lists_never_matters(declared: dict[str, Any], random: Any, parts: int) -> None:
    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            items = [(key, shuffled(one)) for key, one in value.items()]
            random.shuffle(items)
            return dict(items)
        if isinstance(value, list):
            return random.sample(value, len(value))
        return value

    names = random.sample(["a.yaml", "m.yml", "z.yaml"], parts)
    files: dict[str, dict[str, Any]] = {name: {"workloadIdentities": {}} for name in names}
    for key, one in declared.items():
        files[random.choice(names)]["workloadIdentities"][key] = shuffled(one)
    files[names[0]] |= shuffled(HEAD)
    with tempfile.TemporaryDirectory() as place:
        one_file = written(Path(place, "one"), {"only.yaml": {**HEAD, "workloadIdentities": declared}})
        several = written(Path(place, "several"), {name: shuffled(files[name]) for name in names})
        one, other = resolved(one_file), resolved(several)
    assert one.digest == other.digest
    meanings = [
        [(address, want.name, want.attributes, want.protect) for address, want in sorted(stack.resources.items())]
        for stack in (one, other)
    ]
    assert meanings[0] == meanings[1]
    assert (one.settings, one.name) == (other.settings, other.name)
