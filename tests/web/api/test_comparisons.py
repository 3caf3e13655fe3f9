"""An event beside another one, as programs ask for it."""

import httpx

from promos.database import Database
from promos.rules.people import Role
from tests.web.pages.desk import last_year
from tests.web.sides import World

EVENTS = "/api/v1/events"


async def test_an_event_is_held_against_the_edition_before(
    client: httpx.AsyncClient, world: World, database: Database
) -> None:
    earlier, foreign = await last_year(database, world.a.partner, world.a.event)
    client.headers["Authorization"] = f"Bearer {world.a.secrets[Role.MEMBER]}"
    here = f"{EVENTS}/{world.a.event}/funnel/compared"

    told = (await client.get(here)).json()

    passes = (await client.get(f"{EVENTS}/{world.a.event}/funnel")).json()["total"]["passes"]
    assert (told["other_id"], told["days_before"]) == (str(earlier), 10)
    assert [told[which]["passes"] for which in ("here", "there", "end")] == [passes, 2, 3]
    assert told["differences"]["passes"] == f"{50 * passes - 100:.1f}"
    assert told["differences"]["visits"] is None
    assert told["here"]["no_shows"] is told["there"]["no_shows"] is None
    assert told["end"]["no_shows"] == 3
    assert (await client.get(here, params={"with": str(foreign)})).status_code == 404


async def test_without_an_edition_before_there_is_nothing_beside(client: httpx.AsyncClient, world: World) -> None:
    client.headers["Authorization"] = f"Bearer {world.a.secrets[Role.MEMBER]}"

    told = (await client.get(f"{EVENTS}/{world.a.event}/funnel/compared")).json()

    assert told.pop("event_id") == str(world.a.event)
    assert told.pop("days") == []
    assert set(told.values()) == {None}
