"""From desired, known and live to a plan: the three-way difference, its guards, its saved form. Pure: no I/O, no clock."""

from reconciler.planning.cost import Cost, cost
from reconciler.planning.fits import check_fits
from reconciler.planning.following import follow
from reconciler.planning.granting import granted
from reconciler.planning.guards import Allowances, guard
from reconciler.planning.plan import make_adoption, make_forgetting, make_plan, make_rebuild
from reconciler.planning.remotes import changed_remotes, expected_remotes, known_remotes
from reconciler.planning.saved import SavedPlan, dump_plan, dump_saved, load_plan, load_saved, plan_digest
from reconciler.planning.selection import Selection
from reconciler.planning.signatures import Method, Signature, same_mac, shared_key_mac, signed_message

__all__ = [
    "Allowances",
    "Cost",
    "Method",
    "SavedPlan",
    "Selection",
    "Signature",
    "changed_remotes",
    "check_fits",
    "cost",
    "dump_plan",
    "dump_saved",
    "expected_remotes",
    "follow",
    "granted",
    "guard",
    "known_remotes",
    "load_plan",
    "load_saved",
    "make_adoption",
    "make_forgetting",
    "make_plan",
    "make_rebuild",
    "plan_digest",
    "same_mac",
    "shared_key_mac",
    "signed_message",
]
