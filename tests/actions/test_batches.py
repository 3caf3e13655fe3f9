"""Secret codes in bulk: exact, whoever makes them and however often that is cut off."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import batches, making, redemptions
from promos.actions.batches import BatchMoved, Word
from promos.actions.imports import Report
from promos.database import Database
from promos.models import CodeBatch, Entry, Offer, PromoCode
from promos.parsing.codes_csv import rows
from promos.queries import recount
from promos.rules import codes
from promos.rules.redemption import Redeemed
from promos.rules.refusals import BatchDone, ListUnreadable, NotFound, PatternGuessable, TooManyOrders
from tests.world import ADMIN, NOW, a_code, a_partner, a_pass_type, an_ask, an_event, an_offer, owner_of

PATTERN = "GENAI-****-****-****-*"
AFTER = NOW + batches.LEASE + timedelta(seconds=1)


async def an_order(database: Database, count: int, *, offer: Offer | None = None, **facts: Any) -> CodeBatch:
    async with database.writing() as session:
        offer = offer or await an_offer(session)
        return await batches.order(session, offer.id, count, pattern=PATTERN, now=NOW, by=ADMIN, **facts)


async def there(database: Database, batch: CodeBatch) -> tuple[str, int, int, int]:
    """State, what it says it has made, its codes, and the different ones among them."""
    async with database.reading() as session:
        row = (await session.scalars(sa.select(CodeBatch).where(CodeBatch.id == batch.id))).one()
        counted = sa.select(sa.func.count(), sa.func.count(sa.distinct(PromoCode.text)))
        number, different = (await session.execute(counted.where(PromoCode.batch_id == batch.id))).one()
        return row.state, row.made, number, different


async def test_an_order_is_made_exactly_and_each_code_is_good_for_one_pass(database: Database) -> None:
    batch = await an_order(database, 5000)
    told: list[int] = []

    await making.make(database, lambda: NOW, told=told.append)

    assert await there(database, batch) == ("done", 5000, 5000, 5000)
    assert told == sorted(told)
    assert told[-1] == 5000
    async with database.writing() as session:
        code = (await session.scalars(sa.select(PromoCode).limit(1))).one()
        assert (code.kind, code.limit, code.used, code.version, code.status) == ("generated", 1, 0, 0, "active")
        assert (code.partner_id, code.event_id) == (batch.partner_id, batch.event_id)
        assert (code.created_at, code.text) == (NOW, codes.mended(code.spelled.replace("-", "")))
        asks = [an_ask(code, name) for name in ("ada", "bo")]
        outcomes = await redemptions.redeem(session, asks, now=NOW)
        assert [type(outcomes[ask.id]).__name__ for ask in asks] == ["Redeemed", "CodeExhausted"]
        given = outcomes[asks[0].id]
        assert isinstance(given, Redeemed)
        assert given.version == 1
    async with database.reading() as session:
        assert await recount.differences(session) == []


async def test_another_order_adds_and_replaces_nothing(database: Database) -> None:
    first = await an_order(database, 300)
    await making.make(database, lambda: NOW)
    async with database.reading() as session:
        offer = (await session.scalars(sa.select(Offer))).one()
    second = await an_order(database, 200, offer=offer, limit=None)
    await making.make(database, lambda: NOW)

    assert await there(database, first) == ("done", 300, 300, 300)
    assert await there(database, second) == ("done", 200, 200, 200)
    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(sa.distinct(PromoCode.text)))) == 500
        verbs = list(await session.scalars(sa.select(Entry.verb)))
    assert verbs == ["codes.ordered", "codes.ordered"]


async def test_whoever_was_cut_off_holds_an_order_for_the_lease_and_another_makes_the_rest(database: Database) -> None:
    batch = await an_order(database, 100)
    async with database.writing() as session:
        taken = await batches.claim(session, now=NOW)
        assert taken
        made = await batches.make_some(session, taken, batches.words_again(PATTERN, 30, NOW), seen=0, now=NOW)
    assert made == 30

    assert await making.make(database, lambda: NOW) is None
    await making.make(database, lambda: AFTER)

    assert await there(database, batch) == ("done", 100, 100, 100)


async def test_a_chunk_that_is_not_committed_leaves_neither_codes_nor_a_count(database: Database) -> None:
    batch = await an_order(database, 100)
    async with database.writing() as session:
        taken = await batches.claim(session, now=NOW)
        assert taken
        await batches.make_some(session, taken, batches.words_again(PATTERN, 30, NOW), seen=0, now=NOW)
        await session.rollback()

    assert await there(database, batch) == ("waiting", 0, 0, 0)


async def test_two_workers_on_one_order_make_no_code_too_many(database: Database) -> None:
    """The first was thought dead, and was only slow."""
    batch = await an_order(database, 60)
    async with database.writing() as session:
        slow = await batches.claim(session, now=NOW)
    async with database.writing() as session:
        quick = await batches.claim(session, now=AFTER)
    assert slow
    assert quick

    async with database.writing() as session:
        await batches.make_some(session, quick, batches.words_again(PATTERN, 60, NOW), seen=0, now=AFTER)
    with pytest.raises(BatchMoved):
        async with database.writing() as session:
            await batches.make_some(session, slow, batches.words_again(PATTERN, 60, NOW), seen=0, now=AFTER)

    assert await there(database, batch) == ("done", 60, 60, 60)


async def test_many_workers_share_orders_and_none_is_made_twice(database: Database) -> None:
    async with database.writing() as session:
        offer = await an_offer(session)
    ordered = [await an_order(database, 700, offer=offer) for _ in range(3)]

    await asyncio.gather(*(making.make(database, lambda: NOW) for _ in range(6)))

    assert [await there(database, batch) for batch in ordered] == [("done", 700, 700, 700)] * 3


async def test_a_partner_has_a_few_orders_at_a_time_and_the_smallest_is_made_first(database: Database) -> None:
    async with database.writing() as session:
        greedy = await an_offer(session)
        elsewhere = await a_pass_type(session, await an_event(session, slug="elsewhere"))
        modest = await an_offer(session, elsewhere)
    large = [await an_order(database, 1000 + number, offer=greedy) for number in range(batches.MOST_OPEN)]
    with pytest.raises(TooManyOrders):
        await an_order(database, 10, offer=greedy)
    small = await an_order(database, 10, offer=modest)

    made = await making.make(database, lambda: NOW)
    async with database.writing() as session:
        await batches.stop(session, large[0].id, now=NOW, by=ADMIN)
    again = await an_order(database, 10, offer=greedy)
    async with database.writing() as session:
        with pytest.raises(TooManyOrders):
            await batches.go_on(session, large[0].id, now=NOW, by=ADMIN)

    assert made
    assert made.id == small.id
    assert (await there(database, again))[0] == "waiting"


async def test_after_a_stop_nothing_is_made_and_going_on_makes_the_rest(database: Database) -> None:
    batch = await an_order(database, 50)
    async with database.writing() as session:
        taken = await batches.claim(session, now=NOW)
        assert taken
        await batches.make_some(session, taken, batches.words_again(PATTERN, 20, NOW), seen=0, now=NOW)
    async with database.writing() as session:
        await batches.stop(session, batch.id, now=NOW, by=ADMIN)
        await batches.stop(session, batch.id, now=NOW, by=ADMIN)
    with pytest.raises(BatchMoved):
        async with database.writing() as session:
            await batches.make_some(session, taken, batches.words_again(PATTERN, 20, NOW), seen=20, now=NOW)
    assert await there(database, batch) == ("stopped", 20, 20, 20)

    async with database.writing() as session:
        await batches.go_on(session, batch.id, now=NOW, by=ADMIN)
    await making.make(database, lambda: NOW)

    assert await there(database, batch) == ("done", 50, 50, 50)
    async with database.writing() as session:
        with pytest.raises(BatchDone):
            await batches.stop(session, batch.id, now=NOW, by=ADMIN)


async def test_who_is_told_to_stop_leaves_the_rest_to_another_at_once(database: Database) -> None:
    batch = await an_order(database, 9000)
    stop = asyncio.Event()

    await making.make(database, lambda: NOW, stop=stop, told=lambda _: stop.set())
    state, made, number, _ = await there(database, batch)
    await making.make(database, lambda: NOW)

    assert (state, made < 9000, made == number) == ("waiting", True, True)
    assert await there(database, batch) == ("done", 9000, 9000, 9000)


async def test_a_code_that_exists_already_is_drawn_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = await an_order(database, 3)
    spelled = ["GENAI-0000-0000-0000-0", "GENAI-0000-0000-0000-1", "GENAI-0000-0000-0000-2"]
    async with database.writing() as session:
        offer = (await session.scalars(sa.select(Offer))).one()
        text = codes.mended(codes.normal(spelled[1]))
        await a_code(session, offer, spelled[1], text=text, kind="generated", batch_id=batch.id)
        await session.execute(sa.update(CodeBatch).values(wanted=4, made=1))
    drawn = batches.words

    def first_the_same(wanted: Iterable[str], now: Any) -> list[Word]:
        monkeypatch.setattr(batches, "words", drawn)
        return drawn(spelled, now)

    monkeypatch.setattr(batches, "words", first_the_same)
    await making.make(database, lambda: NOW)

    assert await there(database, batch) == ("done", 4, 4, 4)


async def test_who_does_not_run_an_offer_orders_nothing(database: Database) -> None:
    async with database.writing() as session:
        offer, other = await an_offer(session), await a_partner(session, name="Other")
    for by, pattern, refusal in ((owner_of(other), PATTERN, NotFound), (ADMIN, "GENAI-****", PatternGuessable)):
        with pytest.raises(refusal):
            async with database.writing() as session:
                await batches.order(session, offer.id, 3, pattern=pattern, now=NOW, by=by)


async def brought(database: Database, offer_id: UUID, text: bytes, **how: Any) -> Report:
    pieces = [text[at : at + 7] for at in range(0, len(text), 7)]
    return await making.take(database, lambda: NOW, offer_id, rows(pieces), by=ADMIN, **how)


LIST = (
    "\ufeffLimite;Code\r\n"
    "5;ALPHA-1\r\n"
    "1;ÉTÉ\r\n"
    ";BETA\r\n"
    "x;GAMMA-2\r\n"
    "1;alpha1\r\n"
    ";SECRET-OIL-2345-6789\r\n"
    "2;SHOP-0000-1111-2222\r\n"
    "1;TAKEN\r\n"
).encode()


async def test_a_list_is_told_row_by_row_and_its_good_rows_are_taken_in_once(database: Database) -> None:
    async with database.writing() as session:
        offer = await an_offer(session)
        other = await an_offer(session, await a_pass_type(session, await an_event(session, slug="other")))
        await a_code(session, other, "TAKEN")
    tried = await brought(database, offer.id, LIST, dry_run=True)
    async with database.reading() as session:
        before = await session.scalar(sa.select(sa.func.count(PromoCode.id)))
    taken = await brought(database, offer.id, LIST)
    again = await brought(database, offer.id, LIST)

    for report in (tried, taken):
        assert (report.rows, report.taken, report.known, report.bad) == (8, 4, 1, 3)
        assert [(wrong.line, wrong.code, wrong.slug) for wrong in report.wrong] == [
            (3, "ÉTÉ", "code-malformed"),
            (5, "GAMMA-2", "invalid-request"),
            (9, "TAKEN", "code-taken"),
        ]
    assert before == 1
    assert (again.taken, again.known, again.bad) == (0, 5, 3)
    async with database.reading() as session:
        rows = await session.scalars(sa.select(PromoCode).where(PromoCode.offer_id == offer.id))
        kept = {row.spelled: (row.kind, row.limit, row.batch_id is not None, row.text) for row in rows}
        batch = (await session.scalars(sa.select(CodeBatch))).one()
        entries = list(await session.scalars(sa.select(Entry.verb)))
        assert await recount.differences(session) == []
    assert kept == {
        "ALPHA-1": ("vanity", 5, False, "ALPHA1"),
        "BETA": ("vanity", None, False, "BETA"),
        "SECRET-OIL-2345-6789": ("generated", 1, True, "SECRET01123456789"),
        "SHOP-0000-1111-2222": ("generated", 2, True, "SH0P000011112222"),
    }
    assert (batch.id, batch.made, batch.wanted, batch.state) == (taken.batch_id, 2, 2, "done")
    assert entries == ["codes.imported"]


async def test_a_list_of_many_chunks_comes_in_whole(database: Database) -> None:
    async with database.writing() as session:
        offer = await an_offer(session)
    rows = [f"WORD-{number:05d},{number % 3 + 1}" for number in range(2500)]
    rows[1700], rows[900] = "É,1", rows[899]

    report = await brought(database, offer.id, "\n".join(rows).encode())

    assert (report.rows, report.taken, report.known, report.bad) == (2500, 2498, 1, 1)
    assert report.wrong[0].line == 1701


async def test_what_is_no_list_is_refused_and_leaves_nothing(database: Database) -> None:
    async with database.writing() as session:
        offer = await an_offer(session)
    for content in (b"A\x00B\x00C\x00", b"ABC\x00DEF\n"):
        with pytest.raises(ListUnreadable):
            await brought(database, offer.id, content)
    with pytest.raises(NotFound):
        await brought(database, UUID(int=5), b"ALPHA\n")
    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(PromoCode.id))) == 0


async def test_the_mark_of_a_form_orders_the_same_once_and_something_else_anew(session: AsyncSession) -> None:
    offer, once = await an_offer(session), UUID(int=7)

    async def order(count: int) -> UUID:
        return (await batches.order(session, offer.id, count, once=once, now=NOW, by=ADMIN)).id

    first, again, more = await order(40), await order(40), await order(50)

    assert first == again != more
    assert once not in {first, more}  # nobody chooses the id of a batch
