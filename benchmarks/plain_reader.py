"""What a full refresh reads, by a plain boto3 client and its own retries: the listing, and each identity with its tags.

`python -m benchmarks.plain_reader ENDPOINT MODE IDENTITIES`, MODE being botocore's `standard` or `adaptive`. Prints how many
calls were given up.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from benchmarks.fleet import REGION, identity

THREADS = 16


def read(endpoint: str, mode: str, count: int) -> int:
    """Calls that were given up."""
    config = Config(retries={"mode": mode}, max_pool_connections=THREADS + 1)
    client: Any = boto3.client("bedrock-agentcore-control", region_name=REGION, endpoint_url=endpoint, config=config)

    def whole(name: str) -> int:
        try:
            arn = client.get_workload_identity(name=name)["workloadIdentityArn"]
        except ClientError:
            return 1
        try:
            client.list_tags_for_resource(resourceArn=arn)
        except ClientError:
            return 1
        return 0

    def listing() -> int:
        try:
            for _ in client.get_paginator("list_workload_identities").paginate(PaginationConfig={"PageSize": 20}):
                pass
        except ClientError:
            return 1
        return 0

    with ThreadPoolExecutor(THREADS + 1) as pool:
        pages = pool.submit(listing)
        return sum(pool.map(whole, (identity(number).name for number in range(count)))) + pages.result()


if __name__ == "__main__":
    print(read(sys.argv[1], sys.argv[2], int(sys.argv[3])))
