"""A promo block is inserted, edited, taken out and put back: its words are the editor's, its label is not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import blocks, issues
from promos.actions.blocks import Wish
from promos.models import Issue, PromoBlock, PromoCode, Publication
from promos.queries import catalogue, contents
from promos.queries.catalogue import Listing
from promos.queries.contents import Placed
from promos.rendering import language as languages
from promos.rendering.language import Language
from promos.rules import redemption
from promos.rules.blocks import clean_line
from promos.rules.disclosure.label import given_sentence, label_for
from promos.rules.disclosure.solver import Solution
from promos.rules.disclosure.vocabulary import Mark
from promos.rules.issues import Segment, is_heading
from promos.rules.language import N_
from promos.rules.people import Actor
from promos.rules.refusals import (
    InvalidRequest,
    IssuePublished,
    LabelNotAllowed,
    NotFound,
    Refusal,
    TextTaken,
)
from promos.web.given import Reads, Writes
from promos.web.pages.editor.desk import READ, WRITE, issue_of
from promos.web.pages.editor.issue import rules_of
from promos.web.pages.partner.event import STATES
from promos.web.pages.show import go, language_of, page
from promos.web.pages.typed import TO_MEND, Typed, to_mend

FIELDS = ("code", "heading", "body", "call_to_action", "label")
_EMPTY = dict.fromkeys(FIELDS, "")


HOW_READ = {
    Mark.PRIMARY: N_("read at the source"),
    Mark.SECOND_HAND: N_("read second-hand"),
    Mark.KNOWN: N_("general knowledge, not verified"),
    Mark.OWN: N_("our own prudence"),
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why `words` do in a country: because of that source, and how it was read. No words: none are known to do."""

    country: str
    words: str
    source: str
    read: str


