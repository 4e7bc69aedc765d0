"""The live directory as a Terraform configuration that imports it: for whoever goes back. Pure.

Written for the provider hashicorp/aws as its documentation has the four resources (6.66). Secrets are variables that go into
write-only arguments, so that no state keeps them; that needs Terraform 1.11.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from reconciler.model.environments import Target
from reconciler.model.kinds import API_KEY_PROVIDER, KINDS, OAUTH2_PROVIDER, TOKEN_VAULT, WORKLOAD_IDENTITY
from reconciler.model.secrets import MANAGED
from reconciler.render import hcl, words
from reconciler.render.clean import clean
from reconciler.render.manifest_text import Entry

_PREFIX = "aws_bedrockagentcore_"
_TYPES = {
    WORKLOAD_IDENTITY.type: f"{_PREFIX}workload_identity",
    OAUTH2_PROVIDER.type: f"{_PREFIX}oauth2_credential_provider",
    API_KEY_PROVIDER.type: f"{_PREFIX}api_key_credential_provider",
    TOKEN_VAULT.type: f"{_PREFIX}token_vault_cmk",
}
_BLOCKS = {
    "AtlassianOauth2": "atlassian_oauth2_provider_config",
    "CustomOauth2": "custom_oauth2_provider_config",
    "GithubOauth2": "github_oauth2_provider_config",
    "GoogleOauth2": "google_oauth2_provider_config",
    "LinkedinOauth2": "linkedin_oauth2_provider_config",
    "MicrosoftOauth2": "microsoft_oauth2_provider_config",
    "SalesforceOauth2": "salesforce_oauth2_provider_config",
    "SlackOauth2": "slack_oauth2_provider_config",
}
_METADATA = {
    "issuer": "issuer",
    "authorizationEndpoint": "authorization_endpoint",
    "tokenEndpoint": "token_endpoint",
    "responseTypes": "response_types",
}
_HEAD = """\
# {title}
# `terraform plan` imports what is below; it needs Terraform 1.11 and hashicorp/aws 6.66 or later.
# Have reconciler let go of it first (`reconciler forget`), or two tools manage the same."""
_SENT = "# write-only, and kept in no state: the first apply sends it once"


def export_terraform(entries: Iterable[Entry], *, target: Target) -> str:
    """HCL with an `import` block and a `resource` block for each entry, in the order of kinds and names.

    What the service made for a runtime, or another stack owns, is a comment alone: `terraform destroy` would delete it.
    """
    made = list(entries)
    blocks: list[list[str]] = []
    variables: dict[str, str] = {}
    for kind in KINDS:
        mine = {one.key: one for one in made if one.kind.type == kind.type}
        names = hcl.labels(key for key, one in mine.items() if not one.foreign)
        for key in sorted(mine):
            one = mine[key]
            blocks += [_left_out(one, one.foreign)] if one.foreign else _resource(one, names[key], variables)
    head = _HEAD.format(title=clean(words.target(target))).split("\n")
    declared = [_variable(name, of) for name, of in sorted(variables.items())]
    return "\n\n".join("\n".join(lines) for lines in (head, *declared, *blocks)) + "\n"


def _variable(name: str, of: str) -> list[str]:
    pairs: list[tuple[str, hcl.Expression]] = [
        ("description", of), ("type", hcl.Raw("string")), ("sensitive", True), ("ephemeral", True),
    ]  # fmt: skip
    return hcl.block(f"variable {hcl.quoted(name)}", hcl.attributes(pairs, 2))


def _declared(variables: dict[str, str], wanted: str, of: str) -> str:
    """The name of a variable that now is one of `variables`: such that a POSIX shell takes TF_VAR_ before it."""
    stem = re.sub(r"[^A-Za-z0-9]", "_", wanted)
    name, number = stem, 2
    while name in variables:
        name, number = f"{stem}_{number}", number + 1
    variables[name] = of
    return name


def _left_out(entry: Entry, why: str) -> list[str]:
    return [f"# {clean(f'{entry.kind.type}.{entry.key}')} is left out: {clean(why)}"]


def _resource(entry: Entry, label: str, variables: dict[str, str]) -> list[list[str]]:
    """The two blocks, or a comment where the provider has no words for it."""
    type_ = _TYPES[entry.kind.type]
    body = _BODIES[entry.kind.type](entry, label, variables)
    if body is None:
        return [
            _left_out(entry, f"the AWS provider has no block for {entry.attributes.get('credentialProviderVendor')}")
        ]
    comments = [f"# {clean(comment)}" for comment in entry.comments]
    to: list[tuple[str, hcl.Expression]] = [("to", hcl.Raw(f"{type_}.{label}")), ("id", entry.key)]
    return [
        [*comments, *hcl.block("import", hcl.attributes(to, 2))],
        hcl.block(f"resource {hcl.quoted(type_)} {hcl.quoted(label)}", body),
    ]


def _identity(entry: Entry, *_: Any) -> list[str]:
    pairs: list[tuple[str, hcl.Expression]] = [("name", entry.key)]
    urls = entry.attributes.get("allowedResourceOauth2ReturnUrls")
    if isinstance(urls, tuple) and urls:
        pairs.append(("allowed_resource_oauth2_return_urls", urls))
    return hcl.attributes([*pairs, *_tags(entry)], 2)


