"""Any manifest, laid out and commented in any way: with another value in it, it says that, and has lost no comment.

The outside witness for comments is ruamel.yaml's scanner, which keeps them; its own writing would lose some.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from reconciler.drifting.accepting import meaning_of
from reconciler.manifest import ManifestFile, load_files
from reconciler.manifest.layout import comments_of
from reconciler.manifest.rewriting import CannotRewrite, Place, rewritten
from reconciler.manifest.templates import substitute, variables_of
from reconciler.model.addresses import Address
from reconciler.model.values import canonical

URLS = "allowedResourceOauth2ReturnUrls"
HOST = "app.example.com"
HEAD = "version: 1 # head\nstack: payments\nenvironments: {local: {directory: embedded, variables: {host: app.example.com}}}\n"
ADDRESS = Address("workload_identity", "bob-agent")

VALUES = ["https://a.example/x", f"https://{HOST}/cb", "https://c.example/?q=1&r=#f", "app:/d", "https://e.example/é"]
TAGS = ["no", "0123", "a b", "x:y", "", "2027-01-01", "plain", "true"]
KEYS = ["team", "corp:env", "on", "cost-center"]


def quoted(text: str, style: str, *, flow: bool) -> str:
    """The text in that style, or in double quotes where that would mean something else."""
    odd = text in {"no", "0123", "", "2027-01-01", "true", "on"} or any(one in text for one in ("${", "#", "?", " "))
    if style == "'":
        return f"'{text}'"
    return text if style == "" and not odd and not (flow and ":" in text) else json.dumps(text, ensure_ascii=False)


comment = st.sampled_from(["", "", "  # why", " # a: b, [c] 'd", "   #"])
line_comments = st.lists(st.sampled_from(["# own line", "#", "# - no: item", ""]), max_size=2)
styles = st.sampled_from(["", "'", '"'])


@st.composite
def block(draw: Any, name: str, items: list[str], indent: int, *, dash: bool) -> str:
    """An attribute as a block, each part on a line, comments between them."""
    inner = indent + draw(st.sampled_from([0, 2, 5] if dash else [2, 4]))
    lines = [f"{' ' * indent}{name}:{draw(comment)}"]
    for item in items:
        lines += [f"{' ' * draw(st.integers(0, 8))}{one}" if one else "" for one in draw(line_comments)]
        lines.append(f"{' ' * inner}{'- ' if dash else ''}{item}{draw(comment)}")
    return "\n".join(lines) + "\n"


@st.composite
def flow(draw: Any, name: str, items: list[str], indent: int, *, dash: bool) -> str:
    """An attribute in brackets, in one line or in several."""
    opening, closing = "[]" if dash else "{}"
    trailing = "," if items and draw(st.booleans()) else ""
    if draw(st.booleans()):
        return f"{' ' * indent}{name}: {opening}{', '.join(items)}{trailing}{closing}{draw(comment)}\n"
    pad = " " * (indent + 2)
    parts = [
        f"{pad}{one}{',' if index + 1 < len(items) else trailing}{draw(comment)}\n" for index, one in enumerate(items)
    ]
    return f"{' ' * indent}{name}: {opening}{draw(comment)}\n{''.join(parts)}{pad}{closing}{draw(comment)}\n"


@st.composite
def manifests(draw: Any) -> str:
    """A manifest with three entries, of which the one in the middle is written in any way."""
    urls = draw(st.lists(st.sampled_from(VALUES), max_size=4, unique=True))
    tags = draw(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(TAGS), max_size=3))
    indent = draw(st.sampled_from([4, 6]))
    text = f"  bob-agent:{draw(comment)}\n"
    parts = []
    for name, held, dash in ((URLS, urls, True), ("tags", tags, False)):
        shape = draw(st.sampled_from(["block", "flow", "absent"]))
        if shape == "absent" or (shape == "block" and not held):
            continue
        style, is_flow = draw(styles), shape == "flow"
        if isinstance(held, dict):
            words = [
                f"{quoted(key, style, flow=is_flow)}: {quoted(value, style, flow=is_flow)}"
                for key, value in held.items()
            ]
        else:
            named = [one.replace(HOST, "${host}") if draw(st.booleans()) else one for one in held]
            words = [quoted(one, style or '"', flow=is_flow) for one in named]
        parts.append(draw((flow if is_flow else block)(name, words, indent, dash=dash)))
    parts = draw(st.permutations(parts))
    if not parts:
        parts = [f"{' ' * indent}owner: jane{draw(comment)}\n"]
    around = draw(st.lists(st.sampled_from(["  # between\n", "\n", "# left\n"]), max_size=3))
    text += "".join(draw(st.permutations([*parts])))
    text = (
        f"{HEAD}workloadIdentities:\n  ann-agent: {{tags: {{team: a}}}} # ann\n{''.join(around)}{text}{''.join(around)}"
    )
    text += "  cat-agent:\n    tags: # cat\n      team: c\n" if draw(st.booleans()) else ""
    text = text if draw(st.booleans()) else text.rstrip("\n")
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


def witness(text: str) -> list[str]:
    """Every comment, as another scanner of YAML finds them."""
    found: list[str] = []
    for token in YAML(typ="rt", pure=True).scan(text):
        for held in _flat(getattr(token, "_comment", None)):
            found += [line.strip() for line in held.value.splitlines() if line.strip().startswith("#")]
    return sorted(found)


def _flat(held: Any) -> list[Any]:
    if isinstance(held, list):
        return [one for each in held for one in _flat(each)]
    return [held] if held is not None else []


def accept(text: str, wanted: dict[str, Any]) -> tuple[str, Any]:
    """The text with these values, and what that means: the way of `drift accept`, less the directory."""
    before = load_files([ManifestFile("m.yaml", text.encode())], Path("m.yaml"))
    assert before.manifest is not None, before.diagnostics
    (entry,) = (one for one in before.manifest.entries if one.address == ADDRESS)
    known = variables_of(before.manifest.environments["local"])
    place = Place(line=entry.source().line, section="workloadIdentities", key="bob-agent", raw=entry.raw)
    changed = rewritten(text, place, wanted, lambda one: substitute(one, known, "local")[0])
    after = load_files([ManifestFile("m.yaml", changed.encode())], Path("m.yaml"))
    assert after.manifest is not None, (changed, after.diagnostics)
    values = {name: canonical(entry.kind, wanted)[name] for name in wanted}
    return changed, meaning_of(before.manifest, after.manifest, "local", ADDRESS, values)


@settings(deadline=None, max_examples=600, derandomize=True)
@given(
    text=manifests(),
    urls=st.none() | st.lists(st.sampled_from([*VALUES, "https://new.example/"]), max_size=4, unique=True),
    tags=st.none() | st.dictionaries(st.sampled_from([*KEYS, "new key"]), st.sampled_from(TAGS), max_size=4),
)
def test_it_says_what_it_should_and_loses_no_comment(text: str, urls: list[str] | None, tags: Any) -> None:
    wanted = {name: value for name, value in ((URLS, urls), ("tags", tags)) if value is not None}
    changed, meaning = accept(text, wanted)
    assert meaning.problems == ()
    assert sorted(comments_of(changed)) == sorted(comments_of(text))
    assert changed.endswith("\n") or not text.endswith("\n")
    assert changed.count("\r\n") in (0, changed.count("\n"))
    assert accept(changed, wanted)[0] == changed, "what says it already is left as it is"


@settings(deadline=None, max_examples=100, derandomize=True)
@given(text=manifests())
def test_comments_are_found_where_another_scanner_finds_them(text: str) -> None:
    assert {one.strip() for one in comments_of(text)} >= set(witness(text))


def test_what_means_something_else_is_seen() -> None:
    text = f"{HEAD}workloadIdentities:\n  bob-agent: {{tags: {{team: a}}}}\n  cat-agent: {{tags: {{team: a}}}}\n"
    before = load_files([ManifestFile("m.yaml", text.encode())], Path("m.yaml")).manifest
    assert before is not None
    for said, problem in (
        (text.replace("team: a", "team: b"), "workload_identity.cat-agent would change as well"),
        (
            text.replace("{tags: {team: a}}", "{tags: {team: b}, owner: x}", 1),
            "workload_identity.bob-agent would change",
        ),
        (
            text.replace("team: a", "team: b", 1).replace("host: app", "host: other"),
            "something else beside the resources",
        ),
        (text.replace("team: a", "team: c", 1), "it would not say what stands"),
        (text.replace("team: a", "team: b", 1), ""),
    ):
        after = load_files([ManifestFile("m.yaml", said.encode())], Path("m.yaml")).manifest
        assert after is not None
        problems = meaning_of(before, after, "local", ADDRESS, {"tags": {"team": "b"}}).problems
        assert any(problem in one for one in problems) if problem else problems == ()


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("  bob-agent:\n    tags: {team: &x a}\n  cat-agent: {tags: {team: *x}}\n", "marked with &"),
        ("  ann-agent: &x {tags: {team: a}}\n  bob-agent: *x\n", "an alias of another entry"),
    ],
)
def test_what_is_shared_is_refused(entry: str, why: str) -> None:
    with pytest.raises(CannotRewrite, match=why):
        accept(f"{HEAD}workloadIdentities:\n{entry}", {"tags": {"team": "b"}})
