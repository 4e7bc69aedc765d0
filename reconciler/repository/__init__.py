"""The manifest as a git repository holds it at a commit. Reads objects only: no hook, filter or code of a branch runs."""

from reconciler.repository.git import Repository, open_repository
from reconciler.repository.reading import Found, Wanted, manifest_at

__all__ = ["Found", "Repository", "Wanted", "manifest_at", "open_repository"]