def _oauth2(entry: Entry, label: str, variables: dict[str, str]) -> list[str] | None:
    vendor = str(entry.attributes.get("credentialProviderVendor"))
    if vendor not in _BLOCKS:
        return None
    config = entry.attributes.get("config")
    config = dict(config) if isinstance(config, dict) else {}
    inner = _credentials(entry, config, f"{label}_client_secret", variables)
    discovery = config.pop("oauthDiscovery", None)
    if vendor == "CustomOauth2" and isinstance(discovery, Mapping):
        inner += ["", *_discovery(discovery)]
    left = sorted(config)
    notes = [f"  # the AWS provider has no words for: {', '.join(map(clean, left))}"] if left else []
    outer = hcl.block("oauth2_provider_config", hcl.block(_BLOCKS[vendor], inner, 4), 2)
    pairs: list[tuple[str, hcl.Expression]] = [
        ("name", entry.key), ("credential_provider_vendor", vendor), *_tags(entry),
    ]  # fmt: skip
    return [*hcl.attributes(pairs, 2), "", *notes, *outer]


def _credentials(entry: Entry, config: dict[str, Any], wanted: str, variables: dict[str, str]) -> list[str]:
    """The client's id and secret; takes the id out of `config`."""
    client = config.pop("clientId", None)
    secret = entry.attributes.get("clientSecret")
    if isinstance(secret, dict) and secret.get("source") != MANAGED:
        pairs: list[tuple[str, hcl.Expression]] = [("client_id", client)] if client else []
        return [
            *hcl.attributes([*pairs, ("client_secret_source", "EXTERNAL")], 6),
            "",
            *_reference(secret, "client_secret", 6),
        ]
    if not isinstance(secret, dict):
        return hcl.attributes([("client_id", client)] if client else [], 6)
    variable = _declared(variables, wanted, f"Client secret of the OAuth2 credential provider {entry.key}")
    return [
        f"      {_SENT}",
        *hcl.attributes(
            [
                *([("client_id_wo", client)] if client else []),
                ("client_secret_wo", hcl.Raw(f"var.{variable}")),
                ("client_credentials_wo_version", 1),
            ],
            6,
        ),
    ]


def _discovery(discovery: Mapping[str, Any]) -> list[str]:
    if "discoveryUrl" in discovery:
        body = hcl.attributes([("discovery_url", discovery["discoveryUrl"])], 8)
    else:
        found = discovery.get("authorizationServerMetadata") or {}
        pairs = [(theirs, found[ours]) for ours, theirs in _METADATA.items() if found.get(ours)]
        body = hcl.block("authorization_server_metadata", hcl.attributes(pairs, 10), 8)
    return hcl.block("oauth_discovery", body, 6)


def _api_key(entry: Entry, label: str, variables: dict[str, str]) -> list[str]:
    secret = entry.attributes.get("apiKey")
    pairs: list[tuple[str, hcl.Expression]] = [("name", entry.key)]
    if isinstance(secret, dict) and secret.get("source") != MANAGED:
        pairs += [("api_key_secret_source", "EXTERNAL"), *_tags(entry)]
        return [*hcl.attributes(pairs, 2), "", *_reference(secret, "api_key_secret", 2)]
    variable = _declared(variables, f"{label}_api_key", f"API key of the credential provider {entry.key}")
    sent: list[tuple[str, hcl.Expression]] = [
        ("api_key_wo", hcl.Raw(f"var.{variable}")), ("api_key_wo_version", 1), *_tags(entry),
    ]  # fmt: skip
    return [*hcl.attributes(pairs, 2), "", f"  {_SENT}", *hcl.attributes(sent, 2)]


def _vault(entry: Entry, *_: Any) -> list[str]:
    pairs = [("key_type", entry.attributes.get("keyType")), ("kms_key_arn", entry.attributes.get("kmsKeyArn"))]
    said: list[tuple[str, hcl.Expression]] = [(name, str(value)) for name, value in pairs if value]
    return hcl.block("kms_configuration", hcl.attributes(said, 4), 2)


_Body = Callable[[Entry, str, dict[str, str]], "list[str] | None"]
_BODIES: Mapping[str, _Body] = {
    WORKLOAD_IDENTITY.type: _identity,
    OAUTH2_PROVIDER.type: _oauth2,
    API_KEY_PROVIDER.type: _api_key,
    TOKEN_VAULT.type: _vault,
}


def _reference(secret: Mapping[str, Any], prefix: str, indent: int) -> list[str]:
    pairs = [("secret_id", secret["secretId"]), ("json_key", secret["jsonKey"])]
    return hcl.block(f"{prefix}_config", hcl.attributes(pairs, indent + 2), indent)


def _tags(entry: Entry) -> Sequence[tuple[str, hcl.Expression]]:
    tags = entry.attributes.get("tags")
    return [("tags", tags)] if isinstance(tags, dict) and tags else []
