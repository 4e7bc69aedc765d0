"""Prints the plan and the lockfile of the manifest folder given, as bytes that depend on nothing else.

A process of its own, because Python's hash seed is chosen when it starts. See `test_bytes.py`.
"""

import sys
from pathlib import Path

from reconciler.manifest import load, resolve
from reconciler.model.addresses import Remote
from reconciler.model.environments import Target
from reconciler.model.plan import Route
from reconciler.model.resources import Known, Live, Lock, Origin, Refresh, Snapshot
from reconciler.planning import Allowances, dump_plan, guard, make_plan
from reconciler.render import diagnostics_text, plan_markdown, plan_text
from reconciler.state import dump_lock

loaded = load(Path(sys.argv[1]))
assert loaded.manifest is not None, loaded.diagnostics
resolved = resolve(loaded.manifest, "prod")
assert resolved.stack is not None, resolved.diagnostics
stack = resolved.stack
target = Target(stack=stack.name, environment="prod", account="000000000000", region="us-east-1")

# Every other resource is known, every third lives differently, so that every part of a plan has several entries.
known, live = {}, {}
for number, (address, one) in enumerate(sorted(stack.resources.items())):
    if number % 2:
        known[address] = Known(
            address=address, name=one.name, arn=f"arn:{one.name}", origin=Origin.CREATED, attributes=one.attributes
        )
    if number % 3 == 0:
        remote = Remote(address.type, one.name)
        tags = {"team": "other", "b": "2", "a": "1"}
        attributes = {**one.attributes, "tags": tags}
        owner = target.owner if number % 2 else ""
        live[remote] = Live(remote=remote, arn=f"arn:{one.name}", attributes=attributes, owner=owner)
lock = Lock(
    lineage="11111111-2222-3333-4444-555555555555", serial=1, stack=stack.name, environment="prod",
    account=target.account, region=target.region, resources=known,
)  # fmt: skip
listed = {remote: one.arn for remote, one in live.items()} | {
    Remote("workload_identity", f"other-{number}"): f"arn:other-{number}" for number in range(20)
}
linked = {f"arn:other-{number}": f"runtime r{number}" for number in range(0, 20, 2)}
snapshot = Snapshot(refresh=Refresh.FULL, live=live, listed=listed, unknown={}, linked=linked)
route = Route(lockfile="prod.lock.json", where=stack.environment.where)
plan = make_plan(stack=stack, lock=lock, snapshot=snapshot, target=target, route=route)

guards = guard(plan, Allowances())
said = diagnostics_text((*loaded.diagnostics, *resolved.diagnostics), colour=False)
parts = (
    dump_plan(plan),
    dump_lock(lock),
    plan_text(plan, colour=False, guards=guards),
    plan_markdown(plan, guards),
    said,
)
sys.stdout.buffer.write("".join(parts).encode())
