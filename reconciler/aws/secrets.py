"""Values of secrets at apply, from an environment variable or from AWS Secrets Manager: read when asked for, kept by nobody."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from botocore.client import BaseClient

from reconciler.aws.asked import Asked
from reconciler.aws.faults import FAILURES, translate
from reconciler.errors import DirectoryError, SecretUnreadable
from reconciler.model.secrets import SecretSource, is_reserved

SecretReader = Callable[[SecretSource], str]


def reader(make_client: Callable[[], BaseClient] | None) -> SecretReader:
    """What reads secrets; `make_client`: a client of Secrets Manager, made when one is needed, None where there is none.

    It raises SecretUnreadable for what is not there, empty, or may not be read, and never says what it read.
    """

    def read(source: SecretSource) -> str:
        if is_reserved(source.env):
            raise SecretUnreadable(
                f"the {source} is never sent: it is AWS's, reconciler's or the pipeline's own", "Choose another name."
            )
        value = os.environ.get(source.env, "") if source.env else _fetched(source, make_client)
        if not value:
            raise SecretUnreadable(
                f"the {source} is {'not set, or empty' if source.env else 'empty'}",
                "Nothing was sent. Set it, and apply again.",
            )
        return value

    return read


def _fetched(source: SecretSource, make_client: Callable[[], BaseClient] | None) -> str:
    if make_client is None:
        raise SecretUnreadable(
            f"the {source} cannot be read: an embedded directory has no Secrets Manager",
            "Use `fromEnv` in the environments that are embedded.",
        )
    asked = Asked(operation="GetSecretValue", subject=source.secret_id, permission="secretsmanager:GetSecretValue")
    try:
        answer = make_client().get_secret_value(SecretId=source.secret_id)
    except FAILURES as error:
        told = translate(error, asked)
        raise SecretUnreadable(told.summary, told.detail, code=told.code) from None
    except DirectoryError as error:
        raise SecretUnreadable(error.summary, error.detail, code=error.code) from error
    return _picked(source, answer)


def _picked(source: SecretSource, answer: dict[str, Any]) -> str:
    """The value in the answer, or under its key there."""
    text = answer.get("SecretString")
    if not isinstance(text, str):
        raise SecretUnreadable(f"the {source} holds no text", "Only SecretString is read, not SecretBinary.")
    if not source.json_key:
        return text
    try:
        found = json.loads(text)
    except ValueError:
        found = None  # the words of the error would repeat the secret
    value = found.get(source.json_key) if isinstance(found, dict) else None
    if not isinstance(value, str):
        raise SecretUnreadable(
            f"the {source}: its JSON has no text under that key",
            "Check `jsonKey`, and that the secret is a JSON object.",
        )
    return value
