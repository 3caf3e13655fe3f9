import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Partner
from promos.queries.pages import page
from promos.rules.refusals import InvalidRequest
from tests.world import a_partner


async def test_a_page_of_one_model_gives_its_rows(session: AsyncSession) -> None:
    made = [await a_partner(session, name=f"Partner {number}") for number in range(3)]

    first, cursor = await page(session, sa.select(Partner), Partner.id, size=2)
    second, end = await page(session, sa.select(Partner), Partner.id, cursor, size=2)

    assert [row.name for row in (*first, *second)] == [row.name for row in sorted(made, key=lambda row: str(row.id))]
    assert cursor is not None
    assert end is None


async def test_newest_first_goes_the_other_way(session: AsyncSession) -> None:
    for number in range(3):
        await a_partner(session, name=f"Partner {number}")
    names = list(await session.scalars(sa.select(Partner.name).order_by(Partner.id.desc())))
    statement = sa.select(Partner.id, Partner.name)

    first, cursor = await page(session, statement, Partner.id, size=2, newest_first=True)
    second, _ = await page(session, statement, Partner.id, cursor, size=2, newest_first=True)

    assert [row.name for row in (*first, *second)] == names


async def test_a_page_that_is_just_full_has_none_behind_it(session: AsyncSession) -> None:
    for _ in range(2):
        await a_partner(session)

    rows, cursor = await page(session, sa.select(Partner), Partner.id, size=2)

    assert (len(rows), cursor) == (2, None)


@pytest.mark.parametrize(
    "cursor", ["", "x", "é", "1" * 22 + "=", "AAAAAAAAAAAAAAAAAAAAA", "A" * 500, "' OR 1=1", "\x00", "\ud800"]
)
async def test_a_cursor_that_we_did_not_give_is_refused(session: AsyncSession, cursor: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await page(session, sa.select(Partner), Partner.id, cursor)

    assert [error["field"] for error in refused.value.errors] == ["cursor"]


@pytest.mark.parametrize("size", [0, -1, 101])
async def test_a_page_has_one_to_a_hundred_rows(session: AsyncSession, size: int) -> None:
    with pytest.raises(InvalidRequest):
        await page(session, sa.select(Partner), Partner.id, size=size)
