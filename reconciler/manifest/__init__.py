"""YAML text to what is desired: files, positions, schema, variables, environments, rules. Offline."""

from __future__ import annotations

from reconciler.manifest.choosing import is_glob, meant
from reconciler.manifest.declarations import DEFAULT_ENVIRONMENT, Manifest
from reconciler.manifest.documents import ManifestFile
from reconciler.manifest.files import find
from reconciler.manifest.loading import Loaded, Readings, load, load_files
from reconciler.manifest.locating import element_source
from reconciler.manifest.resolving import Resolved, resolve
from reconciler.manifest.rules import RULES, Rule

__all__ = [
    "DEFAULT_ENVIRONMENT",
    "RULES",
    "Loaded",
    "Manifest",
    "ManifestFile",
    "Readings",
    "Resolved",
    "Rule",
    "element_source",
    "find",
    "is_glob",
    "load",
    "load_files",
    "meant",
    "resolve",
]
