"""A job of a CI as its scripts see it: the working folder, the variables and files of the host, and what was left behind.

Not a test: `conftest.py` makes fixtures of it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.forges import TOKEN, Forges

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = """\
version: 1
stack: payments
environments: {local: {directory: embedded}}
workloadIdentities:
  invoice-agent:
    allowedResourceOauth2ReturnUrls: ["https://app.example.com/oauth/callback"]
  ledger-agent:
    allowedResourceOauth2ReturnUrls: ["https://app.example.com/ledger/callback"]
"""


class Ended(NamedTuple):
    """How a step ended. `outputs`: what it wrote to GITHUB_OUTPUT, `summary` to GITHUB_STEP_SUMMARY, by now."""

    code: int
    out: str
    err: str
    outputs: dict[str, str]
    summary: str


@dataclass
class Job:
    """One on GitHub Actions, of pull request 12 unless told otherwise; `env` is what every step sees."""

    folder: Path
    files: Path
    forges: Forges
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.files.mkdir(exist_ok=True)
        self.write(MANIFEST)
        self.env = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.files),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_API_URL": self.forges.url,
            "GITHUB_REPOSITORY": "acme/identities",
            "GITHUB_RUN_ID": "501",
            "RUNNER_TEMP": str(self.files),
            "GITHUB_OUTPUT": str(self.files / "output"),
            "GITHUB_STEP_SUMMARY": str(self.files / "summary"),
            "GITHUB_EVENT_PATH": str(self.files / "event.json"),
            "GITHUB_TOKEN": TOKEN,
            "IDENTITIES_REPORTS": str(self.files / "reports"),
            "IDENTITIES_PLAN": str(self.files / "identities.plan"),
            "IDENTITIES_COMMENT": "true",
            **{name: value for name, value in os.environ.items() if name.startswith("AWS_")},
        }
        self.event("pull_request", {"pull_request": {"number": 12}})

    def event(self, name: str, payload: Any) -> None:
        self.env["GITHUB_EVENT_NAME"] = name
        (self.files / "event.json").write_text(json.dumps(payload), encoding="utf-8")

    def on_gitlab(self) -> None:
        for name in [one for one in self.env if one.startswith("GITHUB_")]:
            del self.env[name]
        self.env |= {
            "GITLAB_CI": "true", "CI_API_V4_URL": self.forges.url, "CI_MERGE_REQUEST_PROJECT_ID": "77",
            "CI_MERGE_REQUEST_IID": "12", "GITLAB_TOKEN": TOKEN,
        }  # fmt: skip

    def write(self, text: str, name: str = "reconciler.yaml") -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def report(self, name: str) -> Path:
        return Path(self.env["IDENTITIES_REPORTS"]) / name

    def step(self, script: str, *arguments: str, env: Mapping[str, str] | None = None) -> Ended:
        """`sh ci/SCRIPT ARGUMENTS`, with fresh files for its output and summary."""
        return self.shell(["sh", str(ROOT / "ci" / script), *arguments], env=env)

    def shell(self, command: list[str], *, env: Mapping[str, str] | None = None) -> Ended:
        for name in ("output", "summary"):
            (self.files / name).write_text("", encoding="utf-8")
        ran = subprocess.run(
            command,
            cwd=self.folder,
            env={**self.env, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=120,
        )
        lines = (self.files / "output").read_text(encoding="utf-8").splitlines()
        outputs = dict(line.split("=", 1) for line in lines)
        summary = (self.files / "summary").read_text(encoding="utf-8")
        return Ended(ran.returncode, ran.stdout, ran.stderr, outputs, summary)

    def git(self, *arguments: str, folder: Path | None = None) -> str:
        who = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"]
        ran = subprocess.run(
            ["git", *who, *arguments],
            cwd=folder or self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            check=True,
        )
        return ran.stdout.strip()

    def commit(self, message: str = "change") -> str:
        if not (self.folder / ".git").exists():
            self.git("init", "--quiet")
            self.write(".reconciler/\n*.journal\n*.lock.json.guard\n*.lock.json.holder\n", ".gitignore")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")


_CONTEXT = re.compile(r"\b((?:inputs|steps|github)(?:\.[\w-]+)+)")
_TEMPLATE = re.compile(r"\$\{\{(.+?)\}\}")


class Action:
    """action.yml, run step by step as a runner does: conditions, expressions, outputs; artifacts are kept in a folder.

    What it cannot do is install: the program of this checkout is on the PATH. Other people's actions but the two for artifacts
    are left out.
    """

    def __init__(self, job: Job, github: Mapping[str, str]) -> None:
        self.job = job
        self.raw = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
        self._github = dict(github)
        self._kept = job.files / "artifacts"
        self.steps: list[str] = []

    def run(self, **inputs: str) -> Ended:
        """With these inputs (`fail_on` for fail-on); what it came to. `steps`: the names of those that ran."""
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        known = self.raw["inputs"]
        assert set(given) <= set(known)
        values = {f"github.{name}": value for name, value in self._github.items()}
        values |= {
            f"inputs.{name}": given.get(name, self._filled(one.get("default", ""), values))
            for name, one in known.items()
        }
        ended, code, self.steps = [], 0, []
        for step in self.raw["runs"]["steps"]:
            always = "always()" in step.get("if", "")
            skipped = bool(code) and not always
            if skipped or not self._holds(step.get("if", "true"), values):
                values[f"steps.{step.get('id')}.outcome"] = "skipped"
                continue
            self.steps.append(step["name"])
            one = self._step(step, values)
            ended.append(one)
            code = code or one.code
            values |= {f"steps.{step.get('id')}.outputs.{name}": value for name, value in one.outputs.items()}
        outputs = {name: self._filled(one["value"], values) for name, one in self.raw["outputs"].items()}
        out, err, summary = ("".join(getattr(one, name) for one in ended) for name in ("out", "err", "summary"))
        return Ended(code, out, err, outputs, summary)

    def _step(self, step: dict[str, Any], values: dict[str, str]) -> Ended:
        env = {name: self._filled(value, values) for name, value in step.get("env", {}).items()}
        if "run" in step:
            if "ci/install" in step["run"]:
                return Ended(0, "", "", {}, "")
            return self.job.shell([step["shell"], "-e", "-c", step["run"]], env=env)
        given = {name: self._filled(str(value), values) for name, value in step["with"].items()}
        if "upload-artifact" in step["uses"]:
            source, target = Path(given["path"]), self._kept / given["name"]
            if not source.exists():
                return Ended(given["if-no-files-found"] == "error", "", "", {}, "")
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir(parents=True)
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            else:
                shutil.copy(source, target)
            return Ended(0, "", "", {}, "")
        if "download-artifact" in step["uses"]:
            if given["run-id"] != "501" or not (self._kept / given["name"]).exists():
                return Ended(1, "", "no such artifact\n", {}, "")
            shutil.copytree(self._kept / given["name"], given["path"], dirs_exist_ok=True)
        return Ended(0, "", "", {}, "")

    def _filled(self, text: str, values: Mapping[str, str]) -> str:
        return _TEMPLATE.sub(lambda found: str(self._value(found[1], values)), str(text))

    def _holds(self, condition: str, values: Mapping[str, str]) -> bool:
        return bool(self._value(condition, values))

    def _value(self, expression: str, values: Mapping[str, str]) -> Any:
        code = _CONTEXT.sub(lambda found: repr(values.get(found[1], "")), expression.strip())
        code = code.replace("always()", "True").replace("true", "True").replace("||", " or ").replace("&&", " and ")
        known = {"__builtins__": {}, "format": lambda text, *more: text.format(*more)}
        return eval(code.replace("'True'", "'true'"), known)
