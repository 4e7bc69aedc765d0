"""Which identities the service made itself: those that Runtimes, Gateways and PaymentManagers name as theirs.

The API has no createdBy; `workloadIdentityDetails` in a parent's Get answer is the only proof. A name that looks like a
parent's id proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from reconciler.aws.asked import Asked
from reconciler.aws.calls import Calls, member
from reconciler.errors import AccessDenied, CredentialsMissing, DirectoryError, NotFound
from reconciler.model.parents import Holder, Parent

Result = TypeVar("Result")

THREADS = 6
"""Calls that run at once while linkage is read, beside those that read the identities."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """How the API spells one kind of parent: `id` in a List entry is what Get takes as `asked`, `name` what people call it."""

    word: str
    list: str
    items: str
    id: str
    name: str
    get: str
    asked: str
    page_size: int = 100


PARENTS = (
    Spelling(
        word="runtime",
        list="ListAgentRuntimes",
        items="agentRuntimes",
        id="agentRuntimeId",
        name="agentRuntimeName",
        get="GetAgentRuntime",
        asked="agentRuntimeId",
    ),
    Spelling(
        word="gateway",
        list="ListGateways",
        items="items",
        id="gatewayId",
        name="name",
        get="GetGateway",
        asked="gatewayIdentifier",
    ),
    Spelling(
        word="payment manager",
        list="ListPaymentManagers",
        items="paymentManagers",
        id="paymentManagerId",
        name="name",
        get="GetPaymentManager",
        asked="paymentManagerId",
    ),
)


def read_linkage(calls: Calls) -> Mapping[str, Holder]:
    """ARN of each service-linked identity -> what holds it, in the order of ARNs.

    Raises when any of it could not be read: half the truth would let the rest look unmanaged.
    """
    with ThreadPoolExecutor(THREADS, thread_name_prefix="linkage") as workers:
        try:
            listings = [workers.submit(_holders, calls, parent) for parent in PARENTS]
            listed = list(zip(PARENTS, _results(listings), strict=True))
            asked = [(parent, one) for parent, holders in listed for one in holders]
            found = _results([workers.submit(_identity, calls, parent, one.id) for parent, one in asked])
        except BaseException:
            workers.shutdown(wait=False, cancel_futures=True)
            raise
    held = {arn: one for (_, one), arn in zip(asked, found, strict=True) if arn}
    return dict(sorted(held.items()))


def _holders(calls: Calls, parent: Spelling) -> list[Holder]:
    """All parents of that kind."""
    asked = Asked(operation=parent.list)
    pages = calls.pages(asked, parent.items, parent.page_size)
    return [
        Holder(Parent(parent.word, member(one, parent.name, asked)), member(one, parent.id, asked))
        for page in pages
        for one in page
    ]


def _identity(calls: Calls, parent: Spelling, id_: str) -> str:
    """ARN of the identity that the parent holds, or ""."""
    try:
        found = calls.send(Asked(operation=parent.get, subject=id_), **{parent.asked: id_})
    except NotFound:
        return ""  # it went between List and Get, and its identity goes with it
    return str((found.get("workloadIdentityDetails") or {}).get("workloadIdentityArn", ""))


def _results(futures: Iterable[Future[Result]]) -> list[Result]:
    """All results, or one error for all that failed."""
    results: list[Result] = []
    errors: list[DirectoryError] = []
    for future in futures:
        try:
            results.append(future.result())
        except CredentialsMissing:
            raise
        except DirectoryError as error:
            errors.append(error)
    if errors:
        raise _joined(errors) from errors[0]
    return results


def _joined(errors: list[DirectoryError]) -> DirectoryError:
    """The errors as one, each sentence once."""
    kind = AccessDenied if all(isinstance(one, AccessDenied) for one in errors) else DirectoryError
    summary = "; ".join(dict.fromkeys(one.summary for one in errors[:3]))
    if len(errors) > 3:
        summary += f"; and {len(errors) - 3} more"
    return kind(summary, "\n".join(dict.fromkeys(one.detail for one in errors[:3])), code=errors[0].code)
