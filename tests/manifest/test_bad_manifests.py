"""20,000 bad manifests: each is told what is wrong with it, where, in time; or it is sound after all. Never an exception.

Seeded: a failure names its number, and `_bad(number)` makes the same bytes again.
"""

from __future__ import annotations

import random
import time

import pytest

from reconciler.diagnostics import Severity

COUNT, CHUNKS, SECONDS = 20_000, 8, 2.0

SEEDS = (
    """\
version: 1
stack: payments
settings:
  ignoreTags: [cost-center, "corp:*"]
  rules:
    custom-scheme: {severity: off, reason: ours}
  rates: {"*": 10, GetWorkloadIdentity: 40, from: service-quotas}
environments:
  local: {directory: embedded, variables: {host: "localhost:8080"}}
  prod:
    account: "222222222222"
    region: us-east-1
    protect: true
    limits: {deletes: "30%"}
workloadIdentities:
  invoice-agent:
    name: invoice-${environment}
    allowedResourceOauth2ReturnUrls:
      - https://${host}/oauth/callback
      - "http://localhost:8080/cb"
    tags: &tags {team: payments, tier: "1"}
    environments: [prod]
    lifecycle: {protect: true}
  other-agent:
    tags: *tags
    previously: old-agent
""",
    "version: 1\nstack: s\nworkloadIdentities: {abc: {tags: {a: b}}, def: {name: 'x-${region}'}}\n",
    '{"version": 1, "stack": "s", "workloadIdentities": {"abc": {"allowedResourceOauth2ReturnUrls": ["https://a/"]}}}',
    "# comment\nversion: 1\nstack: s\nenvironments:\n  a:\n  b:\nworkloadIdentities:\n  abc:\n    tags:\n      a: |\n        x",
)
TOKENS = (
    *(
        "yes",
        "no",
        "~",
        "null",
        "0123",
        "1:30",
        "2024-01-01",
        ".5",
        "1_000",
        "1e400",
        "-",
        "?",
        ":",
        "::",
        "- -",
        "<<: *tags",
    ),
    *(
        "&a",
        "*a",
        "*tags",
        "&tags",
        "!!python/object:os.system",
        "!x",
        "!!str",
        "!!binary aGk=",
        "%YAML 1.1",
        "---",
        "...",
    ),
    *(
        "${",
        "${}",
        "$${",
        "${host}",
        "${hots}",
        "${a${b}}",
        "}",
        "{",
        "[",
        "]",
        '"',
        "'",
        "|",
        ">",
        "#",
        ",",
        "@",
        "`",
        "\t",
    ),
    *(
        "\0",
        "\x07",
        "\x1b[31m",
        "\u2028",
        "\u202e",
        "\ufeff",
        "\ud7ff",
        "\U0010ffff",
        "é",
        "\x85",
        "\r",
        "\n",
        "\n\n  ",
    ),
    *(
        "workloadIdentities",
        "environments: [nowhere]",
        "name: a",
        "tags: 3",
        "stack: 1",
        "version: 2",
        "prod",
        "abc",
        "a" * 300,
    ),
    *(
        "http://[::1",
        "https://a@b#c",
        "javascript:x",
        "xn--a",
        "\\ud800",
        '"\\ud800"',
        '"\\0"',
        "99999999999999999999999",
    ),
    *("reconciler:stack: x", "aws:x: y", "rules: {x: off}", "oauth2CredentialProviders: {a: 1}", "deletes: -1", "off"),
)


def _bad(number: int) -> bytes:
    dice = random.Random(number)
    if number % 400 == 0:
        return _extreme(dice)
    content = dice.choice(SEEDS)
    for _ in range(dice.randint(1, 4)):
        content = dice.choice((_lines, _lines, _tokens, _tokens, _characters))(content, dice)
    raw = content.encode("utf-8", "surrogatepass")
    return _bytes(raw, dice) if number % 10 == 0 else raw


