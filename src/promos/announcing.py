"""Tells partners' endpoints what happened: claim, commit, send, settle; no transaction is open while one is asked.

Each endpoint has a lane of its own, so one that answers slowly or not at all holds nobody else up. A crash loses no
message, so it may send one twice: all tries carry the same webhook-id.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import endpoints, webhooks
from promos.actions.webhooks import Due
from promos.database import Database, is_lost
from promos.models import Endpoint
from promos.outside.web import Forbidden, Unreachable, Web
from promos.retrying import written_of
from promos.rules import webhooks as rules
from promos.rules.refusals import EndpointAddressRefused, NotFound
from promos.rules.webhooks import Answer
from promos.settings import Keys, Settings

log = logging.getLogger(__name__)
T = TypeVar("T")
LANES = 64  # endpoints told at once
AT_ONCE = 16  # messages to one of them
WHOLE = 15.0  # seconds for one answer
LEASE = timedelta(seconds=60)
MOST_READ = 20_000  # bytes of an answer


def web_of(settings: Settings) -> Web:
    """The way to endpoints: the internet, and hosts of our own network only where they are listed."""
    return Web(trusted=settings.trusted_endpoints, whole=WHOLE, longest=MOST_READ, cuts=True)


class Announcing:
    """`round` begins what is due; `close` waits for what is on its way."""

    def __init__(
        self,
        database: Database,
        web: Web,
        settings: Settings,
        keys: Keys,
        clock: Callable[[], datetime],
        random: Random | None = None,
    ) -> None:
        self._database, self._web, self._keys, self._clock = database, web, keys, clock
        self._pauses = settings.webhook_pauses
        self._failing = timedelta(seconds=settings.webhook_failing)
        self._random = random or Random()  # noqa: S311 -- jitter, not a secret
        self._lanes: dict[UUID, asyncio.Task[None]] = {}
        self._is_closing = False

    async def check(self, url: str) -> None:
        """Raises `EndpointAddressRefused` for an address that nothing would be sent to."""
        try:
            await self._web.check(url)
        except (Forbidden, Unreachable):
            raise EndpointAddressRefused from None

    async def round(self) -> int:
        """Begin a lane for each endpoint that is owed something and has none; how many those were."""
        async with self._database.reading() as session:
            due = await webhooks.due_endpoints(session, now=self._clock(), most=LANES + len(self._lanes))
        new = [each for each in due if each not in self._lanes][: LANES - len(self._lanes)]
        for endpoint_id in new:
            self._lanes[endpoint_id] = asyncio.create_task(self._lane(endpoint_id))
        return len(new)

    async def close(self) -> None:
        """What waits is for the next who runs."""
        self._is_closing = True
        await asyncio.gather(*self._lanes.values())

    async def _lane(self, endpoint_id: UUID) -> None:
        try:
            while await self.tell(endpoint_id) and not self._is_closing:
                pass
        except Exception as error:  # the outermost loop: its messages come again when their leases are over
            if is_lost(error):
                log.warning("webhooks wait: the database does not answer")
            else:
                log.exception("endpoint %s could not be told", endpoint_id)
        finally:
            del self._lanes[endpoint_id]

    async def tell(self, endpoint_id: UUID) -> bool:
        """Send what is due to one endpoint; whether it answered well, so that more can go."""
        async with self._database.writing() as session:
            endpoint, rows, due = await webhooks.claim(
                session, endpoint_id, now=self._clock(), lease=LEASE, most=AT_ONCE
            )
        if endpoint is None or not due:
            return False
        if not (secrets := webhooks.secrets_of(rows, self._keys.signing)):
            await self._disable(endpoint, "secret_lost")
            return False
        answers = await asyncio.gather(*(self._send(endpoint.url, secrets, each) for each in due))
        told = {each.id: answer for each, answer in zip(due, answers, strict=True)}
        settle = partial(webhooks.settle, pauses=self._pauses, failing=self._failing, random=self._random)
        if why := await self._write(endpoint, lambda session, now: settle(session, endpoint_id, told, now=now)):
            await self._disable(endpoint, why)
        return all(answer.is_success for answer in answers)

    async def _disable(self, endpoint: Endpoint, why: str) -> None:
        try:
            await self._write(endpoint, lambda session, now: endpoints.disable(session, endpoint.id, why, now=now))
        except NotFound:  # removed meanwhile
            return

    async def _write(self, endpoint: Endpoint, effect: Callable[[AsyncSession, datetime], Awaitable[T]]) -> T:
        """In a transaction that comes to the rows of the endpoint's partner alone."""
        return await written_of(self._database, self._clock, frozenset({endpoint.partner_id}), effect)

    async def _send(self, url: str, secrets: list[str], due: Due) -> Answer:
        loop = asyncio.get_running_loop()
        began = loop.time()
        signed = rules.headers(secrets, due.id, due.body, self._clock())
        try:
            answer = await self._web.ask(
                "POST", url, headers={"Content-Type": "application/json", **signed}, body=due.body.encode()
            )
        except (Forbidden, Unreachable):
            return Answer(None, "", round(loop.time() - began, 3))
        said = answer.body.decode("utf-8", "replace").replace("\0", "")[: rules.MOST_SAID]
        wait = answer.headers.get("retry-after", "")
        return Answer(
            answer.status,
            said,
            round(loop.time() - began, 3),
            int(wait) if wait.isascii() and wait.isdigit() and len(wait) < 8 else None,
        )
