"""Events, pass types, offers and codes are put away and brought back; a draft that nobody saw is deleted."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Response, delete, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import archives, codes
from promos.actions.archives import Kept
from promos.models import Event, Offer, PassType, PromoCode
from promos.rules.people import Actor, Role, Scope
from promos.web.access import allows
from promos.web.api import codes as code_api
from promos.web.api import events, offers, pass_types
from promos.web.api.codes import CodeSeen
from promos.web.api.events import EventSeen
from promos.web.api.offers import OfferSeen
from promos.web.api.pass_types import PassTypeSeen
from promos.web.given import Writes

WRITE = allows(Role.ADMIN, Role.OWNER, Role.MEMBER, scope=Scope.WRITE)
Verb = Callable[..., Awaitable[Kept]]


@post("/events/{id:uuid}/archive", status_code=200, opt=WRITE, operation_id="archiveEvent")
async def archive_event(
    id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[EventSeen]:
    """Put an event away: out of the lists, as it is. Codes that work are paused before, or ended."""
    return await _event(archives.archive, id, writes, actor)


@post("/events/{id:uuid}/restore", status_code=200, opt=WRITE, operation_id="restoreEvent")
async def restore_event(
    id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[EventSeen]:
    """Bring an event back, as it was."""
    return await _event(archives.restore, id, writes, actor)


@delete("/events/{id:uuid}", status_code=200, opt=WRITE, operation_id="deleteEvent")
async def delete_event(
    id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[EventSeen]:
    """Delete an event with all below it, if no reader saw any of its codes; else it can only be archived."""
    return await _event(archives.delete, id, writes, actor)


@post("/pass-types/{id:uuid}/archive", status_code=200, opt=WRITE, operation_id="archivePassType")
async def archive_pass_type(
    id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[PassTypeSeen]:
    """Put a pass type away."""
    return await _pass_type(archives.archive, id, writes, actor)


@post("/pass-types/{id:uuid}/restore", status_code=200, opt=WRITE, operation_id="restorePassType")
async def restore_pass_type(
    id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[PassTypeSeen]:
    """Bring a pass type back."""
    return await _pass_type(archives.restore, id, writes, actor)


@delete("/pass-types/{id:uuid}", status_code=200, opt=WRITE, operation_id="deletePassType")
async def delete_pass_type(
    id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[PassTypeSeen]:
    """Delete a pass type with its offers, if no reader saw any of their codes."""
    return await _pass_type(archives.delete, id, writes, actor)


@post("/offers/{id:uuid}/archive", status_code=200, opt=WRITE, operation_id="archiveOffer")
async def archive_offer(
    id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[OfferSeen]:
    """Put an offer away."""
    return await _offer(archives.archive, id, writes, actor)


@post("/offers/{id:uuid}/restore", status_code=200, opt=WRITE, operation_id="restoreOffer")
async def restore_offer(
    id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[OfferSeen]:
    """Bring an offer back."""
    return await _offer(archives.restore, id, writes, actor)


@delete("/offers/{id:uuid}", status_code=200, opt=WRITE, operation_id="deleteOffer")
async def delete_offer(
    id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[OfferSeen]:
    """Delete an offer with its codes, if no reader saw any of them."""
    return await _offer(archives.delete, id, writes, actor)


@post("/codes/{code:str}/archive", status_code=200, opt=WRITE, operation_id="archiveCode")
async def archive_code(
    code: FromPath[str], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[CodeSeen]:
    """Put a code away; its text is never given to another offer."""
    return await _code(archives.archive, code, writes, actor)


@post("/codes/{code:str}/restore", status_code=200, opt=WRITE, operation_id="restoreCode")
async def restore_code(
    code: FromPath[str], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[CodeSeen]:
    """Bring a code back, paused or revoked as it was."""
    return await _code(archives.restore, code, writes, actor)


@delete("/codes/{code:str}", status_code=200, opt=WRITE, operation_id="deleteCode")
async def delete_code(
    code: FromPath[str], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[CodeSeen]:
    """Delete a code that nobody looked at and no issue shows; its text is free again."""
    return await _code(archives.delete, code, writes, actor)


async def _event(verb: Verb, id: UUID, writes: Writes, actor: Actor) -> Response[EventSeen]:
    async def effect(session: AsyncSession, now: datetime) -> EventSeen:
        return events.seen(await verb(session, Event, id, now=now, by=actor))  # type: ignore[arg-type]

    return await writes.answer(effect)


async def _pass_type(verb: Verb, id: UUID, writes: Writes, actor: Actor) -> Response[PassTypeSeen]:
    async def effect(session: AsyncSession, now: datetime) -> PassTypeSeen:
        return pass_types.seen(await verb(session, PassType, id, now=now, by=actor))  # type: ignore[arg-type]

    return await writes.answer(effect)


async def _offer(verb: Verb, id: UUID, writes: Writes, actor: Actor) -> Response[OfferSeen]:
    async def effect(session: AsyncSession, now: datetime) -> OfferSeen:
        row: Any = await verb(session, Offer, id, now=now, by=actor)
        return (await offers.seen(session, row, by=actor))[0]

    return await writes.answer(effect)


async def _code(verb: Verb, text: str, writes: Writes, actor: Actor) -> Response[CodeSeen]:
    async def effect(session: AsyncSession, now: datetime) -> CodeSeen:
        code_id = await codes.mine(session, text, actor)
        return code_api.seen(await verb(session, PromoCode, code_id, now=now, by=actor))  # type: ignore[arg-type]

    return await writes.answer(effect)


HANDLERS: list[Any] = [
    *(archive_event, restore_event, delete_event),
    *(archive_pass_type, restore_pass_type, delete_pass_type),
    *(archive_offer, restore_offer, delete_offer),
    *(archive_code, restore_code, delete_code),
]
