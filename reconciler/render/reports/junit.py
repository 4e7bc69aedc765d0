"""A report as JUnit XML: a test case for each finding, so that Jenkins and GitLab list them by name and see when they go.

Warnings and critical findings fail, milder ones pass with their words, what the settings allow is skipped. One case says
whether everything could be read: so the suite is never empty, which Jenkins takes for a failure. Another says whether apply
would take it, which only a plan can tell.
"""

from __future__ import annotations

from itertools import count
from xml.etree import ElementTree as ET  # it only writes

from reconciler.model.report import ChangeReport, Level, Topic
from reconciler.render.clean import clean
from reconciler.render.reports.located import Located, located
from reconciler.render.reports.wording import title


def report_junit(report: ChangeReport) -> str:
    """The document, in UTF-8."""
    found = located(report)
    unread = [said for part in (report, *report.also) for said in part.unread]
    suites = ET.Element("testsuites")
    suite = ET.SubElement(suites, "testsuite", name=title(report))
    classname = f"reconciler.{report.topic.value}.{clean(report.stack)}"
    _stated(suite, classname, "everything could be read", "error", unread)
    refused, unknown = _asked(report)
    _stated(suite, classname, "apply will take it", "failure", refused, unknown=unknown)
    taken: set[str] = set()
    for one in found:
        name = _unused(_name(one), taken)
        taken.add(name)
        _case(suite, classname, one, name)
    for element in (suites, suite):
        counts = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}
        for attribute, tag in counts.items():
            element.set(attribute, str(sum(1 for _ in suite.iter(tag))))
        element.set("time", "0")
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _asked(report: ChangeReport) -> tuple[list[str], str]:
    """Why apply would refuse this; and why nobody can tell, where it was not asked or did not see everything."""
    parts = (report, *report.also)
    refused = [said for part in parts for said in part.refused]
    if not any(part.topic is Topic.PLAN for part in parts):
        return refused, "Not asked: there is no plan here."
    return refused, "" if report.complete else "Not known: not everything could be read."


def _name(one: Located) -> str:
    finding = one.finding
    where = f" ({', '.join(map(clean, finding.environments))})" if finding.environments else ""
    about = " ".join(clean(text) for text in (finding.about, finding.subject) if text)
    return f"{clean(finding.code)}: {about}{where}"


def _unused(name: str, taken: set[str]) -> str:
    """The name, with a number behind it where another case has it: readers tell cases apart by it."""
    tries = (name if number == 1 else f"{name} #{number}" for number in count(1))
    return next(one for one in tries if one not in taken)


def _case(suite: ET.Element, classname: str, one: Located, name: str) -> None:
    finding = one.finding
    case = ET.SubElement(suite, "testcase", classname=classname, name=name, time="0")
    if one.path:
        case.set("file", clean(one.path))
    if one.line:
        case.set("line", str(one.line))
    place = f"{clean(one.path)}:{one.line}" if one.line else clean(one.path)
    said = "\n".join(
        line for line in (*map(clean, (finding.summary, finding.consequence, finding.advice)), place) if line
    )
    if finding.allowed:
        ET.SubElement(case, "skipped", message=f"Allowed by {clean(finding.allowed)}.")
    elif finding.level.rank >= Level.WARNING.rank:
        ET.SubElement(case, "failure", message=clean(finding.summary), type=finding.level.value).text = said
        return
    ET.SubElement(case, "system-out").text = said


def _stated(suite: ET.Element, classname: str, name: str, tag: str, said: list[str], *, unknown: str = "") -> None:
    """A case about the whole, which fails with what was said against it, and is skipped where it is `unknown`."""
    case = ET.SubElement(suite, "testcase", classname=classname, name=name, time="0")
    if said:
        lines = [clean(one) for one in said]
        ET.SubElement(case, tag, message=lines[0], type=tag).text = "\n".join(lines)
    elif unknown:
        ET.SubElement(case, "skipped", message=unknown)
