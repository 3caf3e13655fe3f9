"""Passes of an offer set aside: for a newsletter, one of its issues or a code; changed, moved and given back."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import allotments
from promos.models import Allotment
from promos.queries import allotments as query
from promos.queries.allotments import Shared, Whom
from promos.rendering.language import Language
from promos.rules import texts
from promos.rules.language import N_
from promos.rules.people import Actor
from promos.rules.refusals import (
    AllotmentTooLarge,
    InvalidRequest,
    LimitBelowUsed,
    NotFound,
    PublicationNotNamed,
    Refusal,
    TextTaken,
)
from promos.rules.texts import Reader
from promos.web.given import Reads, Writes
from promos.web.pages.partner.desk import READ, WRITE
from promos.web.pages.show import go, language_of, page
from promos.web.pages.typed import TO_MEND, Typed, local, to_mend

NEW, CHANGE, MOVE = ("whom", "within", "limit", "returns_at"), ("limit", "returns_at"), ("passes", "to")
READERS: Mapping[str, Reader] = {
    "limit": texts.limit,
    "passes": texts.limit,
    "returns_at": texts.optional(texts.instant),
}
OFFER = "offer"  # what a part is taken out of, unless it is another part
WHOM = {
    "publication": N_("Newsletter %(name)s"),
    "issue": N_("%(name)s, issue %(number)s"),
    "code": N_("Code %(name)s"),
}
MOVED = N_("Somebody changed this part meanwhile. The table shows how it is now: look again, and send it once more.")


@dataclass(frozen=True, slots=True)
class Given:
    """What was typed into the form that is open, and what is wrong with it. `part`: the one whose forms are open."""

    part: UUID | None = None
    typed: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


@get("/partner/offers/{offer_id:uuid}/allotments", opt=READ)
async def allotments_page(
    request: Request[Any, Any, Any],
    offer_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
) -> Response[str]:
    wish = Typed({"part": [request.query_params.get("part", "")]}).id("part")
    async with reads() as session:
        found = await query.shared(session, offer_id, now=now, by=actor)
    return _shown(request, found, Given(wish))


@post("/partner/offers/{offer_id:uuid}/allotments", opt=WRITE)
async def create(
    request: Request[Any, Any, Any],
    offer_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
) -> Response[Any]:
    typed = await Typed.of(request)
    async with reads() as session:
        found = await query.shared(session, offer_id, now=now, by=actor)
    whom = next((each for each in found.possible if _key(each) == typed.text("whom")), None)
    if whom is None:
        typed.errors["whom"] = N_("Choose for whom.")
    within = typed.id("within")
    if typed.text("within") not in {OFFER, "", *(str(row.part.id) for row in found.wholes())}:
        typed.errors["within"] = N_("Choose what they are taken out of.")
    limit = _number(typed, "limit")
    returns_at = typed.moment_or_none("returns_at", found.event.timezone)

    async def effect(session: AsyncSession, now: datetime) -> None:
        whose = {f"{whom.kind}_id": whom.id} if whom else {}
        await allotments.create(
            session, offer_id, limit=limit, within_id=within, returns_at=returns_at, now=now, by=actor, **whose
        )

    try:
        typed.checked(READERS, {"limit": limit, "returns_at": returns_at})
        await writes.run(effect)
    except (*TO_MEND, NotFound) as refusal:
        return await _again(request, reads, actor, offer_id, Given(typed=typed.shown(NEW)), refusal)
    return go(f"/partner/offers/{offer_id}/allotments", "saved")


@post("/partner/allotments/{part_id:uuid}", opt=WRITE)
async def change(
    request: Request[Any, Any, Any],
    part_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
) -> Response[Any]:
    typed = await Typed.of(request)
    async with reads() as session:
        offer_id, kept = await query.offer_of(session, part_id, actor)
        found = await query.shared(session, offer_id, now=now, by=actor)
    limit, seen = _number(typed, "limit"), typed.text("seen")
    returns_at = typed.moment("returns_at", found.event.timezone, kept) if typed.text("returns_at") else None

    async def effect(session: AsyncSession, now: datetime) -> None:
        before = await session.scalar(sa.select(Allotment.limit).where(Allotment.id == part_id))
        await allotments.update(
            session,
            part_id,
            limit=limit,
            returns_at=None if returns_at == kept else returns_at,
            keeps=returns_at is None,
            now=now,
            by=actor,
        )
        if str(before) != seen:
            raise InvalidRequest({"limit": MOVED})

    try:
        typed.checked(READERS, {"limit": limit, "returns_at": returns_at})
        await writes.run(effect)
    except (*TO_MEND, NotFound) as refusal:
        return await _again(request, reads, actor, offer_id, Given(part_id, typed.shown(CHANGE)), refusal)
    return go(f"/partner/offers/{offer_id}/allotments", "saved")


@post("/partner/allotments/{part_id:uuid}/move", opt=WRITE)
async def move(
    request: Request[Any, Any, Any],
    part_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    typed = await Typed.of(request)
    async with reads() as session:
        offer_id, _ = await query.offer_of(session, part_id, actor)
    passes, seen, to = _number(typed, "passes"), typed.text("seen"), typed.id("to")
    if to is None:
        typed.errors["to"] = N_("Choose where to.")

    async def effect(session: AsyncSession, now: datetime) -> None:
        part = await allotments.move(session, part_id, to=to or part_id, passes=passes, now=now, by=actor)
        if str(part.limit + passes) != seen:  # sent twice, or changed by somebody else; raising undoes it
            raise InvalidRequest({"passes": MOVED})

    try:
        typed.checked(READERS, {"passes": passes})
        await writes.run(effect)
    except (*TO_MEND, NotFound) as refusal:
        return await _again(request, reads, actor, offer_id, Given(part_id, typed.shown(MOVE)), refusal)
    return go(f"/partner/offers/{offer_id}/allotments", "saved")


@post("/partner/allotments/{part_id:uuid}/return", opt=WRITE)
async def give_back(
    part_id: FromPath[UUID],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    part = await writes.run(lambda session, now: allotments.give_back(session, part_id, now=now, by=actor))
    return go(f"/partner/offers/{part.offer_id}/allotments", "returned")


def _number(typed: Typed, name: str) -> int:
    number = typed.whole(name)
    if not number:
        typed.errors[name] = N_("Write a whole number from 1 on.")
    return number or 0


async def _again(
    request: Request[Any, Any, Any], reads: Reads, by: Actor, offer_id: UUID, given: Given, refusal: Refusal
) -> Response[str]:
    """The form once more, below the parts as they are by now; what is wrong stands beside its field."""
    language = language_of(request)
    async with reads() as session:
        found = await query.shared(session, offer_id, now=request.app.state.clock(), by=by)
    number = "passes" if "passes" in given.typed else "limit"
    beside = {AllotmentTooLarge: number, LimitBelowUsed: number, PublicationNotNamed: "whom", TextTaken: "whom"}
    errors, status = to_mend(refusal, language, fields=beside)
    if isinstance(refusal, NotFound):
        errors = {"": language.gettext(N_("A part that you chose was given back meanwhile."))}
    elif isinstance(refusal, TextTaken):
        errors["whom"] = language.gettext(N_("Passes are set aside for it already: change their number instead."))
    elif isinstance(refusal, AllotmentTooLarge | LimitBelowUsed):
        errors[number] = _that_would_do(refusal, number, found, given.part, language)
    return _shown(request, found, replace(given, errors=errors, status=status))


def _that_would_do(
    refusal: AllotmentTooLarge | LimitBelowUsed, number: str, found: Shared, part_id: UUID | None, language: Language
) -> str:
    row = found.row(part_id)
    if isinstance(refusal, AllotmentTooLarge):
        count = refusal.left + (row.part.limit if row else 0)
        words = N_("Not so many are free. The most that can be set aside here now: %(count)s.")
    elif number == "passes":
        count = row.free if row else 0
        words = N_("Not so many are free here. The most that can be moved now: %(count)s.")
    else:
        count = refusal.used
        words = N_("More are taken already, or set aside within. The least that it can be now: %(count)s.")
    return language.gettext(words) % {"count": language.number(count)}


def _shown(request: Request[Any, Any, Any], found: Shared, given: Given) -> Response[str]:
    language, zone = language_of(request), found.event.timezone
    row = found.row(given.part)
    typed = dict.fromkeys({*NEW, *CHANGE, *MOVE}, "") | {"within": OFFER}
    if row:
        returns_at = row.part.returns_at
        typed |= {"limit": str(row.part.limit), "returns_at": local(returns_at, zone) if returns_at else ""}
    typed |= dict(given.typed)
    named = {row.part.id: _word(row.whom, language) for row in found.rows}
    choices = {
        "whom": [(_key(each), _word(each, language)) for each in found.free_choices()],
        "within": [(OFFER, language.gettext(N_("What is free for everybody")))]
        + [(str(each.part.id), _with_free(named[each.part.id], each.free, language)) for each in found.wholes()],
        "to": [(str(each.part.id), named[each.part.id]) for each in (found.beside(row.part) if row else [])],
    }
    for name, options in choices.items():
        if typed[name] not in dict(options):  # it has gone meanwhile, so nothing is chosen
            typed[name] = ""
    return page(
        request,
        "partner/allotments.html",
        status=given.status,
        event=found.event,
        offer=found.offer,
        whole=found.whole,
        rows=found.rows,
        named=named,
        row=row,
        choices=choices,
        here=f"/partner/offers/{found.offer.id}/allotments",
        typed=typed,
        errors=dict(given.errors),
    )


def _with_free(name: str, free: int, language: Language) -> str:
    return language.gettext(N_("%(name)s (%(count)s free)")) % {"name": name, "count": language.number(free)}


def _key(whom: Whom) -> str:
    return f"{whom.kind}-{whom.id}"


def _word(whom: Whom, language: Language) -> str:
    return language.gettext(WHOM[whom.kind]) % {"name": whom.name, "number": whom.number}


HANDLERS: list[Any] = [allotments_page, create, change, move, give_back]
