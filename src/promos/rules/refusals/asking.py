"""Who asks, and how."""

from collections.abc import Mapping, Sequence

from promos.rules.language import N_
from promos.rules.refusals.families import (
    Invalid,
    NotYours,
    Taken,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
    Unknown,
)


class SignInNeeded(Unauthenticated):
    slug = "sign-in-needed"
    title = N_("You have to sign in first.")


class TokenUnknown(Unauthenticated):
    slug = "token-unknown"
    title = N_("This token is unknown, has ended or was revoked.")


class NotAllowed(NotYours):
    slug = "not-allowed"
    title = N_("Your role does not allow this.")

    def __init__(self, needs: Sequence[str] = ()) -> None:
        self.needs = list(needs)


class ScopeMissing(NotYours):
    slug = "scope-missing"
    title = N_("This token does not have the scope that is needed.")

    def __init__(self, scope: str) -> None:
        self.scope = scope


class ForeignOrigin(NotYours):
    slug = "foreign-origin"
    title = N_("This form was not sent from our own page. Open the page again and try once more.")


class FormEnded(NotYours):
    slug = "form-ended"
    title = N_("This form belongs to a session that has ended. Open the page again and try once more.")


class NotFound(Unknown):
    slug = "not-found"
    title = N_("There is nothing here, or nothing that you may see.")

    def __init__(self, what: str | None = None) -> None:
        if what:
            self.what = what


class InvalidRequest(Invalid):
    """`errors` names each field and what is wrong with it."""

    slug = "invalid-request"
    title = N_("Something in this request is not right.")

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = [{"field": field, "message": message} for field, message in errors.items()]


class BodyTooLarge(TooLarge):
    slug = "body-too-large"
    title = N_("This is larger than we read in one piece.")

    def __init__(self, limit: int) -> None:
        self.limit = limit  # bytes


class RateLimited(TooMany):
    slug = "too-many"
    title = N_("That was too often. Please wait before you try again.")

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after  # seconds


class Overloaded(Unavailable):
    slug = "overloaded"
    title = N_("Too many people ask at this moment. Nothing was lost; please try again shortly.")

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after  # seconds


class OutcomeUnknown(Unavailable):
    """The answer of the database to a commit never came: it may have happened, and asking again is safe."""

    slug = "outcome-unknown"
    title = N_("We cannot tell whether this was stored. Asking again is safe and shows what is true.")

    def __init__(self, retry_after: int = 1) -> None:
        self.retry_after = retry_after  # seconds


class DiskFull(Unavailable):
    slug = "disk-full"
    title = N_("There is no room left on our disk. Nothing was stored, and nothing stored before was lost.")

    def __init__(self, retry_after: int = 60) -> None:
        self.retry_after = retry_after  # seconds


class IdempotencyKeyReused(Invalid):
    slug = "idempotency-key-reused"
    title = N_("This Idempotency-Key was used before for another request.")


class IdempotencyKeyInvalid(Invalid):
    slug = "idempotency-key-invalid"
    title = N_("An Idempotency-Key has 1 to 255 visible ASCII characters.")


class TextTaken(Taken):
    """Some other text that has to be unique: a slug, an e-mail address, an issue's number."""

    slug = "already-exists"
    title = N_("This exists already.")

    def __init__(self, field: str) -> None:
        self.field = field
