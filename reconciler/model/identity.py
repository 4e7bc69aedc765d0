"""The workload identity, described. Limits are botocore's (`bedrock-agentcore-control` 2023-06-05); quotas are the guide's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.model.kind import EXPIRES, OWNER, TAGS, Api, Attribute, Kind, Secrets, Shape, Text, plain

RETURN_URLS = Attribute(
    name="allowedResourceOauth2ReturnUrls",
    shape=Shape.SET,
    text=Text(minimum=1, maximum=2048, pattern=r"\w+:(\/?\/?)[^\s]+"),
)
ACCESS = Attribute(name="access", shape=Shape.NESTED, local=True)
"""Which credential providers it is granted: by their address, with scopes and flows. The service enforces nothing of it: the
role's IAM policy does, which is made from this."""
INBOUND = Attribute(name="inbound", shape=Shape.SCALAR, local=True)
"""How its agent is called, and so which token operation its role needs: iam, jwt or userId; None is iam."""


def _request(attributes: Mapping[str, Any], _: Secrets) -> dict[str, Any]:
    return {RETURN_URLS.name: plain(attributes[RETURN_URLS.name])}


def _answer(found: Mapping[str, Any]) -> dict[str, Any]:
    return {RETURN_URLS.name: found.get(RETURN_URLS.name)}


WORKLOAD_IDENTITY = Kind(
    type="workload_identity",
    section="workloadIdentities",
    singular="workload identity",
    plural="workload identities",
    name=Text(minimum=3, maximum=255, pattern=r"[A-Za-z0-9_.-]+"),
    attributes=(RETURN_URLS, TAGS, INBOUND, ACCESS, OWNER, EXPIRES),
    api=Api(
        create="CreateWorkloadIdentity",
        get="GetWorkloadIdentity",
        list="ListWorkloadIdentities",
        update="UpdateWorkloadIdentity",
        delete="DeleteWorkloadIdentity",
        items="workloadIdentities",
        arn="workloadIdentityArn",
        page_size=20,
        resource="workload-identity-directory/default/workload-identity/{name}",
        rate=20.0,
    ),
    rank=2,
    most=11_000,
    stranded="Users' OAuth consents are stranded: the token vault keeps them by workload, user and provider.",
    request=_request,
    answer=_answer,
)
