"""Offers, codes and what limits them."""

from collections.abc import Sequence
from datetime import datetime

from promos.rules.language import N_
from promos.rules.refusals.families import Blocked, Invalid, NotYet, Over, Taken, Unknown


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


class AllotmentExhausted(Taken):
    slug = "allotment-exhausted"
    title = N_("All passes that were set aside here are gone.")

    def __init__(self, limit: int) -> None:
        self.limit = limit  # passes


class BudgetExhausted(Taken):
    slug = "budget-exhausted"
    title = N_("The money set aside for this offer is used up.")


class AlreadyHoldsPass(Taken):
    """Another offer of the same event gave it. Said only to a reader who has proved who they are."""

    slug = "already-holds-pass"
    title = N_("You hold a pass for this event already.")

    def __init__(self, free_at: datetime | None = None) -> None:
        if free_at is not None:
            self.free_at = free_at  # when the hold that is in the way is over


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


class BudgetBelowSpent(Blocked):
    slug = "budget-below-spent"
    title = N_("More money than that is already given away, so the budget cannot be lowered this far.")

    def __init__(self, spent: int) -> None:
        self.spent = spent  # minor units


class LimitNeeded(Blocked):
    slug = "limit-needed"
    title = N_("Parts can be set aside of an offer that has a limit.")


class AllotmentTooLarge(Blocked):
    """`left`: passes of the wider part that are neither used nor set aside."""

    slug = "allotment-too-large"
    title = N_("The parts set aside would be more than the whole.")

    def __init__(self, left: int) -> None:
        self.left = left


class AllotmentInUse(Blocked):
    slug = "allotment-in-use"
    title = N_("Passes are set aside here; take these parts back first.")


class VersionMoved(Blocked):
    """Somebody changed the code since the caller looked; `version` is what it is now."""

    slug = "version-moved"
    title = N_("This code has changed meanwhile. Look again before you change it.")

    def __init__(self, version: int) -> None:
        self.version = version


class TermsFrozen(Blocked):
    slug = "terms-frozen"
    title = N_("Readers hold passes under these terms; this part of them can no longer change.")

    def __init__(self, fields: Sequence[str]) -> None:
        self.fields = list(fields)


class PublicationNotNamed(Blocked):
    slug = "publication-not-named"
    title = N_("The offer does not name this publication, so its code cannot be placed here.")
