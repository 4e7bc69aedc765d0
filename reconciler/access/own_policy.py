"""The policy that reconciler's own role needs, narrowed to the account and region: to read, or to apply as well.

The control plane's actions follow from the kinds; docs/permissions.md says what each is for.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from reconciler.access.arns import partition_of, place
from reconciler.access.operations import SERVICE
from reconciler.access.policy import VERSION, Statement
from reconciler.model.environments import StatePlace, Target
from reconciler.model.kinds import KINDS, TOKEN_VAULT, WORKLOAD_IDENTITY, Kind
from reconciler.model.resources import Lock, Stack
from reconciler.model.secrets import EXTERNAL

_LISTED_PARENTS = ("ListAgentRuntimes", "ListGateways", "ListPaymentManagers")
_PARENTS = (("GetAgentRuntime", "runtime"), ("GetGateway", "gateway"), ("GetPaymentManager", "payment-manager"))
_READ_TAGS = ("ListTagsForResource",)
_WRITE_TAGS = ("TagResource", "UntagResource")
_SECRETS_KEPT = ("CreateSecret", "DeleteSecret", "DescribeSecret", "GetSecretValue", "PutSecretValue", "UpdateSecret")
_OWN_SECRETS = "secret:bedrock-agentcore-identity!default/*"
_TRAIL = "LookupEvents"
_MEMORY = ".drift.json"  # what drift runs remember, beside a lockfile
_OBJECTS_READ, _OBJECTS_WRITTEN = ("s3:GetObject",), ("s3:PutObject", "s3:DeleteObject")


class Purpose(enum.Enum):
    """What the role is for. Drift is watched by reading alone, as a plan is made, and told with who did it.

    All that its runs write is what they remember.
    """

    PLAN = "plan"
    APPLY = "apply"
    DRIFT = "drift"

    @property
    def writes(self) -> bool:
        """Whether it changes anything."""
        return self is Purpose.APPLY

    @property
    def remembers(self) -> bool:
        """Whether its runs remember what they saw, beside the lockfile."""
        return self is Purpose.DRIFT


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What an environment uses beside the directory; empty where it does not.

    `secrets`: ARNs or names of secrets that apply reads, or that providers refer to. `types`: of the resources that manifest or
    lockfile hold, which alone are written; None: any. All are read, for `export` and `lock rebuild`.
    """

    state: StatePlace | None = None
    signs_with: str = ""
    secrets: tuple[str, ...] = ()
    types: frozenset[str] | None = None


def means_of(stack: Stack, lock: Lock | None) -> Means:
    """What the stack uses: its state, and the secrets that its providers name and apply reads."""
    found: set[str] = set()
    for one in stack.resources.values():
        for value in one.attributes.values():
            if isinstance(value, dict) and value.get("source") == EXTERNAL:
                found.add(str(value["secretId"]))
        found |= {source.secret_id for source in one.secrets.values() if source.secret_id}
    held = (*stack.resources, *(lock.resources if lock else ()))
    types = frozenset({WORKLOAD_IDENTITY.type, *(address.type for address in held)})
    return Means(state=stack.environment.state, secrets=tuple(sorted(found)), types=types)


def own_policy(purpose: Purpose, target: Target, means: Means | None = None) -> dict[str, Any]:
    """The policy document, one statement for each thing that is done."""
    used = means or Means()
    statements = [
        *_directory(purpose, target, used.types),
        *_parents(target),
        *_trail(purpose),
        *_state(purpose, target, used.state),
        *_secrets(purpose, target, used.secrets),
        *_around(purpose, used),
    ]
    return {"Version": VERSION, "Statement": [one.document() for one in statements]}


