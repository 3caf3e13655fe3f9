"""Trying a code out: what a reader would be told, now or later, and what would be if the terms were others."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Issue, PromoBlock, PromoCode, Publication, Redemption
from promos.queries import catalogue
from promos.queries.catalogue import Listing
from promos.rendering.language import Language
from promos.rules import offers, readers, signing, texts
from promos.rules.language import N_
from promos.rules.people import Actor
from promos.rules.redemption import SOLD_OUT, Tally, Terms, Verdict
from promos.rules.refusals import AddressInvalid, Invalid, NotFound, Refusal
from promos.web.api.codes import Supposed, Trial, judged
from promos.web.api.redemptions import NewReader
from promos.web.given import Reads
from promos.web.pages.partner.desk import READ
from promos.web.pages.show import language_of, page
from promos.web.pages.typed import Typed, to_mend

LIMITS = ("limit", "offer_limit", "capacity", "event_capacity")
SUPPOSED = ("status", *LIMITS, "opens_at", "ends_at")
FIELDS = ("at", "reader", "block", *SUPPOSED)
AS_IT_IS, NO_BLOCK = "same", "none"

# Each rule: what it asks for, what helps where it says no, and the page where one does that.
RULES: dict[str, tuple[str, str, str]] = {
    "revoked": (N_("Not revoked"), N_("A revoked code never comes back: make another one."), "event"),
    "ended": (N_("Before the end"), N_("Move the end of the offer."), "offer"),
    "opens": (N_("After the opening"), N_("Wait, or open the offer earlier."), "offer"),
    "cancelled": (
        N_("The event takes place"),
        N_("A cancelled event does not come back; make its next edition."),
        "event",
    ),
    "suspended": (N_("Your organisation is not suspended"), N_("Ask who runs this installation."), "event"),
    "paused": (N_("Not paused"), N_("Let the code work again."), "event"),
    "event-capacity": (N_("Room at the event"), N_("Raise the capacity of the event."), "event_form"),
    "capacity": (N_("Room in the pass type"), N_("Raise the capacity of the pass type."), "pass_type"),
    "allotment": (N_("Passes set aside"), N_("Move passes to this part, or give it a greater number."), "allotments"),
    "offer-limit": (N_("Limit of the offer"), N_("Raise the limit, or give back what is set aside."), "offer"),
    "pool": (N_("Codes of your own shop"), N_("Bring more codes of your shop."), "pool"),
    "budget": (N_("Budget of the offer"), N_("Raise the budget."), "offer"),
    "code-limit": (N_("Limit of the code"), N_("Raise the limit of the code."), "event"),
    "one-a-reader": (
        N_("One pass for each reader"),
        N_("The reader can give the other pass back, and ask again."),
        "",
    ),
}


@dataclass(frozen=True, slots=True)
class Said:
    """One rule on the page: what it asks for, whether that is so, the facts, and what would help."""

    rule: str
    is_fine: bool
    facts: str
    help: str
    href: str


@dataclass(frozen=True, slots=True)
class Answer:
    """`no`: the refusal that the reader would be told, the first of those in `said`. `has_it`: a pass of this offer."""

    at: datetime
    terms: Terms
    said: list[Said]
    no: Refusal | None
    may_wait: bool
    has_it: bool


@get("/partner/codes/{code_id:uuid}/try", opt=READ)
async def try_page(
    request: Request[Any, Any, Any],
    code_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
    state: State,
) -> Response[str]:
    """What is so now, and the form."""
    return await _tried(request, Typed({}), code_id, reads, actor, now, state)


@post("/partner/codes/{code_id:uuid}/try", opt=READ, status_code=200)
async def try_it(
    request: Request[Any, Any, Any],
    code_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
    state: State,
) -> Response[str]:
    """Writes nothing; but a reader's address is in what is asked, and belongs into no address of a page."""
    return await _tried(request, await Typed.of(request), code_id, reads, actor, now, state)


async def _tried(
    request: Request[Any, Any, Any],
    typed: Typed,
    code_id: UUID,
    reads: Reads,
    actor: Actor,
    now: datetime,
    state: State,
) -> Response[str]:
    language, answer, status = language_of(request), None, 200
    errors: dict[str, str] = {}
    async with reads() as session:
        mine = sa.select(PromoCode.id).where(PromoCode.id == code_id, PromoCode.run_by(actor))
        if await session.scalar(mine) is None:
            raise NotFound("code")
        [listing] = await catalogue.listings(session, [code_id], now=now)
        blocks = await _blocks(session, code_id, actor, language)
        try:
            at, trial = _trial(typed, listing, now, [block_id for block_id, _ in blocks])
            [then] = await catalogue.listings(session, [code_id], now=at)
            terms, verdicts = await judged(session, then, trial, at, state["keys"].reader)
            has_it = trial.reader is not None and await _has_it(session, terms, trial.reader, at, state["keys"].reader)
            answer = _answer(terms, verdicts, at, listing, language, has_it=has_it)
        except Invalid as refusal:
            errors, status = to_mend(refusal, language)
    return page(
        request,
        "partner/try.html",
        status=status,
        listing=listing,
        event=listing.event,
        here=f"/partner/codes/{code_id}/try",
        answer=answer,
        blocks=blocks,
        supposes=[name for name in SUPPOSED if typed.text(name) not in ("", AS_IT_IS)],
        typed=_shown(typed),
        errors=errors,
    )


