"""What is over is deleted, and nothing else."""

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import deliveries, rates, retention
from promos.actions.rates import Rate
from promos.models import Claim, Delivery, IdempotencyRecord, RateLimit, Session, SignInLink, table
from promos.rules.people import Role
from tests.world import DAY, NOW, a_claim, a_code, a_person, add

TWO_DAYS = 2 * DAY


async def test_ended_sessions_links_windows_and_answers_go_and_the_others_stay(session: AsyncSession) -> None:
    person = await a_person(session, "ed@freea.example", Role.ADMIN)
    for name, ended in (("over", NOW), ("good", NOW + timedelta(seconds=1))):
        whose = {"person_id": person.id, "token_hash": name, "created_at": NOW - TWO_DAYS}
        await add(session, Session(**whose, expires_at=ended, proved_at=NOW))
        await add(session, SignInLink(**whose, expires_at=ended - DAY))
        answer = {"principal": "x", "fingerprint": "x", "status": 201, "body": "{}"}
        await add(session, IdempotencyRecord(**answer, key=name, created_at=ended - TWO_DAYS))
    await rates.take(session, [Rate("over", 1, 60)], now=NOW - timedelta(minutes=5))
    await rates.take(session, [Rate("good", 1, 60)], now=NOW)

    await retention.sweep(session, now=NOW, idempotency=TWO_DAYS)

    for column in (Session.token_hash, SignInLink.token_hash, IdempotencyRecord.key, RateLimit.bucket):
        assert list(await session.scalars(sa.select(column))) == ["good"]


async def test_the_mail_of_a_deleted_link_is_still_accounted_for(session: AsyncSession) -> None:
    person = await a_person(session, "ed@freea.example", Role.ADMIN)
    link = await add(
        session, SignInLink(person_id=person.id, token_hash="x", created_at=NOW - TWO_DAYS, expires_at=NOW - DAY)
    )
    owed = Delivery(kind="sign_in", sign_in_link_id=link.id, language="en", due_at=NOW, created_at=NOW)
    mail = await add(session, owed)

    await retention.sweep(session, now=NOW, idempotency=TWO_DAYS)

    [due] = await deliveries.claim(session, now=NOW, lease=timedelta(seconds=60))
    assert (due.id, due.to, due.is_needed(NOW)) == (mail.id, None, False)
    assert await session.scalar(sa.select(sa.func.count()).select_from(Delivery)) == 1


async def test_a_name_that_was_typed_for_nothing_is_forgotten(session: AsyncSession) -> None:
    code = await a_code(session)
    for number, (state, ends) in enumerate(
        [("left", DAY), ("superseded", DAY), ("pending", -DAY), ("refused", -DAY), ("pending", DAY), ("waiting", -DAY)]
    ):
        claim = await a_claim(session, code, f"r{number}", state=state, expires_at=NOW + ends)
        claim.name = f"{state} {ends.days}"
    await session.flush()

    await retention.sweep(session, now=NOW, idempotency=TWO_DAYS)

    kept = set(await session.scalars(sa.select(table(Claim).c.name)))
    assert kept == {None, "pending 1", "waiting -1"}
