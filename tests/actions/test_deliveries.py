"""Mails owed, claimed by one worker, settled by what came of each."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import deliveries, redemptions
from promos.actions.deliveries import Due
from promos.database import Database
from promos.models import Claim, Delivery, Pass, PromoCode, SignInLink, new_id
from promos.queries.deliveries import standing
from promos.rules.people import Role
from promos.rules.redemption import Redeemed
from promos.rules.retries import Answer, Failed, Sent
from tests.world import NOW, a_claim, a_code, a_person, add, an_ask, an_offer

LEASE = timedelta(seconds=60)
SECOND = timedelta(seconds=1)
PAUSES = [30, 120]


async def owe(session: AsyncSession, kind: str, *, now: datetime, **about: Any) -> UUID:
    return (await add(session, Delivery(kind=kind, due_at=now, created_at=now, **about))).id


async def a_mail(session: AsyncSession, name: str = "ada") -> UUID:
    claim = await session.scalar(sa.select(Claim))
    claim = claim or await a_claim(session, await a_code(session), name)
    return await owe(session, "claim", claim_id=claim.id, language="fr", now=NOW)


async def claimed(session: AsyncSession, seconds: int = 0) -> list[Due]:
    return await deliveries.claim(session, now=NOW + seconds * SECOND, lease=LEASE)


async def answered(session: AsyncSession, mail: UUID, answer: Sent | Failed, seconds: int = 0) -> str:
    return (await deliveries.settle(session, {mail: answer}, now=NOW + seconds * SECOND, pauses=PAUSES))[mail]


async def test_a_mail_to_a_claim_brings_what_its_words_need(session: AsyncSession) -> None:
    code = await a_code(session, await an_offer(session))
    claim = await a_claim(session, code, "ada")
    await owe(session, "claim", claim_id=claim.id, language="fr", now=NOW)

    [due] = await claimed(session)

    assert (due.kind, due.to, due.language) == ("claim", "ada@readers.example", "fr")
    assert due.promo is not None
    assert (due.promo.event.name, due.promo.partner.advertiser) == ("GenerationAI", "Generation Events SAS")
    assert (due.promo.pass_type.name, due.promo.code.spelled) == ("Full pass", "FREEAGENAI")
    assert (due.claim, due.held, due.link) == (claim, None, None)


async def test_a_mail_with_a_pass_goes_to_who_holds_it(session: AsyncSession) -> None:
    given = await give(session, await a_code(session), "ada")

    [due] = await claimed(session)

    assert (due.kind, due.to) == ("pass", "ada@readers.example")
    assert due.held is not None
    assert due.promo is not None
    assert (due.held.id, due.promo.pass_type.name) == (given.pass_id, "Full pass")


async def test_a_mail_to_sign_in_goes_to_the_person_and_knows_no_event(session: AsyncSession) -> None:
    link = await a_link(session)
    await owe(session, "sign_in", sign_in_link_id=link.id, language="en", now=NOW)

    [due] = await claimed(session)

    assert (due.to, due.promo, due.reader) == ("ed@freea.example", None, None)
    assert due.is_needed(NOW)


async def test_what_is_claimed_is_nobody_elses_until_its_lease_is_over(session: AsyncSession) -> None:
    mail = await a_mail(session)

    assert [due.id for due in await claimed(session)] == [mail]
    assert await claimed(session, 59) == []
    assert not await deliveries.is_any_due(session, now=NOW + 59 * SECOND)

    assert await deliveries.is_any_due(session, now=NOW + 60 * SECOND)
    assert [due.id for due in await claimed(session, 60)] == [mail]


async def test_two_workers_never_claim_the_same_mail(database: Database) -> None:
    async with database.writing() as session:
        mails = {await a_mail(session) for _ in range(40)}

    async def work() -> list[UUID]:
        mine: list[UUID] = []
        while True:
            async with database.writing() as session:
                found = await deliveries.claim(session, now=NOW, lease=LEASE, most=3)
            if not found:
                return mine
            mine += [due.id for due in found]

    shares = await asyncio.gather(work(), work(), work(), work())

    everything = [mail for share in shares for mail in share]
    assert len(everything) == 40
    assert set(everything) == mails


async def test_a_busy_mail_keeps_nobody_waiting(database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    async with database.writing() as session:
        first, second = await a_mail(session), await a_mail(session)

    async with database.writing() as one, database.writing() as other:
        mine = await deliveries.claim(one, now=NOW, lease=LEASE, most=1)
        theirs = await deliveries.claim(other, now=NOW, lease=LEASE, most=1)

    assert {due.id for due in mine + theirs} == {first, second}


async def test_the_oldest_mails_are_sent_first(session: AsyncSession) -> None:
    late = await a_mail(session)
    early = await a_mail(session)
    await session.execute(sa.update(Delivery).where(Delivery.id == late).values(due_at=NOW + 2 * SECOND))
    await session.execute(sa.update(Delivery).where(Delivery.id == early).values(due_at=NOW + SECOND))

    assert [due.id for due in await claimed(session, 10)] == [early, late]


async def test_what_is_rolled_back_owes_nothing(database: Database) -> None:
    async with database.writing() as session:
        await a_claim(session, await a_code(session), "ada")

    async def write_and_fail() -> None:
        async with database.writing() as session:
            await a_mail(session)
            raise RuntimeError("after the mail was written")

    with pytest.raises(RuntimeError, match="after the mail was written"):
        await write_and_fail()

    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Delivery)) == 0


async def test_a_refusal_for_now_is_tried_again_after_each_pause_and_then_given_up(session: AsyncSession) -> None:
    mail = await a_mail(session)
    busy = Failed(permanent=False, said="451 busy")

    assert await answered(session, mail, busy, 0) == "pending"
    assert await claimed(session, 29) == []
    assert len(await claimed(session, 30)) == 1
    assert await answered(session, mail, busy, 31) == "pending"
    assert await claimed(session, 31 + 119) == []
    assert len(await claimed(session, 31 + 120)) == 1
    assert await answered(session, mail, busy, 152) == "dead"
    assert await claimed(session, 10**6) == []


async def test_a_refusal_for_good_is_not_tried_again(session: AsyncSession) -> None:
    mail = await a_mail(session)

    assert await answered(session, mail, Failed(permanent=True, said="550 no such user")) == "dead"

    row = await session.get_one(Delivery, mail)
    assert (row.attempts, row.last_answer, row.settled_at) == (1, "550 no such user", NOW)
    assert await claimed(session, 10**6) == []


async def test_each_mail_gets_its_own_answer(session: AsyncSession) -> None:
    mails = [await a_mail(session) for _ in range(4)]
    before, sent, dead, again = mails
    await answered(session, before, Sent("250 before"))
    answers: dict[UUID, Answer] = {
        before: Failed(permanent=True, said="550 late"),
        sent: Sent("250 ok"),
        dead: Failed(permanent=True, said="550 no such user"),
        again: Failed(permanent=False, said="451 busy"),
        new_id(): Sent(),
    }

    states = await deliveries.settle(session, answers, now=NOW + SECOND, pauses=PAUSES)

    assert states == {before: "sent", sent: "sent", dead: "dead", again: "pending"}
    rows = [await session.get_one(Delivery, mail) for mail in mails]
    assert [row.last_answer for row in rows] == ["250 before", "250 ok", "550 no such user", "451 busy"]
    assert rows[3].due_at == NOW + SECOND + PAUSES[0] * SECOND


async def test_what_is_sent_stays_sent_whatever_a_slow_worker_says_later(session: AsyncSession) -> None:
    mail = await a_mail(session)

    assert await answered(session, mail, Sent("250 ok")) == "sent"
    assert await answered(session, mail, Failed(permanent=True, said="timeout"), 5) == "sent"

    assert (await session.get_one(Delivery, mail)).last_answer == "250 ok"


async def test_everything_owed_is_sent_pending_or_dead(session: AsyncSession) -> None:
    sent, dead, _ = await a_mail(session), await a_mail(session), await a_mail(session)
    await answered(session, sent, Sent())
    await answered(session, dead, Failed(permanent=True, said="550"))

    seen = await standing(session, now=NOW + 90 * SECOND)

    assert (seen.sent, seen.pending, seen.dead, seen.owed) == (1, 1, 1, 3)
    assert seen.oldest == 90 * SECOND


async def test_nothing_pending_has_no_age(session: AsyncSession) -> None:
    assert (await standing(session, now=NOW)).oldest is None


@pytest.mark.parametrize(
    ("facts", "is_needed"),
    [
        ({}, True),
        ({"state": "refused"}, True),
        ({"state": "superseded"}, False),
        ({"expires_at": NOW}, False),
    ],
)
async def test_a_link_that_no_longer_works_is_not_mailed(
    session: AsyncSession, facts: dict[str, object], is_needed: bool
) -> None:
    claim = await a_claim(session, await a_code(session), "ada", **facts)
    await owe(session, "claim", claim_id=claim.id, language="fr", now=NOW)

    [due] = await claimed(session)

    assert due.is_needed(NOW) is is_needed


async def test_a_pass_that_ended_is_not_mailed_but_its_return_is(session: AsyncSession) -> None:
    given = await give(session, await a_code(session), "ada")
    await session.execute(sa.update(Pass).values(state="given_back"))
    await owe(session, "given_back", pass_id=given.pass_id, language="fr", now=NOW + SECOND)

    issued, returned = await claimed(session, 1)

    assert (issued.kind, issued.is_needed(NOW)) == ("pass", False)
    assert (returned.kind, returned.is_needed(NOW)) == ("given_back", True)


async def test_a_used_sign_in_link_is_not_mailed(session: AsyncSession) -> None:
    link = await a_link(session, used_at=NOW)
    await owe(session, "sign_in", sign_in_link_id=link.id, language="en", now=NOW)

    [due] = await claimed(session)

    assert not due.is_needed(NOW)


async def a_link(session: AsyncSession, **facts: object) -> SignInLink:
    person = await a_person(session, "ed@freea.example", Role.ADMIN)
    given = {"person_id": person.id, "token_hash": "x", "created_at": NOW, "expires_at": NOW + 900 * SECOND}
    return await add(session, SignInLink(**given | facts))


async def give(session: AsyncSession, code: PromoCode, name: str) -> Redeemed:
    ask = an_ask(code, name)
    outcome = (await redemptions.redeem(session, [ask], now=NOW))[ask.id]
    assert isinstance(outcome, Redeemed)
    return outcome
