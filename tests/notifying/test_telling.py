"""What people are told, and when: new once, again after a while, over once, and the check itself alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.drifting.telling import notice_of, notice_of_failure, owing, told_after
from reconciler.model.drift import DriftClass, DriftRun, Memory, Status
from reconciler.model.telling import BROKEN_OFF, INCOMPLETE, CheckFailure, Notice, Told, Trouble
from reconciler.state.memory_text import dump_memory, parse_memory
from tests.notifying.runs import TARGET, changed, day, newcomer, noted, run, unknown

NO_CREDENTIALS = CheckFailure(code=BROKEN_OFF, summary="there are no credentials")


def after(told: Told, one: DriftRun, *, sent: bool = True) -> tuple[Notice, Told]:
    """The notice of that run, and what is known once it was sent, or once it could not be."""
    owed = owing(told, one)
    notice = notice_of(owed, one)
    return notice, told_after(owed, notice, one) if sent else owed


def broken(told: Told, at: float, failure: CheckFailure = NO_CREDENTIALS) -> tuple[Notice, Told]:
    notice = notice_of_failure(told, failure, target=TARGET, subject=TARGET.owner, at=day(at))
    return notice, told_after(told, notice, None)


def days_told(days: Sequence[float]) -> list[float]:
    """On which of these days a drift that stands is told."""
    told, heard = Told(), []
    for at in days:
        notice, told = after(told, run(noted(changed(), Status.STANDING if at else Status.NEW), at=at))
        heard += [] if notice.quiet else [at]
    return heard


def test_a_drift_is_told_when_it_is_new_and_then_not_every_time():
    notice, told = after(Told(), run(noted(changed())))
    assert [one.drifted for one in notice.new] == [changed()]
    again, _ = after(told, run(noted(changed(), Status.STANDING), at=0.04))
    assert again.quiet
    assert again.standing  # it is not forgotten, only not told


def test_it_is_told_again_after_1_3_7_14_30_days_and_every_30_days_after():
    assert days_told(range(100)) == [0, 1, 3, 7, 14, 30, 60, 90]


def test_a_nightly_run_that_begins_a_little_early_does_not_miss_the_day():
    assert days_told([0, 0.999, 2.999]) == [0, 0.999, 2.999]


def test_runs_that_come_seldom_remind_once_and_not_for_each_day_that_they_missed():
    assert days_told([0, 40, 41, 59, 60]) == [0, 40, 60]


def test_what_is_over_is_told_once():
    _, told = after(Told(), run(noted(changed())))
    over = run(noted(changed(), Status.RESOLVED), at=1)
    notice, told = after(told, over)
    assert [(one.about, one.attribute, one.since) for one in notice.over] == [
        ("workload_identity.invoice-agent", "allowedResourceOauth2ReturnUrls", day(0))
    ]
    assert notice.all_clear
    assert after(told, run(at=2))[0].quiet


def test_what_was_never_told_is_not_told_to_be_over():
    assert after(Told(), run(noted(changed(), Status.RESOLVED)))[0].quiet


def test_what_could_not_be_told_is_told_by_the_next_run():
    _, told = after(Told(), run(noted(changed())), sent=False)
    notice, told = after(told, run(noted(changed(), Status.STANDING), at=0.1))
    assert [one.drifted for one in notice.new] == [changed()]
    _, told = after(told, run(noted(changed(), Status.RESOLVED), at=0.2), sent=False)
    assert [one.about for one in after(told, run(at=0.3))[0].over] == ["workload_identity.invoice-agent"]


def test_what_happened_once_and_could_not_be_told_is_not_lost_with_the_run():
    _, told = after(Told(), run(noted(newcomer())), sent=False)
    notice, told = after(told, run(at=0.1))
    assert [one.drifted for one in notice.new] == [newcomer()]
    assert after(told, run(at=0.2))[0].quiet


def test_what_happened_once_is_not_told_twice_though_two_runs_see_it():
    _, told = after(Told(), run(noted(newcomer())))
    assert after(told, run(noted(newcomer(), Status.STANDING), at=0.1))[0].quiet


def test_what_the_service_makes_and_what_is_unknown_are_no_news():
    linked = replace(newcomer(), what=DriftClass.LINKED_NEWCOMER)
    assert after(Told(), run(noted(linked), noted(unknown())))[0].quiet


def test_another_value_in_the_same_place_is_new_and_the_former_is_not_over():
    _, told = after(Told(), run(noted(changed())))
    other = changed(url="https://other.example/callback")
    notice, told = after(told, run(noted(other), at=1))
    assert [one.drifted for one in notice.new] == [other]
    assert notice.over == ()
    assert list(told.findings) == [other.fingerprint]


def test_what_could_not_be_looked_at_is_not_over():
    _, told = after(Told(), run(noted(changed())))
    notice, told = after(told, run(noted(unknown()), at=0.5, unread=("invoice-agent could not be read",)))
    assert notice.over == ()
    assert changed().fingerprint in told.findings


def test_what_is_acknowledged_is_silent_and_news_again_once_that_is_over():
    _, told = after(Told(), run(noted(changed())))
    notice, told = after(told, run(noted(changed(), Status.STANDING, acknowledged=True), at=3))
    assert notice.quiet
    assert notice.all_clear
    assert notice.acknowledged == 1
    notice, told = after(told, run(noted(changed(), Status.STANDING), at=4))
    assert [one.drifted for one in notice.new] == [changed()]
    assert after(told, run(noted(changed(), Status.STANDING), at=4.1))[0].quiet


def test_what_is_over_while_it_is_acknowledged_is_told_to_those_who_knew():
    _, told = after(Told(), run(noted(changed())))
    _, told = after(told, run(noted(changed(), Status.STANDING, acknowledged=True), at=1))
    assert len(after(told, run(noted(changed(), Status.RESOLVED), at=2))[0].over) == 1


def test_a_run_that_breaks_off_is_told_once_then_after_a_while_and_its_recovery_once():
    first, told = broken(Told(), 0)
    assert first.trouble is Trouble.NEW
    assert not first.all_clear
    assert broken(told, 0.5)[0].quiet
    later, told = broken(told, 1)
    assert (later.trouble, later.failed_since) == (Trouble.REMINDED, day(0))
    notice, told = after(told, run(at=2))
    assert (notice.trouble, notice.failed_since) == (Trouble.OVER, day(0))
    assert after(told, run(at=3))[0].quiet


def test_a_run_that_breaks_off_rules_nothing_out():
    _, told = after(Told(), run(noted(changed())))
    notice, told = broken(told, 1)
    assert (notice.over, notice.known) == ((), False)
    assert after(told, run(noted(changed(), Status.STANDING), at=1.1))[0].new == ()


def test_what_is_owed_is_told_by_a_run_that_breaks_off_too():
    owed = owing(Told(), run(noted(newcomer())))
    notice, told = broken(owed, 1)
    assert [one.drifted for one in notice.new] == [newcomer()]
    assert told.owed == {}


def test_an_incomplete_run_is_told_and_that_it_gets_worse_is_told_at_once():
    notice, told = after(Told(), run(unread=("a could not be read", "b could not be read")))
    assert notice.failure is not None
    assert (notice.failure.code, notice.failure.said) == (
        INCOMPLETE,
        ("a could not be read", "b could not be read"),
    )
    worse, told = broken(told, 0.1)
    assert worse.trouble is Trouble.NEW
    assert after(told, run(at=0.2, unread=("a could not be read",)))[0].quiet


def test_the_same_news_has_the_same_key_and_other_news_has_another():
    first = notice_of(Told(), run(noted(changed())))
    assert first.key == notice_of(Told(), run(noted(changed(), Status.STANDING), at=0.1)).key
    other = changed(url="https://other.example/callback")
    _, told = after(Told(), run(noted(changed())))
    reminders = [notice_of(told, run(noted(changed(), Status.STANDING), at=at)).key for at in (1, 3)]
    later = notice_of(Told(), run(noted(changed(), first=9), at=9))  # it came back
    keys = {first.key, *reminders, later.key, notice_of(Told(), run(noted(other))).key, broken(Told(), 0)[0].key}
    assert len(keys) == 6


def test_what_people_know_is_remembered_as_it_is():
    _, told = after(Told(), run(noted(changed())))
    _, told = after(told, run(noted(changed(), Status.STANDING, acknowledged=True), at=0.1))
    _, told = broken(told, 0.2)
    told = replace(owing(told, run(noted(newcomer()), at=0.3)), reference="17")
    memory = Memory(lineage="1", account="2", region="3", told={"slack=env:SLACK": told})
    assert parse_memory(dump_memory(memory), file="x") == memory


def test_a_memory_of_before_there_were_notifications_can_be_read():
    memory = Memory(lineage="1", account="2", region="3")
    text = dump_memory(memory).replace(' "told": {},\n', "")
    assert '"told"' not in text
    assert parse_memory(text, file="x") == memory
