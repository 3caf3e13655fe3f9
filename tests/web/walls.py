"""Writes `docs/reference/walls.md`: who was asked for what of somebody else's, and what they were told.

python -m tests.web.walls
"""

import asyncio
import logging
import sys
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
from litestar import Litestar

from promos import schema
from promos import settings as configuration
from promos.actions import sign_in
from promos.database import Database, connect
from promos.rules.people import Role
from promos.settings import Keys, Settings
from promos.web.headers import Headers
from tests.outside.fakes import InProcess
from tests.outside.fakes.ghost import FakeGhost
from tests.web.conftest import PAGES, running
from tests.web.foreign import Asking, Operation, Principal, forms_of, ids_in, ids_of, operations, rows_of
from tests.web.sides import World, a_world
from tests.world import NOW, a_person

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "walls.md"
HEAD = """# What others are told

Two partners share an installation. Everything that the second one's people can ask for was asked with what the first
one has: in every place of an address, every field of a body or a form and every filter, one id of each table that holds
something of the first partner ({tables}), a code, and the name by which all its things are called; by an editor of
another newsletter, too. Each answer was held against the one for an id that never was.

**{asked} requests; answers that differed from those for what never was: {wrong}; bytes of answers in which the
first partner's name stood: {given_away}; rows of the first partner that changed: {changed}.**

A cell tells the statuses. `python -m tests.web.walls` writes this page; `tests/web/test_foreign.py` asks the same on
both databases, and on PostgreSQL `tests/web/test_walls.py` asks the database itself.

"""


async def somebody(
    role: Role, token: str, database: Database, keys: Keys, *, name: str = "", **reach: UUID
) -> Principal:
    """With a token, and with a session of their own."""
    async with database.writing() as session:
        person = await a_person(session, f"{role}@quartz.example", role, **reach)
        hour = timedelta(hours=1)
        secret = await sign_in.link_for(session, person, keys=keys, now=NOW, lifetime=hour)
        _, cookie = await sign_in.enter(session, secret, now=NOW, lifetime=hour)
    return Principal(name or role, role, token, cookie, sign_in.csrf_of(cookie, keys))


def routed_of(whole: Headers) -> Litestar:
    assert isinstance(whole.app, Litestar)
    return whole.app


async def everybody(world: World, database: Database, keys: Keys) -> list[Principal]:
    b = world.b
    theirs = [
        await somebody(role, b.secrets[role], database, keys, partner_id=b.partner)
        for role in (Role.OWNER, Role.MEMBER, Role.DOOR)
    ]
    elsewhere = {"name": "editor elsewhere", "publication_id": world.theirs.publication}
    return [*theirs, await somebody(Role.EDITOR, world.elsewhere, database, keys, **elsewhere)]  # type: ignore[arg-type]


def written(asking: Asking, asked: Sequence[Operation], who: Sequence[Principal], tables: int, changed: int) -> str:
    told = asking.told.values()
    head = HEAD.format(
        tables=tables,
        asked=sum(each.asked for each in told),
        wrong=len(asking.wrong),
        given_away=sum(each.given_away for each in told),
        changed=changed,
    )
    lines = [
        ("operation", *(each.name for each in who), "requests", "bytes"),
        ("---",) * (len(who) + 3),
        *(_line(asking, operation.label, who) for operation in asked),
    ]
    return head + "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _line(asking: Asking, label: str, who: Sequence[Principal]) -> tuple[str, ...]:
    told = [asking.told.get((label, each.name)) for each in who]
    cells = [", ".join(map(str, sorted(each.statuses))) if each else "–" for each in told]
    there = [each for each in told if each]
    return f"`{label}`", *cells, str(sum(each.asked for each in there)), str(sum(each.given_away for each in there))


async def main() -> int:
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=folder, secret_keys="s" * 40, reader_key="r" * 40)
        await schema.upgrade(settings)
        keys, database, ghost = configuration.keys(settings), connect(settings), FakeGhost(NOW)
        ghost.add("<p>Une semaine calme.</p>")
        async with database.writing() as session:
            world = await a_world(session, keys)
        who = await everybody(world, database, keys)
        async with running(settings, web=InProcess(ghost, PAGES)) as app:
            transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=transport, base_url=settings.base_url) as client:
                asking, asked, tables, changed = await _asked(routed_of(app), client, database, world, who)
        await database.close()
    PAGE.write_text(written(asking, asked, who, tables, changed), encoding="utf-8")
    sys.stderr.writelines(f"{line}\n" for line in asking.wrong)
    return 1 if asking.wrong or changed else 0


async def _asked(
    app: Litestar, client: httpx.AsyncClient, database: Database, world: World, who: Sequence[Principal]
) -> tuple[Asking, list[Operation], int, int]:
    """All that was asked and told, of how many tables, and how many of their rows are others now."""
    async with database.reading() as session:
        ids, before = await ids_of(session, world.a.partner), await rows_of(session, world.a.partner)
        own = ids_in(await rows_of(session, world.b.partner))
    asking, asked = Asking(client, world, ids), list(operations(app, app.state.openapi()))
    for operation in asked:
        for each in who:
            await asking.everything(operation, each)
    for each in who:
        begin = {Role.EDITOR: "/editor", Role.DOOR: "/door"}.get(each.role, "/partner")
        for form in await forms_of(client, each, begin):
            await asking.form(form, each, own)
    async with database.reading() as session:
        after = await rows_of(session, world.a.partner)
    changed = sum(len(set(rows) ^ set(after[table])) for table, rows in before.items())
    return asking, asked, len(ids), changed


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
