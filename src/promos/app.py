"""Where everything meets: settings become a running installation."""

import asyncio
import gc
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from litestar import Litestar, Router
from litestar.openapi.config import OpenAPIConfig
from litestar.static_files import create_static_files_router
from litestar.types import ASGIApp, Middleware
from sqlalchemy.exc import SQLAlchemyError

from promos import announcing, looking, schema
from promos import settings as configuration
from promos.actions import claims, installation, tokens
from promos.actions.visits import VisitCounter
from promos.announcing import Announcing
from promos.clock import utc_now
from promos.database import connect
from promos.group_commit import GroupCommit
from promos.looking import Looking
from promos.outside.mail import post_of
from promos.outside.web import Web
from promos.parsing.rules import rule_set
from promos.queries import catalogue
from promos.queries.together import Together
from promos.settings import Settings
from promos.stocking import Stocking
from promos.web import access, health, openapi, problems
from promos.web.api import HANDLERS as API
from promos.web.given import DEPENDENCIES
from promos.web.headers import Headers
from promos.web.pages import HANDLERS as PAGES
from promos.web.pages import show
from promos.worker import Worker

log = logging.getLogger(__name__)

HERE = Path(__file__).parent
VISITS_EVERY = 0.5  # seconds: what a crash may lose of the clicks
DATABASE_EVERY = 1.0  # seconds between looks for a database that is not there yet
OPENAPI = OpenAPIConfig(title="Promos", version="1")
BODY = 256 * 1024  # bytes; the operations that take a whole issue allow more


def create_app(
    settings: Settings,
    *,
    clock: Callable[[], datetime] = utc_now,
    web: Web | None = None,
    hooks: Web | None = None,
    shops: Web | None = None,
) -> ASGIApp:
    """The whole application for `settings`; opens nothing before its lifespan begins.

    `web`, `hooks` and `shops`: other ways to newsletter tools, endpoints and ticket shops than the internet.
    """
    keys = configuration.keys(settings)
    database, rules = connect(settings), rule_set()
    app = routed(settings.answer_timeout)
    if nobody := access.undeclared(app):
        raise RuntimeError(f"these operations do not say who may use them: {nobody}")
    app.state.update(
        {
            "settings": settings,
            "keys": keys,
            "database": database,
            "clock": clock,
            "rules": rules,
            "visits": VisitCounter(),
            "tokens": Together(database, tokens.known),
            "pressed": Together(database, claims.found),
            "listings": Together(database, lambda session, texts: catalogue.public(session, texts, now=clock())),
            "behind_blocks": Together(database, catalogue.behind_blocks),
            "openings": Together(database, catalogue.openings),
            "counter": GroupCommit(database, clock, size=settings.batch_size, wait=settings.batch_wait),
            "looking": Looking(database, web or looking.web_of(settings), rules, settings, keys, clock),
            "announcing": Announcing(database, hooks or announcing.web_of(settings), settings, keys, clock),
            "stocking": Stocking(database, shops or Web(trusted=settings.trusted_shops), settings, keys, clock),
            "stopping": False,
            "schema_head": schema.head(),
            "openapi": cache(_described),
        }
    )
    return Headers(app, settings)


def routed(answer_timeout: float) -> Litestar:
    """All operations and pages, of no installation yet."""
    in_time = problems.InTime(answer_timeout)
    api = _api(in_time)
    pages = Router(
        "/",
        route_handlers=PAGES,
        middleware=[in_time, access.CookieActor()],
        guards=[access.guard],
        exception_handlers=show.HANDLERS,
        include_in_schema=False,
    )
    static = create_static_files_router(
        "/static", directories=[HERE / "web" / "static"], opt=access.ANYONE, cache_control=None, include_in_schema=False
    )
    return Litestar(
        [api, pages, static, *health.HEALTH, openapi.openapi_json],
        dependencies=DEPENDENCIES,
        exception_handlers=problems.HANDLERS,
        request_max_body_size=BODY,
        openapi_config=None,  # its pages would ask a third party; ours is one document
        lifespan=[running],
        debug=False,
        logging_config=None,
    )


def _api(*before: Middleware) -> Router:
    return Router(
        "/api/v1",
        route_handlers=API,
        middleware=[*before, access.BearerActor()],
        exception_handlers=problems.HANDLERS,
    )


def _described() -> dict[str, Any]:
    """The OpenAPI document, made when somebody first asks for it."""
    return openapi.document(Litestar([_api()], dependencies=DEPENDENCIES, openapi_config=OPENAPI))


def served() -> ASGIApp:
    """The application of this environment, for the server's processes."""
    app = create_app(configuration.read(os.environ))
    gc.collect()
    gc.freeze()  # what is there now stays: collections look only at what requests leave behind, and rarely
    gc.set_threshold(20_000, 20, 50)
    return app


@asynccontextmanager
async def running(app: Litestar) -> AsyncIterator[None]:
    """What runs beside the requests of this process, begun and ended with it."""
    state, stop = app.state, asyncio.Event()
    await _database_there(app)
    async with state.database.writing() as session:
        await installation.know_reader_key(session, state["keys"].reader, now=state.clock())
    tasks = [asyncio.create_task(_count_visits(app, stop))]
    if state.settings.embedded_worker:
        post, looks = post_of(state.settings), state.looking
        rounds = looks.round, looks.read_mailbox, state.announcing.round, state.stocking.round
        worker = Worker(state.database, post, state.settings, state["keys"], state.clock, *rounds)
        tasks.append(asyncio.create_task(worker.run(stop)))
    try:
        yield
    finally:
        state.stopping = True
        await state.counter.close()
        stop.set()
        await asyncio.gather(*tasks)
        await state.announcing.close()
        await state.database.close()


async def _database_there(app: Litestar) -> None:
    """Wait for a database that is still starting or not yet migrated; the process is alive, not ready, meanwhile."""
    told = ""
    while True:
        try:
            found = await schema.current(app.state.database)
            if found == app.state.schema_head:
                return
            why = f"the database is at {found or 'nothing'}, this program needs {app.state.schema_head}: promos migrate"
        except (SQLAlchemyError, OSError, TimeoutError):
            why = "the database does not answer yet"
        if why != told:
            log.warning("waiting: %s", why)
            told = why
        await asyncio.sleep(DATABASE_EVERY)


async def _count_visits(app: Litestar, stop: asyncio.Event) -> None:
    while not stop.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), VISITS_EVERY)
        try:
            await app.state.visits.flush(app.state.database)
        except (SQLAlchemyError, OSError, TimeoutError):
            log.warning("visits are kept until the database answers")
