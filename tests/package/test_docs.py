"""The documentation says what is there: its links lead somewhere, its commands and versions exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler import __version__
from reconciler.manifest import load, resolve

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)


def _prose(document: Path) -> str:
    return _FENCE.sub("", document.read_text(encoding="utf-8"))


def _anchors(document: Path) -> set[str]:
    """The fragments that a Markdown viewer makes of the headings."""
    headings = _HEADING.findall(_prose(document))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_relative_link_leads_to_a_file_and_its_heading(document: Path) -> None:
    broken = []
    for link in _LINK.findall(_prose(document)):
        target, _, anchor = link.partition("#")
        if "://" in link or link.startswith("mailto:"):
            continue
        file = (document.parent / target).resolve() if target else document
        if not file.exists() or (anchor and anchor not in _anchors(file)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("document", ["SECURITY.md", "docs/reliability.md"])
def test_every_claim_names_a_test_that_exists(document: str) -> None:
    files = {file.name: file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py")}
    named = re.findall(r"`(?:tests/[a-z/]+/)?(test_\w+(?:\.py|…)?)`", _prose(ROOT / document))
    missing = [
        name
        for name in named
        if name not in files and not any(f"def {name.removesuffix('…')}" in text for text in files.values())
    ]
    assert len(named) > 12
    assert missing == []


def test_the_readmes_table_of_commands_is_the_command_lines() -> None:
    table = re.findall(r"^\| `([a-z]+)(?: ([a-z]+(?:\|[a-z]+)*))?[^`]*` \|", _prose(ROOT / "README.md"), re.MULTILINE)
    documented = {command for command, _ in table}
    help_text = subprocess.run(
        [sys.executable, "-m", "reconciler", "--help"], capture_output=True, text=True, check=True
    ).stdout
    listing = help_text.partition("Commands:")[2]
    existing = set(re.findall(r"^  ([a-z]+)\b", listing, re.MULTILINE))
    assert documented == existing


def test_every_option_that_an_example_gives_a_command_exists() -> None:
    fenced = "\n".join(block.group() for one in DOCUMENTS for block in _FENCE.finditer(one.read_text(encoding="utf-8")))
    named: dict[str, set[str]] = {}
    for command, rest in re.findall(
        r"\breconciler ((?:(?:access|ci|import|lock) |drift (?=(?:accept|ack|acks|unack)\b))?[a-z]+)((?: [^\n;|&#]*)?)",
        fenced,
    ):
        named.setdefault(command, set()).update(re.findall(r"(?<= )--[a-z-]+", rest))
    assert {"--out", "--sign-with"} <= named["plan"]
    assert {"--plan", "--max-age", "--verify-with"} <= named["apply"]
    for command, options in named.items():
        if options:
            help_text = subprocess.run(
                [sys.executable, "-m", "reconciler", *command.split(), "--help"],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            assert options <= set(re.findall(r"(?<![\w-])--[a-z-]+", help_text)), command


def test_the_changelogs_newest_release_is_this_version() -> None:
    releases = re.findall(r"^## \[(\d[^\]]*)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert releases[0] == __version__


def test_every_make_goal_that_the_documents_name_exists() -> None:
    goals = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {
        goal for one in DOCUMENTS for goal in re.findall(r"(?:`|\$ )make ([a-z-]+)", one.read_text(encoding="utf-8"))
    }
    assert named
    assert named <= goals


def test_the_manifest_in_the_readme_is_a_valid_one(tmp_path: Path) -> None:
    (example,) = re.findall(
        r"^```yaml\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    (tmp_path / "reconciler.yaml").write_text(example, encoding="utf-8")
    manifest = load(tmp_path / "reconciler.yaml").manifest
    assert manifest is not None
    assert set(manifest.environments) == {"local", "prod"}
    for environment in manifest.environments:
        assert resolve(manifest, environment).stack is not None


def test_the_readme_leads_to_every_document() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [file.name for file in ROOT.glob("docs/*.md") if f"](docs/{file.name})" not in text]
    assert missing == []
    (row,) = (line for line in text.splitlines() if line.startswith("| `review [PATH]`"))
    assert "](docs/review.md)" in row
