"""A partner's ticket shop: connected, read by one worker at a time, in trouble and out of it, and left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NotRequired, TypedDict, Unpack
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import journal
from promos.actions.sealing import Seal
from promos.models import Delivery, Event, Person, Shop, ShopCode, StaffRole, Supply, new_id, table
from promos.outside.shops.pretix import ShopEvent, words
from promos.rules import shops as rules
from promos.rules import signing, texts
from promos.rules.blocks import clean_line
from promos.rules.language import N_
from promos.rules.people import PROGRAM, Actor, Role
from promos.rules.refusals import InvalidRequest, NotAllowed, NotFound, ShopMissing, ShopTokenRefused
from promos.settings import Keys

PURPOSE = "shop token"
MOST = 500  # characters of a token
LEASE = timedelta(minutes=15)
NAMED = ("base_url", "organizer", "slug")


class LeaseLost(Exception):  # noqa: N818 -- a state
    """The shop was connected anew, left, or taken by another worker: nothing of this reading is written any more."""


@dataclass(frozen=True, slots=True)
class Lease:
    """One worker's right to read a shop and to write what came of it. Its time tells it from every other one."""

    shop_id: UUID
    partner_id: UUID
    until: datetime

    @property
    def reach(self) -> frozenset[UUID]:
        """Whose rows it comes to."""
        return frozenset({self.partner_id})


class Access(TypedDict):
    """How a shop is reached, as it was typed."""

    kind: NotRequired[str]
    base_url: str
    organizer: str
    slug: str
    token: str


def checked(given: Access) -> Access:
    """What is kept of it; raises `InvalidRequest`."""
    kept = texts.read(
        {"base_url": texts.url, "organizer": texts.up_to(200, texts.line), "slug": texts.up_to(200, texts.line)},
        {name: given[name] for name in NAMED},  # type: ignore[literal-required]
    )
    token = given["token"].strip()
    if given.get("kind", "pretix") not in rules.KINDS:
        raise InvalidRequest({"kind": ", ".join(rules.KINDS)})
    if not (token.isascii() and token.isprintable() and 0 < len(token) <= MOST):
        raise InvalidRequest({"token": N_("Give the token as the shop shows it.")})
    return {
        "kind": "pretix",
        "base_url": kept["base_url"].rstrip("/"),
        "organizer": kept["organizer"],
        "slug": kept["slug"],
        "token": token,
    }


async def may_connect(session: AsyncSession, event_id: UUID, by: Actor) -> Event:
    """Raises `NotFound`, and `NotAllowed` for who is no owner."""
    event = await session.scalar(sa.select(Event).where(Event.id == event_id, Event.run_by(by)))
    if event is None:
        raise NotFound("event")
    if not by.runs(event.partner_id, Role.OWNER):
        raise NotAllowed([Role.ADMIN, Role.OWNER])
    return event


async def connect(
    session: AsyncSession,
    event_id: UUID,
    found: ShopEvent,
    *,
    keys: Keys,
    now: datetime,
    by: Actor,
    **given: Unpack[Access],
) -> Shop:
    """Remember how the shop is reached, in place of what was before; `found` is what it said of itself.

    The same event there: what was read of it stays, and all of it is read again. Another one: codes that were made in
    the one before stay there and in the pool, and are read no more. Whoever is reading has lost the lease.
    """
    event = await may_connect(session, event_id, by)
    access = checked(given)
    shop = await session.scalar(_of(event_id).with_for_update(key_share=True))
    if shop is not None and any(getattr(shop, name) != access[name] for name in NAMED):  # type: ignore[literal-required]
        await _forget(session, shop)
        shop = None
    if shop is None:
        shop = Shop(id=new_id(), partner_id=event.partner_id, event_id=event.id, hook_id=new_id())
        shop.hook_hash = signing.fingerprint(hook(shop, keys))
        session.add(shop)
    shop.kind, shop.base_url, shop.organizer, shop.slug = "pretix", *(access[name] for name in NAMED)  # type: ignore[literal-required]
    shop.sealed_token = Seal(keys.signing, PURPOSE).close(access["token"])
    shop.connected_by, shop.connected_at = by.id, now
    shop.trouble = shop.troubled_since = shop.told_at = shop.leased_until = None
    shop.orders_since = shop.check_ins_since = None
    shop.sync_at = now
    _named(shop, found)
    await session.flush()
    await _journal(session, "shop.connected", shop, now, by, kind=shop.kind)
    return shop


