"""The manifest as a git repository holds it at a commit. Reads objects only: no hook, filter or code of a branch runs."""

from reconciler.repository.git import Repository, author, open_repository
from reconciler.repository.reading import Found, Wanted, manifest_at

__all__ = ["Found", "Repository", "Wanted", "author", "manifest_at", "open_repository"]
