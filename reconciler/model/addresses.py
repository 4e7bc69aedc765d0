"""How a resource is called: by us (`Address`, from its key in the manifest) and by the service (`Remote`, its real name)."""

from __future__ import annotations

from typing import NamedTuple

from reconciler.model.kinds import KINDS, Text

KEY = Text(minimum=1, maximum=255, pattern=r"[A-Za-z0-9_.-]+")
"""What a manifest takes as the key of a resource."""


class Address(NamedTuple):
    """A resource in the manifest, the plan and the lockfile: `workload_identity.invoice-agent`.

    `key` is the manifest's key; the remote name is the same unless the entry gives `name:`.
    """

    type: str
    key: str

    def __str__(self) -> str:
        return f"{self.type}.{self.key}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """The address in `text`; ValueError, fit to be shown, when it is none."""
        type_, dot, key = text.partition(".")
        if not dot or not key or type_ not in {kind.type for kind in KINDS}:
            known = ", ".join(f"{kind.type}.NAME" for kind in KINDS)
            raise ValueError(f"{text!r} is not an address; addresses look like {known}")
        return cls(type_, key)

    def leftover(self, name: str) -> Address:
        """Where the lockfile keeps the old half of a rename until it is finished: `TYPE.KEY~OLD-NAME`.

        No manifest key holds a `~`, so nothing can be declared there.
        """
        return Address(self.type, f"{self.key}~{name}")

    @property
    def is_leftover(self) -> bool:
        """Whether it is one of those."""
        return "~" in self.key

    @property
    def heir(self) -> Address:
        """Of a leftover, the address that the rename went on with; any other's is itself."""
        return Address(self.type, self.key.partition("~")[0])


class Remote(NamedTuple):
    """A resource as the directory names it: one per type and name in an account and region."""

    type: str
    name: str
