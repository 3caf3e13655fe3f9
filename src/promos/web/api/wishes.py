"""Wishes for more passes: asked by editors and a partner's people, decided by the partner's owners."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import wishes
from promos.models import PromoCode, Wish
from promos.queries import pages
from promos.rules.people import Actor, Role, Scope
from promos.rules.refusals import NotFound
from promos.web.access import allows
from promos.web.given import Reads, Writes

ASKED_BY = (Role.ADMIN, Role.EDITOR, Role.OWNER, Role.MEMBER)
DECIDED_BY = (Role.ADMIN, Role.OWNER)
State = Literal["open", "approved", "declined", "withdrawn", "overtaken"]


class NewWish(msgspec.Struct, forbid_unknown_fields=True):
    """`publication_id`: its editor asks for its readers; without one, somebody of the partner. `passes`: more than now;
    without a number, a quarter of what there was, five at least."""

    code: str
    publication_id: UUID | None = None
    passes: int | None = None
    why: str | None = None


class Granting(msgspec.Struct, forbid_unknown_fields=True):
    """`passes`: fewer than were asked for."""

    passes: int | None = None


class Declining(msgspec.Struct, forbid_unknown_fields=True):
    why: str | None = None


class WishSeen(msgspec.Struct):
    """`allotment_id`: what is raised, where the code draws on one there; else its own limit is, or the offer's.
    `limit`: that was in force then. `given`: passes, of one that was approved. `answer`: why not."""

    id: UUID
    partner_id: UUID
    event_id: UUID
    offer_id: UUID
    code: str
    allotment_id: UUID | None
    publication_id: UUID | None
    passes: int
    limit: int
    why: str | None
    state: State
    given: int | None
    answer: str | None
    created_at: datetime
    expires_at: datetime
    settled_at: datetime | None


class WishesSeen(msgspec.Struct):
    items: list[WishSeen]
    next: str | None


async def seen(session: AsyncSession, *found: Wish) -> list[WishSeen]:
    of = sa.select(PromoCode.id, PromoCode.spelled).where(PromoCode.id.in_({wish.code_id for wish in found}))
    codes = {row.id: row.spelled for row in await session.execute(of)}
    names = [name for name in WishSeen.__struct_fields__ if name != "code"]
    return [
        msgspec.convert({name: getattr(wish, name) for name in names} | {"code": codes[wish.code_id]}, WishSeen)
        for wish in found
    ]


@post("/wishes", status_code=201, opt=allows(*ASKED_BY, scope=Scope.WRITE), operation_id="askForPasses")
async def ask(
    data: JSONBody[NewWish], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[WishSeen]:
    """Ask for more passes with a code; while one is open for the same, that one is the answer."""

    async def effect(session: AsyncSession, now: datetime) -> WishSeen:
        wish, _ = await wishes.ask(
            session,
            data.code,
            publication_id=data.publication_id,
            passes=data.passes,
            why=data.why,
            now=now,
            by=actor,
        )
        return (await seen(session, wish))[0]

    return await writes.answer(effect, status=201)


@get("/wishes", opt=allows(*ASKED_BY, scope=Scope.READ), operation_id="listWishes")
async def list_wishes(
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    in_state: Annotated[State | None, QueryParameter(name="state")] = None,
    cursor: FromQuery[str | None] = None,
    size: FromQuery[int] = 50,
) -> WishesSeen:
    """A partner's, about its own offers; an editor's, of the own publications."""
    statement = sa.select(Wish).where(Wish.visible_to(actor))
    if in_state:
        statement = statement.where(Wish.state == in_state)
    async with reads() as session:
        rows, following = await pages.page(session, statement, Wish.id, cursor, size)
        return WishesSeen(await seen(session, *rows), following)


@get("/wishes/{id:uuid}", opt=allows(*ASKED_BY, scope=Scope.READ), operation_id="getWish")
async def get_wish(id: FromPath[UUID], reads: NamedDependency[Reads], actor: NamedDependency[Actor]) -> WishSeen:
    async with reads() as session:
        wish = await session.scalar(sa.select(Wish).where(Wish.id == id, Wish.visible_to(actor)))
        if wish is None:
            raise NotFound("wish")
        return (await seen(session, wish))[0]


@post(
    "/wishes/{id:uuid}/approve", status_code=200, opt=allows(*DECIDED_BY, scope=Scope.WRITE), operation_id="grantWish"
)
async def approve(
    id: FromPath[UUID],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    data: JSONBody[Granting | None] = None,
) -> Response[WishSeen]:
    """Say yes: the limit is raised, once, and who waits is served first. Overtaken, if there is nothing to raise."""

    async def effect(session: AsyncSession, now: datetime) -> WishSeen:
        passes = data.passes if data else None
        return (await seen(session, await wishes.approve(session, id, passes=passes, now=now, by=actor)))[0]

    return await writes.answer(effect)


@post(
    "/wishes/{id:uuid}/decline", status_code=200, opt=allows(*DECIDED_BY, scope=Scope.WRITE), operation_id="declineWish"
)
async def decline(
    id: FromPath[UUID],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    data: JSONBody[Declining | None] = None,
) -> Response[WishSeen]:
    """Say no, and perhaps why."""

    async def effect(session: AsyncSession, now: datetime) -> WishSeen:
        why = data.why if data else None
        return (await seen(session, await wishes.decline(session, id, why, now=now, by=actor)))[0]

    return await writes.answer(effect)


@post(
    "/wishes/{id:uuid}/withdraw", status_code=200, opt=allows(*ASKED_BY, scope=Scope.WRITE), operation_id="withdrawWish"
)
async def withdraw(
    id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[WishSeen]:
    """Ask no longer; for who speaks for the side that asked."""

    async def effect(session: AsyncSession, now: datetime) -> WishSeen:
        return (await seen(session, await wishes.withdraw(session, id, now=now, by=actor)))[0]

    return await writes.answer(effect)


HANDLERS: list[Any] = [ask, list_wishes, get_wish, approve, decline, withdraw]