def _trial(typed: Typed, listing: Listing, now: datetime, blocks: list[str]) -> tuple[datetime, Trial]:
    """What was asked, as the API takes it; raises `Invalid`."""
    zone = listing.event.timezone
    at = typed.moment_or_none("at", zone)
    supposed: dict[str, Any] = {name: typed.whole(name) for name in LIMITS if typed.text(name)}
    supposed |= {name: typed.moment(name, zone) for name in ("opens_at", "ends_at") if typed.text(name)}
    if typed.text("status") not in ("", AS_IT_IS):
        supposed["status"] = typed.text("status")
    block = typed.id("block")
    if typed.text("block") not in {"", NO_BLOCK, *blocks}:
        typed.errors["block"] = N_("Choose one of the newsletters in which the code stands.")
    email = typed.text("reader")
    try:
        reader = NewReader(readers.address(email)) if email else None
    except AddressInvalid as refusal:
        typed.errors["reader"] = refusal.title
    typed.checked({**offers.SUPPOSED, "at": texts.instant}, {**supposed, **({"at": at} if at else {})})
    return at or now, Trial(at, reader, block, Supposed(**supposed) if supposed else None)


async def _has_it(session: AsyncSession, terms: Terms, reader: NewReader, at: datetime, reader_key: bytes) -> bool:
    """Whether the reader has, or holds, what the offer gives: it is given again then, and nothing more is used."""
    key = signing.reader_key(reader_key, readers.canonical(readers.address(reader.email)))
    is_held = sa.and_(Redemption.state == "held", sa.or_(Redemption.expires_at.is_(None), Redemption.expires_at > at))
    mine = sa.select(Redemption.id).where(
        Redemption.event_id == terms.event_id,
        Redemption.reader_key == key,
        Redemption.offer_id == terms.offer_id,
        sa.or_(Redemption.state == "confirmed", is_held),
    )
    return await session.scalar(mine) is not None


def _answer(
    terms: Terms, verdicts: list[Verdict], at: datetime, listing: Listing, language: Language, *, has_it: bool
) -> Answer:
    no = next((verdict.refusal for verdict in verdicts if verdict.refusal), None)
    may_wait = isinstance(no, SOLD_OUT) and terms.has_waiting_list and at < terms.starts_at
    return Answer(at, terms, list(_said(terms, verdicts, listing, language)), no, may_wait, has_it)


def _said(terms: Terms, verdicts: list[Verdict], listing: Listing, language: Language) -> Iterator[Said]:
    facts, pages = _facts(terms, listing.event.timezone, language), _pages(listing)
    for verdict in verdicts:
        rule, help_, where = RULES[verdict.rule]
        held_until = verdict.refusal.facts.get("free_at") if verdict.refusal else None
        if held_until:
            until = language.instant(held_until, listing.event.timezone)
            facts[verdict.rule] = language.gettext(N_("It is only held, until %(end)s.")) % {"end": until}
        yield Said(
            language.gettext(rule),
            verdict.refusal is None,
            facts.get(verdict.rule, ""),
            language.gettext(help_) if verdict.refusal else "",
            pages.get(where, ""),
        )


def _facts(terms: Terms, zone: str, language: Language) -> dict[str, str]:
    """What each rule looks at, in words."""
    ends_at, opens_at = language.instant(terms.ends_at, zone), language.instant(terms.opens_at, zone)
    said = {
        "ended": language.gettext(N_("It works until %(end)s.")) % {"end": ends_at},
        "opens": language.gettext(N_("It works from %(start)s on.")) % {"start": opens_at},
    }
    for rule, tally in terms.tallies():
        said[rule] = _spent(tally, terms.price.currency, language) if rule == "budget" else _taken(tally, language)
    return said


def _taken(tally: Tally, language: Language) -> str:
    if tally.limit is None:
        return language.gettext(N_("No limit."))
    taken = {"used": language.number(tally.used - tally.allotted_used), "limit": language.number(tally.limit)}
    words = language.gettext(N_("%(used)s of %(limit)s taken.")) % taken
    if tally.allotted:
        aside = language.gettext(N_("%(count)s set aside for others."))
        words = f"{words} {aside % {'count': language.number(tally.allotted)}}"
    return words


def _spent(tally: Tally, currency: str, language: Language) -> str:
    if tally.limit is None:
        return language.gettext(N_("No limit."))
    amounts = {"used": tally.used, "limit": tally.limit, "cost": tally.cost}
    words = language.gettext(N_("%(used)s of %(limit)s given away; this pass costs %(cost)s more."))
    return words % {name: language.money(amount, currency) for name, amount in amounts.items()}


def _pages(listing: Listing) -> Mapping[str, str]:
    event = f"/partner/events/{listing.event.id}"
    offer = f"/partner/offers/{listing.offer.id}"
    return {
        "event": event,
        "event_form": f"{event}/edit",
        "pass_type": f"/partner/pass-types/{listing.pass_type.id}",
        "offer": offer,
        "allotments": f"{offer}/allotments",
        "pool": f"{offer}/pool",
    }


async def _blocks(session: AsyncSession, code_id: UUID, by: Actor, language: Language) -> list[tuple[str, str]]:
    """The places in newsletters where the code stands; passes set aside for these count there."""
    found = (
        sa.select(PromoBlock.id, Publication.name, Issue.number)
        .join(Issue, PromoBlock.issue_id == Issue.id)
        .join(Publication, PromoBlock.publication_id == Publication.id)
        .where(PromoBlock.code_id == code_id, PromoBlock.removed_at.is_(None), PromoBlock.visible_to(by))
        .order_by(Issue.planned_at.desc(), PromoBlock.id)
    )
    words = language.gettext(N_("%(name)s, issue %(number)s"))
    return [(str(row.id), words % {"name": row.name, "number": row.number}) for row in await session.execute(found)]


def _shown(typed: Typed) -> dict[str, str]:
    shown = typed.shown(FIELDS)
    return shown | {"status": shown["status"] or AS_IT_IS}


HANDLERS: list[Any] = [try_page, try_it]
