"""Who vouches for a saved plan: the key at hand made into a signature, and held against the one in a file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from reconciler.cli.workspace import environment_of
from reconciler.errors import CredentialsMissing, DirectoryError, Refused, UsageError
from reconciler.model.environments import Environment, Where
from reconciler.model.plan import Plan

if TYPE_CHECKING:
    from reconciler.planning import SavedPlan, Signature

PLAN_KEY = "RECONCILER_PLAN_KEY"
_SHORTEST = 32
_AROUND = (
    "A signature is checked with the credentials that are around (AWS_PROFILE, the role of the job), never with those that the "
    "plan names. Sign in, or set AWS_PROFILE; and name the key by its ARN, or set AWS_REGION."
)


def check_keys(kms_key: str | None, *, option: str) -> None:
    """Raise UsageError where it is not clear which key counts, or the one in the environment is too short."""
    if kms_key is not None and not kms_key.strip():
        raise UsageError(f"{option} names no key", f"Give a KMS key's ARN, id or alias, or leave {option} out.")
    if _shared_key() is not None and kms_key is not None:
        raise UsageError(f"{option} and {PLAN_KEY} are two keys for one signature", "Give one of them.")


def sign(plan: Plan, digest: str, *, sign_with: str | None) -> Signature | None:
    """The signature of a file with that digest by the key at hand; None where there is none.

    Raises UsageError as `check_keys`, DirectoryError where KMS does not sign.
    """
    from reconciler.planning import Method, Signature, shared_key_mac, signed_message

    check_keys(sign_with, option="--sign-with")
    if sign_with is not None:
        from reconciler.aws.macs import generate_mac

        if plan.route.where is Where.EMBEDDED:
            raise UsageError(
                f"environment {plan.target.environment} is embedded and has no AWS credentials to sign with; nothing was saved",
                f"Sign its plans with {PLAN_KEY}, or leave out --sign-with.",
            )
        message = signed_message(digest, Method.KMS, sign_with)
        made = generate_mac(environment_of(plan), sign_with, message)
        return Signature(method=Method.KMS, key=sign_with, mac=made.hex())
    secret = _shared_key()
    if secret is None:
        return None
    mac = shared_key_mac(secret, signed_message(digest, Method.SHARED_KEY, PLAN_KEY))
    return Signature(method=Method.SHARED_KEY, key=PLAN_KEY, mac=mac)


def check_signature(saved: SavedPlan, *, file: str, verify_with: str | None) -> bool:
    """Whether there was a key to check with; then the file is signed, and rightly. Asks nothing of the file's own word.

    Raises Refused for a file that is not signed, signed in another way, or wrongly signed, UsageError as `check_keys`,
    DirectoryError where KMS does not say.
    """
    from reconciler.planning import Method

    check_keys(verify_with, option="--verify-with")
    if verify_with is None and _shared_key() is None:
        return False
    given = f"--verify-with {verify_with}" if verify_with is not None else PLAN_KEY
    wanted = Method.SHARED_KEY if verify_with is None else Method.KMS
    if saved.signature is None:
        raise Refused(
            f"{file} is not signed, and {given} says that it has to be",
            "Somebody made it without the key, or took the signature out. Plan again where the key is.",
        )
    if saved.signature.method is not wanted:
        raise Refused(
            f"{file} is signed with {_in_words(saved.signature)}, not as {given} says",
            "Check it with the key that it was signed with, or plan again with this one.",
        )
    if not _right(saved.digest, saved.signature, verify_with):
        raise Refused(
            f"{file} has a wrong signature: it is not by the key that {given} gives",
            "It was signed with another key, or changed by somebody who does not have this one. Do not apply it: find out "
            "where it comes from, and plan again.",
        )
    return True


def check_not_left_unchecked(saved: SavedPlan, *, file: str) -> None:
    """Raise Refused for a signed plan: whoever signed it wanted the signature checked, and no key is here to do it."""
    if saved.signature is not None:
        raise Refused(
            f"{file} is signed with {_in_words(saved.signature)}, and no key is here to check that",
            f"Give {PLAN_KEY} (is the secret missing in this job?) or --verify-with KMS_KEY. To apply without a "
            "signature, save a plan without one.",
        )


def signed_in_words(saved: SavedPlan, *, checked: bool) -> str:
    """Whether and by whom it is signed, as a sentence."""
    if saved.signature is None:
        return "It is not signed."
    by = _in_words(saved.signature)
    if checked:
        return f"It is signed with {by}; the signature is right."
    return f"It says that it is signed with {by}; that was NOT checked, since no key is given."


def _right(digest: str, signature: Signature, verify_with: str | None) -> bool:
    from reconciler.planning import same_mac, shared_key_mac, signed_message

    message = signed_message(digest, signature.method, signature.key)
    if verify_with is None:
        return same_mac(signature.mac, shared_key_mac(_shared_key() or b"", message))
    from reconciler.aws.macs import verify_mac

    # Not with the profile or role that the plan names: until its signature is checked, the plan is anybody's word, and
    # an alias would be looked up in the account that it leads to.
    around = Environment(name="--verify-with")
    try:
        return verify_mac(around, verify_with, message, bytes.fromhex(signature.mac))
    except DirectoryError as error:
        if isinstance(error, CredentialsMissing) or error.code == "NoRegionError":
            raise type(error)(error.summary, _AROUND, code=error.code) from error
        raise


def _shared_key() -> bytes | None:
    """The key in the environment; None where there is none. Raises UsageError for one too short to protect anything."""
    value = os.environ.get(PLAN_KEY)
    if value is None:
        return None
    secret = value.strip()
    if len(secret) < _SHORTEST:
        what = f"has {len(secret)} characters; a key needs at least {_SHORTEST}" if secret else "is set, but empty"
        raise UsageError(
            f"{PLAN_KEY} {what}",
            "A shorter one can be guessed from a single signed plan. Make one: openssl rand -hex 32\nWhere the CI should "
            "fill it in, see that the secret exists for this job; to work without signatures, unset it.",
        )
    return secret.encode("utf-8", "surrogateescape")


def _in_words(signature: Signature) -> str:
    from reconciler.planning import Method

    return f"the KMS key {signature.key}" if signature.method is Method.KMS else signature.key
