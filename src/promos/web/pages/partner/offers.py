"""The terms of a give-away: how many, from when until when, proved how, and in which newsletters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import offers
from promos.models import Event, Offer, Partner, PassType, PromoCode, Publication
from promos.queries.codes import IS_PUBLIC
from promos.rules import benefits
from promos.rules import offers as rules
from promos.rules.language import N_
from promos.rules.money import major, minor
from promos.rules.people import Actor
from promos.rules.refusals import AllotmentInUse, BudgetBelowSpent, InvalidRequest, NotFound, Refusal, TermsFrozen
from promos.web.access import needs_fresh
from promos.web.given import Reads, Writes
from promos.web.pages.partner import example
from promos.web.pages.partner.desk import READ, WRITE, event_of
from promos.web.pages.partner.example import Example
from promos.web.pages.show import go, language_of, page
from promos.web.pages.typed import TO_MEND, Typed, at_limit, local, to_mend

FIELDS = (
    *("name", "pass_type_id", "benefit", "percent", "amount", "limit", "budget", "opens_at", "ends_at", "proof"),
    *("review", "waiting_list", "place_hours", "on_cancel", "on_expiry", "eligibility", "conditions_url"),
    *("fulfilment", "shop_url"),
)
AT_FIRST = {
    "benefit": "free_pass",
    "proof": "mailbox",
    "fulfilment": "pass",
    "on_cancel": "return",
    "on_expiry": "return",
    "waiting_list": "true",
    "place_hours": "24",
}


TRIED = "example"  # what the button sends that shows the example and stores nothing
WORD = "YOURCODE"  # in the example, before there is a code


@get("/partner/events/{event_id:uuid}/offers/new", opt=READ)
async def new_page(
    request: Request[Any, Any, Any],
    event_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
) -> Response[Any]:
    async with reads() as session:
        event = await event_of(session, event_id, actor)
        choices = await _choices(session, event, actor)
    if not choices.pass_types:
        return go(f"/partner/events/{event_id}/pass-types/new")
    typed = dict.fromkeys(FIELDS, "") | AT_FIRST
    typed["opens_at"], typed["ends_at"] = local(now, event.timezone), local(event.starts_at, event.timezone)
    if len(choices.pass_types) == 1:
        typed["pass_type_id"] = str(choices.pass_types[0].id)
    return _form(request, event, None, choices, typed, [], {})


@post("/partner/events/{event_id:uuid}/offers/new", opt=WRITE, status_code=200)
async def create(
    request: Request[Any, Any, Any],
    event_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    typed = await Typed.of(request)
    async with reads() as session:
        event = await event_of(session, event_id, actor)
        choices = await _choices(session, event, actor)
    if typed.text("then") == TRIED:
        return _form(request, event, None, choices, typed.shown(FIELDS), typed.all("publication_ids"), {}, tried=True)
    kind, publications = _kind(typed), typed.ids("publication_ids")
    given: Any = _given(typed, event, None, choices.currency(kind))
    if not given["name"]:
        del given["name"]

    async def effect(session: AsyncSession, now: datetime) -> None:
        await offers.create(session, event_id, kind, publication_ids=publications, now=now, by=actor, **given)

    try:
        _checked(typed, given)
        if rules.gives_many(0, given["limit"]):
            needs_fresh(request)
        await writes.run(effect)
    except TO_MEND as refusal:
        return _again(request, event, None, choices, typed, refusal)
    return go(f"/partner/events/{event_id}", "created")


@get("/partner/offers/{offer_id:uuid}", opt=READ)
async def edit_page(
    request: Request[Any, Any, Any],
    offer_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[str]:
    async with reads() as session:
        event, offer = await _found(session, offer_id, actor)
        choices = await _choices(session, event, actor, offer)
        named = (await offers.publications(session, [offer.id]))[offer.id]
    written = _written(event, offer, choices.currency(offer.pass_type_id))
    return _form(request, event, offer, choices, written, [str(each) for each in named], {})


@post("/partner/offers/{offer_id:uuid}", opt=WRITE, status_code=200)
async def change(
    request: Request[Any, Any, Any],
    offer_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    typed = await Typed.of(request)
    async with reads() as session:
        event, offer = await _found(session, offer_id, actor)
        choices = await _choices(session, event, actor, offer)
    if typed.text("then") == TRIED:
        return _form(request, event, offer, choices, typed.shown(FIELDS), typed.all("publication_ids"), {}, tried=True)
    kind, publications = _kind(typed), typed.ids("publication_ids")
    given: Any = _given(typed, event, offer, choices.currency(kind))

    async def effect(session: AsyncSession, now: datetime) -> None:
        await offers.update(
            session, offer_id, now=now, by=actor, pass_type_id=kind, publication_ids=publications, **given
        )

    try:
        _checked(typed, given)
        if rules.gives_many(offer.limit, given["limit"]) or _more_money(offer, given["budget"], choices):
            needs_fresh(request)
        await writes.run(effect)
    except TO_MEND as refusal:
        return _again(request, event, offer, choices, typed, refusal)
    return go(f"/partner/events/{event.id}", "saved")


async def _found(session: AsyncSession, offer_id: UUID, by: Actor) -> tuple[Event, Offer]:
    row = await session.execute(
        sa.select(Event, Offer).join(Event, Offer.event_id == Event.id).where(Offer.id == offer_id, Offer.run_by(by))
    )
    found = row.one_or_none()
    if found is None:
        raise NotFound("offer")
    return found[0], found[1]


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to choose from: the event's pass types, the newsletters of the house."""

    partner: Partner
    pass_types: list[PassType]
    publications: list[Publication]
    code: str = WORD  # for the example

    def currency(self, pass_type_id: UUID) -> str:
        """Of a pass type; what is no choice is refused elsewhere."""
        return next((each.currency for each in self.pass_types if each.id == pass_type_id), "EUR")


