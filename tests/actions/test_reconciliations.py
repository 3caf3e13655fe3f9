"""A partner's shop against what we handed out: both ways, once a file, and nothing of who bought is kept."""

import asyncio
import io

import pytest
import sqlalchemy as sa

from promos.actions import passes, pools, reconciliations, redemptions
from promos.actions.reconciliations.counting import Report
from promos.database import Database
from promos.models import Base, CheckIn, Offer, PoolCode, ReconciledCode, Reconciliation
from promos.queries import reconciliations as queries
from promos.queries import recount
from promos.rules.refusals import InvalidRequest, NotFound
from tests.world import ADMIN, DAY, KEYS, NOW, a_code, a_partner, a_pass_type, a_pool, an_ask, an_event, owner_of

HEAD = "voucher,e-mail,ticket,status,checked in\n"


async def a_shop(database: Database) -> Offer:
    """GIVEN1 and GIVEN2 are with ada and bo; ENDED was cy's; FREE1 and FREE2 nobody's. The public word is WORD."""
    async with database.writing() as session:
        offer = await a_pool(session, "GIVEN1", "GIVEN2", "ENDED", "FREE1", "FREE2")
        code = await a_code(session, offer, "WORD")
        asks = [an_ask(code, name) for name in ("ada", "bo", "cy")]
        for ask in asks:
            outcome = (await redemptions.redeem(session, [ask], now=NOW))[ask.id]
        await passes.cancel(session, [outcome.redemption_id], now=NOW, by=ADMIN)  # type: ignore[union-attr]
        return offer


async def compare(
    database: Database,
    offer: Offer,
    *rows: str,
    head: str = HEAD,
    dry_run: bool = False,
    with_arrivals: bool = False,
) -> Report:
    file = io.BytesIO((head + "".join(f"{row}\n" for row in rows)).encode())
    report = await reconciliations.reconcile(
        database,
        lambda: NOW + DAY,
        KEYS,
        offer.id,
        file,
        by=ADMIN,
        dry_run=dry_run,
        with_arrivals=with_arrivals,
    )
    async with database.reading() as session:
        assert await recount.differences(session) == []
    return report


ROWS = (
    "given1,ADA@readers.example,T1,paid,",
    "FREE1,zed@readers.example,T2,paid,",
    "ENDED,cy@readers.example,T3,paid,",
    "word,bo@readers.example,T4,paid,yes",
    "ELSE,x@readers.example,T5,paid,",
    ",y@readers.example,T6,paid,",
    "GIVEN2,bo@readers.example,T7,cancelled,",
    "given1,ADA@readers.example,T1,paid,",
)


async def test_a_code_used_outside_and_one_not_used_are_found(database: Database) -> None:
    offer = await a_shop(database)

    report = await compare(database, offer, *ROWS)

    told = {what: report.tickets(what) for what in ("used", "outside", "ended", "public")}
    assert told == {"used": 1, "outside": 1, "ended": 1, "public": 1}
    assert (report.rows, report.void, report.foreign, report.unused) == (8, 1, 2, 1)
    assert (report.total("by_reader"), report.total("arrived")) == (3, 1)
    async with database.reading() as session:
        kept = (await session.scalars(sa.select(Reconciliation))).one()
        lacking = await queries.unused(session, kept)
    assert [pools.shown(each.sealed, KEYS) for each in lacking] == ["GIVEN2"]
    assert (kept.used, kept.outside, kept.unused, kept.shop) == (1, 1, 1, "generic")


async def test_a_code_that_is_gone_in_the_shop_is_given_to_nobody(database: Database) -> None:
    offer = await a_shop(database)
    await compare(database, offer, *ROWS)

    async with database.writing() as session:
        code = await a_code(session, offer, "LATER")
        for name in ("dot", "eve"):
            await redemptions.redeem(session, [an_ask(code, name)], now=NOW + DAY)
        states = await session.execute(sa.select(PoolCode.sealed, PoolCode.state).order_by(PoolCode.id))
        told = {pools.shown(row.sealed, KEYS): row.state for row in states}

    assert told == {"GIVEN1": "given", "GIVEN2": "given", "ENDED": "burnt", "FREE1": "spent", "FREE2": "given"}


async def test_codes_of_another_partners_shop_are_nobodys_here(database: Database) -> None:
    offer = await a_shop(database)
    async with database.writing() as session:
        event = await an_event(session, slug="theirs")
        theirs = await a_pool(session, "THEIRS", "GIVEN1", pass_type=await a_pass_type(session, event))

    report = await compare(database, offer, "THEIRS,,T1,paid,", "GIVEN1,,T2,paid,")

    assert (report.foreign, report.tickets("outside"), report.tickets("used")) == (1, 0, 1)
    async with database.reading() as session:
        states = await session.scalars(sa.select(PoolCode.state).where(PoolCode.offer_id == theirs.id))
        assert list(states) == ["free", "free"]


async def test_a_first_look_and_the_same_file_again_change_nothing(database: Database) -> None:
    offer = await a_shop(database)

    tried = await compare(database, offer, *ROWS, dry_run=True)
    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Reconciliation)) == 0
    first = await compare(database, offer, *ROWS)
    again = await compare(database, offer, *ROWS)

    assert tried.tickets("outside") == first.tickets("outside") == again.tickets("outside") == 1
    assert (tried.id, first.is_known, again.is_known, again.id) == (None, False, True, first.id)
    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(ReconciledCode)) == 4


async def test_the_same_file_four_times_at_once_is_kept_once(database: Database) -> None:
    offer = await a_shop(database)

    reports = await asyncio.gather(*(compare(database, offer, ROWS[0]) for _ in range(4)))

    assert len({report.id for report in reports}) == 1
    assert sorted(report.is_known for report in reports) == [False, True, True, True]


async def test_who_came_is_noted_once_beside_our_own_door(database: Database) -> None:
    offer = await a_shop(database)
    rows = ("GIVEN1,,T1,paid,2026-11-23 12:30", "GIVEN2,,T2,paid,")

    first = await compare(database, offer, *rows, with_arrivals=True)
    again = await compare(database, offer, *rows, with_arrivals=True)

    assert (first.arrivals, again.arrivals) == (1, 0)
    async with database.reading() as session:
        [(result, scan)] = (await session.execute(sa.select(CheckIn.result, CheckIn.scan_id))).all()
    assert result == "admitted"
    assert scan.startswith("generic ")


async def test_nothing_of_who_bought_is_kept(database: Database) -> None:
    offer = await a_shop(database)

    await compare(database, offer, *ROWS)

    async with database.reading() as session:
        for kept in Base.metadata.sorted_tables:
            for row in await session.execute(sa.select(kept)):
                assert "zed@" not in repr(row), kept.name
                assert "FREE1" not in repr(row), kept.name


async def test_only_who_runs_the_offer_compares_and_a_strange_file_is_named(database: Database) -> None:
    offer = await a_shop(database)
    async with database.writing() as session:
        stranger = owner_of(await a_partner(session, name="Stranger"))

    with pytest.raises(NotFound):
        await reconciliations.reconcile(database, lambda: NOW, KEYS, offer.id, io.BytesIO(b"code\n"), by=stranger)
    with pytest.raises(InvalidRequest) as refused:
        await compare(database, offer, "x,y", head="nom,ville\n")
    assert [each["field"] for each in refused.value.errors] == ["code"]
