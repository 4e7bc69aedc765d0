"""The data plane of an AWS account: the `DataPlane` protocol over boto3's `bedrock-agentcore` client.

What it hands out is let go of here: a key or a token of a provider leaves no function of this module, in no form.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from botocore.client import BaseClient

from reconciler.aws.asked import Asked
from reconciler.aws.calls import Calls, member
from reconciler.aws.faults import unexpected_answer
from reconciler.aws.pacing import Pacing
from reconciler.aws.sessions import is_loopback
from reconciler.aws.words import keeping_back, quotable
from reconciler.directory.handing_out import Answered, Token
from reconciler.errors import Refused

SERVICE = "bedrock-agentcore"


class AgentCoreDataPlane:
    """One account's data plane in one region; see `DataPlane`."""

    def __init__(self, client: BaseClient, *, pacing: Pacing | None = None) -> None:
        self._client = client
        self._calls = Calls(client, pacing or Pacing())

    @property
    def calls(self) -> int:
        """API calls sent so far, retries included."""
        return self._calls.count

    @property
    def hurry(self) -> threading.Event:
        """Once it is set, calls end within seconds: none waits long for its turn, none is tried again."""
        return self._calls.pacing.hurry

    def token(self, name: str, *, user_token: Token | None = None, user_id: str = "") -> Token:
        """A token for the identity, for a user where one is given. Raises ServiceLinked, TokenRefused."""
        operation, more = "GetWorkloadAccessToken", {}
        if user_token is not None:
            operation, more = "GetWorkloadAccessTokenForJWT", {"userToken": user_token.reveal()}
        elif user_id:
            operation, more = "GetWorkloadAccessTokenForUserId", {"userId": user_id}
        asked = Asked(operation=operation, subject=name, bearer=user_token is not None)
        with keeping_back([user_token.reveal()] if user_token else ()):
            return Token(member(self._calls.send(asked, workloadName=name, **more), "workloadAccessToken", asked))

    def api_key(self, token: Token, provider: str) -> None:
        """See that there is an API key. It is let go of at once."""
        asked = Asked(operation="GetResourceApiKey", subject=provider, bearer=True)
        with keeping_back([token.reveal()]):
            member(
                self._calls.send(asked, workloadIdentityToken=token.reveal(), resourceCredentialProviderName=provider),
                "apiKey",
                asked,
            )

    def oauth2(
        self, token: Token, provider: str, *, flow: str, scopes: Sequence[str], return_url: str = ""
    ) -> Answered:
        """See what there is for that flow. It is let go of at once."""
        asked = Asked(operation="GetResourceOauth2Token", subject=provider, bearer=True)
        more = {"resourceOauth2ReturnUrl": return_url} if return_url else {}
        with keeping_back([token.reveal()]):
            given = self._calls.send(
                asked,
                workloadIdentityToken=token.reveal(),
                resourceCredentialProviderName=provider,
                oauth2Flow=flow,
                scopes=list(scopes),
                **more,
            ).keys()
        if "accessToken" in given:
            return Answered.TOKEN
        if "authorizationUrl" in given:
            return Answered.AUTHORIZATION_URL
        raise unexpected_answer(asked, "accessToken")

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()


def check_beside(client: BaseClient, directory: BaseClient) -> None:
    """Raise Refused where one of the two is an emulator on this machine and the other is not: tokens would go astray."""
    here, there = (str(one.meta.endpoint_url) for one in (client, directory))
    if is_loopback(here) != is_loopback(there):
        raise Refused(
            f"the directory is at {quotable(there)}, and what hands out its tokens at {quotable(here)}: one of them is on "
            "this machine, the other is not",
            "Nothing was sent. Set AWS_ENDPOINT_URL_BEDROCK_AGENTCORE and AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL to the "
            "same place (`reconciler emulator` serves both), or neither.",
        )
