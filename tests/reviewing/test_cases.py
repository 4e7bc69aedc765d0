"""Plays the golden cases of `tests/reviewing/cases`: two versions of a manifest, and what a reviewer is told of the change."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.manifest import ManifestFile, load_files
from reconciler.model.addresses import Remote
from reconciler.model.report import ChangeReport, Finding, Item, Version
from reconciler.model.values import canonical_json
from reconciler.reviewing import RISKS, LockEdit, Reviewed, review
from reconciler.state import parse_lock

HERE = Path(__file__).parent / "cases"
CASES = sorted(path.parent for path in HERE.glob("*/case.yaml"))
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "review.md"


def version(folder: Path) -> Reviewed:
    """A version as it stands in a folder; one that is not there has no manifest."""
    label = Version(label=folder.name)
    if not folder.exists():
        return Reviewed(version=label, loaded=None)
    files = [ManifestFile(one.name, one.read_bytes()) for one in sorted(folder.glob("*.yaml"))]
    return Reviewed(version=label, loaded=load_files(files))


def edit(folder: Path, name: str) -> LockEdit:
    """What the change does to a lockfile."""
    sides = [folder / side / name for side in ("base", "head")]
    before, after = (parse_lock(one.read_text(), file=name) if one.exists() else None for one in sides)
    return LockEdit(path=name, before=before, after=after)


def play(folder: Path) -> ChangeReport:
    case = yaml.safe_load((folder / "case.yaml").read_text(encoding="utf-8"))
    claimed = {
        environment: {Remote(*key.split(".", 1)): owner for key, owner in names.items()}
        for environment, names in case.get("claimed", {}).items()
    }
    base, head = version(folder / "base"), version(folder / "head")
    tip = version(folder / "tip") if (folder / "tip").exists() else None
    edits = {path.name.split(".")[1]: edit(folder, path.name) for path in sorted(folder.glob("*/*.lock.json"))}
    today = date.fromisoformat(case["today"]) if "today" in case else None
    return review(base, head, lambda _: True, tip=tip, claimed=claimed, edits=edits, today=today)


def shown(report: ChangeReport) -> dict[str, Any]:
    """What a case expects, without what is empty."""
    approvals = [{"require": one.require, "because": list(one.because)} for one in report.approvals]
    whole = {
        "findings": [_finding(one) for one in report.findings],
        "items": [_item(one) for one in report.items],
        "approvals": approvals,
        "unread": list(report.unread),
        "notes": list(report.beside),
    }
    return {key: value for key, value in whole.items() if value}


def _finding(one: Finding) -> dict[str, Any]:
    told = {
        "level": one.level.value,
        "code": one.code,
        "about": one.about,
        "summary": one.summary,
        "consequence": one.consequence,
        "advice": one.advice,
        "subject": one.subject,
        "environments": list(one.environments),
        "source": f"{'was ' if one.gone else ''}{one.source}" if one.source else "",
        "allowed": one.allowed,
        "others": list(one.others),
    }
    return {key: value for key, value in told.items() if value}


def _item(one: Item) -> str:
    rows = ", ".join(row.name for row in one.rows)
    level = f" [{one.level.value}]" if one.level else ""
    return f"{one.action.value} {one.about} in {', '.join(one.environments) or 'all'}: {rows}{level}"


@pytest.mark.parametrize("folder", CASES, ids=[one.name for one in CASES])
def test_case(folder: Path, request: pytest.FixtureRequest) -> None:
    content = canonical_json(shown(play(folder)), indent=2) + "\n"
    expected = folder / "expected.json"
    if request.config.getoption("--update-cases"):
        expected.write_text(content, encoding="utf-8")
    assert content == expected.read_text(encoding="utf-8"), f"{folder.name}: see tests/reviewing/cases/README.md"


def _expected() -> dict[str, Any]:
    return {one.name: json.loads((one / "expected.json").read_text(encoding="utf-8")) for one in CASES}


def test_every_risk_is_shown_by_a_case_where_it_stands() -> None:
    told = [one for case in _expected().values() for one in case.get("findings", ())]
    assert {risk.code for risk in RISKS} - {one["code"] for one in told} == set()
    codes = {risk.code for risk in RISKS}
    assert [one for one in told if one["code"] in codes and not one.get("source")] == []


def test_a_finding_says_what_why_and_what_to_do_in_one_line_each() -> None:
    mild = {"variable-changed", "rates-raised", "vault-key-changed", "credentials-changed", "ignored-tags-widened"}
    codes = {risk.code for risk in RISKS}
    for name, case in _expected().items():
        for one in case.get("findings", ()):
            texts = [one["summary"], one["consequence"], one.get("advice", "")]
            assert not [text for text in texts if "\n" in text or not text.isprintable()], (name, one)
            if one["code"] in codes:
                assert one["consequence"].endswith("."), (name, one)
                assert not one["summary"].endswith("."), (name, one)
                mild_one = one["level"] == "info" or one["code"] in mild or one["code"] == "require-narrowed"
                assert one.get("advice") or mild_one, (name, one)


def test_nothing_is_told_twice_of_the_same_element() -> None:
    for name, case in _expected().items():
        seen = [
            (one["code"], one["about"], one.get("subject"), *one.get("environments", ()))
            for one in case.get("findings", ())
        ]
        assert len(seen) == len(set(seen)), name


@pytest.mark.parametrize("folder", CASES, ids=[one.name for one in CASES])
def test_no_two_findings_have_the_same_fingerprint(folder: Path) -> None:
    found = [one.fingerprint for one in play(folder).findings]
    assert len(found) == len(set(found))


def test_every_risk_has_its_section_and_every_section_its_risk() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    part = text.partition("\n## Rules\n")[2].partition("\n## ")[0]
    assert re.findall(r"^### (\S+)$", part, re.MULTILINE) == [risk.code for risk in RISKS]
    for risk, section in zip(RISKS, re.split(r"^### \S+$", part, flags=re.MULTILINE)[1:], strict=True):
        assert risk.title in section, risk.code
        for word in ("**Level.**", "**Why.**", "**Do.**"):
            assert word in section, f"{risk.code}: {word}"
