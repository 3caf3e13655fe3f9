from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import codes
from promos.models import Entry, Partner, PromoCode
from promos.rules.people import NOBODY
from promos.rules.refusals import (
    CodeMalformed,
    CodeRevoked,
    CodeTaken,
    InvalidRequest,
    LimitBelowUsed,
    NotFound,
)
from tests.world import ADMIN, NOW, a_code, a_partner, an_offer, door_of, member_of, owner_of


async def entries(session: AsyncSession, code: PromoCode) -> list[tuple[int | None, str]]:
    rows = await session.execute(
        sa.select(Entry.version, Entry.verb).where(Entry.code_id == code.id).order_by(Entry.version)
    )
    return [(version, verb) for version, verb in rows]


async def test_a_code_begins_at_version_one_and_is_kept_without_its_dashes(session: AsyncSession) -> None:
    offer = await an_offer(session)

    code = await codes.create(session, offer.id, "free-a-GenAI", limit=5, now=NOW, by=ADMIN)

    assert (code.text, code.spelled, code.limit, code.used, code.version, code.status) == (
        "FREEAGENAI",
        "FREE-A-GENAI",
        5,
        0,
        1,
        "active",
    )
    assert await entries(session, code) == [(1, "code.created")]


async def test_a_code_that_reads_like_another_is_taken_and_the_offer_stays_usable(session: AsyncSession) -> None:
    code = await a_code(session, spelled="FREEAGENAI")

    with pytest.raises(CodeTaken):
        await codes.create(session, code.offer_id, "free-agenai", now=NOW, by=ADMIN)

    assert await codes.create(session, code.offer_id, "FREEBGENAI", now=NOW, by=ADMIN)


@pytest.mark.parametrize("text", ["", "AB", "CODÉ", "A--B", "-ABC", "A" * 41, "DROP TABLE"])
async def test_a_code_of_other_letters_is_malformed(session: AsyncSession, text: str) -> None:
    offer = await an_offer(session)

    with pytest.raises(CodeMalformed):
        await codes.create(session, offer.id, text, now=NOW, by=ADMIN)


@pytest.mark.parametrize("limit", [0, -1, 1_000_001, 10**30])
async def test_a_limit_is_a_sensible_number(session: AsyncSession, limit: int) -> None:
    offer = await an_offer(session)

    with pytest.raises(InvalidRequest) as refused:
        await codes.create(session, offer.id, "FREEAGENAI", limit=limit, now=NOW, by=ADMIN)

    assert [error["field"] for error in refused.value.errors] == ["limit"]


async def test_pausing_resuming_and_revoking_are_a_version_each(session: AsyncSession) -> None:
    offer = await an_offer(session)
    code = await codes.create(session, offer.id, "FREEAGENAI", now=NOW, by=ADMIN)

    for minute, status in enumerate(["paused", "active", "revoked"]):
        code = await codes.update(session, "freea-genai", now=NOW + timedelta(minutes=minute), by=ADMIN, status=status)
        assert (code.status, code.version) == (status, minute + 2)

    assert await entries(session, code) == [
        (1, "code.created"),
        (2, "code.paused"),
        (3, "code.resumed"),
        (4, "code.revoked"),
    ]


async def test_limit_and_status_at_once_are_two_versions(session: AsyncSession) -> None:
    offer = await an_offer(session)
    code = await codes.create(session, offer.id, "FREEAGENAI", now=NOW, by=ADMIN)

    code = await codes.update(session, "FREEAGENAI", now=NOW, by=ADMIN, limit=7, status="paused")

    assert (code.limit, code.status, code.version) == (7, "paused", 3)
    assert await entries(session, code) == [(1, "code.created"), (2, "code.limit_changed"), (3, "code.paused")]


async def test_asking_for_what_is_so_already_changes_nothing(session: AsyncSession) -> None:
    code = await a_code(session, limit=5, version=1)

    same = await codes.update(session, "FREEAGENAI", now=NOW, by=ADMIN, limit=5, status="active")

    assert same.version == 1
    assert await entries(session, code) == []


async def test_a_revoked_code_never_comes_back(session: AsyncSession) -> None:
    await a_code(session, status="revoked", version=2)

    for wanted in ("active", "paused"):
        with pytest.raises(CodeRevoked):
            await codes.update(session, "FREEAGENAI", now=NOW, by=ADMIN, status=wanted)
    with pytest.raises(CodeRevoked):
        await codes.update(session, "FREEAGENAI", now=NOW, by=ADMIN, limit=9)
    again = await codes.update(session, "FREEAGENAI", now=NOW, by=ADMIN, status="revoked")
    assert again.version == 2


async def test_a_limit_below_what_is_used_is_refused_and_says_how_many(session: AsyncSession) -> None:
    await a_code(session, limit=5, used=3, version=4)

    with pytest.raises(LimitBelowUsed) as refused:
        await codes.update(session, "FREEAGENAI", now=NOW, by=ADMIN, limit=2)
    assert refused.value.used == 3

    exact = await codes.update(session, "FREEAGENAI", now=NOW, by=ADMIN, limit=3)
    assert (exact.limit, exact.used, exact.version) == (3, 3, 5)


async def test_a_code_without_a_limit_has_counted_all_along(session: AsyncSession) -> None:
    await a_code(session, limit=None, used=3, version=4)

    with pytest.raises(LimitBelowUsed):
        await codes.update(session, "FREEAGENAI", now=NOW, by=ADMIN, limit=2)

    freed = await codes.update(session, "FREEAGENAI", now=NOW, by=ADMIN, limit=None)
    assert (freed.limit, freed.used) == (None, 3)


async def test_only_those_who_run_an_offer_find_its_codes(session: AsyncSession) -> None:
    code = await a_code(session)
    partner, other = await session.get_one(Partner, code.partner_id), await a_partner(session, name="Other")

    for stranger in (owner_of(other), door_of(partner), NOBODY):
        with pytest.raises(NotFound):
            await codes.update(session, "FREEAGENAI", now=NOW, by=stranger, status="paused")
        with pytest.raises(NotFound):
            await codes.create(session, code.offer_id, "OTHERCODE", now=NOW, by=stranger)
    with pytest.raises(NotFound):
        await codes.update(session, "not a code!", now=NOW, by=ADMIN, status="paused")
    paused = await codes.update(session, "FREEAGENAI", now=NOW, by=member_of(partner), status="paused")
    assert paused.status == "paused"
