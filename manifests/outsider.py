"""Somebody who changes an identity with the AWS SDK and has never heard of the manifest: the outside hand in the demo.

    python outsider.py STORE NAME URL

adds URL to the return URLs of identity NAME in the embedded directory STORE. Leave out the line that attaches the store and
this is how it is done on AWS.
"""

import sys
from pathlib import Path

import boto3

from reconciler.emulator import Store, attach


def main() -> None:
    """Read the identity, add the URL, write it back."""
    store, name, url = sys.argv[1:]
    client = boto3.client(
        "bedrock-agentcore-control", region_name="us-east-1", aws_access_key_id="demo", aws_secret_access_key="demo"
    )
    attach(client, Store(Path(store)))
    urls = client.get_workload_identity(name=name)["allowedResourceOauth2ReturnUrls"]
    client.update_workload_identity(name=name, allowedResourceOauth2ReturnUrls=[*urls, url])
    print(f"UpdateWorkloadIdentity {name}: added {url}")


if __name__ == "__main__":
    main()
