"""What a change of a manifest means, for those who have to approve it. Pure: two versions in, one report out."""

from reconciler.reviewing.review import review
from reconciler.reviewing.risks import RISKS, Risk
from reconciler.reviewing.versions import Reviewed

__all__ = ["RISKS", "Reviewed", "Risk", "review"]
