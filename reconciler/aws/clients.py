"""Clients of one service each, all made alike: bounded waits, retries of our own or none, and a name in the user agent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3
from botocore.client import BaseClient
from botocore.config import Config
from botocore.session import Session

from reconciler.aws.asked import Asked
from reconciler.aws.faults import FAILURES, translate
from reconciler.aws.sessions import CONNECT_SECONDS, READ_SECONDS, USER_AGENT
from reconciler.model.environments import Environment


def make_client(
    session: Session,
    service: str,
    environment: Environment,
    connections: int,
    *,
    attempts: int = 1,
    read_timeout: float = READ_SECONDS,
    client_options: Mapping[str, Any] | None = None,
    **options: Any,
) -> BaseClient:
    """A client that up to `connections` threads share.

    By default it sends each call once, since retries are those of `reconciler.aws.calls`. `read_timeout`: seconds without a
    byte after which an answer counts as lost. `client_options` are boto3's own.
    Raises DirectoryError for a configuration that cannot be used.
    """
    try:
        maker = boto3.Session(botocore_session=session)
        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=read_timeout,
            retries={"mode": "standard", "total_max_attempts": attempts},
            max_pool_connections=connections,
            # Composed once: botocore composes it for each call anew, a tenth of a call's processor time.
            user_agent=session.user_agent(),
            user_agent_extra=USER_AGENT,
            **options,
        )
        return maker.client(service, config=config, **(client_options or {}))
    except (*FAILURES, ValueError) as error:
        raise translate(error, Asked(operation=f"environment {environment.name!r}")) from error
