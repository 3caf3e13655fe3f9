"""The funnel against a naïve count over every row there is, in worlds drawn by lot; in one night clocks go back."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import (
    CheckIn,
    Claim,
    Event,
    Issue,
    Offer,
    Pass,
    PassType,
    PromoBlock,
    PromoCode,
    Publication,
    Reader,
    Redemption,
    Visit,
    new_id,
)
from promos.queries import funnel
from promos.queries.funnel import Line, Wish
from promos.rules.funnels import Basis, Counts, Split
from promos.rules.refusals import InvalidRequest, NotFound
from tests.newsroom import a_block, an_issue, publish_as_it_is
from tests.world import ADMIN, a_code, a_pass_type, a_publication, add, an_event, an_offer

PARIS = ZoneInfo("Europe/Paris")
NIGHT = datetime(2026, 10, 24, 18, 0, tzinfo=UTC)  # at 01:00 UTC of the next day, Paris goes from +2 to +1
END = NIGHT + timedelta(days=3)
AFTER = END + timedelta(days=1)


class Lot:
    """Rows drawn by lot. What is drawn need not be possible: the funnel counts what is stored."""

    def __init__(self, session: AsyncSession, seed: int) -> None:
        self.session, self.random = session, Random(seed)
        self.codes: list[PromoCode] = []
        self.blocks: list[PromoBlock | None] = [None]
        self.issues: list[Issue] = []
        self.event: Event

    async def draw(self) -> None:
        session, random = self.session, self.random
        self.event = await an_event(
            session, starts_at=NIGHT + timedelta(days=2), ends_at=END, created_at=NIGHT - timedelta(days=9)
        )
        for vat, currency, price in (("included", "EUR", 99900), ("unknown", "EUR", 1000), ("excluded", "CHF", 333)):
            rate = Decimal(20) if vat != "unknown" else None
            pass_type = await a_pass_type(
                session, self.event, face_value=price, currency=currency, vat=vat, vat_rate=rate
            )
            offer = await an_offer(session, pass_type, limit=None)
            self.codes += [await a_code(session, offer, f"{currency}{vat[:3]}{number}".upper()) for number in range(2)]
        for slug in ("freea", "freeb"):
            publication = await a_publication(session, name=slug, slug=slug)
            for number in range(2):
                issue = await an_issue(session, publication, number=str(number))
                self.blocks += [await a_block(session, issue, code) for code in random.sample(self.codes, 2)]
                self.issues.append(issue)
        await publish_as_it_is(session, self.issues[0])
        self.issues[0].published_at = NIGHT
        self.issues[0].recipients = 128_000
        for number in range(random.randrange(40, 80)):
            await self._a_reader(number)
        for day in range(4):
            for source in {*self.codes, *filter(None, self.blocks)}:
                if random.random() < 0.5:
                    await self._visits(source, NIGHT.date() + timedelta(days=day))

    def at(self) -> datetime:
        return NIGHT + timedelta(minutes=self.random.randrange(0, 2 * 1440))

    async def _visits(self, source: Any, day: date) -> None:
        block = source if isinstance(source, PromoBlock) else None
        code_id = block.code_id if block else source.id
        human, machine, refused = (self.random.randrange(5) for _ in range(3))
        of = {
            "partner_id": self.event.partner_id,
            "event_id": self.event.id,
            "code_id": code_id,
            "source_id": source.id,
        }
        counts = {"human": human, "machine": machine, "refused": refused}
        await add(self.session, Visit(**of, **counts, block_id=block.id if block else None, day=day))

    async def _a_reader(self, number: int) -> None:
        session, random = self.session, self.random
        email, key = f"r{number}@readers.example", f"{number:064x}"
        reader = await add(session, Reader(reader_key=key, email=email, name=None, language="fr", created_at=NIGHT))
        code, block = random.choice(self.codes), random.choice(self.blocks)
        of: dict[str, Any] = {
            **{name: getattr(code, name) for name in ("partner_id", "event_id", "offer_id")},
            **{"code_id": code.id, "block_id": block.id if block else None, "reader_id": reader.id, "reader_key": key},
        }
        asked = {"token_hash": str(new_id()), "shares": [], "language": "fr", "expires_at": END}
        await add(session, Claim(**of, **asked, state="refused", created_at=self.at()))
        if random.random() < 0.3:
            return
        offered = await session.get_one(PassType, await _pass_type_of(session, code))
        state = random.choice(("confirmed", "confirmed", "confirmed", "cancelled", "held", "expired"))
        price = {"list_price": offered.face_value, "reduction": random.randrange(offered.face_value + 1)}
        redeemed = await add(
            session,
            Redemption(
                **of,
                **price,
                pass_type_id=offered.id,
                currency=offered.currency,
                state=state,
                held_for="shop" if state == "held" else None,
                counted=True,
                version=number,
                created_at=self.at(),
                ended_at=self.at() if state in ("cancelled", "expired") else None,
            ),
        )
        if state not in ("confirmed", "cancelled"):
            return
        held = await add(
            session,
            Pass(
                **{name: of[name] for name in ("partner_id", "event_id", "reader_id")},
                pass_type_id=offered.id,
                redemption_id=redeemed.id,
                state="live" if state == "confirmed" else "given_back",
                issued_at=NIGHT,
            ),
        )
        for scan, chance in enumerate((0.3, 0.6)):  # one that is undone, one that stays
            if random.random() < chance:
                await add(
                    session,
                    CheckIn(
                        partner_id=code.partner_id,
                        event_id=code.event_id,
                        pass_id=held.id,
                        scan_id=f"{number}-{scan}",
                        token_hash="",
                        result="admitted",
                        at=self.at(),
                        undone_at=None if scan else AFTER,
                    ),
                )


async def _pass_type_of(session: AsyncSession, code: PromoCode) -> Any:
    return await session.scalar(sa.select(Offer.pass_type_id).where(Offer.id == code.offer_id))


Keep = Callable[[Any, date], bool]


class Naive:
    """Every row, one after the other."""

    def __init__(self, key: Callable[[Any, date], Any], keep: Keep) -> None:
        self.key, self.keep = key, keep
        self.counts: dict[Any, Counts] = {}
        self.given: dict[Any, dict[Basis, list[int]]] = {}

    def add(self, row: Any, day: date, basis: Basis | None = None, amount: int = 0, **counts: int) -> None:
        if not self.keep(row, day):
            return
        key = self.key(row, day)
        self.counts.setdefault(key, Counts()).add(Counts(**counts))
        if basis:
            sums = self.given.setdefault(key, {}).setdefault(basis, [0, 0, 0])
            for place, more in enumerate((amount, counts.get("passes", 0), counts.get("arrivals", 0))):
                sums[place] += more

    async def count(self, session: AsyncSession, event: Event) -> None:
        kinds = {each.id: each for each in await session.scalars(sa.select(PassType))}
        for visit in await session.scalars(sa.select(Visit)):
            self.add(visit, visit.day, visits=visit.human, machines=visit.machine, unserved=visit.refused)
        for claim in await session.scalars(sa.select(Claim)):
            self.add(claim, _day(claim.created_at), claims=1)
        inside = {each.pass_id: each for each in await session.scalars(sa.select(CheckIn)) if each.undone_at is None}
        passes = list(await session.scalars(sa.select(Pass)))
        for row in await session.scalars(sa.select(Redemption)):
            kind = kinds[row.pass_type_id]
            basis = Basis(row.currency, kind.vat, kind.vat_rate)
            came = [inside[each.id] for each in passes if each.redemption_id == row.id and each.id in inside]
            if row.state == "confirmed":
                self.add(row, _day(row.created_at), basis, row.reduction, passes=1)
                if not came:
                    self.add(row, _day(event.ends_at), basis, no_shows=1)
            if row.state == "cancelled":
                self.add(row, _day(row.ended_at), given_back=1)
            for scan in came:
                self.add(row, _day(scan.at), basis, arrivals=1)

    def lines(self) -> dict[Any, tuple[Counts, dict[Basis, list[int]]]]:
        """Where nothing was given in a basis, and nobody came for it, there is none."""
        return {
            of: (counts, {basis: sums for basis, sums in self.given.get(of, {}).items() if any(sums)})
            for of, counts in self.counts.items()
        }


def _day(instant: datetime | None) -> date:
    assert instant is not None
    return instant.astimezone(PARIS).date()


def _seen(line: Line) -> tuple[Counts, dict[Basis, list[int]]]:
    return line.counts, {each.basis: [each.amount, each.passes, each.arrivals] for each in line.given}


@pytest.mark.parametrize("seed", range(6))
async def test_every_number_is_the_ledger_s_to_the_unit(session: AsyncSession, seed: int) -> None:
    lot = Lot(session, seed)
    await lot.draw()
    issue_of = {block.id: block.issue_id for block in lot.blocks if block}
    publication_of = {block.id: block.publication_id for block in lot.blocks if block}
    offer_of = {code.id: code.offer_id for code in lot.codes}
    word_of = {code.id: code.spelled for code in lot.codes}
    keys: dict[Split, Callable[[Any, date], Any]] = {
        Split.OFFER: lambda row, _: str(offer_of[row.code_id]),
        Split.CODE: lambda row, _: word_of[row.code_id],
        Split.ISSUE: lambda row, _: str(issue_of[row.block_id]) if row.block_id else None,
        Split.PUBLICATION: lambda row, _: str(publication_of[row.block_id]) if row.block_id else None,
        Split.DAY: lambda _, day: day.isoformat(),
    }
    code, issue = lot.codes[0], lot.issues[0]
    middle = NIGHT.date() + timedelta(days=1)
    narrowed: list[tuple[dict[str, Any], Keep]] = [
        ({}, lambda _, __: True),
        ({"code": code.spelled.lower()}, lambda row, _: row.code_id == code.id),
        ({"offer_id": code.offer_id}, lambda row, _: offer_of[row.code_id] == code.offer_id),
        ({"issue_id": issue.id}, lambda row, _: issue_of.get(row.block_id) == issue.id),
        (
            {"publication_id": issue.publication_id},
            lambda row, _: publication_of.get(row.block_id) == issue.publication_id,
        ),
        ({"since": middle, "until": middle}, lambda _, day: day == middle),
        ({"since": END.date()}, lambda _, day: day >= END.date()),
    ]
    for split, key in keys.items():
        for narrow, keep in narrowed:
            naive = Naive(key, keep)
            await naive.count(session, lot.event)
            found = await funnel.of_event(session, lot.event.id, Wish(split, **narrow), now=AFTER, by=ADMIN)

            seen = {line.key: _seen(line) for line in found.lines if line.counts != Counts()}
            assert seen == {of: it for of, it in naive.lines().items() if it[0] != Counts()}
            total = Counts()
            for counts in naive.counts.values():
                total.add(counts)
            assert found.total == total
            days = Counts()
            for _, counts in found.days:
                days.add(counts)
            assert days == total


async def test_who_did_not_come_is_told_only_when_the_event_is_over(session: AsyncSession) -> None:
    lot = Lot(session, 7)
    await lot.draw()

    before = await funnel.of_event(session, lot.event.id, Wish(), now=END - timedelta(seconds=1), by=ADMIN)
    after = await funnel.of_event(session, lot.event.id, Wish(), now=END, by=ADMIN)

    assert (before.is_over, before.total.no_shows) == (False, 0)
    assert after.is_over
    assert after.total.no_shows > 0


async def test_recipients_that_nobody_told_are_unknown_and_not_zero(session: AsyncSession) -> None:
    lot = Lot(session, 8)
    await lot.draw()
    issue = lot.issues[0]

    told = await funnel.of_event(session, lot.event.id, Wish(Split.ISSUE), now=AFTER, by=ADMIN)
    issue.recipients = None
    await session.flush()
    untold = await funnel.of_event(session, lot.event.id, Wish(Split.CODE), now=AFTER, by=ADMIN)
    nothing = await funnel.of_event(session, lot.event.id, Wish(since=END.date()), now=AFTER, by=ADMIN)

    assert (told.sent.known, told.sent.untold) == (128_000, 0)
    assert {line.key: line.sent.known for line in told.lines if line.key == str(issue.id)} == {str(issue.id): 128_000}
    assert (untold.sent.known, untold.sent.untold) == (None, 1)
    assert (nothing.sent.known, nothing.sent.untold) == (None, 0)


async def test_an_issue_with_two_codes_is_sent_once_in_all(session: AsyncSession) -> None:
    lot = Lot(session, 9)
    await lot.draw()

    found = await funnel.of_event(session, lot.event.id, Wish(Split.CODE), now=AFTER, by=ADMIN)

    assert sum(line.sent.known or 0 for line in found.lines) == 2 * 128_000
    assert found.sent.known == 128_000


async def test_what_is_narrowed_to_nothing_there_is_does_not_exist(session: AsyncSession) -> None:
    lot = Lot(session, 10)
    await lot.draw()
    elsewhere = await add(
        session,
        Publication(name="x", slug="x", language="fr", timezone="Europe/Paris", audience=[], created_at=NIGHT),
    )

    for narrow in (
        {"offer_id": new_id()},
        {"code": "NOSUCH"},
        {"issue_id": new_id()},
        {"publication_id": elsewhere.id},
    ):
        with pytest.raises(NotFound):
            await funnel.of_event(session, lot.event.id, Wish(**narrow), now=AFTER, by=ADMIN)
    backwards = Wish(since=date(2026, 2, 2), until=date(2026, 2, 1))
    with pytest.raises(InvalidRequest):
        await funnel.of_event(session, lot.event.id, backwards, now=AFTER, by=ADMIN)
