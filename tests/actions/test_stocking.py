"""Lists of a shop's codes: every row is told what came of it, nothing is taken twice, and no file is too strange."""

import io
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from promos.actions import stocking
from promos.actions.stocking import Report
from promos.database import Database
from promos.models import Entry, Offer
from promos.parsing import pool_list
from promos.parsing.pool_list import Listed
from promos.queries import recount
from promos.rules.refusals import InvalidRequest, NotFound, PoolMissing
from tests.world import ADMIN, KEYS, NOW, a_partner, a_pass_type, a_pool, an_offer, owner_of


async def take(database: Database, offer: Offer, content: bytes, *, dry_run: bool = False) -> Report:
    listed = pool_list.rows(io.BytesIO(content))
    report = await stocking.take(database, lambda: NOW, KEYS, offer.id, listed, by=ADMIN, dry_run=dry_run)
    async with database.reading() as session:
        assert await recount.differences(session) == []
    return report


def told(report: Report) -> tuple[int, int, int, int]:
    return report.rows, report.taken, report.known, report.bad


async def pool_of(database: Database, *texts: str) -> Offer:
    async with database.writing() as session:
        return await a_pool(session, *texts)


LIST = "Voucher code;Étiquette\r\nA1;x\r\na1;y\r\n=1+1;z\r\nB2;\r\nC3;\r\n"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
async def test_a_list_is_tried_then_taken_then_known(database: Database, encoding: str) -> None:
    offer = await pool_of(database, "C3")

    tried = await take(database, offer, LIST.encode(encoding), dry_run=True)
    async with database.reading() as session:
        assert await session.scalar(sa.select(Offer.pooled)) == 1
    taken = await take(database, offer, LIST.encode(encoding))
    again = await take(database, offer, LIST.encode(encoding))

    assert told(tried) == told(taken) == (5, 2, 2, 1)
    assert told(again) == (5, 0, 4, 1)
    assert [(wrong.line, wrong.slug) for wrong in taken.wrong] == [(4, "pool-code-malformed")]
    async with database.reading() as session:
        entries = await session.execute(sa.select(Entry.verb, Entry.facts).where(Entry.subject_id == offer.id))
        assert [tuple(row) for row in entries] == [("pool.filled", {"codes": 2})]


async def test_a_code_that_another_offer_hands_out_is_reported(database: Database) -> None:
    async with database.writing() as session:
        pass_type = await a_pass_type(session)
        await a_pool(session, "A1", pass_type=pass_type)
        other = await a_pool(session, pass_type=pass_type)

    report = await take(database, other, b"A1\nB2\n")

    assert told(report) == (2, 1, 0, 1)
    assert report.wrong[0].slug == "pool-code-elsewhere"


async def test_who_was_cut_off_brings_the_list_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stocking, "CHUNK", 2)
    offer = await pool_of(database)

    def torn() -> Iterator[Listed]:
        yield from (Listed(number, f"CODE{number}") for number in range(4))
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await stocking.take(database, lambda: NOW, KEYS, offer.id, torn(), by=ADMIN)
    whole = await take(database, offer, b"code\n" + b"".join(b"CODE%d\n" % number for number in range(6)))

    assert whole.taken + whole.known == 6
    assert whole.known > 0


@pytest.mark.parametrize("content", [b"", b"code\n", b"PK\x03\x04", b"%PDF-1.7", b'"A1\n' + b"B2,\n" * 99_999])
async def test_what_is_no_list_changes_nothing(database: Database, content: bytes) -> None:
    offer = await pool_of(database)

    with pytest.raises(InvalidRequest) as refused:
        await take(database, offer, content)
    assert [each["field"] for each in refused.value.errors] == ["file"]


@pytest.mark.parametrize(
    "content",
    [
        "A1\nB2\n",
        "Code\nA1\nB2",
        '"id";"Voucher code"\n1;A1\n2;B2\n',
        "Nom,Code promotionnel,Usages\nx,A1,0\ny,B2,0\nz,,0\n",
    ],
)
def test_a_shops_list_of_codes_has_a_head_or_none(content: str) -> None:
    assert [each.code for each in pool_list.rows(io.BytesIO(content.encode()))] == ["A1", "B2"]


async def test_a_list_is_for_who_runs_an_offer_with_a_pool(database: Database) -> None:
    async with database.writing() as session:
        pass_type = await a_pass_type(session)
        pool = await a_pool(session, pass_type=pass_type)
        ours = await an_offer(session, pass_type)
        stranger = owner_of(await a_partner(session, name="Stranger"))

    with pytest.raises(PoolMissing):
        await take(database, ours, b"A1\n")
    with pytest.raises(NotFound):
        await stocking.take(database, lambda: NOW, KEYS, pool.id, iter([]), by=stranger)


async def test_what_nobody_has_can_be_taken_out_again(database: Database) -> None:
    offer = await pool_of(database, "A1", "B2")

    async with database.writing() as session:
        assert await stocking.empty(session, offer.id, now=NOW, by=ADMIN) == 2
    async with database.writing() as session:
        assert await stocking.empty(session, offer.id, now=NOW, by=ADMIN) == 0
        assert await recount.differences(session) == []
