"""IAM policies as the JSON that the console, the AWS CLI and Terraform take; the same bytes for the same policy."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.model.visible import COMMAND


def policy_json(documents: Sequence[Mapping[str, Any]]) -> str:
    """The document, or a list where there are several. In the order in which people write policies, and all in ASCII."""
    text = json.dumps(documents[0] if len(documents) == 1 else list(documents), indent=2)
    return COMMAND.sub(r"\\u0023#", text)
