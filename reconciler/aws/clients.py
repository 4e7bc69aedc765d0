"""Clients of one service each, all made alike: bounded waits, retries of our own or none, and a name in the user agent."""

from __future__ import annotations

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
    session: Session, service: str, environment: Environment, connections: int, **options: Any
) -> BaseClient:
    """A client that up to `connections` threads share; it sends each call once, since retries are `reconciler.aws.calls`'s.

    Raises DirectoryError for a configuration that cannot be used.
    """
    try:
        maker = boto3.Session(botocore_session=session)
        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": 1},
            max_pool_connections=connections,
            # Composed once: botocore composes it for each call anew, a tenth of a call's processor time.
            user_agent=session.user_agent(),
            user_agent_extra=USER_AGENT,
            **options,
        )
        return maker.client(service, config=config)
    except (*FAILURES, ValueError) as error:
        raise translate(error, Asked(operation=f"environment {environment.name!r}")) from error
