"""A lockfile, shown to people."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

from reconciler.model.resources import Known, Lock, Origin
from reconciler.render import lock_text


def test_each_resource_shows_its_name_its_arn_what_it_is_to_us_and_what_it_holds(make: Any) -> None:
    first = Known(
        address=make.address("invoice"), name="invoice-prod", arn="arn:1", origin=Origin.ADOPTED, protect=True,
        update_only=True, attributes=make.held("https://app.example.com/cb", team="payments"),
    )  # fmt: skip
    second = Known(
        address=make.address("bare"), name="bare", arn="arn:2", origin=Origin.CREATED, attributes=make.held()
    )
    lock = Lock(
        lineage="2f6b1a52", serial=3, stack="payments", environment="prod", account="222222222222", region="us-east-1",
        resources={one.address: one for one in (first, second)},
    )  # fmt: skip
    assert lock_text(lock, colour=False, file="m.prod.lock.json") == dedent("""\
        Lockfile m.prod.lock.json of stack payments, environment prod (account 222222222222, us-east-1)
        lineage 2f6b1a52, serial 3, 2 resources

        workload_identity.bare
          arn:2

        workload_identity.invoice (invoice-prod)  adopted, protected, update-only
          arn:1
          allowedResourceOauth2ReturnUrls
            https://app.example.com/cb
          tags
            team = payments
    """)