@dataclass(frozen=True, slots=True)
class Option:
    """Words that may be the label, and why, country by country."""

    words: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a block is to stand, as the address of its form says it."""

    after: str | None
    replaces: tuple[str, ...]

    @property
    def query(self) -> str:
        if self.replaces:
            return f"replaces={','.join(self.replaces)}"
        return f"after={self.after}" if self.after else ""

    @classmethod
    def of(cls, after: str | None, replaces: str | None, known: Sequence[Segment]) -> "Spot":
        """Raises `NotFound` for a segment that the issue does not have."""
        order = {segment.id for segment in known}
        named = tuple(each for each in (replaces or "").split(",") if each)
        if not {*named, *([after] if after else [])} <= order:
            raise NotFound("segment")
        return cls(None if named else after or None, named)


@get("/editor/issues/{issue_id:uuid}/blocks/new", opt=READ)
async def new_page(
    request: Request[Any, Any, Any],
    issue_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
) -> Response[str]:
    """First which code, then its words."""
    query = request.query_params
    async with reads() as session:
        issue, publication, listings = await _draft(session, issue_id, actor)
    segments = issues.segments_of(issue)
    spot = Spot.of(query.get("after"), query.get("replaces"), segments)
    chosen = _chosen(listings, query.get("code"))
    if chosen is None and len(listings) != 1:
        return page(
            request,
            "editor/choose_code.html",
            issue=issue,
            publication=publication,
            spot=spot,
            listings=listings,
            states={each.code.id: _state(each, now) for each in listings},
        )
    listing = chosen or listings[0]
    typed = proposed(listing, [segment for segment in segments if segment.id in spot.replaces], issue.language)
    return _form(request, issue, publication, listing, typed, {}, now=now, spot=spot, has_others=len(listings) > 1)


@post("/editor/issues/{issue_id:uuid}/blocks/new", opt=WRITE)
async def insert(
    request: Request[Any, Any, Any],
    issue_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
) -> Response[Any]:
    typed = await Typed.of(request)
    async with reads() as session:
        issue, publication, listings = await _draft(session, issue_id, actor)
    spot = Spot.of(typed.text("after"), typed.text("replaces"), issues.segments_of(issue))
    listing = _chosen(listings, typed.text("code"))
    if listing is None:
        raise NotFound("code")

    async def effect(session: AsyncSession, now: datetime) -> None:
        await blocks.insert(
            session,
            issue_id,
            code=listing.code.text,
            heading=typed.text("heading"),
            body=typed.text("body"),
            call_to_action=typed.text("call_to_action"),
            after=spot.after,
            replaces=spot.replaces,
            label=Wish(typed.text("label") or None, rules_of(request)),
            now=now,
            by=actor,
        )

    try:
        await writes.run(effect)
    except TO_MEND as refusal:
        errors, status = _wrong(refusal, language_of(request))
        shown = typed.shown(FIELDS)
        others = len(listings) > 1
        kept: Any = {"spot": spot, "has_others": others, "status": status}
        return _form(request, issue, publication, listing, shown, errors, now=now, **kept)
    return go(f"/editor/issues/{issue_id}", "created")


@get("/editor/blocks/{block_id:uuid}", opt=READ)
async def edit_page(
    request: Request[Any, Any, Any],
    block_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
) -> Response[str]:
    async with reads() as session:
        placed, issue, publication, listing = await _placed(session, block_id, actor)
    typed = {name: getattr(placed.block, name) or "" for name in FIELDS if name != "code"}
    typed["code"] = listing.code.spelled
    return _form(request, issue, publication, listing, typed, {}, now=now, placed=placed)


@post("/editor/blocks/{block_id:uuid}", opt=WRITE)
async def change(
    request: Request[Any, Any, Any],
    block_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
) -> Response[Any]:
    typed = await Typed.of(request)
    async with reads() as session:
        placed, issue, publication, listing = await _placed(session, block_id, actor)
    label = typed.text("label")
    wish = None if label == placed.block.label else Wish(label or None, rules_of(request))
    words: Any = typed.shown(("heading", "body", "call_to_action"))

    async def effect(session: AsyncSession, now: datetime) -> None:
        await blocks.update(session, block_id, **words, label=wish, now=now, by=actor)

    try:
        await writes.run(effect)
    except TO_MEND as refusal:
        errors, status = _wrong(refusal, language_of(request))
        shown = {"code": listing.code.spelled, "label": label, **words}
        return _form(request, issue, publication, listing, shown, errors, now=now, placed=placed, status=status)
    return go(f"/editor/issues/{issue.id}", "saved")


@post("/editor/blocks/{block_id:uuid}/remove", opt=WRITE)
async def remove(
    block_id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[Any]:
    async def effect(session: AsyncSession, now: datetime) -> UUID:
        return (await blocks.remove(session, block_id, now=now, by=actor)).issue_id

    issue_id = await writes.run(effect)
    return go(f"/editor/issues/{issue_id}?undo={block_id}", "removed")


@post("/editor/blocks/{block_id:uuid}/restore", opt=WRITE)
async def restore(
    request: Request[Any, Any, Any],
    block_id: FromPath[UUID],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """The same words in the same place, as a block of its own: both declarations are made for it anew."""

    async def effect(session: AsyncSession, now: datetime) -> UUID:
        rows = (
            sa.select(PromoBlock, PromoCode.text)
            .join(PromoCode, PromoBlock.code_id == PromoCode.id)
            .where(PromoBlock.id == block_id, PromoBlock.removed_at.is_not(None), PromoBlock.edited_by(actor))
        )
        found = (await session.execute(rows)).one_or_none()
        if found is None:
            raise NotFound("block")
        gone, code = found[0], found[1]
        again = partial(
            blocks.insert,
            session,
            gone.issue_id,
            code=code,
            heading=gone.heading,
            body=gone.body,
            call_to_action=gone.call_to_action,
            after=gone.after,
            replaces=gone.replaces,
            now=now,
            by=actor,
        )
        try:
            block = await again(label=Wish(gone.label, rules_of(request)))
        except LabelNotAllowed:  # of an event of one's own, say, which nobody has declared to be one yet
            block = await again()
        return block.issue_id

    return go(f"/editor/issues/{await writes.run(effect)}", "saved")


def proposed(listing: Listing, replaced: Sequence[Segment], tag: str) -> dict[str, str]:
    """What the form begins with: the replaced text's heading, else the event; its reasons to come; a call to action."""
    speak, event = languages.language(tag), listing.event
    heading = next((clean_line(each.text) for at, each in enumerate(replaced) if is_heading(replaced, at)), "")
    name = f"{event.name} {event.edition}" if event.edition else event.name
    where = f"**{speak.instant(event.starts_at, event.timezone)}**, {event.venue}, {event.city}"
    reasons = "\n".join(f"- {reason}" for reason in event.highlights)
    return {
        "code": listing.code.spelled,
        "heading": heading.strip("*†‡¹ ")[:120] or f"{name}, {speak.day(event.starts_at, event.timezone)}",
        "body": f"{where}\n\n{reasons}".strip(),
        "call_to_action": speak.gettext(N_("Ask for a free pass")),
        "label": "",
    }


