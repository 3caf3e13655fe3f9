"""Asking for more passes and answering that: on both desks, and behind the link of a mail.

A link decides without a sign-in: like the link to sign in, it went to the mailbox that is the person. It does less:
this one answer, for as many passes as somebody else asked for, while the person owns the partner. Opening it changes
nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import notices, wishes
from promos.models import PromoBlock, PromoCode, Wish
from promos.queries import wishes as queries
from promos.rules import signing
from promos.rules.offers import gives_many
from promos.rules.people import Actor, Role, Scope
from promos.rules.refusals import LinkEnded, NotFound, Refusal
from promos.settings import Keys
from promos.web.access import ANYONE, allows, needs_fresh
from promos.web.given import Reads, Writes
from promos.web.pages.partner.desk import READ as PARTNER_READ
from promos.web.pages.partner.desk import WRITE as PARTNER_WRITE
from promos.web.pages.show import go, language_of, page
from promos.web.pages.typed import TO_MEND, Typed, to_mend

EDITOR = (Role.ADMIN, Role.EDITOR)
EDITOR_READ, EDITOR_WRITE = allows(*EDITOR, scope=Scope.READ), allows(*EDITOR, scope=Scope.WRITE)
DECIDE = allows(Role.ADMIN, Role.OWNER, scope=Scope.WRITE)


@get("/partner/wishes", opt=PARTNER_READ)
async def of_partner(
    request: Request[Any, Any, Any],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[str]:
    async with reads() as session:
        return await _partner_page(request, session, actor, {}, {})


@get("/editor/wishes", opt=EDITOR_READ)
async def of_editor(
    request: Request[Any, Any, Any], reads: NamedDependency[Reads], actor: NamedDependency[Actor]
) -> Response[str]:
    async with reads() as session:
        found = await queries.told(session, Wish.publication_id.is_not(None) & Wish.asked_by_side(actor))
        muted = await notices.muted(session, actor) if actor.kind == "person" else []
    return page(request, "editor/wishes.html", wishes=found, is_told="wish.settled" not in muted)


@post("/editor/notices", opt=EDITOR_WRITE)
async def choose(
    request: Request[Any, Any, Any], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[Any]:
    """Whether this editor gets a mail about what becomes of a wish."""
    wanted = (await Typed.of(request)).all("wanted")

    async def effect(session: AsyncSession, _now: datetime) -> None:
        await notices.choose(session, wanted, among=notices.OF_EDITORS, by=actor)

    await writes.run(effect)
    return go("/editor/wishes", "saved")


@post("/partner/codes/{code_id:uuid}/ask", opt=PARTNER_WRITE)
async def ask_at_home(
    request: Request[Any, Any, Any],
    code_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """One press: as many as is sensible, or as was typed."""
    async with reads() as session:
        code = await session.get(PromoCode, code_id)
    if code is None:
        raise NotFound("code")
    return await _ask(request, writes, actor, code.text, None, "/partner/wishes")


@post("/editor/blocks/{block_id:uuid}/ask", opt=EDITOR_WRITE)
async def ask_for_readers(
    request: Request[Any, Any, Any],
    block_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """The same for the readers of the newsletter in whose issue the block stands."""
    async with reads() as session:
        block = await session.get(PromoBlock, block_id)
        code = await session.get(PromoCode, block.code_id) if block else None
    if block is None or code is None or not (actor.is_admin or block.publication_id in actor.publications):
        raise NotFound("block")
    return await _ask(request, writes, actor, code.text, block.publication_id, "/editor/wishes")


async def _ask(
    request: Request[Any, Any, Any], writes: Writes, actor: Actor, code: str, publication: UUID | None, home: str
) -> Response[Any]:
    typed = await Typed.of(request)
    passes, why = typed.whole("passes"), typed.text("why") or None

    async def effect(session: AsyncSession, now: datetime) -> None:
        await wishes.ask(session, code, publication_id=publication, passes=passes, why=why, now=now, by=actor)

    await writes.run(effect)
    return go(home, "wished")


@post("/partner/wishes/{wish_id:uuid}/approve", opt=DECIDE)
async def approve(
    request: Request[Any, Any, Any],
    wish_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    typed = await Typed.of(request)
    passes = typed.whole("passes")
    async with reads() as session:
        wish = await session.scalar(sa.select(Wish).where(Wish.id == wish_id, Wish.decided_by(actor)))
    if wish and gives_many(wish.limit, wish.limit + (wish.passes if passes is None else passes)):
        needs_fresh(request)

    async def effect(session: AsyncSession, now: datetime) -> str:
        return (await wishes.approve(session, wish_id, passes=passes, now=now, by=actor)).state

    try:
        state = await writes.run(effect)
    except TO_MEND as refusal:
        return await _mend(request, reads, actor, wish_id, typed, refusal)
    return go("/partner/wishes", f"wish-{state}")


@post("/partner/wishes/{wish_id:uuid}/decline", opt=DECIDE)
async def decline(
    request: Request[Any, Any, Any],
    wish_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    typed = await Typed.of(request)

    async def effect(session: AsyncSession, now: datetime) -> None:
        await wishes.decline(session, wish_id, typed.text("answer"), now=now, by=actor)

    try:
        await writes.run(effect)
    except TO_MEND as refusal:
        return await _mend(request, reads, actor, wish_id, typed, refusal)
    return go("/partner/wishes", "wish-declined")


@post(
    ["/partner/wishes/{wish_id:uuid}/withdraw", "/editor/wishes/{wish_id:uuid}/withdraw"],
    opt=allows(Role.ADMIN, Role.EDITOR, Role.OWNER, Role.MEMBER, scope=Scope.WRITE),
)
async def withdraw(
    request: Request[Any, Any, Any],
    wish_id: FromPath[UUID],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    async def effect(session: AsyncSession, now: datetime) -> None:
        await wishes.withdraw(session, wish_id, now=now, by=actor)

    await writes.run(effect)
    return go(request.url.path.partition("/wishes/")[0] + "/wishes", "wish-withdrawn")


@get("/decide/{link:str}", opt=ANYONE)
async def decide_page(
    request: Request[Any, Any, Any],
    link: FromPath[str],
    reads: NamedDependency[Reads],
    keys: NamedDependency[Keys],
    now: NamedDependency[datetime],
) -> Response[str]:
    """What is asked, and the buttons. To open it changes nothing."""
    async with reads() as session:
        wish, _ = await wishes.behind_link(session, _mail(keys, link), now=now, by=request.user)
        return await _decide(request, session, link, wish, {}, {})


@post("/decide/{link:str}/{answer:str}", opt=ANYONE)
async def decide(
    request: Request[Any, Any, Any],
    link: FromPath[str],
    answer: FromPath[str],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    keys: NamedDependency[Keys],
    now: NamedDependency[datetime],
) -> Response[Any]:
    """The press: whose mail it was decides, if they still own the partner at this moment."""
    typed, mail = await Typed.of(request), _mail(keys, link)
    if answer not in ("approve", "decline"):
        raise NotFound
    passes = typed.whole("passes") if answer == "approve" else None

    async def effect(session: AsyncSession, now: datetime) -> None:
        wish, owner = await wishes.behind_link(session, mail, now=now, by=request.user)
        if answer == "approve":
            await wishes.approve(session, wish.id, passes=passes, now=now, by=owner)
        else:
            await wishes.decline(session, wish.id, typed.text("answer"), now=now, by=owner)

    try:
        await writes.run(effect)
    except TO_MEND as refusal:
        if isinstance(refusal, LinkEnded):
            raise
        errors, status = to_mend(refusal, language_of(request))
        async with reads() as session:
            wish, _ = await wishes.behind_link(session, mail, now=now, by=request.user)
            return await _decide(request, session, link, wish, typed.shown(["passes", "answer"]), errors, status)
    return go(f"/decide/{link}")


def _mail(keys: Keys, link: str) -> UUID:
    mail = signing.opened(keys.signing, "decide", link)
    if mail is None:
        raise LinkEnded
    return mail


async def _decide(
    request: Request[Any, Any, Any],
    session: AsyncSession,
    link: str,
    wish: Wish,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    status: int = 200,
) -> Response[str]:
    [told] = await queries.told(session, Wish.id == wish.id)
    shown = {"passes": str(wish.passes), "answer": ""} | dict(typed)
    at = f"/decide/{link}"
    return page(request, "partner/decide.html", status=status, told=told, at=at, typed=shown, errors=dict(errors))


async def _mend(
    request: Request[Any, Any, Any], reads: Reads, actor: Actor, wish_id: UUID, typed: Typed, refusal: Refusal
) -> Response[str]:
    errors, status = to_mend(refusal, language_of(request))
    shown = {f"{name}-{wish_id}": typed.text(name) for name in ("passes", "answer")}
    async with reads() as session:
        own = {f"{name}-{wish_id}" if name else "": text for name, text in errors.items()}
        return await _partner_page(request, session, actor, shown, own, status)


async def _partner_page(
    request: Request[Any, Any, Any],
    session: AsyncSession,
    actor: Actor,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    status: int = 200,
) -> Response[str]:
    found = await queries.told(session, Wish.visible_to(actor))
    return page(
        request,
        "partner/wishes.html",
        status=status,
        wishes=found,
        led=actor.partners(Role.OWNER),
        is_admin=actor.is_admin,
        typed=dict(typed),
        errors=dict(errors),
    )


HANDLERS: list[Any] = [
    *(of_partner, of_editor, choose, ask_at_home, ask_for_readers),
    *(approve, decline, withdraw, decide_page, decide),
]
