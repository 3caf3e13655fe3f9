"""Mails owed: written with what they tell of, claimed by one worker under a lease, settled by what came of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from promos.models import (
    Claim,
    Delivery,
    Endpoint,
    Entry,
    Event,
    Invitation,
    Issue,
    Move,
    Observation,
    Offer,
    Partner,
    Pass,
    PassType,
    Person,
    PoolCode,
    PromoBlock,
    PromoCode,
    Publication,
    Reader,
    Redemption,
    ReportLink,
    ReportSchedule,
    Shop,
    SignInLink,
    StaffRole,
    Wish,
    table,
)
from promos.models.deliveries import IS_PENDING
from promos.rules.retries import Answer, Sent, next_try

# Mails that ask for nothing: they are needed as long as there is what they tell of.
TOLD = frozenset(
    {"declined", "label_gone", "endpoint_disabled", "notice", "wish_settled", "shop_troubled", "account", "report"}
    | {"line_closed"}
)


class LinkLost(Exception):  # noqa: N818 -- a state
    """The key that made a link is no longer listed, so nobody can make it again."""


@dataclass(frozen=True, slots=True)
class Promo:
    """What a reader's mail is about."""

    event: Event
    partner: Partner
    pass_type: PassType
    code: PromoCode
    shop_url: str | None = None  # where the code of the partner's own shop is used
    sealed: str | None = None  # that code


@dataclass(frozen=True, slots=True)
class Missed:
    """What a mail about a missing label is about. `is_editor`: of the newsletter, else of the partner."""

    publication: Publication
    issue: Issue
    block: PromoBlock
    code: PromoCode
    seen_at: datetime
    is_editor: bool


@dataclass(frozen=True, slots=True)
class Noticed:
    """What a mail about a code is about: a row of history and the things it tells of."""

    entry: Entry
    code: PromoCode
    offer: Offer
    event: Event


@dataclass(frozen=True, slots=True)
class Wished:
    """What a mail about a wish for more passes is about. `publication`: whose editor asked, else the partner did."""

    wish: Wish
    code: PromoCode
    event: Event
    publication: Publication | None
    asker: Person | None


@dataclass(frozen=True, slots=True)
class Invited:
    """What an invitation's mail is about. `place`: the partner or publication, none for an admin."""

    invitation: Invitation
    place: str | None
    host: Person | None


@dataclass(frozen=True, slots=True)
class Reported:
    """What the mail with a report is about. Its numbers are counted when it is sent."""

    schedule: ReportSchedule
    link: ReportLink
    event: Event
    partner: Partner

    def is_wanted(self, now: datetime) -> bool:
        is_over = self.schedule.stopped_at or self.event.cancelled_at or self.partner.suspended_at
        return not is_over and self.link.state(now) == "active"


@dataclass(frozen=True, slots=True)
class Due:
    """A mail to send now, with what its words need; rows that its kind has nothing to do with are `None`."""

    id: UUID
    kind: str  # claim | place | declined | pass | given_back | handed_on | sign_in | label_gone |
    # endpoint_disabled | notice | wish | wish_settled | shop_troubled | account | moved |
    # called_off | line_closed | invitation | report
    language: str
    created_at: datetime
    to: str | None  # `None`: whoever it was for is no longer on file
    reader: Reader | None
    claim: Claim | None
    held: Pass | None
    link: SignInLink | None
    promo: Promo | None
    missed: Missed | None = None
    endpoint: Endpoint | None = None
    noticed: Noticed | None = None
    wished: Wished | None = None
    shop: tuple[Shop, Event] | None = None
    invited: Invited | None = None
    entry: Entry | None = None  # of what was done to the account of who gets it
    move: Move | None = None
    reported: Reported | None = None

    def is_needed(self, now: datetime) -> bool:
        """Whether anybody can still do something with it: its link works, its pass lives."""
        is_over = (self.endpoint and self.endpoint.state != "disabled") or (self.shop and not self.shop[0].trouble)
        if self.to is None or is_over:
            return False
        if self.kind in ("claim", "place"):
            states = {"pending", "refused"} if self.kind == "claim" else {"offered"}
            return self.claim is not None and self.claim.state in states and now < self.claim.expires_at
        if self.kind == "wish":
            return self.wished is not None and self.wished.wish.state == "open" and now < self.wished.wish.expires_at
        if self.kind in TOLD:
            about = self.missed or self.claim or self.endpoint or self.noticed or self.wished or self.shop or self.entry
            return about is not None or (self.reported is not None and self.reported.is_wanted(now))
        if self.kind in ("sign_in", "invitation"):
            return self._lets_in(now)
        return self.held is not None and (self.kind in ("given_back", "handed_on") or self.held.state == "live")

    def _lets_in(self, now: datetime) -> bool:
        if self.invited:
            invitation = self.invited.invitation
            return invitation.state == "open" and now < invitation.expires_at
        return self.link is not None and self.link.used_at is None and now < self.link.expires_at


