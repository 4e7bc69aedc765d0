"""Whose a host is: the domain that somebody registered, by the Public Suffix List.

The list comes with `publicsuffixlist` and is never fetched. Suffixes of private owners count, such as `github.io` and
`s3.amazonaws.com`: below them, everybody can have a name. So can customers below the domains of services that are not on
the list, as `okta.com`: see `_RENTED`.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

_SERVICES = """
    amazoncognito.com atlassian.net auth0.com awsapps.com azurecontainerapps.io azuredatabricks.net b2clogin.com
    bamboohr.com box.com ciamlogin.com cloud.databricks.com cloudapp.azure.com cloudapp.net dynamics.com force.com
    freshdesk.com freshservice.com frontegg.com fusionauth.io jfrog.io kinde.com microsoftcrmportals.com my.site.com
    myworkday.com okta-emea.com okta.com oktapreview.com onelogin.com onmicrosoft.com oraclecloud.com pingidentity.com
    pingone.com powerappsportals.com salesforce-sites.com salesforce.com service-now.com servicenowservices.com
    sharepoint.com slack.com snowflakecomputing.com successfactors.com visualforce.com visualstudio.com workday.com
    zendesk.com
"""
_RENTED = frozenset(_SERVICES.split())
"""Domains of services whose customers get names below them, some behind a region: there, every host is its own owner's."""


@functools.cache
def _list() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


@functools.lru_cache(maxsize=65536)
def registrable(host: str) -> str:
    """The domain that the host belongs to, as `example.co.uk`; the host itself where it is none's, as `intranet`, or rented."""
    return host if _rented(host) else str(_list().privatesuffix(host) or host)


def _rented(host: str) -> bool:
    """Whether it is a name that a customer of some service has below the service's domain."""
    labels = host.split(".")
    return any(".".join(labels[at:]) in _RENTED for at in range(1, len(labels) - 1))


def is_registrable(host: str) -> bool:
    """Whether somebody can own the name on the internet: no `callback`, no `oauth.callback`."""
    return _list().publicsuffix(host, accept_unknown=False) is not None and _list().privatesuffix(host) is not None


def public_suffix(host: str) -> str:
    """What follows the registered label, as `co.uk` or `github.io`; "" where nothing is registered there, as in `intranet`."""
    if not _list().privatesuffix(host):
        return ""
    return registrable(host).partition(".")[2]


def has_known_suffix(host: str) -> bool:
    """Whether it ends as hosts do that somebody can register, as no `index.html` does."""
    return _list().publicsuffix(host, accept_unknown=False) not in (None, host)


def is_public_suffix(name: str) -> bool:
    """Whether everybody can have a name below it."""
    return name in _RENTED or _list().publicsuffix(name) == name
