"""`reconciler check`: a saved plan beside the rules of the house."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reconciler.cli.age import today
from reconciler.cli.console import Console
from reconciler.cli.options import Format, VerifyWith
from reconciler.cli.plan_files import read_plan, tell
from reconciler.cli.report_files import ReportFiles, read_report_files
from reconciler.cli.signing import check_signature
from reconciler.errors import ExitCode, InvalidInput, UsageError
from reconciler.model.report import Level

if TYPE_CHECKING:
    from reconciler.manifest.documents import ManifestFile
    from reconciler.planning import SavedPlan
    from reconciler.policy import CheckReport, Policy

_ENDINGS = frozenset({".yaml", ".yml", ".rego"})
_MOST_FILES, _LARGEST = 1000, 1024 * 1024


def check(
    console: Console,
    *,
    file: Annotated[Path, typer.Argument(metavar="PLAN", help="A plan that `plan --out FILE` saved.")],
    policy: Annotated[
        Path,
        typer.Option("--policy", metavar="DIR", help="Folder with rules: *.yaml, and *.rego as conftest has them."),
    ],
    fail_on: Annotated[
        Level, typer.Option("--fail-on", case_sensitive=False, help="The mildest violation that fails.")
    ] = Level.WARNING,
    form: Annotated[Format, typer.Option("--format", case_sensitive=False, help="How it is printed.")] = Format.TEXT,
    timeout: Annotated[
        int, typer.Option("--timeout", metavar="SECONDS", min=1, max=3600, help="How long all rules together may take.")
    ] = 60,
    verify_with: VerifyWith = None,
    outputs: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            metavar="FORMAT=FILE",
            help="Also write a report, whatever the exit code. Repeatable. FILE - is standard output. FORMAT: "
            f"{', '.join(one.value for one in Format)}.",
        ),
    ] = None,
) -> ExitCode:
    """Check a saved plan against the rules of your house.

    Rules are YAML files, with a JSON Schema or an expression in Rego for a condition, or Rego files that you have for
    conftest. They see the plan and nothing else, and run in a process of their own that is bounded in time and memory. What
    is not evaluated has not passed. Reads neither manifest nor directory.

    For example:
      reconciler plan --out prod.plan
      reconciler check prod.plan --policy policies
      reconciler check prod.plan --policy policies --fail-on critical --output markdown=policy.md

    Exit codes: 0 it passes; 1 error: a rule with a mistake, one that could not be evaluated, or a plan that does not hold
    everything; 3 a violation at or above --fail-on; 4 the plan was edited since it was saved
    """
    from reconciler.confined import Bounds

    files = _outputs(outputs, file, policy)
    saved = read_plan(file)
    checked = check_signature(saved, file=str(file), verify_with=verify_with)
    rules = _read(policy, console)
    tell(console, saved, file=file, checked=checked)
    report = _checked(saved, rules, Bounds(seconds=timeout), words=(str(file), str(policy)), fail_on=fail_on)
    _tell(console, report, files, form)
    return _ending(report)


def _outputs(words: Sequence[str] | None, plan: Path, policy: Path) -> ReportFiles:
    """What `--output` asks for. Raises UsageError for a format that a check has not, and for a file that it reads."""
    taken = {plan: "the plan that is checked"}
    files = read_report_files(words, taken={**taken, **dict.fromkeys(_paths(policy), "a file of the policy")})
    for one in files.files:
        if one.form.value not in {known.value for known in Format}:
            raise UsageError(
                f"--output {one}: a check has no report in that format; nothing was written",
                f"Its formats are {', '.join(known.value for known in Format)}.",
            )
    return files


def _read(folder: Path, console: Console) -> Policy:
    """The rules in the folder. Raises InvalidInput with every mistake in them, UsageError where there is nothing to read."""
    from reconciler.diagnostics import has_errors
    from reconciler.policy import no_rules, read_policy

    policy, found = read_policy(list(_files(folder)))
    if not has_errors(found) and not policy.codes:
        found = (*found, no_rules(str(folder)))
    if has_errors(found):
        raise InvalidInput(f"the rules in {folder} cannot be used", found, "Nothing was checked.")
    console.diagnostics(found)
    return policy


def _files(place: Path) -> Iterator[ManifestFile]:
    """Every rule file in the folder and below it, by name; or the one that was named. Tests of Rego rules are none."""
    from reconciler.manifest.documents import ManifestFile

    found = _paths(place)
    if not found and not place.exists():
        raise UsageError(f"there is no policy {place}", "Give the folder that holds the rules.")
    if len(found) > _MOST_FILES:
        raise UsageError(f"{place} holds {len(found)} files with rules", f"More than {_MOST_FILES} are not read.")
    for one in found:
        try:
            with one.open("rb") as content:
                text = content.read(_LARGEST + 1)
        except OSError as error:
            raise UsageError(f"cannot read {one}: {error.strerror or error}", "Nothing was checked.") from error
        if len(text) > _LARGEST:
            raise UsageError(f"{one} is larger than 1 MiB", "No file of rules is. Nothing was checked.")
        yield ManifestFile(str(one), text)


def _paths(place: Path) -> list[Path]:
    return [place] if place.is_file() else sorted(one for one in place.rglob("*") if _is_rules(one, place))


def _is_rules(file: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
    return file.suffix in _ENDINGS and not hidden and not file.name.endswith("_test.rego") and file.is_file()


def _checked(saved: SavedPlan, policy: Policy, bounds: Any, *, words: tuple[str, str], fail_on: Level) -> CheckReport:
    """The report. Raises InvalidInput where the engine cannot read a rule."""
    from reconciler.confined import answers
    from reconciler.planning import dump_plan
    from reconciler.policy import CheckReport, ask, judge, remarks, unseen_in

    plan, day = saved.plan, today()
    document = json.loads(dump_plan(plan))
    if saved.created_at:
        document["created_at"] = saved.created_at
    job = ask(policy, document)
    violations, failures = judge(policy, job, answers(job, bounds), day)
    if failures and all(one.code == "policy-rego" for one in failures):
        raise InvalidInput(f"the rules in {words[1]} cannot be used", failures, "Nothing was checked.")
    return CheckReport(
        plan=words[0],
        policy=words[1],
        target=plan.target,
        rules=len(job.questions),
        changes=len(plan.changes),
        fail_on=fail_on,
        violations=violations,
        remarks=tuple(remarks(policy, plan.target.environment, violations, day)),
        failures=failures,
        unseen=tuple(unseen_in(plan)),
    )


def _tell(console: Console, report: CheckReport, files: ReportFiles, form: Format) -> None:
    """Write and show it, whatever the exit code will be; then raise ReconcilerError where a file could not be written."""
    from reconciler.render.policy_check import policy_json, policy_markdown, policy_text

    def text(wanted: Format, *, terminal: bool = False) -> str:
        match wanted:
            case Format.TEXT if terminal:
                return policy_text(report, colour=console.colour_out, width=console.width)
            case Format.TEXT:
                return policy_text(report, colour=False, width=100)
            case Format.JSON:
                return policy_json(report)
            case Format.MARKDOWN:
                return policy_markdown(report)

    failed = files.write(console, lambda wanted: text(Format(wanted.value)))
    if not files.on_stdout:
        console.show(text(form, terminal=True))
    console.diagnostics([*report.failures, *report.remarks], lines=False)
    if failed is not None:
        raise failed


def _ending(report: CheckReport) -> ExitCode:
    from reconciler.policy import Verdict

    match report.verdict:
        case Verdict.PASSED:
            return ExitCode.OK
        case Verdict.VIOLATED:
            return ExitCode.REFUSED
        case Verdict.UNKNOWN | Verdict.FAILED:
            return ExitCode.ERROR
