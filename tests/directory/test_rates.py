"""Under which rates calls are sent: asked for, read from Service Quotas, or the service's default; and where there are none."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.directory.connecting import connect
from reconciler.directory.linkage import PARENTS
from reconciler.emulator import Store, attach, data_plane, lookup
from reconciler.model.environments import Environment, Where
from reconciler.model.kinds import KINDS
from reconciler.model.rates import DEFAULT_RATES, TRAIL_RATES, Rates

GET, LIST = "GetWorkloadIdentity", "ListWorkloadIdentities"
SECOND = {"PeriodValue": 1, "PeriodUnit": "SECOND"}


def test_every_operation_that_is_called_has_a_default() -> None:
    parents = {operation for parent in PARENTS for operation in (parent.list, parent.get)}
    tags = {"ListTagsForResource", "TagResource", "UntagResource"}
    kinds = {one for kind in KINDS for one in kind.api.operations}
    assert set(DEFAULT_RATES) == parents | tags | kinds | set(data_plane.OPERATIONS) | set(lookup.OPERATIONS)
    assert {DEFAULT_RATES[one] for one in data_plane.OPERATIONS} == {200.0}
    assert {DEFAULT_RATES[operation] for kind in KINDS if not kind.singleton for operation in kind.api.operations} == {
        20.0
    }


def test_what_goes_before_what() -> None:
    manifest = Rates(asked={"*": 10.0, GET: 40.0}, look_up=True)
    quotas = {GET: 30.0, LIST: 25.0, "TagResource": 5.0}
    assert manifest.of(GET) == 40.0
    assert manifest.of(LIST) == 10.0
    assert Rates(asked={LIST: 3.0}).over(manifest).asked == {"*": 10.0, GET: 40.0, LIST: 3.0}
    assert Rates(asked={"*": 3.0}).over(manifest).asked == {"*": 3.0}, "all means all"
    assert Rates(asked={"*": 3.0}).over(manifest).look_up
    assert manifest.known(quotas) == Rates(asked={"*": 10.0, GET: 40.0})
    known = Rates(asked={GET: 40.0}, look_up=True).known(quotas)
    assert [known.of(one) for one in (GET, LIST, "TagResource", "GetGateway")] == [40.0, 25.0, 5.0, 10.0]
    assert Rates().of(GET) == 20.0
    assert Rates(limited=False).of(GET) is None


def test_an_operation_that_nobody_foresaw_gets_the_least_of_all() -> None:
    assert Rates().of("GetSomethingNew") == min(DEFAULT_RATES[one] for one in DEFAULT_RATES.keys() - TRAIL_RATES.keys())


def test_a_rate_of_all_operations_is_not_meant_for_the_trail() -> None:
    assert Rates().of("LookupEvents") == 2.0
    assert Rates(asked={"*": 20.0}).of("LookupEvents") == 2.0
    assert Rates(asked={"*": 0.5}).of("LookupEvents") == 0.5
    assert Rates(asked={"*": 20.0, "LookupEvents": 4.0}).of("LookupEvents") == 4.0
    assert Rates(limited=False).of("LookupEvents") is None


# Where there is a quota, and where not


def test_an_account_has_the_services_quota(monkeypatch: pytest.MonkeyPatch, http_emulator: Any) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", http_emulator.url)
    directory = connect(Environment(name="prod", region="us-east-1"))
    assert directory.rates == Rates()
    assert directory.rates.of(GET) == 20.0
    directory.close()


def test_an_emulator_on_this_machine_has_none_unless_one_is_asked_for(at_emulator: Any) -> None:
    assert at_emulator().rates.of(GET) is None
    assert at_emulator(Rates(asked={GET: 7.0})).rates.of(GET) == 7.0
    assert at_emulator(Rates(asked={GET: 7.0})).rates.of(LIST) is None


def test_an_embedded_directory_has_none_and_asks_nobody(store: Store, quotas: Any) -> None:
    rates = Rates(asked={LIST: 7.0}, look_up=True)
    environment = Environment(name="local", where=Where.EMBEDDED, rates=rates)
    directory = connect(environment, attach=lambda client: attach(client, store))
    assert (directory.rates.of(GET), directory.rates.of(LIST)) == (None, 7.0)
    assert not quotas.asked
    directory.close()


@pytest.fixture
def at_emulator(monkeypatch: pytest.MonkeyPatch, http_emulator: Any) -> Iterator[Any]:
    """A directory behind the emulator, under these rates."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL", http_emulator.url)
    opened = []

    def directory(rates: Rates | None = None) -> Any:
        opened.append(connect(Environment(name="prod", region="us-east-1", rates=rates or Rates())))
        return opened[-1]

    yield directory
    for one in opened:
        one.close()


