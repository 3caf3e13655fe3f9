"""What somebody of a partner's staff is told by mail; each for themselves."""

from datetime import datetime
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import notices
from promos.rules.language import N_
from promos.rules.people import Actor
from promos.web.given import Reads, Writes
from promos.web.pages.partner.desk import READ, WRITE
from promos.web.pages.show import go, language_of, page
from promos.web.pages.typed import Typed

EXPLAINED = {
    "code.almost_exhausted": N_("Once for each code, when one pass in ten is left. In time to raise its limit."),
    "code.exhausted": N_("Once for each code. Who comes later is asked to wait in line, if the offer has one."),
    "code.ending": N_("A day before the offer ends. In time to let it run longer."),
    "pool.almost_exhausted": N_("In time to bring more codes of your shop."),
    "pool.exhausted": N_("Readers find nothing until you bring more codes of your shop."),
    "wish.asked": N_("An editor or a colleague asks; you say yes or no, and they hear of it."),
    "wish.settled": N_("An owner said yes or no, or the time for it was over."),
}


@get("/partner/notices", opt=READ)
async def notices_page(
    request: Request[Any, Any, Any], reads: NamedDependency[Reads], actor: NamedDependency[Actor]
) -> Response[str]:
    language = language_of(request)
    async with reads() as session:
        muted = await notices.muted(session, actor)
    kinds = [
        (
            kind,
            language.gettext(notices.WORDS[kind]),
            kind not in muted,
            language.gettext(EXPLAINED[kind]) if kind in EXPLAINED else "",
        )
        for kind in notices.KINDS
    ]
    return page(request, "partner/notices.html", kinds=kinds)


@post("/partner/notices", opt=WRITE)
async def choose(
    request: Request[Any, Any, Any], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[Any]:
    wanted = (await Typed.of(request)).all("wanted")

    async def effect(session: AsyncSession, _now: datetime) -> None:
        await notices.choose(session, wanted, by=actor)

    await writes.run(effect)
    return go("/partner/notices", "saved")


HANDLERS: list[Any] = [notices_page, choose]
