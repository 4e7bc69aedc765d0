"""What YAML itself can get wrong: one diagnostic each, at its place, never a traceback."""

from __future__ import annotations

import pytest

HEAD = "version: 1\nstack: s\nworkloadIdentities:\n"

NOTHING = ["m.yaml:1:1 missing-key", "m.yaml:1:1 missing-key", "m.yaml:1:1 empty-file"]

# text -> the places and codes that are told, in order
MISTAKES: dict[str, tuple[str | bytes, list[str]]] = {
    "an empty file": ("", NOTHING),
    "comments alone": ("# x\n", NOTHING),
    "a list": ("- a\n", ["m.yaml:1:1 wrong-type"]),
    "a word": ("hello\n", ["m.yaml:1:1 wrong-type"]),
    "UTF-16": ("version: 1\n".encode("utf-16"), ["m.yaml:1:1 yaml-encoding"]),
    "Latin-1": (b"version: 1\nstack: caf\xe9\n", ["m.yaml:2:11 yaml-encoding"]),
    "a NUL and a bell": (b"version: 1\nstack: \0a\x07\n", ["m.yaml:2:8 yaml-character", "m.yaml:2:10 yaml-character"]),
    "a line separator": ("version: 1\nstack: a\u2028b\n", ["m.yaml:2:9 yaml-character"]),
    "turned text": ("stack: a # \u202e\n", ["m.yaml:1:12 yaml-character"]),
    "a tab": ("version: 1\nsettings:\n\tignoreTags: []\n", ["m.yaml:3:1 yaml-syntax"]),
    "a tab after spaces": ("settings:\n  ignoreTags:\n  \t- a\n", ["m.yaml:3:3 yaml-syntax"]),
    "an open quote": ('version: 1\nstack: "s\n', ["m.yaml:2:8 yaml-syntax"]),
    "an open bracket": ("stack: [a\nversion: 1\n", ["m.yaml:2:8 yaml-syntax"]),
    "a second colon": ("version: 1\nstack: a: b\n", ["m.yaml:2:9 yaml-syntax"]),
    "text that begins with @": ("stack: @a\n", ["m.yaml:1:8 yaml-syntax"]),
    "wrong indentation": ("a:\n  b: 1\n c: 2\n", ["m.yaml:3:2 yaml-syntax"]),
    "a template in brackets": (
        HEAD + "  abc:\n    allowedResourceOauth2ReturnUrls: [https://${host}/x]\n",
        ["m.yaml:5:48 yaml-syntax"],
    ),
    "two documents": ("version: 1\nstack: s\n---\nversion: 1\n", ["m.yaml:3:1 yaml-documents"]),
    "a key twice": (HEAD + "  abc: {}\n  abc: {}\n", ["m.yaml:5:3 yaml-duplicate-key"]),
    "a top-level key twice": ("version: 1\nstack: s\nstack: t\n", ["m.yaml:3:1 yaml-duplicate-key"]),
    "keys that are not text": (
        HEAD + "  1: {}\n  ~: {}\n  true: {}\n  on: {}\n  ? [a]\n  : {}\n",
        [
            "m.yaml:4:3 yaml-key",
            "m.yaml:5:3 yaml-key",
            "m.yaml:6:3 yaml-key",
            "m.yaml:7:3 yaml-ambiguous",
            "m.yaml:8:5 yaml-key",
        ],
    ),
    "a Python object": ("version: 1\nstack: !!python/object/apply:os.system [ls]\n", ["m.yaml:2:8 yaml-tag"]),
    "a tag of one's own": ("version: 1\nstack: !secret s\n", ["m.yaml:2:8 yaml-tag"]),
    "a tag directive": ("%TAG ! tag:x,2000:\n---\nversion: 1\n", ["m.yaml:1:1 yaml-tag"]),
    "an unknown YAML version": ("%YAML 9.0\n---\nversion: 1\n", ["m.yaml:1:1 yaml-syntax"]),
    "an alias of nothing": ("version: 1\nstack: s\nsettings: *x\n", ["m.yaml:3:11 yaml-alias"]),
    "an alias of itself": ("version: 1\nstack: s\nsettings: &x {rules: *x}\n", ["m.yaml:3:22 yaml-alias"]),
    "a merge key": (
        HEAD + "  abc: {tags: &t {a: b}}\n  def: {tags: {<<: *t}}\n",
        ["m.yaml:5:16 yaml-merge-key"],
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_yaml_is_told_where_it_stands(name, places):
    text, expected = MISTAKES[name]

    assert places(text) == expected


def test_deep_nesting_is_refused_at_once(places):
    for deep in ("[" * 200_000, "{a: " * 50_000, "- " * 100_000, "? " * 100_000, "a:\n" + " [" * 100_000):
        (told,) = places(deep)
        assert told.endswith("yaml-depth")


def test_an_alias_bomb_is_refused_before_it_goes_off(places):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]

    (told,) = places("\n".join(lines))

    assert told.endswith("yaml-alias")


def test_plain_aliases_are_taken(stack_of):
    stack = stack_of(HEAD + "  abc: {tags: &t {team: a}}\n  def: {tags: *t}\n")

    assert [one.attributes["tags"] for one in stack.resources.values()] == [{"team": "a"}, {"team": "a"}]


def test_thousands_of_entries_may_share_one_alias(stack_of):
    text = HEAD + "  first: {tags: &t {a: '1', b: '2', c: '3', d: '4'}}\n"
    text += "".join(f"  agent-{i}: {{tags: *t}}\n" for i in range(5000))

    assert len(stack_of(text).resources) == 5001


def test_a_file_beyond_the_limit_is_refused_unread(places):
    assert places(b"#" * (64 * 1024 * 1024 + 1)) == ["m.yaml:1:1 file-too-large"]


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(stack_of):
    text = "\ufeff" + (HEAD + "  abc: {tags: {team: a}}\n").replace("\n", "\r\n")

    assert len(stack_of(text.encode()).resources) == 1


@pytest.mark.parametrize(
    "odd",
    [
        "yes",
        "No",
        "on",
        "OFF",
        "y",
        "0123",
        "0o17",
        "0x1F",
        "0b1",
        "1:30",
        "1_000",
        ".5",
        "1.0",
        "1e3",
        "-.inf",
        ".NaN",
        "2024-01-31",
        "2024-01-31T10:00:00Z",
        "+1",
        "=",
        "1.",
        "00",
        "1234567890123456789",
    ],
)
def test_what_yaml_versions_read_differently_must_be_quoted(odd, findings, stack_of):
    manifest = HEAD + "  abc:\n    tags: {team: %s}\n    allowedResourceOauth2ReturnUrls: [https://a.example.com/]\n"

    (told,) = findings(manifest % odd)

    assert (str(told.source), told.code) == ("m.yaml:5:18", "yaml-ambiguous")
    assert f'"{odd}"' in told.detail
    (one,) = stack_of(manifest % f"'{odd}'").resources.values()
    assert one.attributes["tags"] == {"team": odd}


@pytest.mark.parametrize(
    "text", ["nope", "yes please", "v1.0", "1.2.3", "01a", "localhost:8080", "a=b", "1-2", "e5", "_1", "-x"]
)
def test_what_is_plainly_text_needs_no_quotes(text, stack_of):
    (one,) = stack_of(HEAD + f"  abc:\n    tags:\n      team: {text}\n").resources.values()

    assert one.attributes["tags"] == {"team": text}


@pytest.mark.parametrize(
    ("value", "quoted"), [("12", '"12"'), ("true", '"true"'), ("-7", '"-7"'), ("False", '"false"')]
)
def test_numbers_and_booleans_where_text_is_expected_say_how_to_quote(value, quoted, findings):
    told = [one for one in findings(HEAD + f"  abc: {{tags: {{team: {value}}}}}\n") if one.code == "wrong-type"]

    assert [str(one.source) for one in told] == ["m.yaml:4:22"]
    assert quoted in told[0].detail


def test_the_python_loader_says_the_same_where_it_matters(monkeypatch, places):
    import yaml

    from reconciler.manifest import composing

    monkeypatch.setattr(composing, "LOADER", yaml.SafeLoader)

    for text, expected in MISTAKES.values():
        told = places(text)
        assert [one.split()[1] for one in told] == [one.split()[1] for one in expected], text
    (told,) = places('stack: "\\ud800"\nversion: 1\n')
    assert told == "m.yaml:1:8 yaml-character"
