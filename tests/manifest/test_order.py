"""The order of files, keys and list items never matters."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.manifest import ManifestFile, load_files, resolve

names = st.from_regex(r"[a-z][a-z0-9_.-]{2,12}", fullmatch=True)
tags = st.dictionaries(
    st.from_regex(r"[a-z]{1,6}", fullmatch=True), st.from_regex(r"[a-z0-9 ]{0,6}", fullmatch=True), max_size=4
)
urls = st.lists(st.from_regex(r"https://[a-z]{1,6}\.example\.com/[a-z$]{0,6}", fullmatch=True), max_size=4)
entries = st.dictionaries(
    names, st.fixed_dictionaries({"allowedResourceOauth2ReturnUrls": urls, "tags": tags}), max_size=6
)


def _shuffled(draw, value):
    """The same value with its keys and list items in another order."""
    if isinstance(value, dict):
        return {key: _shuffled(draw, value[key]) for key in draw(st.permutations(list(value)))}
    return draw(st.permutations(value)) if isinstance(value, list) else value


def _resolved(parts):
    """What comes of the parts, each a file (YAML is a superset of JSON)."""
    loaded = load_files(
        [ManifestFile(f"{number}.yaml", json.dumps(part).encode()) for number, part in enumerate(parts)]
    )
    assert loaded.manifest is not None, loaded.diagnostics
    resolved = resolve(loaded.manifest, "default")
    assert resolved.stack is not None, resolved.diagnostics
    return resolved.stack


@given(declared=entries, data=st.data())
@settings(max_examples=60, deadline=None)
def test_order_never_matters_for_the_digest_and_the_resources(declared, data):
    def in_order(stack):
        return [(one.address, one.name, json.dumps(one.attributes)) for one in stack.resources.values()]

    whole = _resolved([{"version": 1, "stack": "s", "workloadIdentities": declared}])
    parts = [{"version": 1}, {"stack": "s"}, *({"workloadIdentities": {key: declared[key]}} for key in declared)]
    again = _resolved([_shuffled(data.draw, part) for part in data.draw(st.permutations(parts))])

    assert again.digest == whole.digest
    assert in_order(again) == in_order(whole)