def _lines(text: str, dice: random.Random) -> str:
    lines = text.split("\n")
    at, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    match dice.randrange(6):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, lines[other])
        case 2:
            lines[at], lines[other] = lines[other], lines[at]
        case 3:
            lines[at] = " " * dice.randint(1, 5) + lines[at]
        case 4:
            lines[at] = lines[at].lstrip()
        case _:
            lines[at] = f"{lines[at].partition(':')[0]}: {dice.choice(TOKENS)}"
    return "\n".join(lines)


def _tokens(text: str, dice: random.Random) -> str:
    at = dice.randrange(len(text) + 1)
    return text[:at] + dice.choice(("", " ", "\n")) + dice.choice(TOKENS) + dice.choice(("", " ", ": ")) + text[at:]


def _characters(text: str, dice: random.Random) -> str:
    at = dice.randrange(len(text) + 1)
    end = min(len(text), at + dice.randint(0, 12))
    return (
        text[:at] + "".join(dice.choice(":-{}[]'\"&*!|>%@`#?, \n\tab1") for _ in range(dice.randint(0, 3))) + text[end:]
    )


def _bytes(raw: bytes, dice: random.Random) -> bytes:
    changed = bytearray(raw)
    for _ in range(dice.randint(1, 6)):
        if changed:
            changed[dice.randrange(len(changed))] = dice.randrange(256)
    return bytes(changed)


def _extreme(dice: random.Random) -> bytes:
    head = b"version: 1\nstack: s\nworkloadIdentities:\n"
    size = dice.randint(2_000, 20_000)
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{f'*a{i - 1}, ' * 9}]\n" for i in range(1, 30))
    return dice.choice(
        (
            dice.randbytes(size),
            b"[" * size,
            b"{" * size,
            b"- " * size,
            b"? " * size,
            b"a: &x\n" * size,
            b"[" * 10 + b"]" * size,
            b'"' + b"\\u0041" * size,
            b"x: '" + b"''" * size,
            b"".join(b" " * min(depth, 400) + b"a:\n" for depth in range(500)),
            bomb.encode(),
            bomb.replace("[", "{x: [").replace("]", "]}").encode(),
            b"version: 1\nstack: &s [" + b"*s, " * 500 + b"]",
            head + b"".join(b"  a%d: {tag: 1}\n" % number for number in range(size // 10)),
            head + b"  abc:\n    allowedResourceOauth2ReturnUrls:\n" + b"      - nothing\n" * (size // 4),
            head + b"  abc: {tags: {" + b", ".join(b"'k%d': '${x'" % number for number in range(size // 10)) + b"}}\n",
            head + b"  abc: {allowedResourceOauth2ReturnUrls: ['" + b"${" * size + b"']}\n",
            head + b"  abc: {allowedResourceOauth2ReturnUrls: ['https://" + b"a-" * size + b"']}\n",
            head + b"  abc: {name: " + b"9" * size + b"}\n",
            head + b"  ? |\n" + b"    x\n" * size + b"  : 1\n",
            b"\xef\xbb\xbf" * 3 + head,
            head.decode().encode("utf-16"),
            head.decode().encode("utf-32"),
            b"\n" * size + b"\t",
            b"%TAG !a! tag:x\n" * size,
            b"---\n" * size,
            b"#" * size,
        )
    )


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_a_bad_manifest_is_told_what_is_wrong_with_it(chunk, findings):
    told = 0
    for number in range(chunk, COUNT, CHUNKS):
        content = _bad(number)
        start = time.process_time()
        found = findings(content)
        took = time.process_time() - start

        assert took < SECONDS, f"manifest {number} took {took:.1f} s"
        for one in found:
            assert one.source is not None, f"manifest {number}: no place for {one}"
            lines = content.count(b"\n") + content.count(b"\r") + content.count(b"\x85") + 2
            assert 1 <= one.source.line <= lines, f"manifest {number}: {one}"
            assert one.source.column >= 1, f"manifest {number}: {one}"
            assert one.summary, f"manifest {number}: no words for {one}"
        told += any(one.severity is Severity.ERROR for one in found)

    assert told > COUNT // CHUNKS * 0.75  # the rest are sound, as when two lines of a kind change places
