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
    "InvalidEventCategoryException": 400,
    "InvalidLookupAttributesException": 400,
    "InvalidMaxResultsException": 400,
    "InvalidNextTokenException": 400,
    "InvalidTimeRangeException": 400,
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
        """What the body of the answer says. The json protocol wants `__type`; the model, a `reason` of ValidationException."""
        said = {"__type": self.code, "message": self.message}
        return {**said, "reason": "FieldValidationFailed"} if self.code == "ValidationException" else said


class Dropped(ConnectionAbortedError):
    """The connection closes without an answer: the server then closes the socket, a door in process tells botocore."""
