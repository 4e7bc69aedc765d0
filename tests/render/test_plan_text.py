"""A plan on a terminal, shape by shape, as people read it."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.model.changes import Action, Cause, Change, Drift, Reason
from reconciler.model.environments import Target, Where
from reconciler.model.plan import Plan, Route, Untouched
from reconciler.model.resources import Refresh
from reconciler.render import plan_text

APP, OLD, HOOK = "https://app.example.com/cb", "https://old.example.com/cb", "https://hook.example.com/cb"
TITLE = "Plan for stack payments, environment prod (account 222222222222, us-east-1)"
KIND = "workload_identity"


def body(plan: Plan, **options: Any) -> str:
    """What stands between the title and the sums."""
    text = plan_text(plan, colour=False, **({"width": 80} | options))
    head, _, rest = text.partition("\n\n")
    assert head.startswith(TITLE)
    return rest.split("\n\nPlan: ")[0].split("\n\nNo changes")[0] + "\n"


def expected(text: str) -> str:
    """The text without the eight columns that the test's own code indents it by; what is left of it is the plan's."""
    return "\n".join(line[8:] for line in text.lstrip("\n").split("\n")).rstrip(" ")


def test_a_create_shows_what_will_stand_its_remote_name_and_its_source_line(make: Any) -> None:
    change = make.change(
        Action.CREATE, "ci-runner", Reason.DECLARED, name="ci-runner-prod", source=make.at(31),
        after=make.held(APP, HOOK, team="payments", purpose="nightly builds"),
    )  # fmt: skip
    assert plan_text(make.plan(change), colour=False, width=80) == expected("""
        Plan for stack payments, environment prod (account 222222222222, us-east-1)

          + create  workload_identity.ci-runner (ci-runner-prod)  manifests/prod.yaml:31
              allowedResourceOauth2ReturnUrls
                + https://app.example.com/cb
                + https://hook.example.com/cb
              tags
                + purpose = "nightly builds"
                + team = payments

        Plan: 1 to create, 0 to update, 0 to replace, 0 to delete.
        What becomes yours gets the ownership tag reconciler:stack = payments/prod.
    """)


def test_an_update_shows_each_element_folds_the_unchanged_and_says_who_changed_it(make: Any) -> None:
    change = make.change(
        Action.UPDATE, "invoice-agent", Reason.CHANGED_BOTH, source=make.at(12),
        attributes=(
            make.differ((APP, OLD), (APP, HOOK)),
            make.differ({"stage": "test", "tmp": "1", "team": "p"}, {"stage": "prod", "team": "p"}, Cause.OUTSIDE),
        ),
    )  # fmt: skip
    assert body(make.plan(change)) == expected("""
          ~ update  workload_identity.invoice-agent               manifests/prod.yaml:12
              allowedResourceOauth2ReturnUrls  (manifest)
                + https://hook.example.com/cb
                - https://old.example.com/cb
                  1 unchanged
              tags  (changed outside: undone)
                ~ stage: test -> prod
                - tmp = 1
                  1 unchanged
    """)


def test_verbose_shows_the_unchanged_elements_too(make: Any) -> None:
    change = make.change(Action.UPDATE, "a-b", Reason.MANIFEST_CHANGED, attributes=(make.differ((APP, OLD), (APP,)),))
    text = body(make.plan(change), verbose=True)
    assert "          https://app.example.com/cb\n" in text
    assert "unchanged" not in text


def test_where_both_sides_changed_one_attribute_each_element_says_what_was_done_outside(make: Any) -> None:
    known, live, desired = (APP, OLD), (OLD, "https://evil.example.net/cb"), (APP, HOOK)
    change = make.change(
        Action.UPDATE, "invoice-agent", Reason.CHANGED_BOTH, attributes=(make.differ(live, desired, Cause.BOTH),)
    )
    drift = Drift(
        address=change.address, name="invoice-agent", before={}, after={},
        attributes=(make.differ(known, live, Cause.OUTSIDE),),
    )  # fmt: skip
    assert body(make.plan(change, drift=(drift,))) == expected("""
          ~ update  workload_identity.invoice-agent
              allowedResourceOauth2ReturnUrls  (both: manifest and outside)
                + https://app.example.com/cb  (removed outside)
                - https://evil.example.net/cb  (added outside)
                + https://hook.example.com/cb
                - https://old.example.com/cb
    """)


def test_a_replacement_shows_both_names_and_both_addresses(make: Any) -> None:
    change = make.change(
        Action.REPLACE, "ledger-bot", Reason.RENAMED, previous_name="ledger-agent",
        previous=make.address("ledger-agent"), source=make.at(50), attributes=(make.differ((OLD,), (APP,)),),
    )  # fmt: skip
    assert body(make.plan(change)) == expected("""
        -/+ replace workload_identity.ledger-bot                  manifests/prod.yaml:50
              was workload_identity.ledger-agent
              renamed: ledger-agent -> ledger-bot; the old one stays until
              --finish-renames
              allowedResourceOauth2ReturnUrls  (manifest)
                + https://app.example.com/cb
                - https://old.example.com/cb
    """)


def test_a_change_that_also_moves_to_another_address_says_so(make: Any) -> None:
    change = make.change(
        Action.UPDATE, "new-key", Reason.MANIFEST_CHANGED, previous=make.address("old-key"),
        attributes=(make.differ((OLD,), (APP,)),),
    )  # fmt: skip
    assert "was workload_identity.old-key; the same resource under another address\n" in body(make.plan(change))


def test_a_delete_shows_what_is_lost_and_warns_that_consents_are_stranded(make: Any) -> None:
    change = make.change(Action.DELETE, "former-agent", Reason.NOT_DECLARED, before=make.held(OLD, team="x"))
    assert body(make.plan(change)) == expected("""
          - delete  workload_identity.former-agent
              no longer in the manifest
              allowedResourceOauth2ReturnUrls
                - https://old.example.com/cb
              tags
                - team = x

        warning: 1 workload identity will be deleted. Users' OAuth consents are
                 stranded: the token vault keeps them by workload, user and provider.
    """)


@pytest.mark.parametrize(
    ("action", "reason", "first", "said"),
    [
        (Action.CREATE, Reason.DELETED_OUTSIDE, "  + create ", "was deleted outside; created again"),
        (Action.ADOPT, Reason.OURS_BY_TAG, " <= adopt  ", "carries our ownership tag; enters the lockfile as it is"),
        (Action.ADOPT, Reason.UPDATE_ONLY, " <= adopt  ", "lifecycle.updateOnly; enters the lockfile as it is"),
        (Action.ADOPT, Reason.ASKED, " <= adopt  ", "as asked; enters the lockfile and gets our ownership tag"),
        (Action.UPDATE, Reason.OURS_BY_TAG, "  ~ update ", "ownership tag; enters the lockfile, then changes"),
        (Action.UPDATE, Reason.UPDATE_ONLY, "  ~ update ", "updateOnly; enters the lockfile, then changes"),
        (Action.DELETE, Reason.ASKED, "  - delete ", "as asked"),
        (Action.FORGET, Reason.DELETED_OUTSIDE, "  . forget ", "gone: was deleted outside and is not in the manifest"),
        (Action.FORGET, Reason.NOT_DECLARED, "  . forget ", "update-only; stays without our ownership tag"),
        (Action.FORGET, Reason.ASKED, "  . forget ", "as asked; stays without our ownership tag"),
    ],
)
def test_every_reason_that_the_symbol_does_not_tell_is_told_in_words(
    make: Any, action: Action, reason: Reason, first: str, said: str
) -> None:
    lines = body(make.plan(make.change(action, "some-agent", reason)), width=120).split("\n")
    assert lines[0] == f"{first} {KIND}.some-agent"
    assert said in lines[1]


def test_forgetting_what_is_gone_does_not_claim_that_it_stays(make: Any) -> None:
    text = body(make.plan(make.change(Action.FORGET, "some-agent", Reason.ASKED, before=None, after=None)))
    assert "was not seen in the directory, leaves the lockfile" in text
    assert "stays" not in text


def test_adopted_contents_are_shown_on_request(make: Any) -> None:
    plan = make.plan(make.change(Action.ADOPT, "a-b", Reason.ASKED, before=make.held(APP), after=make.held(APP)))
    assert APP not in body(plan)
    assert f"          {APP}\n" in body(plan, verbose=True)


def test_lockfile_only_changes_stand_apart_with_their_reason(make: Any) -> None:
    plan = make.plan(
        make.change(Action.NO_OP, "met", Reason.CONVERGED, source=make.at(60)),
        make.change(Action.NO_OP, "moved", Reason.MOVED, previous=make.address("was-here")),
        make.change(Action.NO_OP, "vip", Reason.PROTECTION, protect=True),
        make.change(Action.NO_OP, "free", Reason.PROTECTION, protect=False),
    )
    assert body(plan) == expected("""
        In the lockfile only:
            no-op   workload_identity.met                         manifests/prod.yaml:60
              is already what the manifest says
            no-op   workload_identity.moved
              was workload_identity.was-here; the same resource under another address
            no-op   workload_identity.vip
              now protected
            no-op   workload_identity.free
              no longer protected
    """)
    assert plan_text(plan, colour=False).endswith("0 to delete, 4 in the lockfile only.\n")


def test_what_a_rebuild_claims_stands_in_groups_the_undeclared_apart(make: Any) -> None:
    plan = make.plan(
        make.change(Action.NO_OP, "lost", Reason.REBUILT_UNDECLARED),
        make.change(Action.NO_OP, "met", Reason.REBUILT, source=make.at(60)),
        make.change(Action.NO_OP, "vip", Reason.REBUILT, protect=True),
    )
    assert body(plan) == expected("""
        Ours by the ownership tag, enters the lockfile as it stands:
            no-op   workload_identity.met                         manifests/prod.yaml:60
            no-op   workload_identity.vip

        Ours by the ownership tag and not in the manifest, enters the lockfile as it stands:
            no-op   workload_identity.lost
    """)
    assert plan_text(plan, colour=False).endswith("0 to delete, 3 in the lockfile only.\n")


def test_a_refusal_names_the_resource_the_place_the_reason_and_the_next_step(make: Any) -> None:
    refusal = Diagnostic(
        severity=Severity.ERROR, code="not-ours", address=f"{KIND}.taken", source=make.at(80),
        summary=f"{KIND}.taken: exists already and is not ours", detail=f"adopt it: reconciler adopt {KIND}.taken",
    )  # fmt: skip
    assert plan_text(make.plan(diagnostics=(refusal,)), colour=False, width=80) == expected(f"""
        {TITLE}

          ! refused workload_identity.taken                       manifests/prod.yaml:80
              exists already and is not ours [not-ours]
              adopt it: reconciler adopt workload_identity.taken

        Nothing is planned beside what is refused.
        Refused: 1. Nothing is applied until that is settled.
    """)


def test_warnings_and_notes_stand_before_the_sums(make: Any) -> None:
    found = (
        Diagnostic(severity=Severity.WARNING, code="linkage", summary="cannot tell", detail="allow it"),
        Diagnostic(severity=Severity.INFO, code="hint", summary="by the way", source=make.at(3)),
    )
    assert body(make.plan(diagnostics=found)) == expected("""
        warning[linkage]: cannot tell
              allow it
        info[hint]: by the way  manifests/prod.yaml:3
    """)


def test_what_could_not_be_read_comes_first_and_loudly_and_is_told_once(make: Any) -> None:
    again = Diagnostic(severity=Severity.WARNING, code="unreadable", summary="x", address=f"{KIND}.dark")
    plan = make.plan(unknown={f"{KIND}.dark": "throttled"}, diagnostics=(again,))
    assert plan_text(plan, colour=False, width=80) == expected(f"""
        {TITLE}

        INCOMPLETE: 1 resource could not be read; it is left as it is.
          ? unknown  workload_identity.dark
              could not be read: throttled

        Incomplete. Nothing is planned for what could be read. What could not be read
        may differ.
    """)


def test_a_resource_that_is_unread_and_forgotten_keeps_its_warning(make: Any) -> None:
    warning = Diagnostic(severity=Severity.WARNING, code="unreadable", summary="its tag stays", address=f"{KIND}.dark")
    change = make.change(Action.FORGET, "dark", Reason.ASKED, before=None, after=None)
    text = plan_text(make.plan(change, unknown={f"{KIND}.dark": "throttled"}, diagnostics=(warning,)), colour=False)
    assert "warning[unreadable]: its tag stays" in text


def test_a_listing_that_is_not_whole_is_never_no_changes(make: Any) -> None:
    text = plan_text(make.plan(listing_failed="AccessDenied", unchanged=40), colour=False)
    assert "INCOMPLETE: the listing of the directory could not be read in full: AccessDenied" in text
    assert "No changes" not in text
    repeated = Diagnostic(severity=Severity.WARNING, code="listing-incomplete", summary="x")
    assert (
        plan_text(make.plan(listing_failed="AccessDenied", diagnostics=(repeated,), unchanged=40), colour=False) == text
    )


def test_an_incomplete_plan_with_changes_says_so_beside_its_sums(make: Any) -> None:
    plan = make.plan(make.change(Action.CREATE, "a-b", Reason.DECLARED), unknown={f"{KIND}.x": "y"})
    assert "\nIncomplete. Plan: 1 to create" in plan_text(plan, colour=False)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"unchanged": 40}, "No changes. All 40 resources of the manifest stand in the directory as declared."),
        ({"unchanged": 1, "declared": 1},
         "No changes. The one resource of the manifest stands in the directory as declared."),
        ({"managed": 0, "declared": 0}, "No changes. Nothing is declared, and nothing is managed."),
        ({"unchanged": 3}, "No changes. There is nothing to do."),
        ({"unchanged": 36, "excluded": 4}, "No changes in what was selected."),
        ({"unchanged": 40, "refresh": Refresh.NONE},
         "No changes compared with the lockfile only; the directory was not read."),
        ({"unchanged": 40, "refresh": Refresh.CHANGED},
         "No changes in the manifest or the listing; what neither shows as changed was not read one by one."),
    ],
)  # fmt: skip
def test_an_empty_plan_claims_no_more_than_was_read(make: Any, fields: dict[str, Any], said: str) -> None:
    assert f"\n\n{said}\n" in plan_text(make.plan(**fields), colour=False)


@pytest.mark.parametrize(
    ("refresh", "said"), [(Refresh.CHANGED, "Read one by one: only"), (Refresh.NONE, "was not read")]
)
def test_a_plan_that_read_less_says_so_under_its_title(make: Any, refresh: Refresh, said: str) -> None:
    change = make.change(Action.CREATE, "a-b", Reason.DECLARED)
    assert said in plan_text(make.plan(change, refresh=refresh), colour=False).split("\n")[1]
    assert said not in plan_text(make.plan(change), colour=False)


def test_the_end_says_what_is_left_alone_and_where_all_of_it_is_listed(make: Any) -> None:
    plan = make.plan(
        unchanged=31, excluded=4,
        untouched=Untouched(
            unmanaged={KIND: tuple(f"team-{number}" for number in range(214))}, service_linked={KIND: ("rt-1", "rt-2")}
        ),
    )  # fmt: skip
    assert plan_text(plan, colour=False).split("\n\n")[-1] == expected("""
        No changes in what was selected.
        Unchanged: 31. Left out by --target or --exclude: 4.
        Not touched: 214 unmanaged (team-0, team-1, team-2, team-3 and 210 more), 2 service-linked (rt-1,
          rt-2). All of them: --verbose.
    """)
    assert "team-213" in plan_text(plan, colour=False, verbose=True)


def test_drift_that_nothing_undoes_is_not_kept_quiet(make: Any) -> None:
    found = (
        Drift(address=make.address("gone"), name="gone", before={}, after=None),
        Drift(address=make.address("other"), name="other", before={}, after={},
              attributes=(make.differ((OLD,), (APP,), Cause.OUTSIDE),)),
        Drift(address=make.address("mended"), name="mended", before={}, after={}),
    )  # fmt: skip
    change = make.change(Action.UPDATE, "mended", Reason.CHANGED_OUTSIDE)
    assert body(make.plan(change, drift=found)) == expected("""
          ~ update  workload_identity.mended

        Changed outside and left as it is (2 resources):
            deleted workload_identity.gone

            changed workload_identity.other
              allowedResourceOauth2ReturnUrls
                + https://app.example.com/cb
                - https://old.example.com/cb
    """)


def test_guards_tell_before_apply_what_apply_will_refuse(make: Any) -> None:
    guard = Diagnostic(
        severity=Severity.ERROR,
        code="guard-deletes",
        summary="14 of 40 would go",
        detail="if meant: --allow-deletes 14",
    )
    text = plan_text(make.plan(), colour=False, guards=(guard,))
    assert text.endswith("\n\napply will refuse this: 14 of 40 would go\n  if meant: --allow-deletes 14\n")


def test_a_guard_over_refusals_takes_the_place_of_their_sum(make: Any) -> None:
    refusal = Diagnostic(severity=Severity.ERROR, code="protected", summary="is protected", address=f"{KIND}.vip")
    guard = Diagnostic(severity=Severity.ERROR, code="guard-errored", summary="the plan refuses 1 resource")
    plan = make.plan(diagnostics=(refusal,))
    assert "Refused: 1." in plan_text(plan, colour=False)
    assert "Refused: 1." not in plan_text(plan, colour=False, guards=(guard,))


def test_the_title_knows_the_embedded_directory_and_a_first_plan(make: Any) -> None:
    plan = make.plan(
        route=Route(lockfile="x", where=Where.EMBEDDED), lineage="",
        target=Target(stack="s", environment="local", account="000000000000", region=""),
    )  # fmt: skip
    assert plan_text(plan, colour=False).split("\n")[:2] == [
        "Plan for stack s, environment local (embedded directory)",
        "No lockfile yet: nothing is managed so far.",
    ]


@pytest.mark.parametrize("width", [80, 100, 200])
def test_source_lines_end_at_the_same_column_and_never_beyond_the_hundredth(make: Any, width: int) -> None:
    changes = [
        make.change(Action.CREATE, key, Reason.DECLARED, source=make.at(line))
        for key, line in (("abc", 1), ("abcdef", 12))
    ]
    lines = plan_text(make.plan(*changes), colour=False, width=width).split("\n")
    assert [len(line) for line in lines if ".yaml:" in line] == [min(width, 100)] * 2


def test_colour_paints_and_changes_no_word(make: Any) -> None:
    plan = make.plan(
        make.change(
            Action.UPDATE, "a-b", Reason.CHANGED_OUTSIDE, attributes=(make.differ((OLD,), (APP,), Cause.OUTSIDE),)
        )
    )
    painted = plan_text(plan, colour=True)
    assert "\x1b[32m+ https://app.example.com/cb\x1b[0m" in painted
    assert "\x1b[31m- https://old.example.com/cb\x1b[0m" in painted
    for code in ("0", "1", "2", "31", "32", "33"):
        painted = painted.replace(f"\x1b[{code}m", "")
    assert painted == plan_text(plan, colour=False)


def test_a_plan_of_ten_thousand_changes_keeps_them_all_in_order(make: Any) -> None:
    changes: list[Change] = [
        make.change(Action.CREATE, f"agent-{number:05}", Reason.DECLARED, after=make.held(APP))
        for number in range(10_000)
    ]
    lines = [line for line in plan_text(make.plan(*changes), colour=False).split("\n") if "  + create" in line]
    assert lines == [f"  + create  {one.address}" for one in changes]
