"""Whether a claim gets a pass, and why not: the one place that says so.

The claim path, the check of a code and the page of a code all ask `verdicts` or `refusal`, so they cannot disagree.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from promos.rules.benefits import Price
from promos.rules.refusals import (
    AllotmentExhausted,
    BudgetExhausted,
    CapacityExhausted,
    CodeEnded,
    CodeExhausted,
    CodeNotOpen,
    CodePaused,
    CodeRevoked,
    CodeUnavailable,
    EventCancelled,
    OfferExhausted,
    PlaceLapsed,
    Refusal,
)


@dataclass(frozen=True, slots=True)
class Tally:
    """How much a row allows (`None`: no limit of its own) and how much it has counted.

    In passes, one each; or in minor units, where a pass costs what it is reduced by. `allotted` is set aside for
    narrower parts, `allotted_used` was used through them.
    """

    id: UUID
    limit: int | None
    used: int
    allotted: int = 0
    allotted_used: int = 0
    cost: int = 1

    @property
    def left(self) -> int | None:
        """How many more passes fit in, outside of what is set aside."""
        if self.limit is None or self.cost == 0:
            return None
        rest = (self.limit - self.allotted) - (self.used - self.allotted_used)
        return max(rest, 0) // self.cost

    def after(self, passes: int) -> "Tally":
        return replace(self, used=self.used + passes * self.cost) if passes else self


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything that decides about a claim through one code and one block, as it is at one instant.

    `allotments`: the parts of the offer that it comes out of, widest first; empty, it comes out of the rest.
    """

    code_id: UUID
    offer_id: UUID
    pass_type_id: UUID
    event_id: UUID
    partner_id: UUID
    status: str  # active | paused | revoked
    opens_at: datetime
    ends_at: datetime
    starts_at: datetime  # of the event
    on_cancel: str  # return | keep
    on_expiry: str  # return | keep
    is_reviewed: bool
    has_waiting_list: bool
    place_hours: int
    price: Price
    event: Tally
    capacity: Tally  # of the pass type
    offer: Tally
    budget: Tally
    code: Tally
    version: int
    allotments: tuple[Tally, ...] = ()
    pool: Tally | None = None  # of the partner's shop's codes, where each redemption takes one
    is_due: bool = False  # whether a hold or an allotment of this event has come to its end and is not settled yet
    is_waited_for: bool = False
    has_holds: bool = False  # whether anybody holds a place of this event
    is_suspended: bool = False  # whether its partner is
    is_cancelled: bool = False  # whether the event is

    def tallies(self) -> Iterator[tuple[str, Tally]]:
        """What limits a claim, widest first, by the name of the rule."""
        yield "event-capacity", self.event
        yield "capacity", self.capacity
        if self.allotments:
            yield "allotment", self.allotments[-1]
        else:
            yield "offer-limit", self.offer
        if self.pool:
            yield "pool", self.pool
        yield "budget", self.budget
        yield "code-limit", self.code

    @property
    def left(self) -> int | None:
        """Passes that can still be given, by the tightest limit; `None` without any limit."""
        return min((tally.left for _, tally in self.tallies() if tally.left is not None), default=None)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule, by name, and its refusal if it says no."""

    rule: str
    refusal: Refusal | None


_EXHAUSTED = {
    "event-capacity": CapacityExhausted,
    "capacity": CapacityExhausted,
    "allotment": AllotmentExhausted,
    "offer-limit": OfferExhausted,
    "pool": OfferExhausted,
    "code-limit": CodeExhausted,
}
SOLD_OUT = (CapacityExhausted, AllotmentExhausted, OfferExhausted, BudgetExhausted, CodeExhausted)


Row = tuple[str, UUID]  # a rule, and the row whose tally it looks at
Granted = Mapping[Row, int]  # passes


def verdicts(terms: Terms, now: datetime, granted: Granted = MappingProxyType({})) -> Iterator[Verdict]:
    """Each rule with its verdict, in the order in which they refuse.

    The window is half-open: redeemable at `opens_at`, not at `ends_at`.
    """
    yield from _fences(terms, now)
    for rule, tally in terms.tallies():
        is_gone = tally.after(granted.get((rule, tally.id), 0)).left == 0
        yield Verdict(rule, _exhausted(rule, tally) if is_gone else None)


def _fences(terms: Terms, now: datetime) -> Iterator[Verdict]:
    """What lets nobody through, whatever is left."""
    yield Verdict("revoked", CodeRevoked() if terms.status == "revoked" else None)
    yield Verdict("cancelled", EventCancelled() if terms.is_cancelled else None)
    yield Verdict("ended", CodeEnded(terms.ends_at) if now >= terms.ends_at else None)
    yield Verdict("suspended", CodeUnavailable() if terms.is_suspended else None)
    yield Verdict("opens", CodeNotOpen(terms.opens_at) if now < terms.opens_at else None)
    yield Verdict("paused", CodePaused() if terms.status == "paused" else None)


def fence(terms: Terms, now: datetime) -> Refusal | None:
    """Why even a place that is kept cannot be taken at `now`."""
    if no := next((verdict.refusal for verdict in _fences(terms, now) if verdict.refusal), None):
        return no
    return PlaceLapsed() if now >= terms.starts_at else None


def stop(status: str, *, is_suspended: bool, is_cancelled: bool, is_asked: bool) -> Refusal | None:
    """Why a hold does not become a pass by a code of this status; a pause stops only what is asked from outside."""
    if status == "revoked":
        return CodeRevoked()
    if is_cancelled:
        return EventCancelled()
    if is_suspended:
        return CodeUnavailable()
    return CodePaused() if status == "paused" and is_asked else None


def _exhausted(rule: str, tally: Tally) -> Refusal:
    return BudgetExhausted() if rule == "budget" else _EXHAUSTED[rule](tally.limit or 0)


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
    name: str | None = None  # typed with the claim; the reader's from now on, as the mailbox is proved
    company: str | None = None  # the same
    shares: tuple[str, ...] = ()
    wordings: tuple[str, ...] = ()
    language: str = "en"
    held_for: str | None = None  # shop | place: a hold instead of a pass
    held_until: datetime | None = None
    waits: bool = False  # for a place, if none is left

    @property
    def way(self) -> "Way":
        return self.code_id, self.block_id


Way = tuple[UUID, UUID | None]  # a code, and the promo block through which it was found


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A pass, or a hold on one; new or there already.

    `is_mine`: whether who asks is who created it, and so may have its secrets.
    """

    redemption_id: UUID
    given: UUID | None  # the pass
    version: int
    is_new: bool
    is_mine: bool
    price: Price
    drawn: int = 1
    state: str = "confirmed"  # or held
    held_for: str | None = None
    expires_at: datetime | None = None

    @property
    def pass_id(self) -> UUID:
        """The pass, of what is no hold."""
        if self.given is None:
            raise ValueError("a hold has no pass yet")
        return self.given


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing is left, and this claim stands on the waiting list; `position` counts from 1."""

    claim_id: UUID
    position: int


Outcome = Redeemed | Waiting | Refusal


def supposed(
    terms: Terms,
    *,
    status: str | None = None,
    opens_at: datetime | None = None,
    ends_at: datetime | None = None,
    **limits: int | None,
) -> Terms:
    """`terms` as they might be: `limit` of the code, `offer_limit`, `capacity` and `event_capacity` above it."""
    rows = {"limit": "code", "offer_limit": "offer", "capacity": "capacity", "event_capacity": "event"}
    changed: dict[str, Any] = {
        rows[name]: replace(getattr(terms, rows[name]), limit=limit) for name, limit in limits.items()
    }
    window = {"status": status, "opens_at": opens_at, "ends_at": ends_at}
    changed |= {name: value for name, value in window.items() if value is not None}
    return replace(terms, **changed)


def decide(terms: Terms, granted: Granted, now: datetime) -> Refusal | None:
    """The refusal for one more, after what was `granted` before it in the same transaction."""
    return next((verdict.refusal for verdict in verdicts(terms, now, granted) if verdict.refusal), None)


def grant(terms: Terms, granted: "Counter[Row]") -> None:
    """Count one more as granted, by each row that limits it."""
    granted.update((rule, tally.id) for rule, tally in terms.tallies())


@dataclass(frozen=True, slots=True)
class Low:
    """The tightest limit, by name, and how many more passes it allows."""

    rule: str
    left: int


def running_low(terms: Terms, granted: "Counter[Row]") -> Low | None:
    """The limit that these last passes used up, or of which they left a tenth or less; told once on the way down.

    A code for one pass says nothing: it is used up by being used. Of a pool `rules.pools` tells.
    """
    found = None
    for rule, tally in terms.tallies():
        if rule == "pool":
            continue
        left = tally.after(granted[rule, tally.id]).left
        if tally.left is None or left is None or tally.limit is None or (rule == "code-limit" and tally.limit == 1):
            continue
        few = tally.limit // tally.cost // 10
        if (left == 0 < tally.left or left <= few < tally.left) and (found is None or left < found.left):
            found = Low(rule, left)
    return found