async def _choices(session: AsyncSession, event: Event, by: Actor, offer: Offer | None = None) -> Choices:
    kinds = sa.select(PassType).where(PassType.event_id == event.id).order_by(PassType.id)
    letters = sa.select(Publication).where(Publication.visible_to(by)).order_by(Publication.name, Publication.id)
    words = sa.select(PromoCode.spelled).where(PromoCode.offer_id == (offer.id if offer else None), IS_PUBLIC)
    return Choices(
        await session.get_one(Partner, event.partner_id),
        list(await session.scalars(kinds)),
        list(await session.scalars(letters)),
        (await session.scalar(words.order_by(PromoCode.id).limit(1)) if offer else None) or WORD,
    )


def _kind(typed: Typed) -> UUID:
    kind = typed.id("pass_type_id")
    if kind is None:
        typed.errors["pass_type_id"] = N_("Choose what is given.")
    return kind or UUID(int=0)


def _given(typed: Typed, event: Event, offer: Offer | None, currency: str) -> dict[str, Any]:
    zone = event.timezone
    return {
        "name": typed.text("name"),
        "benefit": typed.text("benefit"),
        "percent": typed.percent("percent", "percent"),
        "amount": typed.price("amount", currency),
        "limit": typed.whole("limit"),
        "budget": typed.price("budget", currency),
        "opens_at": typed.moment("opens_at", zone, offer.opens_at if offer else None),
        "ends_at": typed.moment("ends_at", zone, offer.ends_at if offer else None),
        "proof": typed.text("proof"),
        "review": typed.ticked("review"),
        "waiting_list": typed.ticked("waiting_list"),
        "place_hours": typed.whole("place_hours") or 0,
        "on_cancel": typed.text("on_cancel"),
        "on_expiry": typed.text("on_expiry"),
        "eligibility": typed.text("eligibility"),
        "conditions_url": typed.text("conditions_url"),
        "fulfilment": typed.text("fulfilment") or "pass",
        "shop_url": typed.text("shop_url"),
    }


def _checked(typed: Typed, given: Mapping[str, Any]) -> None:
    """Raise `InvalidRequest` with all that is wrong, the benefit's parts included."""
    units = None if given["amount"] is None else 0  # whether one is given; its own field says what is wrong with it
    try:
        benefits.benefit(given["benefit"], percent=given["percent"], amount=units)
    except InvalidRequest as refusal:
        for each in refusal.errors:
            typed.errors.setdefault(each["field"], each["message"])
    typed.checked(rules.OFFER, given)


