"""Tries for each identity what it is granted, several identities at once; nothing is kept of what the service hands out.

Calls read only. What stays behind of them: an authorization session for each return URL, which nobody follows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from typing import NamedTuple

from reconciler.access import Granted, Inbound, Reach
from reconciler.directory.handing_out import DataPlane, Token
from reconciler.errors import CredentialsMissing, DirectoryError
from reconciler.model.environments import Target
from reconciler.model.kinds import API_KEY_PROVIDER
from reconciler.model.verification import Check, Verdict, Verification, What
from reconciler.verifying import judging
from reconciler.verifying.subjects import User

THREADS = 32
"""Identities under way at once."""
_FOREIGN = "https://reconciler-verify.invalid/never-allowed"  # RFC 6761: nobody can have a name below .invalid
_FLOWS = {one.value: one for one in (What.M2M, What.ON_BEHALF, What.USER_FEDERATION)}
_FLOW_OF = {What.FOREIGN_URL: What.USER_FEDERATION.value}

Progress = Callable[[int, int], None]
Holders = Callable[[], Mapping[str, str]]


class Try(NamedTuple):
    """One check that is to be made for a grant, as it will read if all is well."""

    check: Check
    grant: Granted


def verify(
    plane: DataPlane,
    subjects: Sequence[Reach],
    *,
    user: User,
    target: Target,
    holders: Holders = dict,
    threads: int = THREADS,
    progress: Progress | None = None,
) -> Verification:
    """All checks of all subjects; the same whatever thread was first.

    `holders`: ARN of each service-linked identity -> what holds it; asked once, if one is met. `progress(done, total)`, in
    identities, is called from this thread. Raises CredentialsMissing, and nothing else of the directory's errors.
    """
    sent = plane.calls
    ended = threading.Event()
    workers = ThreadPoolExecutor(threads, thread_name_prefix="verifier")
    try:
        running = {workers.submit(_verified, plane, one, user, ended): one.identity for one in subjects}
        found: dict[object, list[Check]] = {}
        for done, future in enumerate(as_completed(running), 1):
            found[running[future]] = future.result()
            if progress:
                progress(done, len(subjects))
    except BaseException:  # nothing that waits is begun, and nothing that runs is waited for
        ended.set()
        plane.hurry.set()
        workers.shutdown(wait=False, cancel_futures=True)
        raise
    workers.shutdown()
    checks = [check for one in subjects for check in found[one.identity]]
    return Verification(target=target, checks=tuple(_with_holders(checks, subjects, holders)), calls=plane.calls - sent)


def tries(subject: Reach) -> Iterator[Try]:
    """What is tried for the grants of an identity, in order."""
    for grant in subject.grants:
        as_hoped = Check(
            address=subject.identity, what=What.API_KEY, verdict=Verdict.PASSED, provider=str(grant.provider.address)
        )
        if grant.provider.address.type == API_KEY_PROVIDER.type:
            yield Try(as_hoped, grant)
        for flow in grant.flows:
            what = _FLOWS[flow]
            if what is not What.USER_FEDERATION:
                yield Try(replace(as_hoped, what=what), grant)
                continue
            for url in subject.return_urls or ("",):
                yield Try(replace(as_hoped, what=what, return_url=url), grant)
            yield Try(replace(as_hoped, what=What.FOREIGN_URL, return_url=foreign(subject.return_urls)), grant)


def foreign(return_urls: Sequence[str]) -> str:
    """A URL that is certainly none of these."""
    url = _FOREIGN
    while url in return_urls:
        url += "-"
    return url


def _verified(plane: DataPlane, subject: Reach, user: User, ended: threading.Event) -> list[Check]:
    """Every check of one identity; fewer where the run was `ended`, which it is once the credentials are gone.

    Raises CredentialsMissing.
    """
    if ended.is_set():
        return []
    try:
        return _checked(plane, subject, user, ended)
    except CredentialsMissing:
        ended.set()  # here, and not where it is noticed: nobody else fares better
        raise


def _checked(plane: DataPlane, subject: Reach, user: User, ended: threading.Event) -> list[Check]:
    token, checks = _token(plane, subject, user)
    for one in tries(subject):
        if ended.is_set():
            break
        settled = judging.unasked(one.check, subject)
        if token is None:
            checks.append(settled or judging.without_token(one.check))
        else:
            checks.append(settled or _tried(plane, subject, token, one))
    return checks


def _token(plane: DataPlane, subject: Reach, user: User) -> tuple[Token | None, list[Check]]:
    """A token as the identity's agent gets it, and the check of that."""
    check = Check(address=subject.identity, what=What.WORKLOAD, verdict=Verdict.PASSED)
    why, hint = judging.missing(subject, user)
    if why:
        return None, [replace(check, verdict=Verdict.UNKNOWN, why=why, hint=hint)]
    try:
        match subject.inbound:
            case Inbound.JWT:
                token = plane.token(subject.name, user_token=user.token)
            case Inbound.USER_ID:
                token = plane.token(subject.name, user_id=user.id)
            case Inbound.IAM:
                token = plane.token(subject.name)
    except CredentialsMissing:
        raise
    except DirectoryError as error:
        return None, [judging.refused(check, subject, error)]
    return token, [check]


def _tried(plane: DataPlane, subject: Reach, token: Token, one: Try) -> Check:
    check, grant = one
    try:
        if check.what is What.API_KEY:
            plane.api_key(token, grant.provider.name)
            return check
        flow = _FLOW_OF.get(check.what, check.what.value)
        answer = plane.oauth2(token, grant.provider.name, flow=flow, scopes=grant.scopes, return_url=check.return_url)
    except CredentialsMissing:
        raise
    except DirectoryError as error:
        return judging.refused(check, subject, error)
    return judging.answered(check, answer)


def _with_holders(checks: Sequence[Check], subjects: Sequence[Reach], holders: Holders) -> Iterator[Check]:
    """The checks, with what each service-linked identity is linked to, where that can be told."""
    linked: Mapping[str, str] = {}
    if any(one.why == judging.LINKED for one in checks):
        try:
            linked = {arn.rpartition("/")[2]: holder for arn, holder in holders().items()}
        except DirectoryError:  # the parents may not be read: it is told without their names
            linked = {}
    names = {one.identity: one.name for one in subjects}
    for one in checks:
        holder = linked.get(names[one.address]) if one.why == judging.LINKED else None
        yield replace(one, why=f"linked to {holder}: only that gets tokens for it") if holder else one
