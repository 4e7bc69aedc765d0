"""The live directory as a manifest: readable, and the same values when it is read again."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.manifest import load, resolve
from reconciler.model.addresses import Remote
from reconciler.model.environments import OWNER_TAG, Target, Where
from reconciler.model.kinds import WORKLOAD_IDENTITY
from reconciler.model.resources import Live
from reconciler.model.values import canonical
from reconciler.render import export_yaml

TARGET = Target(stack="payments", environment="prod", account="222222222222", region="us-east-1")
URLS = "allowedResourceOauth2ReturnUrls"


def live(name: str, *urls: str, owner: str = "", **tags: str) -> Live:
    return Live(
        remote=Remote(WORKLOAD_IDENTITY.type, name),
        arn=f"arn:{name}",
        attributes=canonical(WORKLOAD_IDENTITY, {URLS: urls, "tags": tags}),
        owner=owner,
    )


def test_an_export_is_a_manifest_that_says_what_it_found() -> None:
    found = [
        live("zeta-bot"),
        live("invoice-agent", "https://app.example.com/${user}", owner="payments/prod", **{"team": "p", "aws:x": "y"}),
        live("rt-AbCdEfGhIj", "https://app.example.com/cb"),
        live("theirs", owner="other/prod", **{"cost-center": "42"}),
    ]
    linked = {"arn:rt-AbCdEfGhIj": "runtime rt-AbCdEfGhIj"}
    assert export_yaml(found, target=TARGET, linked=linked, ignored=("cost-*",)) == dedent("""\
        # yaml-language-server: $schema=../schemas/manifest.schema.json
        version: 1
        stack: "payments"
        settings:
          ignoreTags: ["cost-*"]
        environments:
          "prod":
            account: "222222222222"
            region: "us-east-1"
        workloadIdentities:
          "invoice-agent":
            allowedResourceOauth2ReturnUrls:
              - "https://app.example.com/$${user}"
            tags:
              "team": "p"
          # service-linked: runtime rt-AbCdEfGhIj made it; only allowedResourceOauth2ReturnUrls and tags can be kept here
          "rt-AbCdEfGhIj":
            lifecycle: {updateOnly: true}
            allowedResourceOauth2ReturnUrls:
              - "https://app.example.com/cb"
          # managed by another stack, other/prod: adopting it will be refused
          "theirs": {}
          "zeta-bot": {}
    """)


def test_an_empty_directory_is_an_empty_manifest() -> None:
    text = export_yaml([], target=TARGET, linked={}, where=Where.EMBEDDED)
    assert yaml.safe_load(text) == {
        "version": 1,
        "stack": "payments",
        "environments": {"prod": {"directory": "embedded"}},
        "workloadIdentities": {},
    }


def test_an_environment_of_which_nothing_is_known_is_still_a_mapping() -> None:
    target = Target(stack="s", environment="default", account="", region="")
    assert yaml.safe_load(export_yaml([], target=target, linked={}))["environments"] == {"default": {}}


# Everything the service takes, and what YAML 1.1 would make something else of.
names = st.one_of(
    st.from_regex(WORKLOAD_IDENTITY.name.pattern, fullmatch=True).filter(lambda text: 3 <= len(text) <= 60),
    st.sampled_from(["yes", "null", "0123", "1.5", "2026-11-24", "0x1F", "1e3", "...", "---", "NaN", "a: b"[:1] * 3]),
)
printable = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
urls = st.builds(
    "https://{}".format, st.text(st.characters(exclude_categories=["Cs", "Z", "Cc"]), min_size=1, max_size=20)
)
tags = st.dictionaries(printable.filter(lambda key: not key.startswith("aws:")), printable, max_size=4)
lives = st.dictionaries(names, st.tuples(st.lists(urls | st.just("x:${a}$${b}$$${c}"), max_size=4), tags), max_size=4)


def unescaped(value: Any) -> Any:
    """The manifest's own reading of `$${`, written here a second time."""
    return re.sub(r"\$\$\{", "${", value) if isinstance(value, str) else value


@settings(deadline=None)
@given(lives, printable)
def test_read_back_by_any_yaml_reader_the_values_are_the_same(found: dict[str, Any], holder: str) -> None:
    given_ = [live(name, *some_urls, **some_tags) for name, (some_urls, some_tags) in found.items()]
    linked = {one.arn: holder for one in given_[::2]}
    read = yaml.safe_load(export_yaml(given_, target=TARGET, linked=linked))["workloadIdentities"]
    assert set(read) == set(found)
    for one in given_:
        entry = read[one.remote.name]
        again = {
            URLS: [unescaped(url) for url in entry.get(URLS, [])],
            "tags": {key: unescaped(text) for key, text in entry.get("tags", {}).items()},
        }
        assert canonical(WORKLOAD_IDENTITY, again) == one.attributes
        assert entry.get("lifecycle") == ({"updateOnly": True} if one.arn in linked else None)


urls_taken = st.from_regex(r"https://[a-z]{1,8}\.example(/[a-z${}.~%]{0,12})?", fullmatch=True)
tags_taken = st.dictionaries(
    st.from_regex(r"[A-Za-z0-9 ._:/=+@-]{1,12}", fullmatch=True).filter(
        lambda key: not key.lower().startswith("aws:") and key != OWNER_TAG
    ),
    st.from_regex(r"[A-Za-z0-9 ._:/=+@-]{0,12}", fullmatch=True),
    max_size=4,
)
taken = st.dictionaries(names, st.tuples(st.lists(urls_taken, max_size=4), tags_taken), max_size=4)


@settings(max_examples=50, deadline=None)
@given(taken)
def test_loaded_as_our_own_manifest_the_attributes_are_the_same(found: dict[str, Any]) -> None:
    standing = {name: live(name, *some_urls, **some_tags) for name, (some_urls, some_tags) in found.items()}
    linked = {one.arn: "runtime x" for one in list(standing.values())[::2]}
    with TemporaryDirectory() as folder:
        file = Path(folder, "exported.yaml")
        file.write_text(export_yaml(standing.values(), target=TARGET, linked=linked), encoding="utf-8")
        loaded = load(file)
        assert loaded.manifest is not None, loaded.diagnostics
        resolved = resolve(loaded.manifest, "prod")
    assert resolved.stack is not None, resolved.diagnostics
    stack = resolved.stack
    assert (stack.name, stack.environment.account, stack.environment.region) == (
        "payments",
        "222222222222",
        "us-east-1",
    )
    assert {one.name: one.attributes for one in stack.resources.values()} == {
        name: one.attributes for name, one in standing.items()
    }
    assert {one.name for one in stack.resources.values() if one.update_only} == {
        name for name, one in standing.items() if one.arn in linked
    }
