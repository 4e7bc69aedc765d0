"""How a call ends badly: an error answer (`Fault`), or no answer at all (`Dropped`)."""

from __future__ import annotations

_STATUS = {
    "AccessDeniedException": 403,
    "ConcurrentModificationException": 409,
    "ConflictException": 409,
    "DecryptionFailure": 400,
    "EncryptionFailure": 400,
    "ExpiredTokenException": 403,
    "InternalServerException": 500,
    "ResourceLimitExceededException": 400,
    "ResourceNotFoundException": 404,
    "SerializationException": 400,
    "ServiceQuotaExceededException": 402,
    "ServiceUnavailableException": 503,
    "ThrottlingException": 429,
    "UnauthorizedException": 401,
    "UnknownOperationException": 404,
    "UnrecognizedClientException": 403,
    "ValidationException": 400,
}
"""HTTP status by error code: those of the service model, and those that any AWS endpoint may answer by itself."""


class Fault(Exception):
    """An error answer. `status` follows from the code unless given (500 for a code nobody knows)."""

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status if status is not None else _STATUS.get(code, 500)

    @property
    def members(self) -> dict[str, str]:
        """What the body of the answer says. The model requires a `reason` of ValidationException."""
        if self.code == "ValidationException":
            return {"message": self.message, "reason": "FieldValidationFailed"}
        return {"message": self.message}


class Dropped(ConnectionAbortedError):
    """The connection closes without an answer: the server then closes the socket, a door in process tells botocore."""
