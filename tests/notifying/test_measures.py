"""Measures as others read them: the official parsers of both Prometheus formats, and CloudWatch's own schema."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as classic

from reconciler.drifting.measuring import measures_of, measures_of_failure
from reconciler.model.drift import Memory, Standing, Status
from reconciler.model.measures import Measures
from reconciler.model.moments import utc_moment
from reconciler.render.metrics import emf_lines, openmetrics_text
from tests.notifying.runs import changed, day, newcomer, noted, run, unknown

# "Specification: Embedded metric format", Amazon CloudWatch User Guide, as far as it speaks of what is written here.
EMF = {
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer", "minimum": 1_000_000_000_000},
                "CloudWatchMetrics": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["Namespace", "Dimensions", "Metrics"],
                        "properties": {
                            "Namespace": {"type": "string", "minLength": 1, "maxLength": 1024, "pattern": "^[^:].*$"},
                            "Dimensions": {
                                "type": "array",
                                "minItems": 1,
                                "items": {"type": "array", "maxItems": 30, "items": {"type": "string", "minLength": 1}},
                            },
                            "Metrics": {
                                "type": "array",
                                "maxItems": 100,
                                "items": {
                                    "type": "object",
                                    "required": ["Name"],
                                    "properties": {
                                        "Name": {"type": "string", "minLength": 1, "maxLength": 1024},
                                        "Unit": {"enum": ["Count", "Seconds"]},
                                    },
                                },
                            },
                        },
                    },
                },
            },
        }
    },
}
MEMORY = Memory(
    lineage="1",
    account="2",
    region="3",
    last_success=day(0.5),
    findings={
        one.fingerprint: Standing(drifted=one, first=day(0.25), last=day(0.5)) for one in (changed(), newcomer())
    },
)


def ran() -> Measures:
    one = run(
        noted(changed(), Status.STANDING, first=0.25),
        noted(newcomer(), first=1),
        noted(changed("quiet-agent"), acknowledged=True),
        noted(changed("gone-agent"), Status.RESOLVED),
        noted(unknown()),
        at=1,
        unread=("workload_identity.invoice-agent could not be read",),
    )
    return measures_of(one, MEMORY, seconds=2.5, not_told=1)


def failed(memory: Memory | None = MEMORY) -> Measures:
    return measures_of_failure(memory, stack="payments", environment="prod", at=day(1), seconds=0.25)


def samples(text: str) -> dict[tuple[str, str], float]:
    return {
        (
            sample.name.removeprefix("reconciler_drift_"),
            sample.labels.get("class") or sample.labels.get("why") or sample.labels.get("operation") or "",
        ): sample.value
        for family in openmetrics(text)
        for sample in family.samples
    }


def seconds(moment: str) -> float:
    return utc_moment(moment).timestamp()


def test_a_run_is_measured():
    found = samples(openmetrics_text([ran()]))
    expected = {
        ("findings", "changed"): 1,
        ("findings", "newcomer"): 1,
        ("findings", "unknown"): 1,
        ("findings", "deleted"): 0,
        ("acknowledged_findings", ""): 1,
        ("oldest_finding_timestamp_seconds", ""): seconds(day(0.25)),
        ("last_run_success", ""): 0,
        ("last_run_timestamp_seconds", ""): seconds(day(1)),
        ("last_success_timestamp_seconds", ""): seconds(day(0.5)),
        ("run_duration_seconds", ""): 2.5,
        ("unread", ""): 1,
        ("managed_resources", ""): 11,
        ("read_resources", "named"): 3,
        ("believed_resources", ""): 7,
        ("oldest_reading_timestamp_seconds", ""): seconds(day(0.5)),
        ("calls", "GetWorkloadIdentity"): 8,
        ("calls", "LookupEvents"): 2,
        ("throttled_calls", ""): 3,
        ("trail_events", ""): 4,
        ("untold_recipients", ""): 1,
    }
    assert expected.items() <= found.items()


def test_a_run_that_broke_off_keeps_what_stood_and_when_the_last_one_was_well():
    found = samples(openmetrics_text([failed()]))
    assert found["last_run_success", ""] == 0
    assert found["last_success_timestamp_seconds", ""] == seconds(day(0.5))
    assert found["findings", "changed"] == 1
    assert found["findings", "newcomer"] == 0  # that was told, and is over
    assert ("throttled_calls", "") not in found
    assert samples(openmetrics_text([failed(None)]))["last_success_timestamp_seconds", ""] == 0


def test_a_run_that_is_whole_is_the_last_success_and_nothing_is_oldest_where_nothing_stands():
    found = samples(openmetrics_text([measures_of(run(at=1), MEMORY, seconds=1)]))
    assert found["last_run_success", ""] == 1
    assert found["last_success_timestamp_seconds", ""] == seconds(day(1))
    assert ("oldest_finding_timestamp_seconds", "") not in found


@pytest.mark.parametrize("stack", ["payments", 'a"b\\c', "line\nbreak", "\u202eevil", "\\", 'x{y="z"} 1'])
def test_both_parsers_read_the_same_whatever_a_stack_is_called(stack: str):
    text = openmetrics_text([replace(ran(), stack=stack), replace(failed(), environment="staging")])
    both = [
        [(one.name, one.type, one.documentation, one.samples) for one in parse(text)]
        for parse in (openmetrics, classic)
    ]
    assert [(name, samples) for name, _, _, samples in both[0]] == [(name, samples) for name, _, _, samples in both[1]]
    assert {kind for families in both for _, kind, _, _ in families} == {"gauge"}
    assert all(words for families in both for _, _, words, _ in families)
    assert text.endswith("\n# EOF\n")
    labels = {sample.labels["stack"] for family in openmetrics(text) for sample in family.samples}
    assert labels == {"payments", *({stack} if stack.isprintable() else labels - {"payments"})}
    assert len(labels) == (1 if stack == "payments" else 2)


def test_emf_is_as_cloudwatch_wants_it_a_line_for_each():
    lines = emf_lines([ran(), replace(failed(), environment="staging"), failed(None)]).splitlines()
    assert len(lines) == 3
    for line in lines:
        document = json.loads(line)
        jsonschema.validate(document, EMF)
        (directive,) = document["_aws"]["CloudWatchMetrics"]
        for name in (*directive["Dimensions"][0], *(one["Name"] for one in directive["Metrics"])):
            assert name in document
        assert all(isinstance(document[one["Name"]], int | float) for one in directive["Metrics"])
    first = json.loads(lines[0])
    assert (first["Stack"], first["Environment"], first["Drifted"], first["Changed"]) == ("payments", "prod", 2, 1)
    assert first["SinceLastSuccess"] == 43_200
    assert first["OldestFindingAge"] == 64_800
    assert first["_aws"]["Timestamp"] == seconds(day(1)) * 1000
