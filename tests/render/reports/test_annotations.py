"""Workflow commands as GitHub's runner reads them: ours and no other, whatever stands in names, URLs and messages."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import given, settings

from reconciler.model.report import ChangeReport, Level
from reconciler.render.reports import report_annotations
from tests.render.reports.samples import FINDINGS, PLAN, REVIEW, at, finding, hostile, many
from tests.render.test_hostile import several_more

REGISTERED = {
    "add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group", "notice", "remove-matcher",
    "save-state", "set-env", "set-output", "stop-commands", "warning",
}  # fmt: skip


@dataclass(frozen=True)
class Command:
    name: str
    properties: dict[str, str]
    data: str


def read(line: str) -> Command | None:
    """One line of output as the runner takes it: ActionCommand.TryParseV2, then TryParse, of actions/runner."""
    return _v2(line) or _v1(line)


def _v2(line: str) -> Command | None:
    message = line.lstrip()
    if not message.startswith("::"):
        return None
    end = message.find("::", 2)
    if end < 0:
        return None
    name, _, rest = message[2:end].partition(" ")
    if name.lower() not in REGISTERED:
        return None
    pairs = [one.split("=", 1) for one in rest.strip().split(",") if one]
    return Command(name, {one[0]: _property(one[1]) for one in pairs if len(one) == 2}, _data(message[end + 2 :]))


def _v1(line: str) -> Command | None:
    start = line.find("##[")
    end = line.find("]", start) if start >= 0 else -1
    if end < 0:
        return None
    name = line[start + 3 : end].partition(" ")[0]
    return Command(name, {}, line[end + 1 :]) if name.lower() in REGISTERED else None


def _data(text: str) -> str:
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def _property(text: str) -> str:
    for escaped, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(escaped, character)
    return text


def commands(report: ChangeReport) -> list[Command]:
    found = [read(line) for line in report_annotations(report).splitlines()]
    assert all(found), "a line that is no command"
    return [one for one in found if one]


def test_the_reader_of_this_test_finds_forged_commands() -> None:
    assert read("::set-output name=a::b") == Command("set-output", {"name": "a"}, "b")
    assert read("x ##[error]y") == Command("error", {}, "y")
    assert read("  ::stop-commands::t") is not None
    assert read("a ::error::b") is None


def test_findings_stand_beside_their_lines_the_gravest_first() -> None:
    first, gone, warning, notice = commands(REVIEW)
    assert first.name == "error"
    assert first.properties == {
        "file": "stacks/payments.yaml", "line": "12", "col": "3", "title": "critical: new-domain",
    }  # fmt: skip
    assert first.data.split("\n")[1] == FINDINGS[0].consequence
    assert "line" not in gone.properties
    assert "(was in line 31)" in gone.data
    assert (warning.name, warning.properties["file"]) == ("warning", "stacks/grants.yaml")
    assert (notice.name, notice.properties) == ("notice", {"title": "notice: rule-silenced"})


def test_what_could_not_be_read_is_an_error_before_all_others() -> None:
    assert [(one.name, one.properties["title"]) for one in commands(PLAN)] == [
        ("error", "Incomplete"), ("warning", "Refused"), ("warning", "warning: not-ready"),
    ]  # fmt: skip


def test_the_last_of_ten_says_how_many_more_there_are() -> None:
    report = many(1_000)
    found = commands(report)
    for kind in ("error", "warning", "notice"):
        assert len([one for one in found if one.name == kind]) == 10
    errors = [one for one in found if one.name == "error"]
    assert errors[-1].properties["title"] == f"And {report.levels()[Level.CRITICAL] - 9} more"
    ten = replace(REVIEW, findings=tuple(finding(Level.WARNING, "x", f"a{n}", "x", source=at(1)) for n in range(10)))
    assert [one.properties["title"] for one in commands(ten)] == ["warning: x"] * 10


def test_values_come_back_as_they_were() -> None:
    odd = replace(FINDINGS[0], summary="50% of a:b, c", source=at(1, "a,b:c%3A.yaml"))
    (one,) = commands(replace(REVIEW, findings=(odd,), prefix=""))
    assert one.properties["file"] == "a,b:c%3A.yaml"
    assert one.data.startswith("50% of a:b, c (prod)\n")


def test_nothing_to_say_is_nothing() -> None:
    assert report_annotations(replace(REVIEW, findings=FINDINGS[-1:])) == ""


@settings(max_examples=200, deadline=None)
@given(several_more)
def test_nothing_from_outside_forges_a_command(texts: list[str]) -> None:
    report = hostile(texts)
    lines = report_annotations(report).split("\n")
    assert lines.pop() == ""
    kinds = []
    for line in lines:
        command = read(line)
        assert command is not None
        kinds.append(command.name)
        assert command.name in {"error", "warning", "notice"}
        assert set(command.properties) <= {"file", "line", "col", "title"}
        assert "\r" not in line
        assert "##[" not in line
        assert not any(read(inner) for inner in command.data.split("\n")), "one within the other"
    assert kinds == sorted(kinds, key=("error", "warning", "notice").index)
