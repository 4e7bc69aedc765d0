"""What a module in Rego declares, and what in it would pass in silence or must not be asked at all. Pure reading of text.

The engine takes a variable that nothing binds for "no": a rule with a typing error would let every plan pass. So a name that
stands once in a module, where it can bind nothing, is a mistake here. Leaves out everything that the engine itself refuses.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from reconciler.diagnostics import Diagnostic, Severity, Source
from reconciler.manifest.documents import did_you_mean, error, quoted
from reconciler.policy.asking import URLS
from reconciler.policy.rego_tokens import Token, tokens
from reconciler.policy.rules import RegoFile, RegoHead
from reconciler.schema_files import schema

Place = Callable[[int], Source]

_KIND = re.compile(r"(?:deny|violation|warn)(?:_[A-Za-z0-9]+)*")
_KEYWORDS = frozenset({
    "as", "contains", "data", "default", "else", "every", "false", "if", "import", "in", "input", "not", "null", "package",
    "some", "true", "with",
})  # fmt: skip
_BUILT_IN = frozenset({
    "array", "base64", "base64url", "bits", "crypto", "future", "glob", "graph", "graphql", "hex", "http", "internal", "io",
    "json", "net", "numbers", "object", "opa", "providers", "rand", "regex", "rego", "semver", "strings", "time", "units",
    "urlquery", "uuid", "yaml",
})  # fmt: skip
_FORBIDDEN = {
    "http.send": "asks the network",
    "net.lookup_ip_addr": "asks the network",
    "opa.runtime": "asks for the environment of the process",
    "time.now_ns": "asks the clock",
    "rand.intn": "asks for chance",
    "uuid.rfc4122": "asks for chance",
    "internal.print": "prints",
}
_ROOTS = {one.partition(".")[0] for one in _FORBIDDEN}


def read_module(name: str, text: str) -> tuple[RegoFile, list[Diagnostic]]:
    """The module with the rules in it whose results are violations, and what is wrong with it."""
    words = tokens(text)
    bare = RegoFile(name=name, text=text, heads=())
    package = _package(words)
    heads = tuple(_heads(words, package, bare.place))
    found = [*forbidden(words, bare.place), *lone(words, bare.place), *_unknown_input(words, bare.place)]
    found += [_exception(bare.place(one.offset)) for one in words if _declares(one) and one.text == "exception"]
    return RegoFile(name=name, text=text, heads=heads), found


def forbidden(words: Sequence[Token], place: Place) -> Iterator[Diagnostic]:
    """Each function that asks for more than the plan."""
    for one, sign, member in zip(words, words[1:], words[2:], strict=False):
        if one.kind == "name" and one.text in _ROOTS and sign.text in (".", "["):
            name = f"{one.text}.{member.text}"
            if name in _FORBIDDEN:
                detail = (
                    "A rule sees the plan and nothing else: the same plan and policy give the same answer, anywhere."
                )
                yield error("policy-forbidden", f"{name} {_FORBIDDEN[name]}", detail, source=place(one.offset))


def lone(words: Sequence[Token], place: Place, known: frozenset[str] = frozenset()) -> Iterator[Diagnostic]:
    """Each name that stands once, where it takes a value and gives none: nothing can have bound it."""
    names = [index for index, one in enumerate(words) if one.kind == "name" and not _is_member(words, index)]
    times = Counter(words[index].text for index in names)
    for index in names:
        word = words[index].text
        if times[word] > 1 or word in known or word in _KEYWORDS or word == "_" or not _takes(words, index):
            continue
        near = did_you_mean(word, sorted((set(times) | known) - {word}))
        detail = f"{near}Unbound, it is never true, and the rule would let everything pass."
        yield error(
            "policy-unbound", f"Nothing gives {quoted(word)} a value", detail, source=place(words[index].offset)
        )


def unknown_members(words: Sequence[Token], root: str, known: Sequence[str]) -> Iterator[Token]:
    """Each member of `root` that is not among those known."""
    for index in range(len(words) - 2):
        one, sign, member = words[index : index + 3]
        if one.kind == "name" and one.text == root and not _is_member(words, index):
            spelled = (sign.text == "." and member.kind == "name") or (sign.text == "[" and member.kind == "text")
            if spelled and member.text not in known:
                yield member


def _takes(words: Sequence[Token], index: int) -> bool:
    """Whether a name there has to have a value already, so that standing alone is a mistake."""
    one = words[index]
    before = words[index - 1].text if index else ""
    after = words[index + 1].text if index + 1 < len(words) else ""
    if (
        _declares(one) or one.inside == "[" or (one.inside == "(" and one.depth == 1)
    ):  # an index; a function's parameter
        return False
    if after == "(" or one.called in {"walk"} or before == "=" or after in {"=", ":="}:
        return False
    if after == "." and (one.text in _BUILT_IN or _is_call(words, index)):
        return False
    return not _in_statement(words, index, {"package", "import", "default"}) and not _is_iterated(words, index)


def _is_call(words: Sequence[Token], index: int) -> bool:
    while index + 2 < len(words) and words[index + 1].text == ".":
        index += 2
    return index + 1 < len(words) and words[index + 1].text == "("


def _in_statement(words: Sequence[Token], index: int, kinds: set[str]) -> bool:
    """Whether the line begins with one of these words."""
    while index and not words[index].first:
        index -= 1
    return words[index].text in kinds


def _is_iterated(words: Sequence[Token], index: int) -> bool:
    """Whether it stands between `some` or `every` and its `in`."""
    while index and words[index - 1].text == "," and words[index - 2].kind == "name":
        index -= 2
    return bool(index) and words[index - 1].text in {"some", "every"}


def _is_member(words: Sequence[Token], index: int) -> bool:
    return index > 0 and words[index - 1].kind == "sign" and words[index - 1].text == "."


def _declares(one: Token) -> bool:
    return one.kind == "name" and one.first and one.depth == 0


def _package(words: Sequence[Token]) -> str:
    for index, one in enumerate(words):
        if _declares(one) and one.text == "package":
            parts = []
            for part in words[index + 1 :]:
                if part.first:
                    break
                parts.append(part.text)
            return "".join(parts)
    return ""


def _heads(words: Sequence[Token], package: str, place: Place) -> Iterator[RegoHead]:
    starts = [index for index, one in enumerate(words) if _declares(one)]
    for number, start in enumerate(starts):
        one = words[start]
        if not _KIND.fullmatch(one.text):
            continue
        end = starts[number + 1] if number + 1 < len(starts) else len(words)
        texts = tuple(word.text for word in words[start:end] if word.kind == "text")
        yield RegoHead(package=package, name=one.text, source=place(one.offset), texts=texts)


def _unknown_input(words: Sequence[Token], place: Place) -> Iterator[Diagnostic]:
    known = sorted([*schema("plan")["properties"], URLS])
    aliases = {
        words[index + 3].text
        for index in range(len(words) - 3)
        if [one.text for one in words[index : index + 3]] == ["import", "input", "as"]
    }
    for root in ("input", *sorted(aliases)):
        for member in unknown_members(words, root, known):
            yield Diagnostic(
                severity=Severity.WARNING,
                code="policy-not-in-plan",
                summary=f"A plan of ours has no {quoted(member.text)}; what asks for it is never true",
                detail=f"{did_you_mean(member.text, known)}`reconciler schema plan` prints what it has.",
                source=place(member.offset),
            )


def _exception(source: Source) -> Diagnostic:
    detail = "Write them under exemptions in a YAML file beside it: each has an owner, a reason and a day."
    return error("policy-exception", "Exceptions in Rego are not read", detail, source=source)
