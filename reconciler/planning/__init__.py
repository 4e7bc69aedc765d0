"""From desired, known and live to a plan: the three-way difference, its guards, its saved form. Pure: no I/O, no clock."""

from reconciler.planning.fits import check_fits
from reconciler.planning.guards import Allowances, guard
from reconciler.planning.plan import (
    changed_remotes,
    expected_remotes,
    known_remotes,
    make_adoption,
    make_forgetting,
    make_plan,
)
from reconciler.planning.saved import dump_plan, load_plan, plan_digest
from reconciler.planning.selection import Selection

__all__ = [
    "Allowances",
    "Selection",
    "changed_remotes",
    "check_fits",
    "dump_plan",
    "expected_remotes",
    "guard",
    "known_remotes",
    "load_plan",
    "make_adoption",
    "make_forgetting",
    "make_plan",
    "plan_digest",
]
