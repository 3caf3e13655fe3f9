"""What a handler is given: who asks, the time, the ways into the database, the house's keys."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from hmac import HMAC
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from litestar import Request, Response
from litestar.datastructures import State
from litestar.di import Provide
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import claims, holds, idempotency
from promos.actions.idempotency import Keyed, Stored
from promos.actions.locks import LimitsMoved
from promos.database import RETRIES, Database, is_busy, is_lost, may_retry
from promos.group_commit import GroupCommit
from promos.models import IdempotencyRecord
from promos.queries.together import Together
from promos.rules import signing
from promos.rules.people import Actor
from promos.rules.refusals import OutcomeUnknown, Overloaded, Refusal
from promos.settings import Keys, Settings

T = TypeVar("T")
PAUSE = 0.05  # seconds before a busy database is asked again
Asked = Request[Actor, Any, State]
Effect = Callable[[AsyncSession, datetime], Awaitable[T]]
Show = Callable[[Any], Any]
Pressed = Together[str, claims.Found]


class Writes:
    """The one way of a request into the database to change something.

    `run` gives an effect its transaction: returning commits, raising rolls back, and lost races are run again.
    `answer` does so for the API, once for each Idempotency-Key.
    """

    def __init__(self, request: Asked) -> None:
        self._request = request
        self._keys: Keys = request.app.state["keys"]
        self._database: Database = request.app.state.database
        self._clock: Callable[[], datetime] = request.app.state.clock
        self._patience: float = request.app.state.settings.batch_wait  # seconds
        self._reach = reach(request)

    async def run(self, effect: Effect[T]) -> T:
        """What `effect` returns, committed; a busy database is waited for, as long as a batch would.

        Raises its refusals, `Overloaded` if it stays busy, and `OutcomeUnknown` if the database went away.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience
        attempt = 0
        overdue: Collection[UUID] = ()
        while True:
            try:
                await holds.clear(self._database, overdue, self._clock, self._reach)
                async with self._database.writing(self._reach) as session:
                    return await effect(session, self._clock())
            except Refusal:
                raise
            except Exception as error:
                attempt += 1
                overdue = error.events if isinstance(error, LimitsMoved) else ()
                if is_busy(error):  # nothing was done
                    if loop.time() >= until:
                        raise Overloaded(max(1, round(self._patience / 2))) from None
                    await asyncio.sleep(PAUSE)
                    continue
                if (may_retry(error) or isinstance(error, LimitsMoved)) and attempt <= RETRIES:
                    continue
                if isinstance(error, LimitsMoved):
                    raise Overloaded(1) from None
                if is_lost(error):
                    raise OutcomeUnknown from None
                raise

    async def answer(
        self, effect: Effect[Any], *, status: int = 200, show: Show = lambda document: document
    ) -> Response[Any]:
        """The effect's document as JSON. `show` adds what is never stored (links, secrets), on a repeat as well."""
        key = await self.key()

        async def once(session: AsyncSession, now: datetime) -> Stored:
            if key and (before := (await idempotency.answered(session, [key])).get(key)):
                if isinstance(before, Refusal):
                    raise before
                return before
            document = msgspec.to_builtins(await effect(session, now))
            if key:
                await idempotency.store(session, [(key, status, document)], now=now)
            return Stored(-status, document)

        try:
            stored = await self.run(once)
        except IntegrityError as error:
            if key is None or IdempotencyRecord.__tablename__ not in str(error.orig):
                raise
            stored = await self.run(once)  # the same key was used this very moment, and its answer is there now
        return answered(stored, show)

    async def key(self, mark: HMAC | None = None) -> Keyed | None:
        """This request's Idempotency-Key, if it has one. `mark`: of the request, where its body was read already."""
        header = self._request.headers.get("Idempotency-Key")
        if header is None:
            return None
        mark = mark or self.mark(await self._request.body())
        actor, secret = self._request.user, self._keys.reader
        peer = signing.bucket(secret, "idempotency", network(self._request))
        return idempotency.keyed(
            f"{actor.kind}:{actor.id}" if actor.is_known else f"anonymous:{peer}", header, mark.hexdigest()
        )

    def mark(self, body: bytes = b"") -> HMAC:
        """What tells this request from others, for a body that comes in pieces."""
        url = self._request.url
        return signing.request_mark(self._keys.reader, self._request.method, f"{url.path}?{url.query}", body)


def answered(stored: Stored, show: Show = lambda document: document) -> Response[Any]:
    """A stored answer, or (status below zero) one given for the first time."""
    headers = {} if stored.status < 0 else {"Idempotent-Replayed": "true"}
    return Response(show(stored.document), status_code=abs(stored.status), headers=headers)


def network(request: Request[Any, Any, Any]) -> str:
    """The address that asks: the socket's peer, or what a configured proxy says of it."""
    peer = request.client.host if request.client else "unknown"
    trusted = [proxy.strip() for proxy in request.app.state.settings.trusted_proxies.split(",") if proxy.strip()]
    if peer in trusted and (forwarded := request.headers.get("X-Forwarded-For")):
        return forwarded.rsplit(",", 1)[-1].strip()[:64]
    return peer


class Reads:
    """`async with reads() as session`: a session that reads; on SQLite it could not write if it wanted to."""

    def __init__(self, database: Database, of: frozenset[UUID] | None) -> None:
        self._database, self._of = database, of

    def __call__(self) -> AbstractAsyncContextManager[AsyncSession]:
        return self._database.reading(self._of)


def reach(request: Request[Any, Any, Any]) -> frozenset[UUID] | None:
    """The partners to whose rows a request is confined; what anyone may ask for is about everybody's."""
    actor: Actor = request.user
    return actor.reach if request.route_handler.opt["allows"]["roles"] else None


def provide_reads(request: Request[Any, Any, Any]) -> Reads:
    return Reads(request.app.state.database, reach(request))


def provide_writes(request: Request[Any, Any, Any]) -> Writes:
    return Writes(request)


def provide_actor(request: Request[Any, Any, Any]) -> Actor:
    actor: Actor = request.user
    return actor


def provide_now(state: State) -> datetime:
    clock: Callable[[], datetime] = state.clock
    return clock()


def provide_pressed(state: State) -> Pressed:
    pressed: Pressed = state.pressed
    return pressed


def provide_settings(state: State) -> Settings:
    settings: Settings = state.settings
    return settings


def provide_keys(state: State) -> Keys:
    keys: Keys = state["keys"]  # `.keys` is the mapping's own
    return keys


def provide_counter(state: State) -> GroupCommit:
    counter: GroupCommit = state.counter
    return counter


DEPENDENCIES = {
    "reads": Provide(provide_reads, sync_to_thread=False),
    "writes": Provide(provide_writes, sync_to_thread=False),
    "actor": Provide(provide_actor, sync_to_thread=False),
    "now": Provide(provide_now, sync_to_thread=False),
    "pressed": Provide(provide_pressed, sync_to_thread=False),
    "settings": Provide(provide_settings, sync_to_thread=False),
    "keys": Provide(provide_keys, sync_to_thread=False),
    "counter": Provide(provide_counter, sync_to_thread=False),
}