async def leave(session: AsyncSession, event_id: UUID, *, now: datetime, by: Actor) -> None:
    """Forget the shop, its token and what was read; its codes stay there and in the pool. Again: nothing happens."""
    await may_connect(session, event_id, by)
    shop = await session.scalar(_of(event_id).with_for_update())
    if shop is not None:
        await _journal(session, "shop.left", shop, now, by, kind=shop.kind)
        await _forget(session, shop)


async def of(session: AsyncSession, event_id: UUID, by: Actor) -> Shop:
    """Raises `ShopMissing` where none is connected, and `NotFound` for who has nothing to do with the event."""
    if await session.scalar(sa.select(Event.id).where(Event.id == event_id, Event.run_by(by))) is None:
        raise NotFound("event")
    shop = await session.scalar(_of(event_id).where(Shop.visible_to(by)))
    if shop is None:
        raise ShopMissing
    return shop


def token(shop: Shop, keys: Keys) -> str:
    """Raises `ShopTokenRefused` for one that was sealed with a secret that is no longer listed."""
    opened = Seal(keys.signing, PURPOSE).open(shop.sealed_token)
    if opened is None:
        raise ShopTokenRefused
    return opened


def hook(shop: Shop, keys: Keys) -> str:
    """The secret in the address that the shop calls; of the key that it was made with, or of the newest."""
    made = [signing.secret_of(key, "shop hook", shop.hook_id) for key in keys.signing]
    return next((each for each in made if signing.fingerprint(each) == shop.hook_hash), made[0])


async def called(session: AsyncSession, secret: str, *, now: datetime) -> None:
    """The shop says that something happened there: it is read soon, and not oftener for being called more.

    Raises `NotFound` for a secret that is none.
    """
    shop = await session.scalar(
        sa.select(Shop).where(Shop.hook_hash == signing.fingerprint(secret)).execution_options(populate_existing=True)
    )
    if shop is None:
        raise NotFound("shop")
    await _sooner(session, shop, now)


async def read_soon(session: AsyncSession, event_id: UUID, *, now: datetime, by: Actor) -> Shop:
    """Have it read as soon as a worker is free."""
    shop = await of(session, event_id, by)
    await _sooner(session, shop, now)
    await session.refresh(shop)
    return shop


async def is_any_due(session: AsyncSession, *, now: datetime) -> bool:
    """Whether `claim` would find something: to be asked without the right to write, again and again."""
    return bool(await session.scalar(sa.select(sa.exists().where(*_due(now)))))


async def claim(session: AsyncSession, *, now: datetime, every: timedelta, most: int = 4) -> list[Lease]:
    """Shops that are to be read now, for this worker alone until `settle`; whoever dies leaves it to the next."""
    rows = sa.select(Shop).where(*_due(now)).order_by(Shop.sync_at).limit(most)
    found = (await session.scalars(rows.with_for_update(skip_locked=True))).all()
    for shop in found:
        shop.leased_until, shop.began_at, shop.sync_at = now + LEASE, now, now + every
    await session.flush()
    return [Lease(shop.id, shop.partner_id, now + LEASE) for shop in found]


def leased(lease: Lease) -> sa.Select[Shop]:
    """The shop, as long as it is this worker's."""
    mine = sa.select(Shop).where(Shop.id == lease.shop_id, Shop.leased_until == lease.until)
    return mine.execution_options(populate_existing=True)


