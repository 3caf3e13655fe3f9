"""What a suspension means for a partner's people, and the reason that was given."""

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency

from promos.rules.people import Actor
from promos.web.given import Reads
from promos.web.pages.partner.desk import READ, partners_of
from promos.web.pages.show import page


@get("/partner/suspended", opt=READ)
async def suspended_page(
    request: Request[Any, Any, Any], reads: NamedDependency[Reads], actor: NamedDependency[Actor]
) -> Response[str]:
    async with reads() as session:
        partners = [each for each in await partners_of(session, actor) if each.suspended_at]
    return page(request, "partner/suspended.html", partners=partners)


HANDLERS: list[Any] = [suspended_page]
