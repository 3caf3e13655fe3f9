"""A partner's endpoints: where its programs are told of what happens, and what became of each message."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import endpoints
from promos.announcing import Announcing
from promos.models import Endpoint
from promos.queries import pages
from promos.queries import webhooks as queries
from promos.rendering.language import Language
from promos.rules import webhooks as rules
from promos.rules.language import N_
from promos.rules.people import Actor, Role
from promos.rules.refusals import EndpointAddressRefused, Refusal
from promos.settings import Keys
from promos.web.access import fresh
from promos.web.given import Reads, Writes
from promos.web.pages import lists
from promos.web.pages.lists import Filter, told
from promos.web.pages.partner.desk import partners_of
from promos.web.pages.partner.team import READ, WRITE
from promos.web.pages.show import go, language_of, page
from promos.web.pages.typed import TO_MEND, Typed, to_mend

FIELDS = ("url", "description")
SHOWN = 20  # messages on a page
MESSAGES = {
    "": N_("all"),
    "pending": N_("waiting"),
    "delivered": N_("delivered"),
    "dead": N_("never arrived"),
}


@get("/partner/endpoints", opt=READ)
async def choose(
    request: Request[Any, Any, Any], reads: NamedDependency[Reads], actor: NamedDependency[Actor]
) -> Response[Any]:
    """The partners whose endpoints this is to decide about; the only one is opened at once."""
    async with reads() as session:
        partners = await partners_of(session, actor, Role.OWNER)
    if len(partners) == 1:
        return go(f"/partner/endpoints/of/{partners[0].id}")
    return page(request, "partner/endpoints_of.html", partners=partners)


@get("/partner/endpoints/of/{partner_id:uuid}", opt=READ)
async def list_page(
    request: Request[Any, Any, Any],
    partner_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[str]:
    return await _listed(request, reads, partner_id, actor, Typed({}), {})


@post("/partner/endpoints/of/{partner_id:uuid}", opt=fresh(WRITE), status_code=200)
async def create(
    request: Request[Any, Any, Any],
    partner_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
    state: State,
) -> Response[Any]:
    """The secret is on this one page and nowhere else."""
    announcing: Announcing = state.announcing
    typed = await Typed.of(request)
    given: Any = typed.shown(FIELDS)

    async def effect(session: AsyncSession, now: datetime) -> tuple[Endpoint, UUID]:
        return await endpoints.create(
            session, partner_id, types=typed.all("types"), **given, keys=keys, now=now, by=actor
        )

    try:
        await announcing.check(typed.text("url"))
        made, secret_id = await writes.run(effect)
    except TO_MEND as refusal:
        errors, status = _to_mend(refusal, language_of(request))
        return await _listed(request, reads, partner_id, actor, typed, errors, status=status)
    return _secret_page(request, made, endpoints.secret(secret_id, keys))


@get("/partner/endpoints/{endpoint_id:uuid}", opt=READ)
async def one_page(
    request: Request[Any, Any, Any],
    endpoint_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
) -> Response[str]:
    return await _one(request, reads, endpoint_id, actor, now)


@post("/partner/endpoints/{endpoint_id:uuid}", opt=WRITE)
async def change(
    request: Request[Any, Any, Any],
    endpoint_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
    state: State,
) -> Response[Any]:
    announcing: Announcing = state.announcing
    typed = await Typed.of(request)
    given: Any = typed.shown(FIELDS)

    async def effect(session: AsyncSession, now: datetime) -> None:
        await endpoints.change(session, endpoint_id, types=typed.all("types"), **given, now=now, by=actor)

    try:
        await announcing.check(typed.text("url"))
        await writes.run(effect)
    except TO_MEND as refusal:
        errors, status = _to_mend(refusal, language_of(request))
        return await _one(request, reads, endpoint_id, actor, now, typed, errors, status=status)
    return go(f"/partner/endpoints/{endpoint_id}", "saved")


@post("/partner/endpoints/{endpoint_id:uuid}/secret", opt=fresh(WRITE), status_code=200)
async def renew_secret(
    request: Request[Any, Any, Any],
    endpoint_id: FromPath[UUID],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
) -> Response[str]:
    async def effect(session: AsyncSession, now: datetime) -> tuple[Endpoint, UUID]:
        return await endpoints.rotate(session, endpoint_id, keys=keys, now=now, by=actor)

    endpoint, secret_id = await writes.run(effect)
    return _secret_page(request, endpoint, endpoints.secret(secret_id, keys))


@post("/partner/endpoints/{endpoint_id:uuid}/disable", opt=WRITE)
async def disable(
    endpoint_id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[Any]:
    return await _done(writes, endpoints.disable, endpoint_id, actor, "saved")


@post("/partner/endpoints/{endpoint_id:uuid}/enable", opt=WRITE)
async def enable(
    endpoint_id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[Any]:
    return await _done(writes, endpoints.enable, endpoint_id, actor, "saved")


@post("/partner/endpoints/{endpoint_id:uuid}/test", opt=WRITE)
async def test(
    endpoint_id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[Any]:
    return await _done(writes, endpoints.test, endpoint_id, actor, "sending")


@post("/partner/endpoints/{endpoint_id:uuid}/send", opt=WRITE)
async def send_again(
    request: Request[Any, Any, Any],
    endpoint_id: FromPath[UUID],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """One message, or all that never arrived."""
    chosen = (await Typed.of(request)).text("message")
    message_id = rules.read_message_id(chosen) if chosen else None

    async def effect(session: AsyncSession, now: datetime) -> None:
        await endpoints.again(session, endpoint_id, message_id=message_id, now=now, by=actor)

    await writes.run(effect)
    return go(f"/partner/endpoints/{endpoint_id}", "sending")


@post("/partner/endpoints/{endpoint_id:uuid}/remove", opt=WRITE)
async def remove(
    endpoint_id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[Any]:
    async def effect(session: AsyncSession, now: datetime) -> UUID:
        endpoint = await endpoints.locked(session, endpoint_id, actor)
        await endpoints.remove(session, endpoint_id, now=now, by=actor)
        return endpoint.partner_id

    return go(f"/partner/endpoints/of/{await writes.run(effect)}", "removed")


async def _done(
    writes: Writes, verb: Callable[..., Awaitable[Any]], endpoint_id: UUID, actor: Actor, told: str
) -> Response[Any]:
    async def effect(session: AsyncSession, now: datetime) -> None:
        await verb(session, endpoint_id, now=now, by=actor)

    await writes.run(effect)
    return go(f"/partner/endpoints/{endpoint_id}", told)


async def _listed(
    request: Request[Any, Any, Any],
    reads: Reads,
    partner_id: UUID,
    actor: Actor,
    typed: Typed,
    errors: dict[str, str],
    *,
    status: int = 200,
) -> Response[str]:
    async with reads() as session:
        partner = await queries.led(session, partner_id, actor)
        listed = lists.listed(request, queries.ENDPOINTS, path=f"/partner/endpoints/of/{partner_id}", size=pages.MOST)
        found, _ = await pages.listed(session, queries.of_partner(partner_id, actor), listed.by, listed.asked)
        standing = await queries.standing(session, [each.id for each in found])
        has_many = len(await partners_of(session, actor, Role.OWNER)) > 1
    chosen = typed.all("types") if errors else rules.TYPES
    return page(
        request,
        "partner/endpoints.html",
        status=status,
        partner=partner,
        found=found,
        list=listed,
        standing=standing,
        typed=typed.shown(FIELDS),
        errors=errors,
        types=_types(language_of(request)),
        chosen=chosen,
        has_many=has_many,
        is_full=len(found) >= endpoints.MOST and not listed.is_narrowed,
    )


async def _one(
    request: Request[Any, Any, Any],
    reads: Reads,
    endpoint_id: UUID,
    actor: Actor,
    now: datetime,
    typed: Typed | None = None,
    errors: dict[str, str] | None = None,
    *,
    status: int = 200,
) -> Response[str]:
    language = language_of(request)
    only = Filter("only", language.gettext(N_("State")), told(language, MESSAGES))
    listed = lists.listed(
        request,
        queries.MESSAGES,
        only,
        path=f"/partner/endpoints/{endpoint_id}",
        anchor="messages",
        size=SHOWN,
    )
    async with reads() as session:
        endpoint = await queries.endpoint(session, endpoint_id, actor)
        statement = queries.messages(endpoint_id, actor, state=listed.chosen["only"] or None)
        found, listed.following = await pages.listed(session, statement, listed.by, listed.asked)
        tries = await queries.attempts(session, [each.id for each in found])
        standing = (await queries.standing(session, [endpoint_id]))[endpoint_id]
        secrets = [
            each for each in await queries.secrets(session, endpoint_id) if not each.ends_at or each.ends_at > now
        ]
    return page(
        request,
        "partner/endpoint.html",
        status=status,
        endpoint=endpoint,
        why=language.gettext(rules.WHY[endpoint.why]) if endpoint.why else "",
        found=found,
        tries=tries,
        standing=standing,
        secrets=secrets,
        typed=typed.shown(FIELDS) if typed else {"url": endpoint.url, "description": endpoint.description},
        errors=errors or {},
        types=_types(language),
        chosen=typed.all("types") if typed else endpoint.types,
        list=listed,
        message_id=rules.message_id,
    )


def _secret_page(request: Request[Any, Any, Any], endpoint: Endpoint, secret: str) -> Response[str]:
    return page(request, "partner/endpoint_secret.html", endpoint=endpoint, secret=secret)


def _to_mend(refusal: Refusal, language: Language) -> tuple[dict[str, str], int]:
    return to_mend(refusal, language, fields={EndpointAddressRefused: "url"})


def _types(language: Language) -> list[tuple[str, str]]:
    return [(name, language.gettext(rules.WORDS[name])) for name in rules.TYPES]


HANDLERS: list[Any] = [
    choose,
    list_page,
    create,
    one_page,
    change,
    renew_secret,
    disable,
    enable,
    test,
    send_again,
    remove,
]
