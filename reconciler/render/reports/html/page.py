"""The page as a whole: template, style and script from the package's own files, put together under a content security policy.

Two things keep what stands in a manifest from acting: every text that the template prints is cleaned and escaped by the
template engine itself, so no author of a template can forget it; and the policy lets nothing run but the very script and
style that are shipped, by their hashes, and nothing load at all.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from importlib import resources
from typing import TYPE_CHECKING, Any

from reconciler.model.report import ChangeReport
from reconciler.render.clean import clean

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

_PACKAGE = "reconciler.render.reports.html"


def report_html(report: ChangeReport) -> str:
    """The report, and those that belong to it, as one HTML document in UTF-8 that works from a file."""
    from reconciler.render.reports.html.views import view

    style, script = _file("page.css"), _file("page.js")
    # What cannot be encoded (a lone surrogate) was made visible by `clean`; the template's own text is plain.
    return _template().render(report=view(report), style=style, script=script, policy=_policy(style, script))


def _policy(style: str, script: str) -> str:
    """Nothing at all, but this style and this script; and no script may make markup of a text."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@functools.cache
def _file(name: str) -> str:
    """A file of the package, as a browser sees it: with plain line feeds, whatever a checkout made of them."""
    text = resources.files(_PACKAGE).joinpath(name).read_text(encoding="utf-8")
    return text.replace("\r\n", "\n")


@functools.cache
def _template() -> Template:
    from jinja2 import DictLoader, Environment, StrictUndefined
    from markupsafe import Markup

    names = ("page.html.jinja", "report.html.jinja", "drawing.html.jinja", "changes.html.jinja")
    environment = Environment(
        loader=DictLoader({name: _file(name) for name in names}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.globals["own"] = Markup  # of the files of this package alone
    environment.filters["prose"] = _prose
    return environment.get_template("page.html.jinja")


def _prose(text: str) -> Markup:
    """A sentence of ours, what stands between backticks in it as code. A backtick without its fellow is one.

    An arrow is one sign: a narrow page breaks a line within two.
    """
    from markupsafe import Markup, escape

    parts = clean(text).replace(" -> ", " → ").split("`")
    if len(parts) % 2 == 0:
        return escape("`".join(parts))
    code, plain = Markup("<code>{}</code>"), Markup("{}")
    return Markup("").join((code if at % 2 else plain).format(part) for at, part in enumerate(parts))


def _shown(value: Any) -> Any:
    """What a template prints. Text from outside is cleaned here, and escaped right after by the engine."""
    return clean(value) if type(value) is str else value
