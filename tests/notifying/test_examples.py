"""The examples of alerts are such as Prometheus and CloudFormation take, and speak of what is measured."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from cfnlint.api import lint
from cfnlint.config import ManualArgs

from reconciler.render.metrics import emf_lines, openmetrics_text
from reconciler.render.metrics.emf import NAMESPACE
from tests.notifying.test_measures import failed, ran

MONITORING = Path(__file__).parents[2] / "docs" / "monitoring"
RULES = [
    rule
    for group in yaml.safe_load((MONITORING / "prometheus-rules.yaml").read_text())["groups"]
    for rule in group["rules"]
]
METRICS = Path(__file__).parents[2] / "docs" / "metrics.md"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_parses_and_is_about_something_that_is_measured(rule: Any):
    promql_parser.parse(rule["expr"])
    measured = openmetrics_text([ran()])
    (name,) = re.findall(r"reconciler_\w+", rule["expr"])
    assert f"\n{name}{{" in measured
    for label in re.findall(r"class[!=]~?\"([^\"]+)\"", rule["expr"]):
        assert all(f'class="{one}"' in measured for one in label.split("|"))
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert set(re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"]))) <= {"stack", "environment"}


def test_the_alarms_are_a_template_that_cloudformation_takes_on_metrics_that_are_written():
    template = MONITORING / "cloudwatch-alarms.yaml"
    text = template.read_text()
    assert lint(text, config=ManualArgs(regions=["us-east-1"])) == []
    assert "&" not in text  # CloudFormation knows no anchors
    written = json.loads(emf_lines([ran()]))
    assert set(re.findall(r"Namespace: (\S+)", text)) == {NAMESPACE}
    names = re.findall(r"MetricName: (\w+)", text)
    assert len(names) == 4
    assert all(name in written for name in names)


def test_the_page_names_every_measure_and_no_other():
    page = METRICS.read_text()
    measured = set(re.findall(r"^reconciler_drift_(\w+)\{", openmetrics_text([ran(), failed()]), re.MULTILINE))
    named = set(
        re.findall(r"`([a-z_]+)(?:\{[^}]*\})?`", page.partition("| `reconciler_drift_…`")[2].partition("All have")[0])
    )
    assert measured <= named
    directive = json.loads(emf_lines([ran()]))["_aws"]["CloudWatchMetrics"][0]
    assert all(f"`{one['Name']}`" in page for one in directive["Metrics"])