async def _draft(session: AsyncSession, issue_id: UUID, by: Actor) -> tuple[Issue, Publication, list[Listing]]:
    """A draft and the codes that do not stand in it yet."""
    issue, publication = await issue_of(session, issue_id, by)
    if issue.state == "published":
        raise IssuePublished
    standing = {block.code_id for block in await issues.standing(session, issue_id)}
    placeable = await catalogue.placeable(session, publication.id, by)
    return issue, publication, [each for each in placeable if each.code.id not in standing]


async def _placed(session: AsyncSession, block_id: UUID, by: Actor) -> tuple[Placed, Issue, Publication, Listing]:
    this = sa.and_(PromoBlock.id == block_id, PromoBlock.removed_at.is_(None), PromoBlock.edited_by(by))
    block = await session.scalar(sa.select(PromoBlock).where(this))
    if block is None:
        raise NotFound("block")
    issue, publication = await issue_of(session, block.issue_id, by)
    if issue.state == "published":
        raise IssuePublished
    (listing,) = await catalogue.listings(session, [block.code_id])
    (placed,) = await contents.placed(session, block_id=block.id)
    return placed, issue, publication, listing


def _chosen(listings: Sequence[Listing], typed: str | None) -> Listing | None:
    wanted = (typed or "").replace("-", "").strip().upper()
    return next((each for each in listings if each.code.text == wanted), None)


def _state(listing: Listing, now: datetime) -> str:
    no = redemption.refusal(listing.terms, now)
    return "active" if no is None else STATES.get(type(no), "exhausted")


def _wrong(refusal: Refusal, language: Language) -> tuple[dict[str, str], int]:
    if isinstance(refusal, TextTaken):
        refusal = InvalidRequest({"": N_("This code stands in the issue already.")})
    elif isinstance(refusal, LabelNotAllowed):
        refusal = InvalidRequest({"label": refusal.title})
    return to_mend(refusal, language)


def _form(
    request: Request[Any, Any, Any],
    issue: Issue,
    publication: Publication,
    listing: Listing,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    now: datetime,
    spot: Spot | None = None,
    placed: Placed | None = None,
    has_others: bool = False,
    status: int = 200,
) -> Response[str]:
    advertiser, audience = listing.partner.advertiser, contents.audience_of(publication)
    choices = contents.choices(placed, publication, issue, rules_of(request), now)
    rules = rules_of(request).on(contents.judged_on(issue, publication, now))
    label = label_for(rules, audience, issue.language, advertiser)
    language = language_of(request)
    limits = (listing.code.limit, listing.offer.limit, listing.pass_type.capacity)
    quantity = min((limit for limit in limits if limit is not None), default=None)
    return page(
        request,
        "editor/block_form.html",
        status=status,
        issue=issue,
        publication=publication,
        listing=listing,
        label=label,
        options=[Option(each.words, tuple(_reasons(each.solution, language))) for each in choices],
        unused=contents.unused_label(placed, publication, issue, rules_of(request), now) if placed else None,
        given=given_sentence(rules, issue.language, advertiser, None, quantity),
        spot=spot,
        block=placed.block if placed else None,
        has_others=has_others,
        typed=_EMPTY | dict(typed),
        errors=dict(errors),
    )


def _reasons(solution: Solution, language: Language) -> list[Reason]:
    """Country by country, why these words do there; or that nobody knows, and what would do."""
    reasons = [
        Reason(
            language.country(each.country),
            each.label.text,
            f"{each.known.source.instrument}, {each.known.source.article}".removesuffix(", "),
            language.gettext(HOW_READ[each.known.source.mark]),
        )
        for each in solution.proofs
    ]
    for gap in solution.gaps:
        words = N_("Nobody has verified these words there.")
        better = gap.instead.label if gap.instead else None
        if better and better.language != solution.language:
            words = N_("Nobody has verified these words there. “%(label)s” would do, in an issue in %(language)s.")
        elif better:
            words = N_("Nobody has verified these words there. “%(label)s” would do, in an issue of its own.")
        facts = {"label": better.text, "language": language.tongue(better.language)} if better else {}
        reasons.append(Reason(language.country(gap.country), "", language.gettext(words) % facts, ""))
    return reasons


HANDLERS: list[Any] = [new_page, insert, edit_page, change, remove, restore]