async def is_any_due(session: AsyncSession, *, now: datetime) -> bool:
    """Whether `claim` would find something: to be asked without the right to write, again and again."""
    return bool(await session.scalar(sa.select(sa.exists().where(_due(now)))))


async def claim(session: AsyncSession, *, now: datetime, lease: timedelta, most: int = 20) -> list[Due]:
    """The mails that are due, oldest first, for this worker alone until `lease` is over.

    Whoever dies while sending holds nothing up for longer than that.
    """
    free = sa.select(Delivery).where(_due(now)).order_by(Delivery.due_at, Delivery.id).limit(most)
    found = free.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    mails = list(await session.scalars(found))
    if not mails:
        return []
    leased = sa.update(table(Delivery)).where(Delivery.id.in_([mail.id for mail in mails]))
    await session.execute(leased.values(leased_until=now + lease))
    return await _load(session, mails)


async def settle(
    session: AsyncSession, answers: Mapping[UUID, Answer], *, now: datetime, pauses: Sequence[int]
) -> dict[UUID, str]:
    """Write down what came of one try of each mail, and return the state it leads to: `sent`, `pending` (tried again
    after the next of `pauses`, seconds) or `dead`. What is settled already stays as it is.
    """
    found = sa.select(Delivery).where(Delivery.id.in_(answers)).order_by(Delivery.id).with_for_update()
    rows = list(await session.scalars(found.execution_options(populate_existing=True)))
    for row in rows:
        answer = answers[row.id]
        if row.state != "pending":
            continue
        row.attempts += 1
        row.leased_until = None
        row.last_answer = answer.said
        if isinstance(answer, Sent):
            row.state, row.settled_at = "sent", now
        elif answer.permanent or (again := next_try(row.attempts, pauses, now)) is None:
            row.state, row.settled_at = "dead", now
        else:
            row.due_at = again
    await session.flush()
    return {row.id: row.state for row in rows}


def _due(now: datetime) -> sa.ColumnElement[bool]:
    is_free = sa.or_(Delivery.leased_until.is_(None), Delivery.leased_until <= now)
    return sa.and_(IS_PENDING, Delivery.due_at <= now, is_free)


async def _load(session: AsyncSession, mails: Sequence[Delivery]) -> list[Due]:
    """These mails, each with its rows, in the order in which they are due."""
    ids = [mail.id for mail in mails]
    missed = await _missed(session, [mail.id for mail in mails if mail.observation_id])
    told = [mail.id for mail in mails if mail.entry_id]
    noticed, entries = await _noticed(session, told), await _entries(session, told)
    wished = await _wished(session, [mail.id for mail in mails if mail.wish_id])
    shops = await _shops(session, [mail.id for mail in mails if mail.shop_id])
    invited = await _invited(session, [mail.id for mail in mails if mail.invitation_id])
    reported = await _reported(session, [mail.id for mail in mails if mail.report_link_id])
    rows = await session.execute(
        sa.select(
            *(Delivery, Person, Reader, Claim, Pass, SignInLink, Event, Partner, PassType, PromoCode, Endpoint),
            *(Offer.shop_url, PoolCode.sealed, Move),
        )
        .outerjoin(SignInLink, Delivery.sign_in_link_id == SignInLink.id)
        .outerjoin(Person, Person.id == sa.func.coalesce(SignInLink.person_id, Delivery.person_id))
        .outerjoin(Claim, Delivery.claim_id == Claim.id)
        .outerjoin(Pass, Delivery.pass_id == Pass.id)
        .outerjoin(Redemption, Pass.redemption_id == Redemption.id)
        .outerjoin(PoolCode, PoolCode.redemption_id == Redemption.id)
        .outerjoin(Reader, Reader.id == sa.func.coalesce(Claim.reader_id, Pass.reader_id))
        .outerjoin(PromoCode, PromoCode.id == sa.func.coalesce(Claim.code_id, Redemption.code_id))
        .outerjoin(Offer, PromoCode.offer_id == Offer.id)
        .outerjoin(Event, PromoCode.event_id == Event.id)
        .outerjoin(Partner, Event.partner_id == Partner.id)
        .outerjoin(PassType, PassType.id == sa.func.coalesce(Pass.pass_type_id, Offer.pass_type_id))
        .outerjoin(Endpoint, Delivery.endpoint_id == Endpoint.id)
        .outerjoin(Move, Delivery.move_id == Move.id)
        .where(Delivery.id.in_(ids))
        .order_by(Delivery.due_at, Delivery.id)
        .execution_options(populate_existing=True)
    )
    return [
        Due(
            id=mail.id,
            kind=mail.kind,
            language=mail.language,
            created_at=mail.created_at,
            to=person.email if person else reader.email if reader else _recipient(reported.get(mail.id)),
            reader=reader,
            claim=claim,
            held=held,
            link=link,
            promo=Promo(event, partner, pass_type, code, shop_url, sealed) if code else None,
            missed=missed.get(mail.id),
            endpoint=endpoint,
            noticed=noticed.get(mail.id),
            wished=wished.get(mail.id),
            shop=shops.get(mail.id),
            invited=invited.get(mail.id),
            entry=entries.get(mail.id),
            move=move,
            reported=reported.get(mail.id),
        )
        for (
            *(mail, person, reader, claim, held, link, event, partner, pass_type, code, endpoint),
            shop_url,
            sealed,
            move,
        ) in rows
    ]


