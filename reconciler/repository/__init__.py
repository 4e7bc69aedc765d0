"""The manifest as a git repository holds it at a commit. Reads objects only: no hook, filter or code of a branch runs."""

from reconciler.repository.git import Repository, author, open_repository
from reconciler.repository.naming import base_of, commit_of
from reconciler.repository.places import path_inside, standing_folder
from reconciler.repository.reading import Found, Wanted, manifest_at

__all__ = [
    "Found",
    "Repository",
    "Wanted",
    "author",
    "base_of",
    "commit_of",
    "manifest_at",
    "open_repository",
    "path_inside",
    "standing_folder",
]