# Service Quotas


class Quotas(http.server.ThreadingHTTPServer):
    """Service Quotas as far as it is asked: `pages` by token, or an error for all."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.pages: dict[str, dict[str, Any]] = {"": {"Quotas": []}}
        self.error: tuple[int, str] | None = None
        self.asked: list[dict[str, Any]] = []


class _Answer(http.server.BaseHTTPRequestHandler):
    server: Quotas

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(request)
        if self.server.error is not None:
            status, code = self.server.error
            answer: dict[str, Any] = {"__type": code, "Message": "no"}
        else:
            status, answer = 200, self.server.pages[request.get("NextToken", "")]
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def quotas(monkeypatch: pytest.MonkeyPatch) -> Iterator[Quotas]:
    """A Service Quotas that the environment points at."""
    with Quotas() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_SERVICE_QUOTAS", f"http://127.0.0.1:{server.server_port}")
        yield server
        server.shutdown()
        thread.join()


def quota(name: str, value: float, **more: Any) -> dict[str, Any]:
    return {"ServiceCode": "bedrock-agentcore", "QuotaName": name, "Value": value, **more}


LOOK_UP = Rates(look_up=True)


def test_the_accounts_own_rates_are_read(quotas: Quotas, at_emulator: Any) -> None:
    quotas.pages[""] = {
        "Quotas": [
            quota("GetWorkloadIdentity requests", 50.0, Period=SECOND),
            quota("Rate of ListWorkloadIdentities API requests per second", 30.0),
            quota("TagResource requests", 600.0, Period={"PeriodValue": 1, "PeriodUnit": "MINUTE"}),
            quota("DeleteWorkloadIdentity", 11.0),  # no rate
            quota("CreateWorkloadIdentity requests", 0.0, Period=SECOND),
            quota("UpdateWorkloadIdentity requests", 9.0, Period={"PeriodValue": 1, "PeriodUnit": "FORTNIGHT"}),
            quota("GetWorkloadIdentityTwice requests", 9.0, Period=SECOND),
        ],
        "NextToken": "more",
    }
    quotas.pages["more"] = {"Quotas": [quota("GetGateway requests", 5.0, Period=SECOND)], "NextToken": "endless"}
    rates = at_emulator(LOOK_UP).rates
    assert rates.asked == {GET: 50.0, "GetGateway": 5.0, LIST: 30.0, "TagResource": 10.0}
    assert not rates.look_up
    assert [one["ServiceCode"] for one in quotas.asked] == ["bedrock-agentcore"] * 2, "two calls and no more"


def test_what_is_asked_for_goes_before_the_accounts_own(quotas: Quotas, at_emulator: Any) -> None:
    quotas.pages[""] = {"Quotas": [quota(f"{GET} requests", 50.0, Period=SECOND)]}
    assert at_emulator(Rates(asked={GET: 7.0}, look_up=True)).rates.asked == {GET: 7.0}


@pytest.mark.parametrize(
    "error",
    [(400, "AccessDeniedException"), (400, "NoSuchResourceException"), (429, "TooManyRequestsException"), (500, "")],
)
def test_what_cannot_be_read_is_the_default_after_one_call(
    quotas: Quotas, at_emulator: Any, error: tuple[int, str]
) -> None:
    quotas.error = error
    assert at_emulator(LOOK_UP).rates == Rates(limited=False)
    assert len(quotas.asked) == 1


@pytest.mark.parametrize(
    "page",
    [{}, {"Quotas": None}, {"Quotas": [{}]}, {"Quotas": [quota(GET, float("inf"), Period=SECOND)]},
     {"Quotas": [quota(GET, 20.0, Period={"PeriodValue": 0, "PeriodUnit": "SECOND"})]}, {"Quotas": "no list"}],
)  # fmt: skip
def test_an_answer_of_another_shape_is_no_answer(quotas: Quotas, at_emulator: Any, page: dict[str, Any]) -> None:
    quotas.pages[""] = page
    assert at_emulator(LOOK_UP).rates == Rates(limited=False)


def test_nobody_is_asked_who_was_not_to_be(quotas: Quotas, at_emulator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    at_emulator()
    assert not quotas.asked
    monkeypatch.delenv("AWS_ENDPOINT_URL_SERVICE_QUOTAS")
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{quotas.server_port}")  # where a call to AWS would turn up
    assert at_emulator(LOOK_UP).rates == Rates(limited=False)
    assert not quotas.asked


def test_nobody_there_is_no_reason_to_fail(at_emulator: Any, closed_port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SERVICE_QUOTAS", closed_port)
    assert at_emulator(LOOK_UP).rates == Rates(limited=False)
