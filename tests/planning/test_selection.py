from __future__ import annotations

from typing import Any

import pytest

from reconciler.errors import UsageError
from reconciler.planning import Selection


def test_target_and_exclude_exclude_each_other() -> None:
    with pytest.raises(UsageError, match="exclude each other"):
        Selection(targets=("*.a",), excludes=("*.b",))


def test_only_what_matches_a_target_is_planned(make: Any) -> None:
    make.want("invoice-a").want("invoice-b").want("other").know("invoice-gone").live("invoice-gone")
    assert list(make.steps(targets=("workload_identity.invoice-*",))) == ["invoice-a", "invoice-b", "invoice-gone"]
    assert make.plan(targets=("*.other", "*-a")).excluded == 2


def test_all_but_what_matches_an_exclude_is_planned(make: Any) -> None:
    make.want("invoice-a").want("other").know("invoice-gone").live("invoice-gone")
    assert list(make.steps(excludes=("*.invoice-*",))) == ["other"]


@pytest.mark.parametrize("flag", ["targets", "excludes"])
def test_a_glob_that_matches_nothing_is_a_mistake_that_names_the_nearest_address(make: Any, flag: str) -> None:
    with pytest.raises(UsageError) as caught:
        make.want("invoice-agent").plan(**{flag: ("workload_identity.invoice-agnt",)})
    assert "invoice-agnt" in caught.value.summary
    assert "workload_identity.invoice-agent" in caught.value.detail


def test_a_glob_on_an_empty_stack_says_that_there_is_nothing(make: Any) -> None:
    with pytest.raises(UsageError) as caught:
        make.plan(targets=("*",))
    assert "Neither" in caught.value.detail


@pytest.mark.parametrize("half", ["new", "old"])
def test_a_rename_is_selected_by_either_of_its_addresses_and_never_in_part(make: Any, half: str) -> None:
    make.want("new", previously="old").know("old").live("old").want("other")
    assert make.steps(targets=(f"*.{half}",)) == {"new": ("replace", "renamed")}
    assert make.steps(excludes=(f"*.{half}",)) == {"other": ("create", "declared")}


def test_refusals_and_warnings_of_what_is_left_out_are_left_out(make: Any) -> None:
    make.want("a", previously="never").want("b").live("b", owner="").know("c", protect=True).live("c").want("d")
    make.want("e", name="x").want("f", name="x")
    assert make.codes(targets=("*.d",)) == []
    assert make.plan(targets=("*.d",)).excluded == 5


def test_destroy_takes_a_selection_too(make: Any) -> None:
    make.know("a").live("a").know("b").live("b")
    assert make.steps(targets=("*.b",), destroy=True) == {"b": ("delete", "asked")}
