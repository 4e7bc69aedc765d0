"""AWS sessions for an environment: the credential chain as it is, a profile or a role on top, a region, and whose account.

Works on botocore, whose own providers do the fetching, caching and refreshing; makes no client of the control plane.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from botocore.session import Session

from reconciler import __version__
from reconciler.aws.asked import Asked
from reconciler.aws.faults import FAILURES, no_region, translate
from reconciler.errors import CredentialsMissing, DirectoryError, Refused
from reconciler.model.environments import EMBEDDED_REGION, Environment

CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0
USER_AGENT = f"reconciler/{__version__}"

_SESSION_NAME = "reconciler"
_IDENTITY = Asked(operation="GetCallerIdentity", service="sts")


def open_session(environment: Environment) -> Session:
    """A session with the environment's profile, role and region; nothing is fetched yet.

    Raises CredentialsMissing (no such profile, broken configuration) or DirectoryError (no region).
    """
    with _configuring(environment):
        session = Session(profile=environment.profile or None)
        region = environment.region or session.get_config_variable("region") or os.environ.get("AWS_REGION")
        if not region:
            raise no_region()
        session.set_config_variable("region", region)
        session.set_default_client_config(_patient())
        return _with_role(session, environment) if environment.role_arn else session


def embedded_session(environment: Environment) -> Session:
    """A session that reads no configuration and holds credentials of nobody: nothing of it leaves the process."""
    nowhere = (None, None, os.devnull, None)
    alone = {"profile": (None, None, None, None), "config_file": nowhere, "credentials_file": nowhere}
    session = Session(session_vars=alone)
    session.set_credentials("embedded", "embedded")
    session.set_config_variable("region", environment.region or EMBEDDED_REGION)
    return session


def check_account(session: Session, environment: Environment) -> str:
    """The account that the credentials are of, asked of STS.

    Raises Refused if the environment declares another one, DirectoryError if STS cannot tell.
    """
    caller = _caller(session)
    account = str(caller["Account"])
    if environment.account and account != environment.account:
        place = f" ({environment.source})" if environment.source else ""
        raise Refused(
            f"environment {environment.name!r} is account {environment.account}, but the credentials are of {account}",
            f"They belong to {caller.get('Arn', 'an unnamed caller')}. Nothing was read. Give profile: or roleArn: of account "
            f"{environment.account} in the environment{place}, or sign in there.",
        )
    return account


def account_at(session: Session, endpoint: str) -> str:
    """The account that an emulator at `endpoint` plays, if it has an STS of its own; else ""."""
    try:
        once = Config(retries={"total_max_attempts": 1})
        return str(_caller(session, endpoint_url=endpoint, config=once)["Account"])
    except DirectoryError:
        return ""


def is_loopback(endpoint: str) -> bool:
    """Whether the URL points at this very machine."""
    host = urlsplit(endpoint).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Role:
    """botocore's credential provider protocol: those of a role, assumed when first needed and again before they expire."""

    METHOD = "assume-role"
    CANONICAL_NAME = None

    def __init__(self, fetcher: AssumeRoleCredentialFetcher) -> None:
        self._fetcher = fetcher

    def load(self) -> DeferredRefreshableCredentials:
        return DeferredRefreshableCredentials(refresh_using=self._fetcher.fetch_credentials, method=self.METHOD)


def _with_role(source: Session, environment: Environment) -> Session:
    """A session like `source` whose credentials are those of the environment's role, assumed with those of `source`."""
    credentials = source.get_credentials()
    if credentials is None:
        raise CredentialsMissing(
            f"environment {environment.name!r}: there are no AWS credentials to assume {environment.role_arn} with",
            "Sign in (aws sso login, aws login), or give a profile: in the environment, or as AWS_PROFILE.",
        )
    wishes = {"RoleSessionName": environment.session_name or _SESSION_NAME}
    if environment.external_id:
        wishes["ExternalId"] = environment.external_id
    fetcher = AssumeRoleCredentialFetcher(source.create_client, credentials, environment.role_arn, extra_args=wishes)
    session = Session(profile=environment.profile or None)
    session.set_config_variable("region", source.get_config_variable("region"))
    session.set_default_client_config(_patient())
    session.register_component("credential_provider", CredentialResolver([_Role(fetcher)]))
    return session


def _patient() -> Config:
    """For the few calls to STS: bounded, and repeated as botocore does."""
    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 3},
        user_agent_extra=USER_AGENT,
    )


def _caller(session: Session, **options: Any) -> dict[str, Any]:
    try:
        client = session.create_client("sts", **options)
        try:
            caller: dict[str, Any] = client.get_caller_identity()
        finally:
            client.close()
    except (*FAILURES, ValueError) as error:
        raise translate(error, _IDENTITY) from error
    if "Account" not in caller:
        raise DirectoryError(
            "GetCallerIdentity: the endpoint's answer makes no sense", "Check proxies and AWS_ENDPOINT_URL*."
        )
    return caller


@contextmanager
def _configuring(environment: Environment) -> Iterator[None]:
    """Errors of the AWS configuration, with the environment's name before them."""
    try:
        yield
    except FAILURES as error:
        said = translate(error, Asked(operation=f"environment {environment.name!r}"))
        raise type(said)(said.summary, said.detail, code=said.code) from error
