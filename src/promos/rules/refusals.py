"""Every "no" of the product.

    Refusal
    ├── Unauthenticated  401  who are you?
    ├── NotYours         403  you may see it, but not do this
    ├── Unknown          404  it does not exist, or not for you
    ├── NotYet, Taken    409  too early; somebody else was first
    ├── Blocked          409  something else has to happen before
    ├── Over             410  it was, and is no more
    ├── TooLarge         413
    ├── Invalid          422  it can be read, but makes no sense
    ├── TooMany          429  slower, please
    └── Unavailable      503  not now, though nothing is wrong with the request

The family says what kind of "no" it is, the class which one; `slug` and `title` are public and never change,
the attributes are the facts a person needs. Status codes live in `web/problems.py` alone.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from promos.rules.language import N_


class Refusal(Exception):  # noqa: N818 -- a refusal is an answer, not an error
    """A "no" that a person understands and a program can match."""

    slug: ClassVar[str]
    title: ClassVar[str]

    @property
    def facts(self) -> dict[str, Any]:
        """What differs from one refusal of this kind to the next, by name."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}


class Unauthenticated(Refusal):
    """Who asks has to be known first."""


class NotYours(Refusal):
    """Who asks is known and may not do this."""


class Unknown(Refusal):
    """There is no such thing, or not for whoever asks."""


class NotYet(Refusal):
    """It will be possible later."""


class Taken(Refusal):
    """Somebody or something else has it."""


class Blocked(Refusal):
    """Something else has to happen before."""


class Over(Refusal):
    """It was possible once."""


class TooLarge(Refusal):
    """More than is read in one piece."""


class Invalid(Refusal):
    """It can be read, and makes no sense."""


class TooMany(Refusal):
    """The same thing too often."""


class Unavailable(Refusal):
    """Not at this moment; ask again."""


# Asking ------------------------------------------------------------------------------------------------------------


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


# Offers and codes ---------------------------------------------------------------------------------------------------


class CodeUnknown(Unknown):
    slug = "code-unknown"
    title = N_("We do not know this code.")

    def __init__(self, promo_code: str) -> None:
        self.promo_code = promo_code


class CodeMalformed(Invalid):
    slug = "code-malformed"
    title = N_("A code has 3 to 40 letters A–Z, digits and dashes.")


class CodeTaken(Taken):
    slug = "code-taken"
    title = N_("This code is taken. Choose another one.")

    def __init__(self, promo_code: str) -> None:
        self.promo_code = promo_code


class CodeNotOpen(NotYet):
    slug = "code-not-open"
    title = N_("This code does not work yet.")

    def __init__(self, opens_at: datetime) -> None:
        self.opens_at = opens_at


class CodeEnded(Over):
    slug = "code-ended"
    title = N_("The time for this code is over.")

    def __init__(self, ends_at: datetime) -> None:
        self.ends_at = ends_at


class CodePaused(Blocked):
    slug = "code-paused"
    title = N_("This code is paused for the moment.")


class CodeRevoked(Over):
    slug = "code-revoked"
    title = N_("This code was withdrawn.")


class OfferExhausted(Taken):
    slug = "offer-exhausted"
    title = N_("All passes of this offer are gone.")

    def __init__(self, limit: int) -> None:
        self.limit = limit  # passes


class CodeExhausted(Taken):
    slug = "code-exhausted"
    title = N_("All passes for this code are gone.")

    def __init__(self, limit: int) -> None:
        self.limit = limit  # passes


class CapacityExhausted(Taken):
    slug = "capacity-exhausted"
    title = N_("The event has no place of this kind left.")

    def __init__(self, limit: int) -> None:
        self.limit = limit  # passes


class AlreadyHoldsPass(Taken):
    """Another offer of the same event gave it. Said only to a reader who has proved who they are."""

    slug = "already-holds-pass"
    title = N_("You hold a pass for this event already.")


class NotEligible(Blocked):
    slug = "not-eligible"
    title = N_("This offer is not open to you.")


class ProofNeeded(Blocked):
    slug = "proof-needed"
    title = N_("This code is redeemed in the partner's own shop, not here.")


class LimitBelowUsed(Blocked):
    slug = "limit-below-used"
    title = N_("More passes than that are already out, so the limit cannot be lowered this far.")

    def __init__(self, used: int) -> None:
        self.used = used


class TermsFrozen(Blocked):
    slug = "terms-frozen"
    title = N_("Readers hold passes under these terms; this part of them can no longer change.")

    def __init__(self, fields: Sequence[str]) -> None:
        self.fields = list(fields)


class PublicationNotNamed(Blocked):
    slug = "publication-not-named"
    title = N_("The offer does not name this publication, so its code cannot be placed here.")


# Claims and passes --------------------------------------------------------------------------------------------------


class AddressInvalid(Invalid):
    slug = "address-invalid"
    title = N_("This is not an e-mail address that we can write to.")


class NameNeeded(Invalid):
    slug = "name-needed"
    title = N_("The event asks for the name on the pass.")


class LinkEnded(Over):
    slug = "link-ended"
    title = N_("This link is no longer good. Ask for a new one; it takes a minute.")


class LinkSuperseded(Over):
    slug = "link-superseded"
    title = N_("You asked again later, so only the newest mail's link works.")


class PassGivenBack(Over):
    slug = "pass-given-back"
    title = N_("This pass was given back.")


class PassInUse(Blocked):
    slug = "pass-in-use"
    title = N_("This pass has already opened the door, so it cannot be given back.")


class RedemptionEnded(Over):
    slug = "redemption-ended"
    title = N_("This redemption was cancelled before.")


# Door ---------------------------------------------------------------------------------------------------------------


class ScanIdReused(Invalid):
    slug = "scan-id-reused"
    title = N_("This scan id was used before for another pass.")


class CheckInUndone(Over):
    slug = "check-in-undone"
    title = N_("This check-in was undone before.")


class NothingToUndo(Blocked):
    slug = "nothing-to-undo"
    title = N_("Only a scan that admitted somebody can be undone.")


# Issues -------------------------------------------------------------------------------------------------------------


class IssueUnreadable(Invalid):
    slug = "issue-unreadable"
    title = N_("We cannot read any text in this.")


class IssuePublished(Blocked):
    slug = "issue-published"
    title = N_("This issue is published; what readers were told is kept as it was.")


class SegmentUnknown(Invalid):
    slug = "segment-unknown"
    title = N_("The issue has no such segment, or a block stands there already.")

    def __init__(self, segment: str) -> None:
        self.segment = segment


class DisclosureIncomplete(Blocked):
    """`findings` are those that stop the issue, as `POST /issues/{id}/check` shows them."""

    slug = "disclosure-incomplete"
    title = N_("This issue cannot go out: its disclosure is not complete.")

    def __init__(self, findings: Sequence[Mapping[str, Any]]) -> None:
        self.findings = list(findings)


def every_refusal() -> list[type[Refusal]]:
    """Each refusal that has a slug, in the order of this page."""
    return [kind for family in Refusal.__subclasses__() for kind in family.__subclasses__()]
