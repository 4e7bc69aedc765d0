"""Comments and labels on GitHub and GitLab: whose token, which request, what is written there, over HTTP.

Knows nothing of plans: whoever posts hands in the finished text. The forge is the host of the repository; its pull requests
and merge requests are called requests here.
"""

from reconciler.forge.comments import Outcome, Put, check_marked, put_comment
from reconciler.forge.labels import Labelled, put_labels, read_labels
from reconciler.forge.merged import Merged, find_merged
from reconciler.forge.place import Forge, Place
from reconciler.forge.request import Request, open_request
from reconciler.forge.surroundings import place_in, repository_in, token_in

__all__ = [
    "Forge",
    "Labelled",
    "Merged",
    "Outcome",
    "Place",
    "Put",
    "Request",
    "check_marked",
    "find_merged",
    "open_request",
    "place_in",
    "put_comment",
    "put_labels",
    "read_labels",
    "repository_in",
    "token_in",
]
