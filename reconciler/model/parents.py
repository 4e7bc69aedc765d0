"""What in AgentCore brings a workload identity of its own: named by people, numbered by the service."""

from __future__ import annotations

from typing import NamedTuple

FOLLOWED = ("runtime", "gateway")
"""The kinds of parent by whose name a manifest may declare an identity; each is the key of an entry, too."""


class Parent(NamedTuple):
    """A runtime, gateway or payment manager, by the name that its maker gave it."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Holder(NamedTuple):
    """What holds a service-linked identity. `id`: the service's own, another one each time it is made anew."""

    parent: Parent
    id: str

    def __str__(self) -> str:
        return f"{self.parent.kind} {self.id}"
