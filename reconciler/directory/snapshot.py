"""What to read of a directory, concurrently: the listing, what is wanted of it one by one, and what the service holds.

The listing is a chain of pages, each only after the one before, so nothing else may hold it up: resources are read by
other threads from the first page on. What cannot be read is `unknown`, with its reason; only missing credentials end it all.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import TypeVar

from reconciler.directory.protocol import THREADS, Directory, Listed
from reconciler.errors import AccessDenied, CredentialsMissing, DirectoryError
from reconciler.model.addresses import Remote
from reconciler.model.kinds import KINDS, WORKLOAD_IDENTITY, Kind, kind_of
from reconciler.model.parents import Holder, Parent
from reconciler.model.resources import Live, Refresh, Snapshot

Progress = Callable[[int, int | None], None]
Result = TypeVar("Result")
Entry = TypeVar("Entry")


def read_snapshot(
    directory: Directory,
    *,
    refresh: Refresh,
    wanted: Callable[[Remote], bool],
    expected: frozenset[Remote],
    changed: frozenset[Remote],
    known: Mapping[Remote, str] | None = None,
    trusting: bool = False,
    parents: Collection[Parent] = (),
    kinds: Collection[Kind] = (WORKLOAD_IDENTITY,),
    threads: int = THREADS,
    progress: Progress | None = None,
) -> Snapshot:
    """What the directory holds; the same whatever thread was first. NONE makes no call at all.

    Read one by one is what is `expected` (FULL) or `changed` (CHANGED), and what else `wanted` asks for. What of it is `known`
    (in the lockfile) is read without waiting for the listing to show it: it would be asked for in any case, because listings
    may lag. The rest is read as the listing shows it; what is declared only and not listed does not exist: no call. Where the
    listing is denied, everything expected is asked for; where it breaks off, what nobody showed is unknown. Without `known`,
    everything expected counts as known once the listing has ended.

    `known` gives when each was last updated, as far as the lockfile says. `trusting`: what the listing shows with that very
    date is not read, and is in `trusted`; with CHANGED that is so in any case, and what it shows with another date is read.

    Of `parents`, the identities are read too, once it is known which those are.

    Listed are the kinds of what is expected, and `kinds`: who has nothing but identities needs no permission for more.

    `progress(done, total)` is called from this thread; the total is None until the listing has ended.
    Raises CredentialsMissing, and nothing else of the directory's errors.
    """
    if refresh is Refresh.NONE:
        return Snapshot(refresh=refresh, live={}, listed={}, unknown={}, linked={})
    sent = directory.calls
    used = {one.type for one in expected}
    choice = _Choice(
        picked=expected if refresh is Refresh.FULL else changed,
        changed=changed,
        wanted=wanted,
        dates=known or {},
        trusting=trusting or refresh is Refresh.CHANGED,
    )
    unknown: dict[Remote, str] = {}
    with _Readers(directory, threads, progress) as readers:
        linking = readers.begin(directory.linked)
        readers.ask(choice.early)
        listed, failures = _list(directory, readers, choice, [one for one in KINDS if one in kinds or one.type in used])
        for one in expected - listed.keys() - choice.early:
            failure = failures.get(one.type)
            if isinstance(failure, AccessDenied) or (failure is None and (known is None or one in known)):
                readers.ask((one,))
            elif failure is not None:
                unknown[one] = f"the listing broke off before it was seen: {_said(failure)}"
        if parents:
            holders, _ = _linkage(linking)
            readers.ask({_identity(arn) for arn, one in holders.items() if one.parent in parents} - readers.asked)
        live, gone, unread = readers.results()
        holders, linkage_failed = _linkage(linking)
    for one in gone:
        listed.pop(one, None)
    return Snapshot(
        refresh=refresh,
        live=_ordered(live),
        listed=_ordered(listed),
        unknown=_ordered({**unknown, **unread}),
        linked={arn: str(one) for arn, one in holders.items()},
        parents=_by_parent(holders),
        linkage_failed=linkage_failed,
        listing_failed="; ".join(dict.fromkeys(map(_said, failures.values()))),
        unlisted=frozenset(failures),
        trusted=frozenset(choice.trusted),
        calls=directory.calls - sent,
    )


def read_named(
    directory: Directory, remotes: Iterable[Remote], *, threads: int = THREADS, progress: Progress | None = None
) -> tuple[dict[Remote, Live], list[Remote], dict[Remote, str]]:
    """These alone, one by one: what was read, what does not exist, and what could not be read, with the reason.

    Raises CredentialsMissing, and nothing else of the directory's errors.
    """
    with _Readers(directory, threads, progress) as readers:
        readers.ask(remotes)
        live, gone, unread = readers.results()
    return _ordered(live), sorted(gone), _ordered(unread)


class _Choice:
    """Which resources are read one by one: `early` those that need not wait for the listing, then what `takes` says.

    `picked`: what is to be read, but for what is `trusted` because the listing dates it as `dates` does.
    """

    def __init__(
        self,
        *,
        picked: frozenset[Remote],
        changed: frozenset[Remote],
        wanted: Callable[[Remote], bool],
        dates: Mapping[Remote, str],
        trusting: bool,
    ) -> None:
        self._picked, self._wanted = picked, wanted
        self._dates = {one: date for one, date in dates.items() if trusting and one not in changed}
        self.early = frozenset(one for one in picked & dates.keys() if not self._dates.get(one))
        self.trusted: set[Remote] = set()

    def takes(self, one: Listed) -> bool:
        """Whether to read it, now that the listing shows it."""
        remote = one.remote
        date = self._dates.get(remote) if one.updated else None
        if date is None or self._wanted(remote):
            return remote not in self.early and (remote in self._picked or self._wanted(remote))
        if one.updated == date:
            self.trusted.add(remote)
            return False
        return remote not in self.early


class _Readers:
    """Threads that read resources one by one, while their names still come in.

    Names wait in a queue without bound: they are few bytes each and quotas keep them to some ten thousand, while a listing
    that waited for the readers would let its page token grow old.
    """

    def __init__(self, directory: Directory, threads: int, progress: Progress | None) -> None:
        self._directory = directory
        self._progress = progress
        self._workers = ThreadPoolExecutor(threads + 1, thread_name_prefix="reader")  # one is for the linkage
        self._reads: dict[Future[Live | None], Remote] = {}
        self._done = 0
        self._counting = threading.Lock()

    def __enter__(self) -> _Readers:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """At an error or an interrupt nothing that still waits is begun, and nothing that runs is waited for."""
        self._workers.shutdown(wait=kind is None, cancel_futures=True)

    def begin(self, work: Callable[[], Result]) -> Future[Result]:
        """Do something else beside the reading."""
        return self._workers.submit(work)

    @property
    def asked(self) -> frozenset[Remote]:
        """What is read so far, or was."""
        return frozenset(self._reads.values())

    def ask(self, remotes: Iterable[Remote]) -> None:
        """Read these, in their order."""
        for one in sorted(remotes):
            future = self._workers.submit(self._directory.read, kind_of(one.type), one.name)
            future.add_done_callback(self._count)
            self._reads[future] = one

    def report(self, *, whole: bool) -> None:
        """Tell how far it is; `whole`: nothing more will be asked."""
        if self._progress:
            self._progress(self._done, len(self._reads) if whole else None)

    def _count(self, _: Future[Live | None]) -> None:
        with self._counting:
            self._done += 1

    def results(self) -> tuple[dict[Remote, Live], list[Remote], dict[Remote, str]]:
        """Wait for all: what was read, what does not exist, and what could not be read, with the reason."""
        live: dict[Remote, Live] = {}
        gone: list[Remote] = []
        unread: dict[Remote, str] = {}
        self.report(whole=True)
        for number, future in enumerate(as_completed(self._reads), 1):
            remote = self._reads[future]
            try:
                found = future.result()
            except CredentialsMissing:
                raise
            except DirectoryError as error:
                unread[remote] = _said(error)
            else:
                if found is None:
                    gone.append(remote)
                else:
                    live[remote] = found
            self._done = max(self._done, number)  # a future is complete before its callback has counted it
            self.report(whole=True)
        return live, gone, unread


def _list(
    directory: Directory, readers: _Readers, choice: _Choice, kinds: Iterable[Kind]
) -> tuple[dict[Remote, str], dict[str, DirectoryError]]:
    """ARN of everything that the listings show, and by type why they are not whole.

    What is chosen is being read when this returns.
    """
    listed: dict[Remote, str] = {}
    failures: dict[str, DirectoryError] = {}
    for kind in kinds:
        try:
            for page in directory.pages(kind):
                fresh = [one for one in page if one.remote not in listed]  # pages shift while others write
                listed.update((one.remote, one.arn) for one in fresh)
                readers.ask(one.remote for one in fresh if choice.takes(one))
                readers.report(whole=False)
        except CredentialsMissing:
            raise
        except DirectoryError as error:
            failures[kind.type] = error
    return listed, failures


def _linkage(linking: Future[Mapping[str, Holder]]) -> tuple[Mapping[str, Holder], str]:
    """What the service holds, and why that could not be told."""
    try:
        return linking.result(), ""
    except CredentialsMissing:
        raise
    except DirectoryError as error:
        return {}, _said(error)


def _identity(arn: str) -> Remote:
    """The identity that a parent says to hold."""
    return Remote(WORKLOAD_IDENTITY.type, arn.rpartition("/")[2])


def _by_parent(holders: Mapping[str, Holder]) -> dict[Parent, tuple[str, ...]]:
    """The ARNs of what parents of a name hold, in order."""
    found: dict[Parent, list[str]] = {}
    for arn, one in holders.items():
        found.setdefault(one.parent, []).append(arn)
    return {parent: tuple(sorted(found[parent])) for parent in sorted(found)}


def _said(error: DirectoryError) -> str:
    """The error in one line."""
    first = error.detail.partition("\n")[0]
    return f"{error.summary}. {first}" if first else error.summary


def _ordered(found: dict[Remote, Entry]) -> dict[Remote, Entry]:
    return dict(sorted(found.items(), key=lambda one: one[0]))
