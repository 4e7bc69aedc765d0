"""The least that reading a directory can take: its listing, page by page over one connection, and nothing done with it.

Each page needs the token of the page before, so no client can list faster, however many connections it opens.
"""

from __future__ import annotations

import http.client
import json
import sys
from urllib.parse import urlsplit


def page_through(endpoint: str) -> int:
    """How many identities the listing shows."""
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc)
    seen, token = 0, None
    while True:
        request = {"maxResults": 20, **({"nextToken": token} if token else {})}
        connection.request("POST", "/identities/ListWorkloadIdentities", json.dumps(request))
        page = json.load(connection.getresponse())
        seen += len(page["workloadIdentities"])
        token = page.get("nextToken")
        if token is None:
            connection.close()
            return seen


if __name__ == "__main__":
    print(page_through(sys.argv[1]))
