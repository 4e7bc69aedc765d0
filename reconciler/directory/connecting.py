"""From an environment to its directory: whose credentials, which account answers, at which pace, what reads secrets."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from botocore.client import BaseClient
from botocore.session import Session

from reconciler.aws.clients import make_client
from reconciler.aws.pacing import Pacing
from reconciler.aws.quotas import account_rates
from reconciler.aws.secrets import reader
from reconciler.aws.sessions import READ_SECONDS, account_at, check_account, embedded_session, is_loopback, open_session
from reconciler.aws.words import quotable
from reconciler.directory import linkage
from reconciler.directory.agentcore import AgentCore
from reconciler.directory.protocol import THREADS
from reconciler.directory.sharing import Sharing
from reconciler.model.environments import EMBEDDED_ACCOUNT, Environment, Where

_SERVICE = "bedrock-agentcore-control"


def connect(
    environment: Environment,
    *,
    attach: Callable[[BaseClient], None] | None = None,
    threads: int = THREADS,
    read_timeout: float = READ_SECONDS,
    sharing: Sharing | None = None,
) -> AgentCore:
    """The environment's directory, for `threads` callers at once; with `sharing`, for as many as that says, at a pace shared.

    The account is checked before anything is read. `attach` hooks the emulator into the client; the embedded directory needs
    it (ValueError). `read_timeout`: seconds after which an answer counts as lost; tests use short ones. Raises Refused on
    another account than declared, DirectoryError (no region, profile, credentials).
    """
    threads = sharing.threads if sharing else threads
    connections = threads + linkage.THREADS + 1
    options: dict[str, Any] = {"read_timeout": read_timeout}
    if environment.where is Where.EMBEDDED:
        if attach is None:
            raise ValueError("nothing would answer for the embedded directory: attach an emulator")
        session = embedded_session(environment)
        options = {"ignore_configured_endpoint_urls": True}
        client = make_client(session, _SERVICE, environment, connections, **options)
        account, note = environment.account or EMBEDDED_ACCOUNT, ""
        secrets = reader(None)
        paced = functools.partial(Pacing, rates=replace(environment.rates, limited=False, look_up=False))
    else:
        session = open_session(environment)
        client = make_client(session, _SERVICE, environment, connections, **options)
        account, note = _whose(session, client, environment)
        paced = functools.partial(_paced, session, client, environment)
        secrets = reader(functools.cache(lambda: make_client(session, "secretsmanager", environment, 4, attempts=3)))
    place = (account, str(client.meta.region_name), str(client.meta.endpoint_url))
    pacing = sharing.pacing(place, paced) if sharing else paced()

    def beside(service: str, callers: int) -> BaseClient:
        made = make_client(session, service, environment, callers, **options)
        if attach is not None:
            attach(made)
        return made

    if attach is not None:
        attach(client)
    notes = (note,) if note else ()
    return AgentCore(
        client, account=account, notes=notes, pacing=pacing, secrets=secrets, threads=threads, beside=beside
    )


def _whose(session: Session, client: BaseClient, environment: Environment) -> tuple[str, str]:
    """The account behind the client, and what is to be said of how it was told."""
    endpoint = str(client.meta.endpoint_url)
    if not is_loopback(endpoint):
        return check_account(session, environment), ""
    account = environment.account or account_at(session, endpoint)
    return account, f"The account was not checked with STS: the endpoint {quotable(endpoint)} is on this machine."


def _paced(session: Session, client: BaseClient, environment: Environment) -> Pacing:
    """The pace of the environment's calls. An endpoint on this machine is an emulator's: no quota until it throttles."""
    local = is_loopback(str(client.meta.endpoint_url))
    rates = replace(environment.rates, limited=not local)
    if rates.look_up:
        rates = rates.known(account_rates(session, local=local))
    return Pacing(rates=rates, ramp=local)
