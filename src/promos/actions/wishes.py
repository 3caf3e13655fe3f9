"""Somebody asks for more passes, and the partner's owner decides: a press on the desk, by the API, or behind a mail.

What counts passes belongs to the partner, an allotment for a publication as well; so the partner's owners decide on
every wish, whoever has it. Approving raises the limit on its one way; the wish's row is locked last.
"""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import allotments, codes, journal, offers
from promos.models import (
    Allotment,
    Delivery,
    Event,
    Offer,
    OfferPublication,
    Partner,
    Passkey,
    Person,
    PromoCode,
    StaffRole,
    Wish,
    table,
)
from promos.queries import codes as code_queries
from promos.rules import archives, texts, wishes
from promos.rules.language import N_
from promos.rules.people import NOBODY, PROGRAM, Actor, Grant, Role
from promos.rules.refusals import (
    CodeEnded,
    CodeMalformed,
    CodeRevoked,
    EventCancelled,
    InvalidRequest,
    LinkEnded,
    NotFound,
    PartnerSuspended,
    PasskeyNeeded,
    SignInNeeded,
    WishSettled,
)


async def ask(
    session: AsyncSession,
    code: str,
    *,
    publication_id: UUID | None = None,
    passes: int | None = None,
    why: str | None = None,
    now: datetime,
    by: Actor,
) -> tuple[Wish, bool]:
    """Ask for `passes` more with `code`; whether that is new: one that is open already is the answer.

    For a publication its editor asks, else somebody of the partner. Raises `NotFound`, `CodeEnded`, `CodeRevoked`,
    `EventCancelled`, `Archived`, and `InvalidRequest` where no limit is in the way.
    """
    kept = texts.read(wishes.WISH, {"why": why} | ({} if passes is None else {"passes": passes}))
    found, offer = await _asked(session, code, publication_id, now, by)
    part = await _part(session, found, publication_id)
    limit = part.limit if part else found.limit if found.limit is not None else offer.limit
    if limit is None:
        raise InvalidRequest({"code": N_("No limit is in the way of this code.")})
    wish = Wish(
        partner_id=offer.partner_id,
        event_id=offer.event_id,
        offer_id=offer.id,
        code_id=found.id,
        allotment_id=part.id if part else None,
        publication_id=publication_id,
        subject_id=part.id if part else found.id,
        side_id=publication_id or offer.partner_id,
        asked_by=by.id,
        passes=kept.get("passes", wishes.sensible(limit)),
        limit=limit,
        why=kept["why"],
        created_at=now,
        expires_at=min(now + wishes.LIFETIME, offer.ends_at),
    )
    same = sa.and_(Wish.subject_id == wish.subject_id, Wish.side_id == wish.side_id, Wish.state == "open")
    if before := await session.scalar(sa.select(Wish).where(same)):
        return before, False
    try:
        async with session.begin_nested():
            session.add(wish)
    except IntegrityError:
        return (await session.scalars(sa.select(Wish).where(same))).one(), False
    await _record(session, "wish.asked", wish, now, by)
    await _tell_owners(session, wish, now, by)
    return wish, True


async def approve(session: AsyncSession, wish_id: UUID, *, passes: int | None = None, now: datetime, by: Actor) -> Wish:
    """Give what was asked for, or fewer; who waits in line is served first. Again: the same, and nothing more.

    A wish that the limits have met meanwhile, or whose code is over, is overtaken. Raises `NotFound`, `WishSettled`,
    `InvalidRequest`, and `AllotmentTooLarge` where a wider part has too few.
    """
    wish = await _found(session, wish_id, Wish.decided_by(by))
    more = wish.passes if passes is None else texts.limit(passes, "passes")
    if more > wish.passes:
        raise InvalidRequest({"passes": N_("Give as many as were asked for, or fewer.")})
    offer = await allotments.locked_offer(session, wish.offer_id, by, now, archived=True)
    code = await codes.locked_by_id(session, wish.code_id, now=now)
    if not await _settle(session, wish, now, state="approved", given=more):
        if wish.state == "approved":
            return wish
        raise WishSettled(wish.state)
    part = await session.get(Allotment, wish.allotment_id, populate_existing=True) if wish.allotment_id else None
    event = await session.get_one(Event, offer.event_id, populate_existing=True)
    if event.cancelled_at or _is_overtaken(wish, offer, code, part, now):
        wish.state, wish.given = "overtaken", None
        await session.flush()
        await _record(session, "wish.overtaken", wish, now, by)
    else:
        await _raise(session, offer, code, part, more, now, by)
        await _record(session, "wish.approved", wish, now, by, given=more)
    await _tell_asker(session, wish, now)
    return wish


