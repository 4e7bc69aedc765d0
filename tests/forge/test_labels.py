"""Labels of ours follow the report; those of others stay."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from reconciler.errors import UsageError
from reconciler.forge import Request, put_labels, read_labels
from reconciler.render.reports import report_labels, report_labels_text
from tests.forges import Forges
from tests.render.reports.samples import SAMPLES, hostile
from tests.render.test_hostile import several_more


def test_ours_come_and_go_and_others_stay(request_there: Request, forges: Forges) -> None:
    forges.labels = {
        "bug", "reconciler/docs", "reconciler/destroy", "reconciler/risk-critical", "reconciler/add",
        "reconciler/incomplete",
    }  # fmt: skip
    done = put_labels(request_there, frozenset({"reconciler/add", "reconciler/risk-none"}))
    assert forges.labels == {"bug", "reconciler/docs", "reconciler/add", "reconciler/risk-none"}
    assert done.added == ("reconciler/risk-none",)
    assert done.removed == ("reconciler/destroy", "reconciler/incomplete", "reconciler/risk-critical")


def test_labels_that_are_right_are_not_written(request_there: Request, forges: Forges) -> None:
    forges.labels = {"reconciler/add"}
    put_labels(request_there, frozenset({"reconciler/add"}))
    assert forges.writes == []


def test_a_dry_run_writes_none(request_there: Request, forges: Forges) -> None:
    assert put_labels(request_there, frozenset({"reconciler/add"}), dry_run=True).added == ("reconciler/add",)
    assert (forges.writes, forges.labels) == ([], set())


def test_a_file_of_labels_is_one_a_line() -> None:
    text = "reconciler/change\n\nreconciler/require-security\r\n"
    assert read_labels(text, file="l") == {"reconciler/change", "reconciler/require-security"}


@settings(max_examples=60, deadline=None)
@given(several_more)
def test_every_label_that_a_report_can_ask_for_is_ours(texts: list[str]) -> None:
    for report in (*SAMPLES.values(), hostile(texts)):
        assert read_labels(report_labels_text(report), file="l") == set(report_labels(report))


@pytest.mark.parametrize(
    "name", ["approved", "reconciler/approved", "reconciler/add,approved", "reconciler/require-a b"]
)
def test_a_label_of_somebody_else_is_not_set(name: str) -> None:
    with pytest.raises(UsageError, match="no label of ours"):
        read_labels(name, file="labels.txt")
