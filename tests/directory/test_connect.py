"""From an environment to a connected directory: credentials, region, endpoint, and whose account it is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from reconciler import __version__
from reconciler.aws.sessions import is_loopback
from reconciler.directory.connecting import connect
from reconciler.emulator import ACCOUNT, Misbehaviour, Store, attach
from reconciler.errors import Ambiguous, CredentialsMissing, DirectoryError, Refused
from reconciler.model.environments import Environment, Where
from reconciler.model.kinds import WORKLOAD_IDENTITY as KIND
from reconciler.model.values import canonical

CONTROL = "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL"
STS = "AWS_ENDPOINT_URL_STS"
MOTO_ACCOUNT = "123456789012"
OTHER_ACCOUNT = "222222222222"


def environment(**given: Any) -> Environment:
    return Environment(name="prod", **given)


def configured(text: str) -> None:
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(text, encoding="utf-8")


def without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)


# The embedded directory


def test_the_embedded_directory_needs_nothing_of_aws(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    without_credentials(monkeypatch)
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    for name, value in {
        "AWS_PROFILE": "no-such-profile",
        "AWS_CONFIG_FILE": "/no/such/file",
        "AWS_ENDPOINT_URL": "garbage",
        "AWS_RETRY_MODE": "garbage",
        "HTTPS_PROXY": "http://127.0.0.1:1",
    }.items():
        monkeypatch.setenv(name, value)
    directory = connect(environment(where=Where.EMBEDDED), attach=lambda client: attach(client, store))
    assert (directory.account, directory.region, directory.notes) == (ACCOUNT, "us-east-1", ())
    arn = directory.create(KIND, "agent", canonical(KIND, {}), "payments/prod")
    assert arn.startswith(f"arn:aws:bedrock-agentcore:us-east-1:{ACCOUNT}:")
    directory.close()


def test_the_embedded_directory_is_where_the_environment_says(store: Store) -> None:
    directory = connect(
        environment(where=Where.EMBEDDED, account=OTHER_ACCOUNT, region="eu-west-1"),
        attach=lambda client: attach(client, store, account=OTHER_ACCOUNT),
    )
    assert (directory.account, directory.region) == (OTHER_ACCOUNT, "eu-west-1")
    directory.close()


def test_the_embedded_directory_never_asks_a_real_one() -> None:
    with pytest.raises(ValueError, match="attach an emulator"):
        connect(environment(where=Where.EMBEDDED))


# Endpoints


@pytest.mark.parametrize("how", [CONTROL, "AWS_ENDPOINT_URL", "services section"])
def test_the_endpoint_is_the_one_that_aws_configuration_names(
    http_emulator: Any, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    if how == "services section":
        configured(
            "[default]\nservices = here\n[services here]\n"
            f"bedrock_agentcore_control =\n  endpoint_url = {http_emulator.url}\n"
        )
    else:
        monkeypatch.setenv(how, http_emulator.url)
    directory = connect(environment())
    assert list(directory.pages(KIND)) == [()]
    assert http_emulator.misbehaviour.count("ListWorkloadIdentities") == 1
    (note,) = directory.notes
    assert f"the endpoint {http_emulator.url} is on this machine" in note
    directory.close()


def test_on_this_machine_the_declared_account_is_believed(http_emulator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONTROL, http_emulator.url)
    directory = connect(environment(account=OTHER_ACCOUNT))
    assert directory.account == OTHER_ACCOUNT
    directory.close()


def test_on_this_machine_an_emulator_may_say_which_account_it_plays(
    http_emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CONTROL, http_emulator.url)
    directory = connect(environment())
    assert directory.account == MOTO_ACCOUNT
    directory.close()


def test_on_this_machine_an_endpoint_without_sts_leaves_the_account_open(
    closed_port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CONTROL, closed_port)
    directory = connect(environment())
    assert directory.account == ""
    directory.close()


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://localhost:4566", True),
        ("http://agentcore.localhost:4566", True),
        ("http://127.0.0.9", True),
        ("http://[::1]:5000/", True),
        ("https://bedrock-agentcore-control.us-east-1.amazonaws.com", False),
        ("http://10.0.0.1:5000", False),
        ("http://localhost.example.com", False),
        ("http://127.0.0.1.example.com", False),
    ],
)
def test_only_this_machine_counts_as_this_machine(url: str, here: bool) -> None:
    assert is_loopback(url) is here


def test_every_request_names_this_program_and_is_signed_for_the_region(
    http_emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CONTROL, http_emulator.url)
    directory = connect(environment(region="eu-central-1"))
    headers: dict[str, Any] = {}
    directory._client.meta.events.register("before-send", lambda request, **_: headers.update(request.headers))
    assert directory.read(KIND, "agent") is None
    directory.close()
    text = {name: value.decode() if isinstance(value, bytes) else value for name, value in headers.items()}
    assert text["User-Agent"].startswith("Boto3/")
    assert text["User-Agent"].endswith(f" reconciler/{__version__}")
    assert "/eu-central-1/bedrock-agentcore/aws4_request" in text["Authorization"]


def test_retries_stay_ours_whatever_the_configuration_says(
    http_emulator: Any, monkeypatch: pytest.MonkeyPatch, misbehaviour: Misbehaviour
) -> None:
    monkeypatch.setenv(CONTROL, http_emulator.url)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "7")
    monkeypatch.setenv("AWS_RETRY_MODE", "legacy")
    misbehaviour.fail("CreateWorkloadIdentity", "InternalServerException", times=None)
    directory = connect(environment())
    with pytest.raises(Ambiguous):
        directory.create(KIND, "agent", canonical(KIND, {}), "payments/prod")
    assert misbehaviour.count("CreateWorkloadIdentity") == 1
    directory.close()


# The account


def test_the_account_is_told_by_sts(http_emulator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STS, http_emulator.url)
    for declared in ("", MOTO_ACCOUNT):
        directory = connect(environment(account=declared))
        assert (directory.account, directory.notes) == (MOTO_ACCOUNT, ())
        directory.close()


def test_credentials_of_another_account_are_refused_before_anything_is_read(
    http_emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STS, http_emulator.url)
    with pytest.raises(Refused) as caught:
        connect(environment(account=OTHER_ACCOUNT))
    assert OTHER_ACCOUNT in caught.value.summary
    assert MOTO_ACCOUNT in caught.value.summary
    assert "'prod'" in caught.value.summary
    assert http_emulator.misbehaviour.count() == 0


def test_an_account_that_cannot_be_told_is_an_error(closed_port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STS, closed_port)
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(DirectoryError, match=r"GetCallerIdentity: 127\.0\.0\.1:\d+ cannot be reached"):
        connect(environment())


def test_a_role_is_assumed_with_its_session_name(http_emulator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STS, http_emulator.url)
    role = f"arn:aws:iam::{OTHER_ACCOUNT}:role/agents"
    directory = connect(environment(account=OTHER_ACCOUNT, role_arn=role, external_id="sesame"))
    assert directory.account == OTHER_ACCOUNT
    directory.close()
    with pytest.raises(Refused) as caught:
        connect(environment(account="333333333333", role_arn=role))
    assert f"arn:aws:sts::{OTHER_ACCOUNT}:assumed-role/agents/reconciler" in caught.value.detail
    with pytest.raises(Refused) as caught:
        connect(environment(account="333333333333", role_arn=role, session_name="nightly"))
    assert "assumed-role/agents/nightly" in caught.value.detail


def test_a_role_is_asked_for_with_its_external_id(http_emulator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from moto.sts.responses import TokenResponse

    asked: list[str] = []
    answer = TokenResponse.assume_role

    def assume_role(self: Any) -> Any:
        asked.append(self.querystring.get("ExternalId", [""])[0])
        return answer(self)

    monkeypatch.setattr(TokenResponse, "assume_role", assume_role)
    monkeypatch.setenv(STS, http_emulator.url)
    connect(environment(role_arn=f"arn:aws:iam::{OTHER_ACCOUNT}:role/agents", external_id="sesame")).close()
    assert asked == ["sesame"]


def test_a_role_that_may_not_be_assumed_is_told(http_emulator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.exceptions import ClientError
    from botocore.session import Session

    create = Session.create_client

    def denied(self: Session, service: str, *given: Any, **more: Any) -> Any:
        client = create(self, service, *given, **more)

        def deny(**_: Any) -> None:
            error = {"Error": {"Code": "AccessDenied", "Message": "not authorized"}}
            raise ClientError(error | {"ResponseMetadata": {"HTTPStatusCode": 403}}, "AssumeRole")

        client.meta.events.register("before-call.sts.AssumeRole", deny)
        return client

    monkeypatch.setattr(Session, "create_client", denied)
    monkeypatch.setenv(STS, http_emulator.url)
    with pytest.raises(CredentialsMissing, match="credentials could not be fetched") as caught:
        connect(environment(role_arn=f"arn:aws:iam::{OTHER_ACCOUNT}:role/agents", external_id="sesame"))
    assert "trust policy" in caught.value.detail
    assert "sesame" not in caught.value.summary + caught.value.detail


# Credentials, profiles, regions


def test_a_profile_is_used(http_emulator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONTROL, http_emulator.url)
    without_credentials(monkeypatch)
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    configured("[profile prod]\nregion = eu-west-1\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = x\n")
    directory = connect(environment(profile="prod"))
    assert directory.region == "eu-west-1"
    assert list(directory.pages(KIND)) == [()]
    directory.close()


def test_the_environment_s_region_wins(http_emulator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONTROL, http_emulator.url)
    directory = connect(environment(region="ap-southeast-2"))
    assert directory.region == "ap-southeast-2"
    directory.close()


def test_a_region_in_the_variable_of_other_sdks_is_taken(http_emulator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONTROL, http_emulator.url)
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    directory = connect(environment())
    assert directory.region == "eu-north-1"
    directory.close()


def test_no_region_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(DirectoryError, match="no AWS Region is set") as caught:
        connect(environment())
    assert "AWS_DEFAULT_REGION" in caught.value.detail


def test_a_region_that_cannot_be_one_is_told() -> None:
    with pytest.raises(DirectoryError, match="environment 'prod'"):
        connect(environment(region="us east"))


def test_an_endpoint_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONTROL, "localhost:4566")
    with pytest.raises(DirectoryError, match="environment 'prod'"):
        connect(environment())


def test_no_credentials_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    without_credentials(monkeypatch)
    with pytest.raises(CredentialsMissing, match="there are no AWS credentials") as caught:
        connect(environment())
    assert "aws sso login" in caught.value.detail
    with pytest.raises(CredentialsMissing, match="to assume arn:aws:iam::222222222222:role/agents with"):
        connect(environment(role_arn="arn:aws:iam::222222222222:role/agents"))


def test_a_profile_that_does_not_exist_is_told() -> None:
    with pytest.raises(CredentialsMissing, match="the AWS profile 'prodd' does not exist") as caught:
        connect(environment(profile="prodd"))
    assert "aws configure list-profiles" in caught.value.detail


def test_half_of_a_pair_of_keys_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(CredentialsMissing) as caught:
        connect(environment())
    assert "AWS_SECRET_ACCESS_KEY" in caught.value.detail
    assert "AKIA" not in caught.value.summary + caught.value.detail


def test_an_sso_session_that_has_ended_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    without_credentials(monkeypatch)
    monkeypatch.setenv("HOME", str(tmp_path))
    configured(
        "[profile prod]\nregion = us-east-1\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = agents\n"
        "[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.awsapps.com/start\n"
    )
    with pytest.raises(CredentialsMissing, match="sign-in has expired") as caught:
        connect(environment(profile="prod"))
    assert "aws sso login" in caught.value.detail


def test_what_a_credential_process_prints_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    without_credentials(monkeypatch)
    configured('[profile prod]\nregion = us-east-1\ncredential_process = sh -c "echo hunter2 >&2; exit 3"\n')
    with pytest.raises(CredentialsMissing, match="could not be fetched") as caught:
        connect(environment(profile="prod"))
    assert "hunter2" not in caught.value.summary + caught.value.detail


def test_a_broken_configuration_is_told() -> None:
    configured("[profile prod\nregion\n")
    with pytest.raises(CredentialsMissing) as caught:
        connect(environment(profile="prod"))
    assert os.environ["AWS_CONFIG_FILE"] in caught.value.detail
