"""One comment for one report, on either host: made, kept, left alone, never somebody else's."""

from __future__ import annotations

import pytest

from reconciler.errors import ForgeAnswerLost, ForgeDenied, ForgeError, UsageError
from reconciler.forge import Forge, Request, check_marked, put_comment
from reconciler.forge.comments import Outcome, fitted
from tests.forges import TOKEN, Account, Forges

MARKER = "<!-- reconciler:plan payments/prod -->"
OTHER = "<!-- reconciler:plan payments/staging -->"
TEXT = f"{MARKER}\n## Plan\n\n2 to create\n"


def test_the_first_comment_is_made(request_there: Request, forges: Forges) -> None:
    assert put_comment(request_there, TEXT).outcome is Outcome.CREATED
    assert [one["body"] for one in forges.comments] == [TEXT]


def test_the_next_report_goes_into_the_same_comment(request_there: Request, forges: Forges) -> None:
    put_comment(request_there, TEXT)
    assert put_comment(request_there, TEXT.replace("2", "3")).outcome is Outcome.UPDATED
    assert [one["body"] for one in forges.comments] == [TEXT.replace("2", "3")]


def test_what_stands_there_already_is_not_written(request_there: Request, forges: Forges) -> None:
    forges.add(TEXT.replace("\n", "\r\n").rstrip())
    assert put_comment(request_there, TEXT).outcome is Outcome.UNCHANGED
    assert forges.writes == []


def test_another_environment_has_a_comment_of_its_own(request_there: Request, forges: Forges) -> None:
    forges.add(f"{OTHER}\nof staging")
    assert put_comment(request_there, TEXT).outcome is Outcome.CREATED
    assert [one["body"] for one in forges.comments] == [f"{OTHER}\nof staging", TEXT]


def test_a_comment_of_another_account_is_not_taken_though_it_has_our_marker(
    request_there: Request, forges: Forges
) -> None:
    forges.add(f"{MARKER}\nAll is well, says mallory", login="mallory", account=666)
    forges.add(f"{MARKER}\nAnd her app", login="github-actions", account=667)
    assert put_comment(request_there, TEXT).outcome is Outcome.CREATED
    assert [one["body"] for one in forges.comments][2:] == [TEXT]
    assert "mallory" in forges.comments[0]["body"]


def test_a_marker_that_is_quoted_further_down_is_none(request_there: Request, forges: Forges) -> None:
    forges.add(f"> a quotation\n{MARKER}\n")
    assert put_comment(request_there, TEXT).outcome is Outcome.CREATED


def test_ours_is_found_behind_hundreds_of_others(request_there: Request, forges: Forges) -> None:
    for number in range(250):
        forges.add(f"comment {number}", login="somebody", account=number + 1)
    forges.add(f"{MARKER}\nold")
    for number in range(99):
        forges.add(f"comment {number}", login="somebody", account=number + 1)
    assert put_comment(request_there, TEXT).outcome is Outcome.UPDATED
    assert len(forges.comments) == 350
    assert forges.comments[250]["body"] == TEXT


def test_a_dry_run_writes_nothing(request_there: Request, forges: Forges) -> None:
    assert put_comment(request_there, TEXT, dry_run=True).outcome is Outcome.CREATED
    forges.add(f"{MARKER}\nold")
    assert put_comment(request_there, TEXT, dry_run=True).outcome is Outcome.UPDATED
    assert forges.writes == []


def test_a_create_whose_answer_was_lost_is_looked_for_and_not_repeated(request_there: Request, forges: Forges) -> None:
    forges.trouble("POST", "notes" if request_there.place.forge is Forge.GITLAB else "comments", after=True)
    assert put_comment(request_there, TEXT).outcome is Outcome.CREATED
    assert [one["body"] for one in forges.comments] == [TEXT]
    assert forges.writes == ["POST"]


def test_a_create_that_did_not_happen_is_made_again(request_there: Request, forges: Forges) -> None:
    where = "notes" if request_there.place.forge is Forge.GITLAB else "comments"
    forges.trouble("POST", where)
    forges.trouble("POST", where, status=502)
    assert put_comment(request_there, TEXT).outcome is Outcome.CREATED
    assert forges.writes == ["POST", "POST", "POST"]
    assert len(forges.comments) == 1


def test_a_create_that_never_happens_is_given_up(request_there: Request, forges: Forges) -> None:
    forges.trouble("POST", "/12/", status=500, times=99)
    with pytest.raises(ForgeAnswerLost, match="answered 500"):
        put_comment(request_there, TEXT)
    assert forges.writes == ["POST"] * 3


def test_a_text_of_the_last_allowed_length_is_left_as_it_is(on_github: Request, forges: Forges) -> None:
    text = (TEXT + "x" * 70_000)[:65_536]
    put = put_comment(on_github, text)
    assert put.cut == 0
    assert forges.comments[0]["body"] == text


def test_an_over_long_text_is_cut_with_a_word_about_it_and_stays_the_same_comment(
    on_github: Request, forges: Forges
) -> None:
    text = TEXT + "".join(f"line {number} ünïcödé\n" for number in range(9000))
    put = put_comment(on_github, text)
    body = forges.comments[0]["body"]
    assert len(body) <= 65_536
    assert len(body) > 65_000, "as much as there is room for"
    assert put.cut == len(text) - len(body)
    assert body.splitlines()[0] == MARKER
    assert f"the report has {len(text):,} characters" in body.splitlines()[1]
    assert body.splitlines()[-1].endswith(" ünïcödé"), "whole lines"
    assert put_comment(on_github, text).outcome is Outcome.UNCHANGED


def test_one_endless_line_is_cut_too() -> None:
    body = fitted(f"{MARKER}\n{'x' * 100_000}", 65_536)
    assert len(body) <= 65_536
    assert body.endswith("xxx")


def test_gitlab_has_room_for_more(forges: Forges) -> None:
    assert fitted("x" * 900_000, Forge.GITLAB.longest) == "x" * 900_000


def test_the_token_of_a_fork_is_refused_with_the_way_out(on_github: Request, forges: Forges) -> None:
    forges.accounts[TOKEN] = Account("github-actions[bot]", 41898282, writes=False)
    with pytest.raises(ForgeDenied, match="Resource not accessible by integration") as caught:
        put_comment(on_github, TEXT)
    assert "pull-requests: write" in caught.value.detail
    assert "fork" in caught.value.detail
    assert forges.writes == ["POST"], "a refusal is final"


def test_a_wrong_token_is_told(request_there: Request, forges: Forges) -> None:
    forges.accounts.clear()
    with pytest.raises(ForgeDenied, match="answered 401") as caught:
        put_comment(request_there, TEXT)
    assert "has expired" in caught.value.detail


def test_without_an_answer_to_whose_token_it_is_no_comment_is_taken_for_ours(
    on_github: Request, forges: Forges
) -> None:
    forges.add(f"{MARKER}\nold")
    forges.trouble("POST", "/graphql", status=200, body={"errors": [{"message": "no"}]})
    with pytest.raises(ForgeError, match="whose token"):
        put_comment(on_github, TEXT)
    assert forges.comments[0]["body"] == f"{MARKER}\nold"


@pytest.mark.parametrize("text", ["", "# Plan", "<!-- reconciler: -->", f"\n{MARKER}", "<!-- reconciler:plan a b -->"])
def test_a_text_without_a_marker_is_no_report(text: str) -> None:
    with pytest.raises(UsageError, match="report for a comment"):
        check_marked(text, file="plan.md")
