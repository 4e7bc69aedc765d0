"""Looks at a directory for drift, and remembers what it saw. Writes nothing there."""

from reconciler.watching.glance import glance
from reconciler.watching.look import Subject, Terms, look

__all__ = ["Subject", "Terms", "glance", "look"]
