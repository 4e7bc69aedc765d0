"""Whether a host passes itself off as another one: letters that look alike, a slip, another ending, a name in front.

The letters beyond ASCII are Unicode's own table of confusables (Technical Standard 39), from `confusable-homoglyphs`.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable, Iterator

from reconciler.manifest.domains import public_suffix, registrable
from reconciler.manifest.urls import decoded_labels

_LONGEST = 253  # characters of a host (RFC 1035): a longer one leads nowhere
_LEAST_TYPED = 5  # letters of a label in which one that is wrong is not seen
_LEAST_BORROWED = 4  # letters of a label that is somebody's name and no syllable
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_SINGLE = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s"})


class Known:
    """Hosts that are in use, and what looks like one of them."""

    def __init__(self, hosts: Iterable[str]) -> None:
        self.hosts = frozenset(hosts)
        self.domains = frozenset(map(registrable, self.hosts))
        self._looks: dict[str, str] = {}
        self._labels: dict[str, str] = {}
        self._near: dict[str, list[str]] = {}
        for domain in sorted(self.domains):
            label = domain.partition(".")[0]
            self._looks.setdefault(skeleton(domain), domain)
            self._labels.setdefault(label, domain)
            for one in _shortened(label) if len(label) >= _LEAST_TYPED else ():
                self._near.setdefault(one, []).append(domain)

    def alike(self, host: str) -> tuple[str, str] | None:
        """The known host or domain that this one passes itself off as, and how; None for what looks like none.

        What belongs to a known domain is that domain's.
        """
        domain = registrable(host)
        if domain in self.domains:
            return None
        return self._by_looks(domain) or self._by_front(host, domain) or self._by_label(domain)

    def _by_looks(self, domain: str) -> tuple[str, str] | None:
        shown = ".".join(decoded_labels(domain))
        if (like := self._looks.get(skeleton(shown))) is not None:
            return like, "its letters look the same"
        label = shown.partition(".")[0]
        for near in sorted({one for each in _shortened(label) for one in self._near.get(each, ())}):
            if len(label) >= _LEAST_TYPED and _one_slip(label, near.partition(".")[0]):
                return near, "one letter is another"
        return None

    def _by_front(self, host: str, domain: str) -> tuple[str, str] | None:
        """`app.example.com.evil.net`, `app-example-com.evil.net`, `example-com.net`: somebody's name before one's own."""
        if len(host) > _LONGEST:
            return None
        for front in dict.fromkeys((host, host.replace("-", "."))):
            labels = front.split(".")
            for start in range(len(labels)):
                for end in range(len(labels) - 1, start + 1, -1):
                    part = ".".join(labels[start:end])
                    if part in self.hosts or part in self.domains:
                        return part, f"its name stands in front, but {domain} owns it"
        return None

    def _by_label(self, domain: str) -> tuple[str, str] | None:
        label = domain.partition(".")[0]
        if len(label) >= _LEAST_BORROWED and label in self._labels:
            return self._labels[label], f"only the ending is another: {public_suffix(domain)}"
        for word in label.split("-") if "-" in label else ():
            if len(word) >= _LEAST_TYPED and word in self._labels:
                return self._labels[word], "its name is part of this one"
        return None


def skeleton(text: str) -> str:
    """What is left of a text when all that looks alike is written alike."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    if not plain.isascii():
        stripped = unicodedata.normalize("NFKD", plain)
        plain = "".join(_prototype(one) for one in stripped if not unicodedata.combining(one))
    for pair, one in _PAIRS:
        plain = plain.replace(pair, one)
    return plain.translate(_SINGLE)


@functools.cache
def _prototype(letter: str) -> str:
    """The ASCII letters that the letter looks like, or itself."""
    if letter.isascii():
        return letter
    from confusable_homoglyphs import confusables

    found = confusables.is_confusable(letter, greedy=True) or []
    alike = [one["c"].casefold() for each in found for one in each["homoglyphs"] if one["c"].isascii()]
    return min((one for one in alike if one.isalnum()), key=lambda one: (len(one), one), default=letter)


def _shortened(label: str) -> Iterator[str]:
    """The label, and all that is left of it without one letter."""
    yield label
    yield from {label[:at] + label[at + 1 :] for at in range(len(label))}


def _one_slip(one: str, other: str) -> bool:
    """Whether one letter is missing, too many, another, or changed places with the next."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    start = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    a, b = one[start:], other[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:] and len(a) > 1)
