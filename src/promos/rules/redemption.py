"""Whether a claim gets a pass, and why not: the one place that says so.

The claim path, the check of a code and the page of a code all ask `verdicts` or `refusal`, so they cannot disagree.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from promos.rules.refusals import (
    CapacityExhausted,
    CodeEnded,
    CodeExhausted,
    CodeNotOpen,
    CodePaused,
    CodeRevoked,
    OfferExhausted,
    Refusal,
)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many passes a row allows (`None`: no limit of its own) and how many it has counted."""

    limit: int | None
    used: int

    @property
    def left(self) -> int | None:
        return None if self.limit is None else max(self.limit - self.used, 0)


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything that decides about a claim, widest limit first."""

    code_id: UUID
    offer_id: UUID
    pass_type_id: UUID
    event_id: UUID
    partner_id: UUID
    status: str  # active | paused | revoked
    opens_at: datetime
    ends_at: datetime
    returns: bool  # whether a cancelled use can be given again
    capacity: Tally
    offer: Tally
    code: Tally
    version: int

    @property
    def left(self) -> int | None:
        """Passes that can still be given, by the tightest limit; `None` without any limit."""
        return min(
            (tally.left for tally in (self.capacity, self.offer, self.code) if tally.left is not None), default=None
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule, by name, and its refusal if it says no."""

    rule: str
    refusal: Refusal | None


def verdicts(terms: Terms, now: datetime) -> Iterator[Verdict]:
    """Each rule with its verdict, in the order in which they refuse.

    The window is half-open: redeemable at `opens_at`, not at `ends_at`.
    """
    yield Verdict("revoked", CodeRevoked() if terms.status == "revoked" else None)
    yield Verdict("ended", CodeEnded(terms.ends_at) if now >= terms.ends_at else None)
    yield Verdict("opens", CodeNotOpen(terms.opens_at) if now < terms.opens_at else None)
    yield Verdict("paused", CodePaused() if terms.status == "paused" else None)
    for rule, tally, exhausted in (
        ("capacity", terms.capacity, CapacityExhausted),
        ("offer-limit", terms.offer, OfferExhausted),
        ("code-limit", terms.code, CodeExhausted),
    ):
        yield Verdict(rule, exhausted(tally.limit) if tally.limit is not None and tally.left == 0 else None)


def refusal(terms: Terms, now: datetime) -> Refusal | None:
    """Why these terms give no pass at `now`; `None` if they do."""
    return next((verdict.refusal for verdict in verdicts(terms, now) if verdict.refusal), None)


@dataclass(frozen=True, slots=True)
class Asker:
    """A reader as the transaction of a redemption needs to know them."""

    reader_key: str
    email: str
    name: str | None
    language: str


@dataclass(frozen=True, slots=True)
class Ask:
    """One proven request for a pass, waiting to be decided.

    Proven by a mailbox (`claim_id`, and the reader is on file) or by a token that vouches (`token_id`).
    """

    id: UUID  # answers are matched by it, never by position
    code_id: UUID
    reader_key: str
    asker: Asker | None = None
    reader_id: UUID | None = None
    claim_id: UUID | None = None
    token_id: UUID | None = None
    block_id: UUID | None = None
    shares: tuple[str, ...] = ()
    wordings: tuple[str, ...] = ()
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A pass, new or held already. `is_mine`: whether who asks is who created it, and so may have its secrets."""

    redemption_id: UUID
    pass_id: UUID
    version: int
    is_new: bool
    is_mine: bool
    drawn: int = 1


Outcome = Redeemed | Refusal


def decide(terms: Terms, *, of_code: int, of_offer: int, now: datetime) -> Refusal | None:
    """The refusal for one more, when these many were granted before it in the same transaction.

    All of a transaction's claims are on one offer, so they share its pass type too.
    """
    after = replace(
        terms,
        capacity=_counted(terms.capacity, of_offer),
        offer=_counted(terms.offer, of_offer),
        code=_counted(terms.code, of_code),
    )
    return refusal(after, now)


def _counted(tally: Tally, more: int) -> Tally:
    return tally if tally.limit is None else replace(tally, used=tally.used + more)