async def decline(session: AsyncSession, wish_id: UUID, why: str | None, *, now: datetime, by: Actor) -> Wish:
    """Say no, and perhaps why. Again: the same. Raises `NotFound` and `WishSettled`."""
    wish = await _found(session, wish_id, Wish.decided_by(by))
    kept = texts.read(wishes.WISH, {"why": why})
    if await _settle(session, wish, now, state="declined", answer=kept["why"]):
        await _record(session, "wish.declined", wish, now, by)
        await _tell_asker(session, wish, now)
    elif wish.state != "declined":
        raise WishSettled(wish.state)
    return wish


async def withdraw(session: AsyncSession, wish_id: UUID, *, now: datetime, by: Actor) -> Wish:
    """Ask no longer; whoever speaks for the side that asked. Again: the same. Raises `NotFound` and `WishSettled`."""
    wish = await _found(session, wish_id, Wish.asked_by_side(by))
    if await _settle(session, wish, now, state="withdrawn"):
        await _record(session, "wish.withdrawn", wish, now, by)
    elif wish.state != "withdrawn":
        raise WishSettled(wish.state)
    return wish


async def overtake(session: AsyncSession, *, now: datetime) -> int:
    """Settle the wishes whose time is over unanswered; how many there were."""
    over = sa.select(Wish).where(Wish.state == "open", Wish.expires_at <= now).order_by(Wish.id)
    found = list(await session.scalars(over.with_for_update(skip_locked=True)))
    for wish in found:
        wish.state, wish.settled_at = "overtaken", now
        await session.flush()
        await _record(session, "wish.overtaken", wish, now, PROGRAM)
        await _tell_asker(session, wish, now)
    return len(found)


async def behind_link(session: AsyncSession, mail_id: UUID, *, now: datetime, by: Actor = NOBODY) -> tuple[Wish, Actor]:
    """The wish that a mail was about, and the owner to whom it went, as they may act at this moment.

    Raises `LinkEnded` once the wish's time is over or the person does not own the partner any more, `PartnerSuspended`,
    and for whom the mailbox alone is not enough (a passkey) `SignInNeeded` and `PasskeyNeeded`, unless they (`by`) have
    signed in with one.
    """
    row = (
        await session.execute(
            sa.select(Wish, Person, StaffRole.role)
            .join(Delivery, Delivery.wish_id == Wish.id)
            .join(Person, Delivery.person_id == Person.id)
            .join(StaffRole, sa.and_(StaffRole.person_id == Person.id, StaffRole.partner_id == Wish.partner_id))
            .where(Delivery.id == mail_id, Delivery.kind == "wish", StaffRole.role == Role.OWNER)
        )
    ).one_or_none()
    if row is None or now >= row.Wish.expires_at:
        raise LinkEnded
    wish, person, role = row
    partner = await session.get_one(Partner, wish.partner_id)
    if partner.suspended_at is not None:
        raise PartnerSuspended
    has_passkey = sa.select(sa.exists().where(Passkey.person_id == person.id))
    if partner.requires_passkey or await session.scalar(has_passkey):
        if by.id != person.id:
            raise SignInNeeded
        if partner.id not in by.partners(Role.OWNER):  # signed in by mail alone, where that is not enough
            raise PasskeyNeeded
    grants = frozenset({Grant(Role(role), wish.partner_id)})
    return wish, Actor("person", person.id, grants, name=person.name or person.email)


async def _asked(
    session: AsyncSession, text: str, publication_id: UUID | None, now: datetime, by: Actor
) -> tuple[PromoCode, Offer]:
    try:
        meant = code_queries.meant(text)
    except CodeMalformed:
        raise NotFound("code") from None
    found = (
        sa.select(PromoCode, Offer, Event)
        .join(Offer, PromoCode.offer_id == Offer.id)
        .join(Event, Offer.event_id == Event.id)
    )
    if publication_id is None:
        mine = PromoCode.run_by(by)
    else:
        named = sa.select(OfferPublication.offer_id).where(OfferPublication.publication_id == publication_id)
        is_theirs = by.is_admin or publication_id in by.publications
        mine = sa.and_(PromoCode.kind == "vanity", Offer.id.in_(named), sa.true() if is_theirs else sa.false())
    row = (await session.execute(found.where(meant, mine))).one_or_none()
    if row is None:
        raise NotFound("code")
    code, offer, event = row
    archives.in_use(code.archived_at, offer.archived_at, event.archived_at)
    if event.cancelled_at is not None:
        raise EventCancelled
    if code.status == "revoked":
        raise CodeRevoked
    if offer.ends_at <= now:
        raise CodeEnded(offer.ends_at)
    return code, offer


