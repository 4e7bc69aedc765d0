"""What a change of a manifest means, for those who have to approve it. Pure: two versions in, one report out."""

from reconciler.reviewing.holding import Held, claimed_in, with_locks
from reconciler.reviewing.lockfiles import LockEdit
from reconciler.reviewing.of_plan import PLAN_TITLES, report_of_plan
from reconciler.reviewing.review import review
from reconciler.reviewing.risks import RISKS, Risk
from reconciler.reviewing.versions import Reviewed

__all__ = [
    "PLAN_TITLES",
    "RISKS",
    "Held",
    "LockEdit",
    "Reviewed",
    "Risk",
    "claimed_in",
    "report_of_plan",
    "review",
    "with_locks",
]
