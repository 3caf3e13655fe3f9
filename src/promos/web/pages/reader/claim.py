"""The page behind a mail's link: the button that proves a mailbox, and how the claim stands before and after it."""

from datetime import datetime
from typing import Any

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import claims, line, passes
from promos.models import Claim, Pass, Redemption
from promos.queries import catalogue, terms
from promos.rules import redemption, signing
from promos.rules.redemption import SOLD_OUT, Redeemed, Terms
from promos.rules.refusals import (
    Blocked,
    LinkEnded,
    NotYet,
    Over,
    PassGivenBack,
    PassHandedOn,
    Refusal,
    Taken,
)
from promos.settings import Keys
from promos.web.access import ANYONE
from promos.web.api.claims import confirmed
from promos.web.given import Pressed, Reads, Writes
from promos.web.pages.show import go, page
from promos.web.problems import status_of

NONE_LEFT = {kind.slug for kind in SOLD_OUT}


@get("/claim/{secret:str}", opt=ANYONE)
async def claim_page(
    request: Request[Any, Any, Any],
    secret: FromPath[str],
    reads: NamedDependency[Reads],
    now: NamedDependency[datetime],
) -> Response[str]:
    """How a claim stands. Looking changes nothing, however many scanners look: only its buttons do."""
    async with reads() as session:
        return await _shown(request, session, secret, now)


@post("/claim/{secret:str}", opt=ANYONE)
async def prove(
    request: Request[Any, Any, Any],
    secret: FromPath[str],
    state: State,
    pressed: NamedDependency[Pressed],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    now: NamedDependency[datetime],
    keys: NamedDependency[Keys],
) -> Response[Any]:
    """The button was pressed: the pass exists, or a place in line, or there is a reason why not."""
    waits = bool((await request.form()).get("wait"))
    try:
        outcome = await confirmed(secret, pressed, writes, state.counter, state.visits, now, waits=waits)
    except SOLD_OUT:
        return go(f"/claim/{secret}")
    except (NotYet, Taken, Blocked, Over) as no:
        async with reads() as session:
            return await _shown(request, session, secret, now, no)
    if not isinstance(outcome, Redeemed) or outcome.given is None:
        return go(f"/claim/{secret}")
    if not outcome.is_mine:
        return go(f"/claim/{secret}/mailed")
    return go(f"/p/{signing.link(keys.signing, 'pass', outcome.pass_id)}")


@post("/claim/{secret:str}/leave", opt=ANYONE)
async def leave(secret: FromPath[str], writes: NamedDependency[Writes]) -> Response[Any]:
    """Off the waiting list, or no to the place that was offered."""

    async def effect(session: AsyncSession, now: datetime) -> None:
        await passes.leave(session, secret, now=now)

    await writes.run(effect)
    return go(f"/claim/{secret}")


@get("/claim/{secret:str}/mailed", opt=ANYONE)
async def mailed(request: Request[Any, Any, Any]) -> Response[str]:
    """Another spelling of the same mailbox holds the pass; it was mailed there again."""
    return page(request, "reader/mailed.html")


async def _shown(
    request: Request[Any, Any, Any], session: AsyncSession, secret: str, now: datetime, no: Refusal | None = None
) -> Response[str]:
    """The page of the claim behind `secret`: how it stands, or `no`; raises `LinkEnded` for a secret of nothing."""
    behind = (await claims.found(session, [secret])).get(secret)
    if behind is None:
        raise LinkEnded
    claim, redeemed, _ = behind
    found = (await catalogue.listings(session, [claim.code_id], now=now))[0]
    way = (claim.code_id, claim.block_id)
    its = (await terms.of_ways(session, [way], now=now))[way]
    state = ""
    try:
        claims.opening(behind, now=now)
        state = await _state(session, claim, redeemed, its, now)
    except Refusal as why:
        no = no or why
    if no:
        return page(
            request, "reader/closed.html", status=status_of(type(no)), listing=found, no=no, is_handed=claim.pass_id
        )
    place = await line.positions(session, claim.offer_id, {claim.id}) if state == "waiting" else {}
    return page(
        request,
        "reader/claim.html",
        listing=found,
        secret=secret,
        state=state,
        name=claim.name,
        waits=its.has_waiting_list and now < min(its.starts_at, its.ends_at),
        position=place.get(claim.id),
        until=redeemed.expires_at if redeemed else None,
    )


async def _state(session: AsyncSession, claim: Claim, redeemed: Redemption | None, its: Terms, now: datetime) -> str:
    """How an open claim stands, in a word; raises why its button would do nothing at this moment."""
    if claim.state == "proven" and redeemed:
        return f"held-for-{redeemed.held_for}" if redeemed.state == "held" else "proven"
    if claim.state in ("waiting", "offered"):
        return claim.state
    if claim.pass_id:
        held = await session.get_one(Pass, claim.pass_id)
        if held.state != "live":
            raise PassHandedOn if held.state == "handed_on" else PassGivenBack
        return "handed"
    no = redemption.refusal(its, now)
    if no and not isinstance(no, SOLD_OUT):
        raise no
    if no or (claim.refusal in NONE_LEFT and its.is_waited_for):
        return "waits" if claim.waits else "gone"
    return "pending"


HANDLERS: list[Any] = [claim_page, prove, leave, mailed]
