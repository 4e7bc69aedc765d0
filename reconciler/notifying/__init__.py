"""Tells people: over HTTP, by mail, on topics and buses of AWS. Knows nothing of drift: it is handed finished texts."""

from reconciler.notifying.delivering import Delivered, Errand, deliver
from reconciler.notifying.letter import Letter
from reconciler.notifying.recipients import Channel, Recipient, read_recipients

__all__ = ["Channel", "Delivered", "Errand", "Letter", "Recipient", "deliver", "read_recipients"]
