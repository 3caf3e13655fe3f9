"""What is deleted because its time is over: nothing here is history, and nothing of it can be used any more."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import rates, report_schedules
from promos.models import Attempt, Claim, Delivery, IdempotencyRecord, Invitation, Message, Session, SignInLink

MESSAGES_KEPT = timedelta(days=30)  # after they were settled, and every try
INVITATIONS_KEPT = timedelta(days=30)  # likewise
LINKS_KEPT = timedelta(days=1)  # after they ended, so that a late click still finds out why


async def sweep(session: AsyncSession, *, now: datetime, idempotency: timedelta) -> None:
    """Delete ended sessions and sign-in links, windows of rates, answers kept for longer than `idempotency`, names that
    were typed for claims of which nothing came, messages to endpoints and invitations that are 30 days old, addresses
    that got reports."""
    await rates.sweep(session, now=now)
    await report_schedules.forget(session, now=now)
    await session.execute(sa.delete(IdempotencyRecord).where(IdempotencyRecord.created_at <= now - idempotency))
    await session.execute(sa.delete(Session).where(Session.expires_at <= now))
    is_over = sa.or_(
        Claim.state.in_(("left", "lapsed", "superseded")),
        sa.and_(Claim.state.in_(("pending", "refused")), Claim.expires_at <= now),
    )
    named = sa.update(Claim).where(sa.or_(Claim.name.is_not(None), Claim.company.is_not(None)), is_over)
    await session.execute(named.values(name=None, company=None).execution_options(synchronize_session=False))
    told = sa.select(Message.id).where(Message.state != "pending", Message.settled_at <= now - MESSAGES_KEPT)
    old = sa.or_(Attempt.at <= now - MESSAGES_KEPT, Attempt.message_id.in_(told))
    await session.execute(sa.delete(Attempt).where(old).execution_options(synchronize_session=False))
    gone = sa.delete(Message).where(Message.id.in_(told))
    await session.execute(gone.execution_options(synchronize_session=False))
    over = sa.select(Invitation.id).where(Invitation.state != "open", Invitation.settled_at <= now - INVITATIONS_KEPT)
    if settled := list(await session.scalars(over)):
        mails = sa.update(Delivery).where(Delivery.invitation_id.in_(settled)).values(invitation_id=None)
        await session.execute(mails)
        await session.execute(sa.delete(Invitation).where(Invitation.id.in_(settled)))
    ended = list(await session.scalars(sa.select(SignInLink.id).where(SignInLink.expires_at <= now - LINKS_KEPT)))
    if ended:
        mails = sa.update(Delivery).where(Delivery.sign_in_link_id.in_(ended)).values(sign_in_link_id=None)
        await session.execute(mails)
        await session.execute(sa.delete(SignInLink).where(SignInLink.id.in_(ended)))