async def _part(session: AsyncSession, code: PromoCode, publication_id: UUID | None) -> Allotment | None:
    """What is set aside for the code, else for the publication that asks."""
    open_ = sa.select(Allotment).where(Allotment.offer_id == code.offer_id, Allotment.returned_at.is_(None))
    of_code = await session.scalar(open_.where(Allotment.code_id == code.id))
    if of_code is not None or publication_id is None:
        return of_code
    return await session.scalar(open_.where(Allotment.publication_id == publication_id))


async def _found(session: AsyncSession, wish_id: UUID, which: sa.ColumnElement[bool]) -> Wish:
    wish = await session.scalar(sa.select(Wish).where(Wish.id == wish_id, which))
    if wish is None:
        raise NotFound("wish")
    return wish


async def _settle(session: AsyncSession, wish: Wish, now: datetime, **values: object) -> bool:
    """Give an open wish its end; whether it was open. Of two at once, one is first, and the other sees what it did."""
    ended = sa.update(table(Wish)).where(Wish.id == wish.id, Wish.state == "open")
    is_first = await session.execute(ended.values(settled_at=now, **values))
    await session.refresh(wish)
    return bool(is_first.rowcount)  # type: ignore[attr-defined]


def _is_overtaken(wish: Wish, offer: Offer, code: PromoCode, part: Allotment | None, now: datetime) -> bool:
    """Whether nothing is to be raised any more: the limits have met it already, or the code is over."""
    if code.status == "revoked" or code.archived_at or offer.archived_at or offer.ends_at <= now:
        return True
    if wish.allotment_id:
        return part is None or part.returned_at is not None or part.limit >= wish.limit + wish.passes
    limit = code.limit if code.limit is not None else offer.limit
    return limit is None or limit >= wish.limit + wish.passes


async def _raise(
    session: AsyncSession, offer: Offer, code: PromoCode, part: Allotment | None, more: int, now: datetime, by: Actor
) -> None:
    """Let `more` passes through: the offer gets what it lacks for that, then its part or its code."""
    if offer.limit is not None and (part is None or part.within_id is None):
        left = offer.limit - offer.allotted - (offer.used - offer.allotted_used)
        if left < more:
            await offers.update(session, offer.id, limit=offer.limit + more - left, now=now, by=by)
    if part is not None:
        await allotments.update(session, part.id, limit=part.limit + more, now=now, by=by)
    if code.limit is not None:
        await codes.update(session, code.text, limit=code.limit + more, now=now, by=by)


async def _tell_owners(session: AsyncSession, wish: Wish, now: datetime, by: Actor) -> None:
    """Owe a mail to each owner of the partner who wants such mails, but for who asks."""
    owners = (
        sa.select(Person)
        .join(StaffRole, StaffRole.person_id == Person.id)
        .where(StaffRole.partner_id == wish.partner_id, StaffRole.role == Role.OWNER)
        .order_by(Person.id)
    )
    for person in await session.scalars(owners):
        if person.id != by.id and "wish.asked" not in person.muted:
            session.add(_mail("wish", wish, person, now))
    await session.flush()


async def _tell_asker(session: AsyncSession, wish: Wish, now: datetime) -> None:
    person = await session.get(Person, wish.asked_by) if wish.asked_by else None
    if person is not None and "wish.settled" not in person.muted:
        session.add(_mail("wish_settled", wish, person, now))
        await session.flush()


def _mail(kind: str, wish: Wish, person: Person, now: datetime) -> Delivery:
    return Delivery(
        kind=kind, wish_id=wish.id, person_id=person.id, language=person.language, due_at=now, created_at=now
    )


async def _record(
    session: AsyncSession, verb: str, wish: Wish, now: datetime, by: Actor, given: int | None = None
) -> None:
    await journal.record(
        session,
        verb,
        wish.id,
        at=now,
        by=by,
        partner=wish.partner_id,
        publication=wish.publication_id,
        event=wish.event_id,
        facts={"passes": given or wish.passes, "code": str(wish.code_id)},
    )
