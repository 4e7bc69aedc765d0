"""HCL that we write: read back by another's parser it says the same, and nothing in it is taken for a template."""

from __future__ import annotations

import re
from typing import Any

import hcl2
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.render import hcl


def parsed(value: Any) -> Any:
    """What python-hcl2 reads of one attribute, its strings as it leaves them."""
    return hcl2.loads("\n".join(hcl.attributes([("it", value)])) + "\n")["it"]


def test_attributes_are_aligned_as_terraform_fmt_has_them() -> None:
    lines = hcl.attributes(
        [("name", "x"), ("urls", ["a", "b"]), ("a", hcl.Raw("var.x")), ("longer", 3), ("a b", {}), ("one", ["y"])], 2
    )
    assert lines == [
        '  name = "x"',
        '  urls = [\n    "a",\n    "b",\n  ]',
        "  a      = var.x",
        "  longer = 3",
        '  "a b"  = {}',
        '  one    = ["y"]',
    ]


def test_what_would_be_a_template_is_text() -> None:
    assert hcl.quoted('${a} %{b} $${c} "\\\n\u202e') == r'"$${a} %%{b} $$${c} \"\\\n\u202e"'


def test_labels_are_unique_and_the_same_in_any_order() -> None:
    names = ["a.b", "a_b", "a b", "1st", "ok-1"]
    made = hcl.labels(names)
    assert made == hcl.labels(reversed(names))
    assert made == {"a_b": "a_b", "ok-1": "ok-1", "1st": "_1st", "a b": "a_b_2", "a.b": "a_b_3"}
    assert hcl.labels(["x"], taken=["x"]) == {"x": "x_2"}


# python-hcl2 looks for the end of a `$${`; Terraform does not, and takes one that is not closed as well.
pieces = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=9).filter(
    lambda text: "${" not in text and "%{" not in text and text[-1:] not in ("$", "%")
)
texts = st.lists(pieces | st.sampled_from(["${a}", "%{if b}", "é", "\n"]), max_size=4).map("".join)


@settings(deadline=None, max_examples=100)
@given(st.dictionaries(texts, texts | st.lists(texts, max_size=3), max_size=4))
def test_another_parser_reads_the_strings_that_we_wrote(value: dict[str, Any]) -> None:
    assert parsed(value) == {
        key if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", key) else hcl.quoted(key): [hcl.quoted(one) for one in inner]
        if isinstance(inner, list)
        else hcl.quoted(inner)
        for key, inner in value.items()
    }
