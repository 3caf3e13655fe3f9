"""What advertisers gave the newsletter and its people, a year and an event at a time, and where a contract is due."""

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency

from promos.queries import exchanges
from promos.rules.people import Actor
from promos.web.given import Reads
from promos.web.pages.editor.desk import READ
from promos.web.pages.show import page


@get("/editor/received", opt=READ)
async def received(
    request: Request[Any, Any, Any], reads: NamedDependency[Reads], actor: NamedDependency[Actor]
) -> Response[str]:
    async with reads() as session:
        listed = await exchanges.listed(session, actor)
    return page(request, "editor/received.html", listed=listed, due=[each for each in listed if each.needs_contract])


HANDLERS: list[Any] = [received]
