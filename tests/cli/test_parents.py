"""An identity that is declared by its runtime: met, kept as declared, adopted on demand, and followed when it is made anew."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest

from reconciler.emulator import ACCOUNT, Scope, Store

EXAMPLE = Path(__file__).parents[2] / "manifests" / "service-linked.yaml"
SCOPE = Scope(ACCOUNT, "us-east-1")
FIRST, SECOND = "search_agent-a1B2c3D4e5", "search_agent-f6G7h8I9j0"
ENTRY = "workload_identity.search-runtime"
BY_ID = "workload_identity.checkout-runtime"


@pytest.fixture
def project(project: Any) -> Any:
    project.write(EXAMPLE.read_text(encoding="utf-8"))
    with parents(project) as store:
        store.link(SCOPE, "runtime", "checkout_agent-a1B2c3D4e5", name="checkout_agent")
    return project


@contextlib.contextmanager
def parents(project: Any) -> Any:
    (project.folder / ".reconciler").mkdir(exist_ok=True)
    with contextlib.closing(Store(project.folder / ".reconciler" / "directory.sqlite")) as store:
        yield store


def test_the_entry_waits_for_its_runtime_and_follows_it(project: Any) -> None:
    before = project.run("plan")
    assert (before.code, "there is no runtime named 'search_agent' yet" in before.out) == (3, True)
    assert project.run("validate").code == 0

    with parents(project) as store:
        store.link(SCOPE, "runtime", FIRST, name="search_agent")
    assert project.run("apply", "--auto-approve").code == 0
    assert project.lock["resources"][ENTRY]["name"] == FIRST
    for refresh, code in (("full", 0), ("changed", 0), ("none", 3)):  # whose the known name is, only a reading tells
        assert project.run("plan", "--detailed-exitcode", "--refresh", refresh).code == code

    with parents(project) as store:
        store.unlink(SCOPE, "runtime", FIRST)
        store.link(SCOPE, "runtime", SECOND, name="search_agent")
    assert project.run("plan", "--out", "anew.plan").code == 0
    ran = project.run("apply", "--plan", "anew.plan")
    assert (ran.code, "parent-recreated" in ran.out) == (0, True), ran.err
    assert project.lock["resources"][ENTRY]["name"] == SECOND
    with project.outside() as client:
        shown = client.get_workload_identity(name=SECOND)["allowedResourceOauth2ReturnUrls"]
    assert shown == ["https://search.example.com/oauth/callback"]
    assert project.run("plan", "--detailed-exitcode").code == 0


def test_it_is_adopted_by_its_address_or_by_a_glob_and_rebuilt(project: Any) -> None:
    with parents(project) as store:
        store.link(SCOPE, "runtime", FIRST, name="search_agent")
    assert project.run("adopt", BY_ID, ENTRY, "--auto-approve").code == 0
    assert project.lock["resources"][ENTRY]["name"] == FIRST
    assert project.run("forget", ENTRY, "--auto-approve").code == 0
    assert project.run("adopt", "--all-matching", "*-runtime", "--auto-approve").code == 0
    assert project.run("apply", "--auto-approve").code == 0
    held = project.lock["resources"]

    next(project.folder.glob("*.lock.json")).unlink()
    assert project.run("lock", "rebuild", "--auto-approve").code == 0
    assert project.lock["resources"].keys() == held.keys()


def test_an_entry_that_was_ours_does_not_become_a_runtimes_by_a_word(project: Any) -> None:
    with parents(project) as store:
        store.link(SCOPE, "runtime", FIRST, name="search_agent")
    text = EXAMPLE.read_text(encoding="utf-8")
    project.write(text.replace("runtime: search_agent", "name: own-agent"))
    assert project.run("apply", "--auto-approve").code == 0
    project.write(text)
    ran = project.run("plan")
    assert (ran.code, "[update-only-renamed]" in ran.out) == (3, True)
