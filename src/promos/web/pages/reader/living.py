"""How much a promo block's offer has left, as a picture that is always true: `/b/{block}.png`, `/b/{block}.svg`."""

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from promos.models import Issue, PromoBlock
from promos.queries import terms
from promos.rendering import language as languages
from promos.rendering import living
from promos.rules.refusals import NotFound
from promos.web.access import ANYONE
from promos.web.given import Reads

KEPT = 60  # seconds for which mail programs and their proxies may show it again


@get("/b/{name:str}", opt=ANYONE)
async def picture(
    request: Request[Any, Any, Any],
    name: FromPath[str],
    reads: NamedDependency[Reads],
    now: NamedDependency[datetime],
) -> Response[Any]:
    """Who looks is not counted."""
    stem, _, kind = name.rpartition(".")
    try:
        block_id = UUID(stem)
    except ValueError:
        raise NotFound("block") from None
    if kind not in ("png", "svg"):
        raise NotFound("block")
    shown = sa.select(PromoBlock.code_id, Issue.language).join(Issue, PromoBlock.issue_id == Issue.id)
    async with reads() as session:
        row = (await session.execute(shown.where(PromoBlock.id == block_id))).one_or_none()
        if row is None:
            raise NotFound("block")
        way = (row.code_id, block_id)
        found = (await terms.of_ways(session, [way], now=now))[way]
    words = living.words(found, now, languages.language(row.language))
    mark = f'"{hashlib.sha256(f"{kind} {words}".encode()).hexdigest()[:16]}"'
    headers = {"Cache-Control": f"public, max-age={KEPT}", "ETag": mark}
    if request.headers.get("If-None-Match") == mark:
        return Response(None, status_code=304, headers=headers)
    if kind == "svg":
        return Response(living.svg(words), media_type="image/svg+xml", headers=headers)
    return Response(living.png(words), media_type="image/png", headers=headers)


HANDLERS: list[Any] = [picture]
