"""The house's rules over a plan's JSON: read, put as questions, judged by the answers. Pure.

Leaves out the engine that answers, and the process it runs in: see `reconciler.confined`.
"""

from reconciler.policy.asking import Answer, Job, ask
from reconciler.policy.findings import CheckReport, Verdict, Violation
from reconciler.policy.judging import judge, remarks, unseen_in
from reconciler.policy.reading import no_rules, read_policy
from reconciler.policy.rules import Exemption, Policy, RegoFile, RegoHead, Rule

__all__ = [
    "Answer",
    "CheckReport",
    "Exemption",
    "Job",
    "Policy",
    "RegoFile",
    "RegoHead",
    "Rule",
    "Verdict",
    "Violation",
    "ask",
    "judge",
    "no_rules",
    "read_policy",
    "remarks",
    "unseen_in",
]
