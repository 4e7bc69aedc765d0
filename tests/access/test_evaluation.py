"""How IAM decides, with moto's own evaluation of policies as outside witness."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from moto.iam.access_control import IAMPolicy, PermissionResult

from reconciler.access import read_policies
from reconciler.access.evaluation import Answer, decide
from tests.access.stack import DIRECTORY, INVOICE, LEDGER, VAULT

RESOURCES = [DIRECTORY, VAULT, INVOICE.arn, LEDGER.arn, f"{VAULT}/oauth2credentialprovider/github"]
PATTERNS = [
    *RESOURCES,
    "*",
    f"{DIRECTORY}*",
    f"{DIRECTORY}/workload-identity/*r-agent",
    f"{VAULT}/*/github",
    "arn:*",
]
OPERATIONS = ["GetWorkloadAccessToken", "GetWorkloadAccessTokenForJWT", "GetResourceOauth2Token", "GetResourceApiKey"]
ACTIONS = [*(f"bedrock-agentcore:{one}" for one in OPERATIONS), "bedrock-agentcore:Get*", "*", "s3:*", "*:*ForJWT"]
STATEMENTS = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Allow", "Deny"]),
        "Resource": st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3),
    }
).flatmap(
    lambda one: st.tuples(
        st.sampled_from(["Action", "NotAction"]), st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=3)
    ).map(lambda actions: {**one, actions[0]: actions[1]})
)
ANSWERS = {
    PermissionResult.PERMITTED: Answer.YES,
    PermissionResult.DENIED: Answer.DENIED,
    PermissionResult.NEUTRAL: Answer.NO,
}


@settings(deadline=None)
@given(st.lists(STATEMENTS, min_size=1, max_size=4), st.sampled_from(OPERATIONS), st.sampled_from(RESOURCES))
def test_our_decision_is_motos(statements: list[dict[str, object]], operation: str, arn: str) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    (policy,), found = read_policies("p.json", document.encode())
    assert found == ()
    theirs = IAMPolicy(document).is_action_permitted(f"bedrock-agentcore:{operation}", arn)
    assert decide(policy.rules, operation, (arn,)).answer is ANSWERS[theirs]
