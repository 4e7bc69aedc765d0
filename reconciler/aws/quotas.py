"""The account's own rates, as Service Quotas has them. A convenience: whatever goes wrong, the defaults hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from botocore.client import BaseClient
from botocore.config import Config
from botocore.session import Session

from reconciler.aws.faults import FAILURES
from reconciler.aws.sessions import USER_AGENT, is_loopback
from reconciler.model.rates import DEFAULT_RATES, is_rate

_SERVICE_CODE = "bedrock-agentcore"  # as in IAM and in ARNs; were it another one, nothing would be found
_PAGE, _PAGES = 100, 2
_SECONDS = {"SECOND": 1.0, "MINUTE": 60.0, "HOUR": 3600.0}
_WORD = re.compile(r"\w+")


def account_rates(session: Session, *, local: bool) -> Mapping[str, float]:
    """Calls a second by operation, for those of which the account's quota is known; nothing where it cannot be read.

    `local`: the directory is an emulator on this machine. The account's quotas are then asked of another one or of nobody.
    """
    try:
        client = session.create_client("service-quotas", config=_brief())
    except (*FAILURES, ValueError):
        return {}
    try:
        if local and not is_loopback(str(client.meta.endpoint_url)):
            return {}
        return dict(sorted(_rates(_quotas(client))))
    except (*FAILURES, ValueError, TypeError, AttributeError):  # the last three: an answer of another shape
        return {}
    finally:
        client.close()


def _brief() -> Config:
    """Two short calls at most, each sent once: nobody waits long for a convenience."""
    return Config(
        connect_timeout=2,
        read_timeout=5,
        retries={"mode": "standard", "total_max_attempts": 1},
        user_agent_extra=USER_AGENT,
    )


def _quotas(client: BaseClient) -> Iterator[Mapping[str, Any]]:
    token: dict[str, str] = {}
    for _ in range(_PAGES):
        answer = client.list_service_quotas(ServiceCode=_SERVICE_CODE, MaxResults=_PAGE, **token)
        yield from answer.get("Quotas") or ()
        if not answer.get("NextToken"):
            return
        token = {"NextToken": answer["NextToken"]}


def _rates(quotas: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, float]]:
    """Those that are rates of an operation of ours, which their names say."""
    for quota in quotas:
        name = str(quota.get("QuotaName", ""))
        seconds = _period(quota.get("Period") or {}, name)
        for operation in DEFAULT_RATES.keys() & set(_WORD.findall(name)):
            rate = float(quota.get("Value") or 0.0) / seconds if seconds else 0.0
            if is_rate(rate):
                yield operation, rate


def _period(period: Mapping[str, Any], name: str) -> float:
    """The seconds that the quota's value is counted over; 0: it is no rate."""
    if period:
        return float(period.get("PeriodValue") or 0) * _SECONDS.get(str(period.get("PeriodUnit")), 0.0)
    return 1.0 if re.search(r"per second|\bTPS\b", name, re.IGNORECASE) else 0.0
