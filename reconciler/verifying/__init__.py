"""Proves that identities can be used as declared: asks the data plane for what each is granted, and judges what comes back."""

from reconciler.verifying.run import THREADS, verify
from reconciler.verifying.subjects import User, subjects_of

__all__ = ["THREADS", "User", "subjects_of", "verify"]
