"""Where the examples of scheduling are, and the CloudFormation template read as a value.

Not a test.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cfnlint.decode import decode

ROOT = Path(__file__).resolve().parents[2]
SCHEDULING = ROOT / "docs" / "scheduling"
TEMPLATE = SCHEDULING / "lambda.yaml"


def template(**known: str) -> dict[str, Any]:
    """The template's resources, with `Ref` and `Fn::Sub` put in where what they name is known."""
    found, problems = decode(str(TEMPLATE))
    assert problems == []
    return dict(_filled(json.loads(json.dumps(found["Resources"])), known))


def _filled(value: Any, known: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_filled(one, known) for one in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"Ref"}:
        return known.get(value["Ref"], value)
    if value.keys() == {"Fn::Sub"}:
        text = value["Fn::Sub"]
        for name, one in known.items():
            text = text.replace(f"${{{name}}}", one)
        return text
    return {name: _filled(one, known) for name, one in value.items()}
