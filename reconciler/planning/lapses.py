"""What planning has to say, in words, about resources whose day has come. Codes are stable."""

from __future__ import annotations

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.model.expiry import whose
from reconciler.model.kind import EXPIRES
from reconciler.model.resources import Desired
from reconciler.planning.findings import refuse, say


def unmade(desired: Desired) -> Diagnostic:
    """Its day has come, and the lockfile does not hold it."""
    return say(
        Severity.WARNING,
        "expired",
        desired.address,
        f"{_since(desired)}, so it is not created",
        "If it is still needed, give it a later day; else remove the entry. What stands under its name is left alone.",
        source=desired.source,
    )


def unprotected(desired: Desired) -> Diagnostic:
    """Its day has come, and its protection is only now lifted."""
    return say(
        Severity.WARNING,
        "expired",
        desired.address,
        f"{_since(desired)}, and was protected until now",
        "This apply lifts its protection, the next one deletes it. If it is still needed, give it a later day.",
        source=desired.source,
    )


def unadopted(desired: Desired) -> Diagnostic:
    """Asked to adopt what the next plan would delete."""
    return refuse(
        "expired",
        desired,
        f"{_since(desired)}, so it is not adopted",
        "The next plan would delete it. Give it a later day first.",
    )


def granted_expired(desired: Desired, provider: str) -> Diagnostic:
    """A grant of what will not be there."""
    return say(
        Severity.WARNING,
        "granted-expired",
        desired.address,
        f"it is granted {provider}, which has expired and is not created",
        "Give the provider a later day, or take the grant out of `access`.",
        source=desired.source,
    )


def _since(desired: Desired) -> str:
    return f"it expired on {desired.attributes[EXPIRES.name]} ({whose(desired.attributes)})"