async def held(session: AsyncSession, lease: Lease) -> Shop:
    """The shop, locked: nobody connects it anew until what is written now is there. An offer is locked before it.

    Raises `LeaseLost`.
    """
    shop = await session.scalar(leased(lease).with_for_update(key_share=True))
    if shop is None:
        raise LeaseLost
    return shop


async def settle(
    session: AsyncSession,
    lease: Lease,
    trouble: str | None,
    *,
    found: ShopEvent | None = None,
    wait: timedelta = timedelta(0),
    is_whole: bool = False,
    now: datetime,
) -> None:
    """Write down what came of one reading. `wait`: for how long the shop wants to be left alone. `is_whole`: all of it
    was read. The owners get one mail for a trouble, however long it lasts, and none for one that is soon over.

    Raises `LeaseLost`.
    """
    shop = await held(session, lease)
    shop.leased_until = None
    shop.sync_at = max(shop.sync_at, now + wait) if wait else shop.sync_at
    if is_whole:
        shop.synced_at = now
    if found:
        _named(shop, found)
    if trouble is None:
        if shop.trouble:
            await _journal(session, "shop.recovered", shop, now, PROGRAM)
        shop.trouble = shop.troubled_since = shop.told_at = None
    else:
        if shop.trouble is None:
            shop.troubled_since = now
            await _journal(session, "shop.troubled", shop, now, PROGRAM, trouble=trouble)
        shop.trouble = trouble
        if shop.told_at is None and now - (shop.troubled_since or now) >= rules.patience(trouble):
            shop.told_at = now
            await _tell_owners(session, shop, now)
    await session.flush()


async def _tell_owners(session: AsyncSession, shop: Shop, now: datetime) -> None:
    owners = (
        sa.select(Person.id, Person.language)
        .join(StaffRole, StaffRole.person_id == Person.id)
        .where(StaffRole.partner_id == shop.partner_id, StaffRole.role == Role.OWNER)
    )
    for person_id, language in await session.execute(owners):
        mail = {"kind": "shop_troubled", "shop_id": shop.id, "person_id": person_id}
        session.add(Delivery(**mail, language=language, due_at=now, created_at=now))


async def _sooner(session: AsyncSession, shop: Shop, now: datetime) -> None:
    soon = now if shop.began_at is None else max(now, shop.began_at + rules.CALLED_EVERY)
    moved = sa.update(table(Shop)).where(Shop.id == shop.id, Shop.sync_at > soon).values(sync_at=soon)
    await session.execute(moved)


async def _forget(session: AsyncSession, shop: Shop) -> None:
    await session.flush()
    for kind in (ShopCode, Supply):
        await session.execute(sa.delete(table(kind)).where(kind.shop_id == shop.id))
    await session.execute(sa.delete(table(Shop)).where(Shop.id == shop.id))
    session.expunge(shop)


def _named(shop: Shop, found: ShopEvent) -> None:
    """What it says of itself is text like any other that somebody types: on one line, and no longer than it needs."""
    shop.name, shop.currency = clean_line(words(found.name))[:200], clean_line(found.currency)[:3]
    shop.public_url = clean_line(found.public_url)[:2000] if found.public_url else None


def _of(event_id: UUID) -> sa.Select[Shop]:
    return sa.select(Shop).where(Shop.event_id == event_id).execution_options(populate_existing=True)


def _due(now: datetime) -> Sequence[sa.ColumnElement[bool]]:
    return Shop.sync_at <= now, sa.or_(Shop.leased_until.is_(None), Shop.leased_until <= now)


async def _journal(session: AsyncSession, verb: str, shop: Shop, now: datetime, by: Actor, **facts: object) -> None:
    await journal.record(
        session, verb, shop.id, at=now, by=by, partner=shop.partner_id, event=shop.event_id, facts=facts
    )