def _directory(purpose: Purpose, target: Target, types: frozenset[str] | None) -> Iterator[Statement]:
    """Kinds that live in one container share their statements."""
    held: dict[str, list[Kind]] = {}
    for kind in KINDS:
        held.setdefault(_container(kind), []).append(kind)
    for container, kinds in held.items():
        what = "Vault" if container == _container(TOKEN_VAULT) else "Directory"
        whole = f"{place(target)}:{container}"
        every = {f"{place(target)}:{kind.api.resource.format(name=kind.singleton or '*')}" for kind in kinds}
        inside = {"resources": (whole,), "each": tuple(sorted(every - {whole}))}
        tagged = any(kind.tagged for kind in kinds)
        reads = _operations(kinds, "get", "list")
        yield _statement(f"Read{what}", [*reads, *(_READ_TAGS if tagged else ())], **inside)
        written = [kind for kind in kinds if purpose.writes and (types is None or kind.type in types)]
        if written:
            writes = _operations(written, "create", "update", "delete")
            tagged = any(kind.tagged for kind in written)
            yield _statement(f"Write{what}", [*writes, *(_WRITE_TAGS if tagged else ())], **inside)
        if what == "Vault" and any(kind.api.create for kind in written):
            yield Statement(
                sid="SecretsThatTheVaultKeeps",
                actions=tuple(f"secretsmanager:{one}" for one in _SECRETS_KEPT),
                resources=(f"{place(target, 'secretsmanager')}:{_OWN_SECRETS}",),
            )


def _container(kind: Kind) -> str:
    """`workload-identity-directory/default`, `token-vault/default`."""
    return "/".join(kind.api.resource.format(name=kind.singleton).split("/")[:2])


def _operations(kinds: Iterable[Kind], *verbs: str) -> list[str]:
    """Those that the kinds have; a vault has no listing."""
    return sorted({getattr(kind.api, verb) for kind in kinds for verb in verbs} - {""})


def _statement(sid: str, operations: Iterable[str], **inside: Any) -> Statement:
    return Statement(sid=sid, actions=tuple(f"{SERVICE}:{one}" for one in dict.fromkeys(operations)), **inside)


def _parents(target: Target) -> Iterator[Statement]:
    """Who holds service-linked identities. The listings name no resource."""
    yield _statement("ListParents", _LISTED_PARENTS, resources=("*",))
    resources = tuple(f"{place(target)}:{one}/*" for _, one in _PARENTS)
    yield _statement("ReadParents", [operation for operation, _ in _PARENTS], resources=resources)


def _trail(purpose: Purpose) -> Iterator[Statement]:
    """The event history is an account's in a Region, which no resource stands for."""
    if purpose is Purpose.DRIFT:
        yield Statement(sid="ReadTrail", actions=(f"cloudtrail:{_TRAIL}",), resources=("*",))


def _state(purpose: Purpose, target: Target, state: StatePlace | None) -> Iterator[Statement]:
    if state is None:
        return
    bucket = f"arn:{partition_of(target.region)}:s3:::{state.bucket}"
    yield Statement(sid="ListState", actions=("s3:ListBucket",), resources=(bucket,))
    actions = (*_OBJECTS_READ, *(_OBJECTS_WRITTEN if purpose.writes else ()))
    sid = "WriteState" if purpose.writes else "ReadState"
    yield Statement(sid=sid, actions=actions, resources=(f"{bucket}/{state.prefix}*",))
    if purpose.remembers:
        memory = f"{bucket}/{state.prefix}*{_MEMORY}"
        yield Statement(sid="RememberRuns", actions=_OBJECTS_WRITTEN, resources=(memory, f"{memory}.lease"))
    if state.kms_key:
        keys = ("kms:Decrypt", *(("kms:GenerateDataKey",) if purpose.writes or purpose.remembers else ()))
        yield Statement(sid="SealState", actions=keys, resources=(state.kms_key,))


def _secrets(purpose: Purpose, target: Target, secrets: tuple[str, ...]) -> Iterator[Statement]:
    if secrets and purpose.writes:
        yield Statement(
            sid="ReadNamedSecrets",
            actions=("secretsmanager:GetSecretValue",),
            resources=tuple(sorted({_secret_arn(one, target) for one in secrets})),
        )


def _secret_arn(secret: str, target: Target) -> str:
    """The ARN; of a name, with the six characters that Secrets Manager appends."""
    return secret if secret.startswith("arn:") else f"{place(target, 'secretsmanager')}:secret:{secret}-??????"


def _around(purpose: Purpose, used: Means) -> Iterator[Statement]:
    if used.signs_with:
        action = "kms:VerifyMac" if purpose.writes else "kms:GenerateMac"
        sid = "VerifyPlans" if purpose.writes else "SignPlans"
        yield Statement(sid=sid, actions=(action,), resources=(used.signs_with,))
