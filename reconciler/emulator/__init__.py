"""The emulated directory: the service's rules over SQLite, behind three doors (in process, moto, HTTP).

Here stands what the embedded directory needs; `moto_extension` and `server` are imported by who wants them, since they need
moto (the `emulator` extra).
"""

from reconciler.emulator.attach import ACCOUNT, attach
from reconciler.emulator.misbehaviour import Misbehaviour
from reconciler.emulator.store import Identity, Scope, Store
from reconciler.emulator.terms import Terms

__all__ = ["ACCOUNT", "Identity", "Misbehaviour", "Scope", "Store", "Terms", "attach"]