async def _noticed(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Noticed]:
    rows = await _rows(
        session,
        ids,
        sa.select(Delivery.id, Entry, PromoCode, Offer, Event)
        .join(Entry, Delivery.entry_id == Entry.id)
        .join(PromoCode, Entry.code_id == PromoCode.id)
        .join(Offer, PromoCode.offer_id == Offer.id)
        .join(Event, PromoCode.event_id == Event.id),
    )
    return {row[0]: Noticed(*row[1:]) for row in rows}


async def _wished(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Wished]:
    rows = await _rows(
        session,
        ids,
        sa.select(Delivery.id, Wish, PromoCode, Event, Publication, Person)
        .join(Wish, Delivery.wish_id == Wish.id)
        .join(PromoCode, Wish.code_id == PromoCode.id)
        .join(Event, Wish.event_id == Event.id)
        .outerjoin(Publication, Wish.publication_id == Publication.id)
        .outerjoin(Person, Wish.asked_by == Person.id),
    )
    return {row[0]: Wished(*row[1:]) for row in rows}


async def _reported(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Reported]:
    rows = await _rows(
        session,
        ids,
        sa.select(Delivery.id, ReportSchedule, ReportLink, Event, Partner)
        .join(ReportLink, Delivery.report_link_id == ReportLink.id)
        .join(ReportSchedule, ReportLink.schedule_id == ReportSchedule.id)
        .join(Event, ReportLink.event_id == Event.id)
        .join(Partner, Event.partner_id == Partner.id),
    )
    return {row[0]: Reported(*row[1:]) for row in rows}


def _recipient(reported: Reported | None) -> str | None:
    return reported.schedule.email if reported else None


async def _shops(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, tuple[Shop, Event]]:
    rows = await _rows(
        session,
        ids,
        sa.select(Delivery.id, Shop, Event)
        .join(Shop, Delivery.shop_id == Shop.id)
        .join(Event, Shop.event_id == Event.id),
    )
    return {row[0]: (row[1], row[2]) for row in rows}


async def _entries(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Entry]:
    rows = await _rows(
        session,
        ids,
        sa.select(Delivery.id, Entry).join(Entry, Delivery.entry_id == Entry.id).where(Delivery.kind == "account"),
    )
    return {row[0]: row[1] for row in rows}


async def _invited(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Invited]:
    host = aliased(Person)
    rows = await _rows(
        session,
        ids,
        sa.select(Delivery.id, Invitation, sa.func.coalesce(Partner.name, Publication.name), host)
        .join(Invitation, Delivery.invitation_id == Invitation.id)
        .outerjoin(Partner, Invitation.partner_id == Partner.id)
        .outerjoin(Publication, Invitation.publication_id == Publication.id)
        .outerjoin(host, Invitation.invited_by == host.id),
    )
    return {row[0]: Invited(*row[1:]) for row in rows}


async def _missed(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Missed]:
    is_editor = sa.exists().where(
        StaffRole.person_id == Delivery.person_id, StaffRole.publication_id == PromoBlock.publication_id
    )
    rows = await _rows(
        session,
        ids,
        sa.select(Delivery.id, Publication, Issue, PromoBlock, PromoCode, Observation.at, is_editor)
        .join(Observation, Delivery.observation_id == Observation.id)
        .join(PromoBlock, Observation.block_id == PromoBlock.id)
        .join(PromoCode, Observation.code_id == PromoCode.id)
        .join(Issue, Observation.issue_id == Issue.id)
        .join(Publication, Issue.publication_id == Publication.id),
    )
    return {row[0]: Missed(*row[1:]) for row in rows}


async def _rows(session: AsyncSession, ids: Sequence[UUID], query: sa.Select[*tuple[Any, ...]]) -> list[Any]:
    """What `query` says of these mails; of none it is not asked."""
    if not ids:
        return []
    of = query.where(Delivery.id.in_(ids)).execution_options(populate_existing=True)
    return list(await session.execute(of))
