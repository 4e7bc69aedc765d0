"""The words of a rule in SARIF are those of docs/review.md. `--update-cases` takes them over."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from reconciler.model.report import Level
from reconciler.render.reports.rules import rules_of
from reconciler.reviewing.risks import RISKS
from tests.render.reports.samples import finding

ROOT = Path(__file__).resolve().parents[3]
FILE = ROOT / "reconciler" / "render" / "reports" / "rules.json"
RULE = re.compile(r"^### ([\w-]+)\n.*?^\*\*Why\.\*\* (.+?)\n\n\*\*Do\.\*\* (.+?)$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")


def documented() -> dict[str, list[str]]:
    text = (ROOT / "docs" / "review.md").read_text(encoding="utf-8")
    return {code: [LINK.sub(r"\1", one) for one in words] for code, *words in RULE.findall(text)}


def test_the_words_are_those_of_the_document(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-cases"):
        FILE.write_text(json.dumps(documented(), indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    assert json.loads(FILE.read_text(encoding="utf-8")) == documented()


def test_every_risk_has_help_of_its_own() -> None:
    rules = rules_of(finding(Level.WARNING, one.code, "a", "x") for one in RISKS)
    helps = {one.help for one in rules}
    assert len(rules) == len({one.code for one in RISKS})
    assert "Ask why before this goes on." not in helps
    assert len(helps) > len(rules) * 0.8


def test_what_no_document_explains_is_helped_by_its_level() -> None:
    (rule,) = rules_of([finding(Level.WARNING, "not-ready", "a", "x")])
    assert rule.help == "Ask why before this goes on."
