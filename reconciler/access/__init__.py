"""Who may reach what: the grants of a stack, the IAM policies that they come to, and how a real policy differs from them.

Pure: no I/O, no clock. Knows IAM's grammar and what the service's operations ask of it, and nobody who is asked.
"""

from reconciler.access.check import check
from reconciler.access.documents import Policy, read_policies
from reconciler.access.findings import Finding, Report, Verdict
from reconciler.access.operations import Inbound
from reconciler.access.own_policy import Purpose, own_policy
from reconciler.access.policy import AgentPolicy, Claims, Form, agent_policy
from reconciler.access.reach import (
    Granted,
    Grants,
    Provider,
    Reach,
    grants_declared,
    grants_recorded,
    with_planned_arns,
)

__all__ = [
    "AgentPolicy",
    "Claims",
    "Finding",
    "Form",
    "Granted",
    "Grants",
    "Inbound",
    "Policy",
    "Provider",
    "Purpose",
    "Reach",
    "Report",
    "Verdict",
    "agent_policy",
    "check",
    "grants_declared",
    "grants_recorded",
    "own_policy",
    "read_policies",
    "with_planned_arns",
]
