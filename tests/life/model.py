"""What ought to happen, in a few lines: lists that are counted each time, nothing that is kept up to date."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

HOUR = timedelta(hours=1)
PLACE = 24 * HOUR  # for which a freed place is kept


@dataclass
class Use:
    """A hold or a pass, or one that ended and stays counted."""

    key: int
    code: str
    reader: str
    state: str  # held | confirmed | kept | gone
    expires_at: datetime | None = None
    is_place: bool = False  # offered to who waited
    is_of_part: bool = False  # came out of the allotment
    is_inside: bool = False
    handed: int = 0


@dataclass
class Model:
    """Two offers of one event; `second` of the first offer may have passes set aside, the last offer keeps its uses."""

    now: datetime
    offer_of: dict[str, str]
    keeps: frozenset[str]  # offers whose cancelled uses are not given again
    capacity: int | None = None
    limits: dict[str, int | None] = field(default_factory=dict)  # by offer and by code
    paused: set[str] = field(default_factory=set)
    part: tuple[str, int] | None = None  # a code and how many are set aside for it
    uses: list[Use] = field(default_factory=list)
    line: list[tuple[str, str]] = field(default_factory=list)  # (code, reader), in order
    made: int = 0

    def expire(self) -> None:
        for use in self.uses:
            if use.state == "held" and use.expires_at is not None and use.expires_at <= self.now:
                use.state = "gone"

    def holds(self, reader: str) -> Use | None:
        return next((use for use in self.uses if use.reader == reader and use.state in ("held", "confirmed")), None)

    def counted(self) -> list[Use]:
        return [use for use in self.uses if use.state != "gone"]

    def refusal(self, code: str) -> str | None:
        """The slug of the first rule that says no."""
        if code in self.paused:
            return "code-paused"
        offer, counted = self.offer_of[code], self.counted()
        of_offer = [use for use in counted if self.offer_of[use.code] == offer]
        if self.capacity is not None and len(counted) >= self.capacity:
            return "capacity-exhausted"
        if self.part and self.part[0] == code:
            if sum(use.is_of_part for use in of_offer) >= self.part[1]:
                return "allotment-exhausted"
        elif (limit := self.limits.get(offer)) is not None:
            aside = self.part[1] if self.part and self.offer_of[self.part[0]] == offer else 0
            if sum(not use.is_of_part for use in of_offer) >= limit - aside:
                return "offer-exhausted"
        if (own := self.limits.get(code)) is not None and sum(use.code == code for use in counted) >= own:
            return "code-exhausted"
        return None

    def give(self, code: str, reader: str, state: str, expires_at: datetime | None = None) -> Use:
        is_of_part = self.part is not None and self.part[0] == code
        use = Use(self.made, code, reader, state, expires_at, is_of_part=is_of_part)
        self.made += 1
        self.uses.append(use)
        return use

    def serve(self, offer: str) -> None:
        """Offer what is free to those who wait for this offer, in order."""
        for code, reader in [waiting for waiting in self.line if self.offer_of[waiting[0]] == offer]:
            if self.holds(reader) is not None:
                self.line.remove((code, reader))
            elif self.refusal(code) is None:
                self.line.remove((code, reader))
                self.give(code, reader, "held", self.now + PLACE).is_place = True

    def redeem(self, code: str, reader: str, state: str, expires_at: datetime | None = None) -> str:
        """`new`, `again` (a pass), `held-again` (a hold), `already-holds-pass` or a refusal."""
        self.expire()
        offer = self.offer_of[code]
        if self.refusal(code) is None:
            self.serve(offer)
        if (use := self.holds(reader)) is not None:
            if self.offer_of[use.code] != offer:
                return "already-holds-pass"
            return "again" if use.state == "confirmed" else "held-again"
        if no := self.refusal(code):
            return no
        self.give(code, reader, state, expires_at)
        self.line = [each for each in self.line if (self.offer_of[each[0]], each[1]) != (offer, reader)]
        return "new"

    def position(self, code: str, reader: str) -> int:
        """In the line of the code's offer, at whose end the reader stands from now on, if they did not before."""
        offer = self.offer_of[code]
        mine = [waiting for waiting in self.line if self.offer_of[waiting[0]] == offer]
        readers = [waiting[1] for waiting in mine]
        if reader not in readers:
            self.line.append((code, reader))
            readers.append(reader)
        return readers.index(reader) + 1

    def end(self, use: Use) -> None:
        offer = self.offer_of[use.code]
        is_kept = use.state == "confirmed" and offer in self.keeps
        use.state = "kept" if is_kept else "gone"
        if not is_kept:
            self.serve(offer)
