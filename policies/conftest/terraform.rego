# As people have them for Terraform's plans, and run with conftest: nothing here knows of reconciler.
package main

import future.keywords.in

is_delete(rc) {
  "delete" in rc.change.actions
}

deny[msg] {
  rc := input.resource_changes[_]
  is_delete(rc)
  not rc.change.before.tags.disposable
  msg := sprintf("%s must not be deleted without the tag 'disposable'", [rc.address])
}

warn[msg] {
  rc := input.resource_changes[_]
  rc.change.actions[_] == "create"
  not rc.change.after.tags["cost-center"]
  msg := sprintf("%s has no cost-center tag", [rc.address])
}

violation[{"msg": msg, "details": {"creates": creates}}] {
  creates := count([rc | rc := input.resource_changes[_]; rc.change.actions[_] == "create"])
  creates > 50
  msg := sprintf("the plan creates %d resources at once; 50 is the most", [creates])
}
