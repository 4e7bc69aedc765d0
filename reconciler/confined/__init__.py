"""Rules run in a process of their own: no environment, no files, no network, and only so much time and memory.

Leaves out what is asked and what the answers mean: see `reconciler.policy`.
"""

from reconciler.confined.running import Bounds, answers

__all__ = ["Bounds", "answers"]
