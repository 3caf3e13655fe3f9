"""Endpoints: where a partner's programs are told of what happens, by the Standard Webhooks specification."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, UnsetType
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import endpoints
from promos.announcing import Announcing
from promos.models import Endpoint
from promos.queries import pages
from promos.queries import webhooks as queries
from promos.rules import webhooks as rules
from promos.rules.finding import asked
from promos.rules.people import Actor, Scope
from promos.settings import Keys
from promos.web.access import allows
from promos.web.api.bodies import told
from promos.web.api.tokens import HEADS
from promos.web.given import Reads, Writes

READ, WRITE = allows(*HEADS, scope=Scope.READ), allows(*HEADS, scope=Scope.WRITE)
MessageState = Literal["pending", "delivered", "dead"]
Type = Literal[
    "redemption.confirmed",
    "redemption.cancelled",
    "redemption.held",
    "redemption.expired",
    "pass.checked_in",
    "pass.handed_on",
    "code.exhausted",
    "code.almost_exhausted",
    "code.ending",
    "code.paused",
    "waitlist.joined",
    "issue.published",
]


class NewEndpoint(msgspec.Struct, forbid_unknown_fields=True):
    """`types`: what it is told of; without any, everything."""

    url: str
    types: list[Type] | None = None
    description: str | None = None


class EndpointChanges(msgspec.Struct, forbid_unknown_fields=True):
    url: str | UnsetType = UNSET
    types: list[Type] | UnsetType = UNSET
    description: str | UnsetType | None = UNSET


class EndpointSeen(msgspec.Struct):
    """`why` a disabled one is: `asked`, `gone` (it answered 410), `failing` or `secret_lost`."""

    id: UUID
    partner_id: UUID
    url: str
    description: str
    types: list[Type]
    state: Literal["active", "disabled"]
    why: str | None
    failing_since: datetime | None
    created_at: datetime


class EndpointMade(EndpointSeen):
    """`secret` is shown here and nowhere else: `whsec_…`."""

    secret: str


class EndpointsSeen(msgspec.Struct):
    items: list[EndpointSeen]
    next: str | None


class AttemptSeen(msgspec.Struct):
    """No `status`: no answer came. `said`: the beginning of it."""

    at: datetime
    status: int | None
    said: str
    seconds: float


class MessageSeen(msgspec.Struct):
    """`id` is the webhook-id, the same at every try. `body`: what is sent, as it is sent."""

    id: str
    type: str
    state: MessageState
    body: str
    created_at: datetime
    due_at: datetime
    tries: list[AttemptSeen]


class MessagesSeen(msgspec.Struct):
    items: list[MessageSeen]
    next: str | None


class Missed(msgspec.Struct, forbid_unknown_fields=True):
    """When the messages were written that never arrived; without a beginning or an end, all of them."""

    since: datetime | None = None
    until: datetime | None = None


class SentAgain(msgspec.Struct):
    messages: int


def seen(endpoint: Endpoint) -> EndpointSeen:
    return msgspec.convert(endpoint, EndpointSeen, from_attributes=True)


@post("/partners/{id:uuid}/endpoints", status_code=201, opt=WRITE, operation_id="createEndpoint")
async def create(
    id: FromPath[UUID],
    data: JSONBody[NewEndpoint],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
    state: State,
) -> Response[EndpointMade]:
    """Have a program told of what happens. Only this answer, and a repeat under its Idempotency-Key, has the secret."""
    announcing: Announcing = state.announcing
    await announcing.check(data.url)

    async def effect(session: AsyncSession, now: datetime) -> dict[str, Any]:
        wanted = rules.TYPES if data.types is None else data.types
        made, secret_id = await endpoints.create(
            session, id, url=data.url, types=wanted, description=data.description, keys=keys, now=now, by=actor
        )
        return {"secret_id": str(secret_id), **msgspec.to_builtins(seen(made))}

    return await writes.answer(effect, status=201, show=_with_secret(keys))


@get("/partners/{id:uuid}/endpoints", opt=READ, operation_id="listEndpoints")
async def list_endpoints(
    id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    q: FromQuery[str | None] = None,
    sort: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
    size: FromQuery[int] = 50,
) -> EndpointsSeen:
    """Never a secret."""
    async with reads() as session:
        rows, following = await pages.listed(
            session, queries.of_partner(id, actor), queries.ENDPOINTS, asked(q, sort, cursor, size)
        )
        if not rows:
            await queries.led(session, id, actor)
    return EndpointsSeen([seen(row) for row in rows], following)


@get("/endpoints/{id:uuid}", opt=READ, operation_id="getEndpoint")
async def get_endpoint(
    id: FromPath[UUID], reads: NamedDependency[Reads], actor: NamedDependency[Actor]
) -> EndpointSeen:
    async with reads() as session:
        return seen(await queries.endpoint(session, id, actor))


@patch("/endpoints/{id:uuid}", opt=WRITE, operation_id="changeEndpoint")
async def change(
    id: FromPath[UUID],
    data: JSONBody[EndpointChanges],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    state: State,
) -> Response[EndpointSeen]:
    if isinstance(data.url, str):
        announcing: Announcing = state.announcing
        await announcing.check(data.url)

    async def effect(session: AsyncSession, now: datetime) -> EndpointSeen:
        return seen(await endpoints.change(session, id, now=now, by=actor, **told(data)))

    return await writes.answer(effect)


@delete("/endpoints/{id:uuid}", status_code=204, opt=WRITE, operation_id="removeEndpoint")
async def remove(id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]) -> None:
    """Forget it. What it was still owed is not sent."""

    async def effect(session: AsyncSession, now: datetime) -> None:
        await endpoints.remove(session, id, now=now, by=actor)

    await writes.run(effect)


@post("/endpoints/{id:uuid}/disable", status_code=200, opt=WRITE, operation_id="disableEndpoint")
async def disable(
    id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[EndpointSeen]:
    """Tell it nothing more. Again: 200 and the same."""

    async def effect(session: AsyncSession, now: datetime) -> EndpointSeen:
        return seen(await endpoints.disable(session, id, now=now, by=actor))

    return await writes.answer(effect)


@post("/endpoints/{id:uuid}/enable", status_code=200, opt=WRITE, operation_id="enableEndpoint")
async def enable(
    id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[EndpointSeen]:
    """Tell it of what happens from now on; what it missed is sent again when asked for."""

    async def effect(session: AsyncSession, now: datetime) -> EndpointSeen:
        return seen(await endpoints.enable(session, id, now=now, by=actor))

    return await writes.answer(effect)


@post("/endpoints/{id:uuid}/secret", status_code=201, opt=WRITE, operation_id="renewEndpointSecret")
async def renew_secret(
    id: FromPath[UUID],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
) -> Response[EndpointMade]:
    """A new secret. The one before signs beside it for 24 hours."""

    async def effect(session: AsyncSession, now: datetime) -> dict[str, Any]:
        endpoint, secret_id = await endpoints.rotate(session, id, keys=keys, now=now, by=actor)
        return {"secret_id": str(secret_id), **msgspec.to_builtins(seen(endpoint))}

    return await writes.answer(effect, status=201, show=_with_secret(keys))


@post("/endpoints/{id:uuid}/test", status_code=202, opt=WRITE, operation_id="testEndpoint")
async def test(
    id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[dict[str, str]]:
    """Send a `webhook.test` that tells of nothing; its id."""

    async def effect(session: AsyncSession, now: datetime) -> dict[str, str]:
        return {"id": rules.message_id(await endpoints.test(session, id, now=now, by=actor))}

    return await writes.answer(effect, status=202)


@get("/endpoints/{id:uuid}/messages", opt=READ, operation_id="listMessages")
async def list_messages(
    id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    only: FromQuery[MessageState | None] = None,
    q: FromQuery[str | None] = None,
    sort: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
    size: FromQuery[int] = 50,
) -> MessagesSeen:
    """What it was told and how that went, the newest first, for 30 days. `q`: of the type. `sort`: type, made."""
    async with reads() as session:
        statement = queries.messages(id, actor, state=only)
        rows, following = await pages.listed(session, statement, queries.MESSAGES, asked(q, sort, cursor, size))
        if not rows:
            await queries.endpoint(session, id, actor)
        tries = await queries.attempts(session, [row.id for row in rows])
    return MessagesSeen(
        [
            MessageSeen(
                rules.message_id(row.id),
                row.type,
                row.state,
                row.body,
                row.created_at,
                row.due_at,
                [msgspec.convert(each, AttemptSeen, from_attributes=True) for each in tries[row.id]],
            )
            for row in rows
        ],
        following,
    )


@post("/endpoints/{id:uuid}/messages/{message:str}/send", status_code=202, opt=WRITE, operation_id="sendMessageAgain")
async def send_again(
    id: FromPath[UUID], message: FromPath[str], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[SentAgain]:
    """Send one message again, with the same id, whatever became of it."""
    message_id = rules.read_message_id(message)

    async def effect(session: AsyncSession, now: datetime) -> SentAgain:
        return SentAgain(await endpoints.again(session, id, message_id=message_id, now=now, by=actor))

    return await writes.answer(effect, status=202)


@post("/endpoints/{id:uuid}/send", status_code=202, opt=WRITE, operation_id="sendMissedAgain")
async def send_missed(
    id: FromPath[UUID], data: JSONBody[Missed], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[SentAgain]:
    """Send everything again that never arrived; 10 000 at most, so ask again until it is 0."""

    async def effect(session: AsyncSession, now: datetime) -> SentAgain:
        number = await endpoints.again(session, id, since=data.since, until=data.until, now=now, by=actor)
        return SentAgain(number)

    return await writes.answer(effect, status=202)


def _with_secret(keys: Keys) -> Any:
    def show(document: dict[str, Any]) -> dict[str, Any]:
        secret_id = UUID(document["secret_id"])
        return {name: value for name, value in document.items() if name != "secret_id"} | {
            "secret": endpoints.secret(secret_id, keys)
        }

    return show


HANDLERS: list[Any] = [
    create,
    list_endpoints,
    get_endpoint,
    change,
    remove,
    disable,
    enable,
    renew_secret,
    test,
    list_messages,
    send_again,
    send_missed,
]