def _more_money(offer: Offer, budget: str | None, choices: Choices) -> bool:
    """Whether an offer's budget is raised, or lifted."""
    if offer.budget is None or budget is None:
        return budget is None and offer.budget is not None
    return minor(budget, choices.currency(offer.pass_type_id)) > offer.budget


def _written(event: Event, offer: Offer, currency: str) -> dict[str, str]:
    """The offer as its form shows it."""
    shown = {name: str(getattr(offer, name) or "") for name in FIELDS}
    moments = {name: local(getattr(offer, name), event.timezone) for name in ("opens_at", "ends_at")}
    amounts = {"amount": offer.amount, "budget": offer.budget}
    ticked = {name: "true" if getattr(offer, name) else "" for name in ("review", "waiting_list")}
    return (
        shown
        | moments
        | ticked
        | {name: "" if units is None else major(units, currency) for name, units in amounts.items()}
        | {"percent": "" if offer.percent is None else f"{offer.percent.normalize():f}"}
    )


def _frozen(refusal: Refusal) -> str:
    """The field at which the form says that it stays as it is."""
    fields = refusal.fields if isinstance(refusal, TermsFrozen) else []
    return next((each for each in ("pass_type_id", "fulfilment") if each in fields), "benefit")


def _again(
    request: Request[Any, Any, Any],
    event: Event,
    offer: Offer | None,
    choices: Choices,
    typed: Typed,
    refusal: Refusal,
) -> Response[str]:
    frozen = _frozen(refusal)
    fields = {
        **at_limit("limit"),
        AllotmentInUse: "limit",
        BudgetBelowSpent: "budget",
        TermsFrozen: frozen,
    }
    errors, status = to_mend(refusal, language_of(request), fields=fields)
    if isinstance(refusal, BudgetBelowSpent) and offer:
        language = language_of(request)
        spent = language.money(refusal.spent, choices.currency(offer.pass_type_id))
        errors["budget"] += " " + language.gettext(N_("So far it is %(spent)s.")) % {"spent": spent}
    chosen = typed.all("publication_ids")
    return _form(request, event, offer, choices, typed.shown(FIELDS), chosen, errors, status=status)


def _form(
    request: Request[Any, Any, Any],
    event: Event,
    offer: Offer | None,
    choices: Choices,
    typed: Mapping[str, str],
    chosen: Sequence[str],
    errors: Mapping[str, str],
    *,
    status: int = 200,
    tried: bool = False,
) -> Response[str]:
    """`tried`: with all that is wrong by now beside its field, and no alarm: somebody is still typing."""
    language, kinds = language_of(request), choices.pass_types
    shown, wrong = _example(event, offer, choices, typed)
    told = {name: language.gettext(text) for name, text in wrong.items()} if tried else dict(errors)
    return page(
        request,
        "partner/offer_form.html",
        status=status,
        event=event,
        offer=offer,
        choices=choices,
        kinds=[(str(each.id), f"{each.name} – {language.money(each.face_value, each.currency)}") for each in kinds],
        typed=dict(typed),
        chosen=chosen,
        errors=told,
        example=shown,
        is_tried=tried,
        is_typed=tried or bool(errors),
    )


def _example(
    event: Event, offer: Offer | None, choices: Choices, typed: Mapping[str, str]
) -> tuple[Example | None, Mapping[str, str]]:
    """What readers would see, and what is wrong with what was typed, by field."""
    read = Typed({name: [value] for name, value in typed.items()})
    kind_id = _kind(read)
    given = _given(read, event, offer, choices.currency(kind_id))
    wrong: dict[str, str] = {}
    try:
        rules.window(given["opens_at"], given["ends_at"])
    except InvalidRequest as refusal:
        wrong = {each["field"]: each["message"] for each in refusal.errors}
    try:
        _checked(read, given if given["name"] else {name: each for name, each in given.items() if name != "name"})
    except InvalidRequest as refusal:
        wrong |= {each["field"]: each["message"] for each in refusal.errors}
    kind = next((each for each in choices.pass_types if each.id == kind_id), next(iter(choices.pass_types), None))
    return (example.of(event, choices.partner, kind, given, choices.code) if kind else None), wrong


HANDLERS: list[Any] = [new_page, create, edit_page, change]
