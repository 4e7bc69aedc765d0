"""One issue for a stack and environment: opened, commented on, closed, never twice, and never somebody else's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.errors import ReconcilerError
from reconciler.model.environments import Environment
from reconciler.notifying import Delivered, Errand, Letter, deliver, read_recipients
from reconciler.notifying.posting import Bounds
from tests.forges import TOKEN, Account, Forges


def kept(forges: Forges, letter: Letter, reference: str = "", token: str = TOKEN) -> Delivered:
    (recipient,) = read_recipients(["github=acme/identities"])
    errand = Errand(recipient=recipient, letter=letter, environment=Environment(name="prod"), reference=reference)
    environ = {"GITHUB_API_URL": forges.url, **({"GITHUB_TOKEN": token} if token else {})}
    (done,) = deliver([errand], environ=environ, bounds=Bounds(pause=0))
    return done


def refused(done: Delivered) -> ReconcilerError:
    assert done.failed is not None
    return done.failed


def test_the_first_finding_opens_an_issue(forges: Forges, letter: Letter):
    done = kept(forges, letter)
    assert (done.failed, done.reference) == (None, "1")
    (issue,) = forges.issues
    assert (issue["title"], issue["body"], issue["state"]) == (letter.title, letter.body, "open")


def test_what_is_told_later_is_a_comment_and_the_text_follows_what_stands(forges: Forges, letter: Letter):
    kept(forges, letter)
    later = replace(letter, key="cd" * 32, comment="1 more\n", body=letter.body + "2 stand\n")
    assert kept(forges, later, "1").reference == "1"
    (issue,) = forges.issues
    assert issue["said"] == [f"<!-- reconciler:told {'cd' * 32} -->\n1 more\n"]
    assert issue["body"].endswith("2 stand\n")


def test_what_was_commented_is_not_commented_again(forges: Forges, letter: Letter):
    kept(forges, letter)
    later = replace(letter, key="cd" * 32)
    for _ in range(2):
        kept(forges, later, "1")
    assert len(forges.issues[0]["said"]) == 1


def test_the_issue_is_closed_with_a_last_word_when_all_is_over(forges: Forges, letter: Letter):
    kept(forges, letter)
    assert kept(forges, replace(letter, key="ef" * 32, comment="1 over\n", over=True), "1").reference == ""
    (issue,) = forges.issues
    assert (issue["state"], issue["state_reason"]) == ("closed", "completed")
    assert issue["said"][0].endswith("1 over\n")
    assert kept(forges, letter).reference == "2"  # what comes back is another issue


def test_it_is_closed_without_a_word_where_all_that_stands_was_acknowledged(forges: Forges, letter: Letter):
    kept(forges, letter)
    kept(forges, replace(letter, quiet=True, over=True), "1")
    assert (forges.issues[0]["state"], forges.issues[0]["said"]) == ("closed", [])


def test_nothing_new_is_no_call(forges: Forges, letter: Letter):
    assert kept(forges, replace(letter, quiet=True), "1").reference == "1"
    assert kept(forges, replace(letter, quiet=True, over=True)).reference == ""
    assert forges.seen == []


def test_one_that_somebody_closed_is_opened_again_when_there_is_news(forges: Forges, letter: Letter):
    kept(forges, letter)
    forges.issues[0]["state"] = "closed"
    kept(forges, replace(letter, key="cd" * 32), "1")
    assert forges.issues[0]["state"] == "open"


def test_without_memory_the_open_issue_is_found_by_its_marker(forges: Forges, letter: Letter):
    kept(forges, letter)
    assert kept(forges, replace(letter, key="cd" * 32)).reference == "1"
    assert len(forges.issues) == 1


def test_an_issue_of_somebody_else_that_looks_like_ours_is_left_alone(forges: Forges, letter: Letter):
    theirs = {"number": 1, "state": "open", "said": [], "user": {"login": "mallory"}, "title": "x", "body": letter.body}
    forges.issues.append(dict(theirs))
    assert kept(forges, letter).reference == "2"
    assert forges.issues[0] == theirs


@pytest.mark.parametrize("over", [False, True])
def test_what_the_memory_names_is_left_alone_where_it_is_somebody_elses(forges: Forges, letter: Letter, over: bool):
    theirs = {
        "number": 1,
        "state": "open",
        "said": [],
        "user": {"login": "alice"},
        "title": "x",
        "body": "My own words",
    }
    forges.issues.append(dict(theirs))
    kept(forges, letter)
    assert kept(forges, replace(letter, key="cd" * 32, over=over), "1").reference == ("" if over else "2")
    assert forges.issues[0] == theirs
    assert (forges.issues[1]["state"], len(forges.issues[1]["said"])) == ("closed" if over else "open", 1)


def test_what_the_memory_names_is_left_alone_where_it_only_looks_like_ours(forges: Forges, letter: Letter):
    theirs = {"number": 1, "state": "open", "said": [], "user": {"login": "alice"}, "title": "x", "body": letter.body}
    of_another_stack = {**theirs, "number": 2, "user": {"login": "github-actions[bot]"}, "body": "<!-- another -->"}
    pull = {**theirs, "number": 3, "user": {"login": "github-actions[bot]"}, "pull_request": {}}
    forges.issues += [dict(theirs), dict(of_another_stack), dict(pull)]
    for reference in "123":
        assert kept(forges, letter, reference).reference == "4"
    assert forges.issues[:3] == [theirs, of_another_stack, pull]


@pytest.mark.parametrize(
    "reference", ["../../../../other/secret/issues/17", "1?x=", "1/comments", "-1", "\u0661", " 1", "01"]
)
def test_what_the_memory_names_is_a_number_and_nothing_else(forges: Forges, letter: Letter, reference: str):
    kept(forges, letter)
    assert kept(forges, replace(letter, key="cd" * 32), reference).reference == "1"
    assert len(forges.issues) == 1
    assert not any(method == "GET" and path.endswith(f"/issues/{reference}") for method, path in forges.seen)


def test_an_issue_whose_answer_was_lost_is_not_opened_twice(forges: Forges, letter: Letter):
    forges.trouble("POST", "/issues", after=True)
    assert kept(forges, letter).reference == "1"
    assert len(forges.issues) == 1


def test_a_run_that_knows_nothing_leaves_the_text_as_it_was(forges: Forges, letter: Letter):
    kept(forges, letter)
    body = letter.body.replace("1 stands", "nothing is known")
    kept(forges, replace(letter, key="cd" * 32, body=body, known=False), "1")
    assert forges.issues[0]["body"] == letter.body
    assert len(forges.issues[0]["said"]) == 1


@pytest.mark.parametrize("token", ["", "ghs_wrong", "ghs_reader"])
def test_a_token_that_may_not_is_told_by_what_it_needs(forges: Forges, letter: Letter, token: str):
    forges.accounts["ghs_reader"] = Account("reader", 7, writes=False)
    error = refused(kept(forges, letter, token=token))
    assert "GITHUB_TOKEN" in error.summary + error.detail
    assert not token or token not in error.summary + error.detail
    assert forges.issues == []
