"""The pictures of a promo block: `/b/{block}.png` and `.svg`, what is left; `/b/{block}-qr.png`, its address.

Their addresses are the same for every reader of an issue, nothing is set or read about who asks, and nobody counts.
"""

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
from promos.queries.contents import address_of
from promos.rendering import language as languages
from promos.rendering import living, qr
from promos.rules.refusals import NotFound
from promos.settings import Settings
from promos.web.access import ANYONE
from promos.web.given import Reads

KEPT = 60  # seconds for which mail programs and their proxies may show it again
QR_KEPT = 86_400  # an address stays, but the installation may move


@get("/b/{name:str}", opt=ANYONE)
async def picture(
    request: Request[Any, Any, Any],
    name: FromPath[str],
    reads: NamedDependency[Reads],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
) -> Response[Any]:
    """Who looks is not counted."""
    kind = name[36:]
    try:
        block_id = UUID(name[:36])
    except ValueError:
        raise NotFound("block") from None
    if kind not in (".png", ".svg", "-qr.png"):
        raise NotFound("block")
    shown = sa.select(PromoBlock.code_id, Issue.language).join(Issue, PromoBlock.issue_id == Issue.id)
    async with reads() as session:
        row = (await session.execute(shown.where(PromoBlock.id == block_id))).one_or_none()
        if row is None:
            raise NotFound("block")
        way = (row.code_id, block_id)
        found = None if kind == "-qr.png" else (await terms.of_ways(session, [way], now=now))[way]
    if found is None:
        return _answer(request, qr.png(address_of(block_id, settings.base_url)), "image/png", QR_KEPT)
    words = living.words(found, now, languages.language(row.language))
    if kind == ".svg":
        return _answer(request, living.svg(words).encode(), "image/svg+xml", KEPT)
    return _answer(request, living.png(words), "image/png", KEPT)


def _answer(request: Request[Any, Any, Any], drawn: bytes, media_type: str, seconds: int) -> Response[Any]:
    mark = f'"{hashlib.sha256(drawn).hexdigest()[:16]}"'
    headers = {"Cache-Control": f"public, max-age={seconds}", "ETag": mark}
    if request.headers.get("If-None-Match") == mark:
        return Response(None, status_code=304, headers=headers)
    return Response(drawn, media_type=media_type, headers=headers)


HANDLERS: list[Any] = [picture]
