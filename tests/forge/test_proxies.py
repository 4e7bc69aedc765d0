"""Through which proxy a host is asked, as the surroundings that were handed in say."""

from __future__ import annotations

import pytest

from reconciler.errors import ForgeError, NotTold
from reconciler.forge import Forge, Place
from reconciler.forge.calling import Caller
from reconciler.forge.proxies import proxy_for
from reconciler.notifying.posting import Bounds, post
from tests.forge.opening import GITHUB_TOKEN

API = "https://github.example/api/v3"


@pytest.mark.parametrize(
    ("environ", "proxy"),
    [
        ({}, None),
        ({"https_proxy": "http://proxy.example:3128"}, "http://proxy.example:3128"),
        ({"HTTPS_PROXY": "http://proxy.example:3128"}, "http://proxy.example:3128"),
        ({"https_proxy": "http://lower.example", "HTTPS_PROXY": "http://upper.example"}, "http://lower.example"),
        ({"HTTPS_PROXY": "http://upper.example", "https_proxy": ""}, None),
        ({"https_proxy": "proxy.example:3128"}, "http://proxy.example:3128"),
        ({"http_proxy": "http://proxy.example:3128"}, None),
        ({"https_proxy": "http://proxy.example", "NO_PROXY": "other.example, .github.example"}, None),
        ({"https_proxy": "http://proxy.example", "no_proxy": "*"}, None),
        ({"https_proxy": "http://proxy.example", "no_proxy": "example.com"}, "http://proxy.example"),
    ],
)
def test_the_surroundings_that_were_handed_in_name_the_proxy(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], proxy: str | None
) -> None:
    monkeypatch.setenv("https_proxy", "http://of-the-process.example")
    assert proxy_for(API, environ) == proxy


@pytest.mark.parametrize("url", ["https://127.0.0.1:8443/x", "https://localhost/x", "https://[::1]/x"])
def test_nobody_on_this_machine_is_asked_through_a_proxy(url: str) -> None:
    assert proxy_for(url, {"https_proxy": "http://proxy.example"}) is None


@pytest.mark.parametrize(
    "proxy", ["socks5://me:hidden@127.0.0.1:1", "http://me:hidden@[::1", "http://me:hidden@h:99999999", "://hidden"]
)
def test_a_proxy_that_cannot_be_used_is_told_without_what_it_holds(proxy: str) -> None:
    place = Place(forge=Forge.GITHUB, api=API, repository="acme/identities", number=12)
    with pytest.raises(ForgeError, match=r"the proxy for github\.example cannot be used") as refused:
        Caller(place, GITHUB_TOKEN, {"https_proxy": proxy})
    assert "no_proxy" in refused.value.detail
    assert "hidden" not in refused.value.summary + refused.value.detail
    with pytest.raises(NotTold, match=r"the proxy for github\.example cannot be used") as untold:
        post(API, b"{}", {}, environ={"https_proxy": proxy}, bounds=Bounds())
    assert "hidden" not in untold.value.summary + untold.value.detail
