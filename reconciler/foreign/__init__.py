"""Other tools' records of the same resources, as our values: Terraform states, CloudFormation templates. Pure.

Leaves out what is live, and what becomes of it: see `reconciler.cli.importing`.
"""

from reconciler.foreign.cloudformation import Deployed, read_cloudformation
from reconciler.foreign.found import Found, Reading
from reconciler.foreign.terraform_state import read_terraform_state

__all__ = ["Deployed", "Found", "Reading", "read_cloudformation", "read_terraform_state"]
