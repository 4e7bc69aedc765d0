"""Carrying a plan out, whole or as far as it goes, and finding out what became of one that was interrupted."""

from reconciler.applying.patience import Patience
from reconciler.applying.run import Event, Moment, RunBroken, RunUnheard, apply
from reconciler.applying.settle import Settlement, recover, settle

__all__ = ["Event", "Moment", "Patience", "RunBroken", "RunUnheard", "Settlement", "apply", "recover", "settle"]
