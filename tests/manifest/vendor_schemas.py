"""The schema of each OAuth2 vendor's `config`, made from the service's own model.

`python -m tests.manifest.vendor_schemas` writes them into schemas/manifest.schema.json; a test compares the two, so a botocore
that knows more, or other limits, is found the day it is installed.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import botocore.session

from reconciler.model.providers import config_member

SCHEMA = Path(__file__).parents[2] / "schemas" / "manifest.schema.json"
SECRET = frozenset({"clientSecret", "clientSecretConfig", "clientSecretSource"})  # stand beside `config`, by reference
WORDS = {
    "actorTokenContent": "What the actor token of a token exchange holds.",
    "actorTokenScopes": "The scopes that are asked for the actor token.",
    "additionalHeaderClaims": "Claims put into the header of the signed assertion.",
    "additionalPayloadClaims": "Claims put into the payload of the signed assertion.",
    "authorizationEndpoint": "Where the user agrees.",
    "authorizationServerMetadata": "What discovery would say, written out.",
    "bucketOwnerAccountId": "The account that owns the bucket.",
    "certificateConfigurations": "Where the certificate is that the provider's server is checked with.",
    "clientAuthenticationMethod": "How the client proves to the provider who it is.",
    "clientId": "The id that the provider gave the client.",
    "discoveryUrl": "Where the provider describes itself: its OpenID Connect or OAuth discovery document.",
    "domain": "The domain that goes another way.",
    "endpointIpAddressType": "Which addresses the endpoint has.",
    "grantType": "Which grant exchanges a user's token for one of the provider's.",
    "issuer": "Who issues the tokens.",
    "kmsKeyArn": "The ARN of the KMS key that signs.",
    "kmsKeySource": "A key of KMS.",
    "managedVpcResource": "A path through a VPC that the service makes.",
    "oauthDiscovery": "How the provider's endpoints are found: one of discoveryUrl and authorizationServerMetadata.",
    "onBehalfOfAuthenticationConfig": "How the client authenticates in a token exchange.",
    "onBehalfOfTokenExchangeConfig": "How a user's token is exchanged for one of the provider's.",
    "privateEndpoint": "The way to a provider that is not on the internet.",
    "privateEndpointOverrides": "Other ways for single domains.",
    "privateKeyJwtConfig": "How the assertion is signed that the client proves itself with.",
    "privateKeySource": "Where the key is that signs.",
    "resourceConfigurationIdentifier": "Id or ARN of a VPC Lattice resource configuration.",
    "responseTypes": "Which response types the authorization endpoint has.",
    "routingDomain": "The domain that is routed through the VPC.",
    "s3": "A certificate in an S3 bucket.",
    "secretArn": "The ARN of the secret that holds the certificate.",
    "secretsManager": "A certificate in Secrets Manager.",
    "securityGroupIds": "The security groups of the endpoint.",
    "selfManagedLatticeResource": "A VPC Lattice resource that you manage.",
    "signingAlgorithm": "How the assertion is signed.",
    "subnetIds": "The subnets of the endpoint.",
    "tags": "Tags of the endpoint that the service makes.",
    "tenantId": "The tenant of Microsoft Entra ID. No answer of the service shows it: a change outside is not seen.",
    "tokenEndpoint": "Where tokens are fetched.",
    "tokenEndpointAuthMethods": "How the token endpoint lets clients authenticate.",
    "tokenExchangeGrantTypeConfig": "What a token exchange sends.",
    "uri": "s3://bucket/key.",
    "vpcIdentifier": "The VPC.",
}


FORMS = {  # where a pattern says less than words
    "discoveryUrl": "a URL that ends in /.well-known/openid-configuration or /.well-known/oauth-authorization-server",
    "kmsKeyArn": "the ARN of a KMS key",
    "uri": "s3://bucket/key",
    "secretArn": "the ARN of a secret in Secrets Manager",
}


def vendors() -> list[str]:
    """Every vendor that the service knows, sorted."""
    return sorted(_inputs()["credentialProviderVendor"].enum)


def definitions() -> dict[str, Any]:
    """The `$defs` of all configurations, by the name of their member."""
    configs = _inputs()["oauth2ProviderConfigInput"].members
    return {
        name: {
            **_schema(shape, name),
            "title": "Configuration",
            "description": f"{name} of the API, without the secret",
        }
        for name, shape in configs.items()
    }


def choices() -> list[dict[str, Any]]:
    """Which configuration each vendor takes, as the alternatives of the schema."""
    by_member: dict[str, list[str]] = {}
    for vendor in vendors():
        by_member.setdefault(config_member(vendor), []).append(vendor)
    return [
        {
            "if": {
                "required": ["credentialProviderVendor"],
                "properties": {"credentialProviderVendor": {"enum": names}},
            },
            "then": {"properties": {"config": _chosen(member)}},
        }
        for member, names in sorted(by_member.items())
    ]


def _chosen(member: str) -> dict[str, str]:
    said = f"What the vendor's client needs: {member} of the API. The secret stands beside it."
    return {"title": "Configuration", "description": said, "$ref": f"#/$defs/{member}"}


def _inputs() -> Any:
    model = botocore.session.get_session().get_service_model("bedrock-agentcore-control")
    return model.operation_model("CreateOauth2CredentialProvider").input_shape.members


def _schema(shape: Any, name: str) -> dict[str, Any]:
    says = {"title": _title(name), "description": WORDS.get(name, "")}
    match shape.type_name:
        case "structure":
            return {**says, **_structure(shape)}
        case "list":
            found = {
                **says,
                "type": "array",
                "items": {k: v for k, v in _schema(shape.member, name).items() if k != "title"},
            }
            return {**found, **_limits(shape, "minItems", "maxItems")}
        case "map":
            keys = {**_limits(shape.key, "minLength", "maxLength"), **_pattern(shape.key)}
            found = {**says, "type": "object", "additionalProperties": _text(shape.value, name)}
            return {
                **found,
                **_limits(shape, "minProperties", "maxProperties"),
                "propertyNames": {"description": _takes(shape.key), **keys},
            }
        case "string":
            return {**says, "description": f"{says['description']} {_takes(shape)}".strip(), **_text(shape, name)}
    raise NotImplementedError(f"{name}: {shape.type_name}")


def _structure(shape: Any) -> dict[str, Any]:
    members = {name: _schema(one, name) for name, one in shape.members.items() if name not in SECRET}
    found: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": members}
    required = [name for name in shape.required_members if name not in SECRET]
    if required:
        found["required"] = required
    if shape.metadata.get("union"):
        found |= {"minProperties": 1, "maxProperties": 1}
    return found


def _text(shape: Any, name: str) -> dict[str, Any]:
    """A string; where it is no word of a list, a variable may stand in it."""
    if shape.enum:
        return {"type": "string", "enum": list(shape.enum)}
    limits = {**_limits(shape, "minLength", "maxLength"), **_pattern(shape)}
    if not limits:
        return {"type": "string"}
    form = FORMS.get(name) or (
        f"what matches {shape.metadata['pattern']}"
        if "pattern" in limits
        else _takes(shape)[:1].lower() + _takes(shape)[1:-1]
    )
    return {"type": "string", "if": {"$ref": "#/$defs/template"}, "else": {"description": form, **limits}}


def _limits(shape: Any, least: str, most: str) -> dict[str, int]:
    found = {least: shape.metadata.get("min"), most: shape.metadata.get("max")}
    return {key: value for key, value in found.items() if value}


def _pattern(shape: Any) -> dict[str, str]:
    pattern = shape.metadata.get("pattern")
    # The models write Java's class of control characters, which ECMA's expressions spell otherwise.
    return (
        {"pattern": f"^({pattern.replace(chr(92) + 'p{C}', chr(92) + 'x00-' + chr(92) + 'x1f')})$"} if pattern else {}
    )


def _takes(shape: Any) -> str:
    if shape.enum:
        return f"One of: {', '.join(shape.enum)}."
    most = shape.metadata.get("max")
    return f"At most {most} characters." if most else ""


def _title(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower()
    return words[0].upper() + words[1:]


def main() -> None:
    """Write them into the manifest's schema."""
    whole = json.loads(SCHEMA.read_text(encoding="utf-8"))
    whole["$defs"] |= definitions()
    entry = whole["$defs"]["oauth2CredentialProvider"]
    entry["allOf"] = choices()
    entry["properties"]["credentialProviderVendor"]["enum"] = vendors()
    SCHEMA.write_text(_laid_out(whole) + "\n", encoding="utf-8")


def _laid_out(value: Any, margin: str = "", lead: int = 0) -> str:
    """JSON with what is short on one line."""
    short = json.dumps(value, ensure_ascii=False)
    holds_words = isinstance(value, dict) and {"title", "description"} & value.keys() and "if" not in value
    if not isinstance(value, dict | list) or not value or (len(margin) + lead + len(short) <= 100 and not holds_words):
        return short
    inner = margin + "  "
    if isinstance(value, list):
        if all(isinstance(one, str) for one in value):
            return short
        return "[\n" + ",\n".join(inner + _laid_out(one, inner) for one in value) + f"\n{margin}]"
    lines = (f"{inner}{json.dumps(key)}: {_laid_out(one, inner, len(key) + 4)}" for key, one in value.items())
    return "{\n" + ",\n".join(lines) + f"\n{margin}}}"


if __name__ == "__main__":
    main()
