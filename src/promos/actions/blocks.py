"""Putting an offer into an issue: after one of its segments, or in place of some."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import issues, journal
from promos.models import Issue, OfferPublication, PromoBlock, PromoCode, Publication
from promos.queries import contents
from promos.rules import codes
from promos.rules.blocks import BODY, CALL_TO_ACTION, HEADING, clean_line, clean_text
from promos.rules.disclosure.ruleset import RuleSet
from promos.rules.language import N_
from promos.rules.people import Actor
from promos.rules.refusals import (
    CodeUnknown,
    InvalidRequest,
    LabelNotAllowed,
    NotFound,
    PublicationNotNamed,
    SegmentUnknown,
    TextTaken,
)

_EMPTY = N_("Write something here.")
_TOO_LONG = {
    HEADING: N_("Write at most 120 characters."),
    BODY: N_("Write at most 2000 characters."),
    CALL_TO_ACTION: N_("Write at most 60 characters."),
}


@dataclass(frozen=True, slots=True)
class Place:
    """After a segment, in place of some that follow each other, or (neither) before the first."""

    after: str | None = None
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """The words that an editor would have as the label, by these rules. `None`: those that Promos chooses."""

    words: str | None
    rule_set: RuleSet


async def insert(
    session: AsyncSession,
    issue_id: UUID,
    *,
    code: str,
    heading: str,
    body: str,
    call_to_action: str,
    after: str | None = None,
    replaces: Sequence[str] = (),
    label: Wish | None = None,
    now: datetime,
    by: Actor,
) -> PromoBlock:
    """Place the offer of `code` in a draft. A code that `by` may not see is as unknown as one that does not exist."""
    words = _words(heading, body, call_to_action)
    issue = await issues.draft(session, sa.and_(Issue.id == issue_id, Issue.visible_to(by)))
    placed = await issues.standing(session, issue_id)
    found = await _code(session, code, issue, by)
    if any(block.code_id == found.id for block in placed):
        raise TextTaken("code")
    place = Place(after, tuple(replaces))
    _fits(place, issue, placed)
    chosen = await _allowed(session, label, issue, None, now)
    block = PromoBlock(
        partner_id=found.partner_id,
        issue_id=issue.id,
        publication_id=issue.publication_id,
        event_id=found.event_id,
        offer_id=found.offer_id,
        code_id=found.id,
        version=1,
        **words,
        label=chosen,
        after=place.after,
        replaces=list(place.replaces),
        created_at=now,
    )
    session.add(block)
    await session.flush()
    await issues.touch(session, issue)
    await _record(session, "block.inserted", block, now=now, by=by)
    return block


async def update(
    session: AsyncSession,
    block_id: UUID,
    *,
    heading: str | None = None,
    body: str | None = None,
    call_to_action: str | None = None,
    label: Wish | None = None,
    place: Place | None = None,
    now: datetime,
    by: Actor,
) -> PromoBlock:
    """Change what is given; a version more if that makes a difference."""
    block, issue = await _editable(session, block_id, by)
    words = _words(
        block.heading if heading is None else heading,
        block.body if body is None else body,
        block.call_to_action if call_to_action is None else call_to_action,
    )
    if place is not None:
        others = [each for each in await issues.standing(session, issue.id) if each.id != block.id]
        _fits(place, issue, others)
    else:
        place = Place(block.after, tuple(block.replaces))
    chosen = block.label if label is None else await _allowed(session, label, issue, block.id, now)
    new = {**words, "label": chosen, "after": place.after, "replaces": list(place.replaces)}
    changed = [name for name, value in new.items() if getattr(block, name) != value]
    if changed:
        for name in changed:
            setattr(block, name, new[name])
        block.version += 1
        await issues.touch(session, issue)
        await _record(session, "block.changed", block, now=now, by=by, fields=changed)
    return block


async def _allowed(
    session: AsyncSession, label: Wish | None, issue: Issue, block_id: UUID | None, now: datetime
) -> str | None:
    """Raises `LabelNotAllowed`, with what is."""
    if label is None or label.words is None:
        return None
    publication = await session.get_one(Publication, issue.publication_id)
    placed = next(iter(await contents.placed(session, block_id=block_id)), None) if block_id else None
    possible = [each.words for each in contents.choices(placed, publication, issue, label.rule_set, now)]
    if label.words not in possible:
        raise LabelNotAllowed(possible)
    return label.words


async def remove(session: AsyncSession, block_id: UUID, *, now: datetime, by: Actor) -> PromoBlock:
    """Take it out of its draft; what it stood in place of is there again. Inserting it once more undoes this."""
    block, issue = await _editable(session, block_id, by)
    block.removed_at = now
    await issues.touch(session, issue)
    await _record(session, "block.removed", block, now=now, by=by)
    return block


async def _editable(session: AsyncSession, block_id: UUID, by: Actor) -> tuple[PromoBlock, Issue]:
    """The block, read behind its issue's lock."""
    this = sa.and_(PromoBlock.id == block_id, PromoBlock.removed_at.is_(None), PromoBlock.edited_by(by))
    issue = await issues.draft(session, Issue.id == sa.select(PromoBlock.issue_id).where(this).scalar_subquery())
    block = await session.scalar(sa.select(PromoBlock).where(this).execution_options(populate_existing=True))
    if block is None:
        raise NotFound("block")
    return block, issue


async def _code(session: AsyncSession, typed: str, issue: Issue, by: Actor) -> PromoCode:
    wanted = codes.normal(typed)
    found = await session.scalar(
        sa.select(PromoCode).where(PromoCode.text == wanted, PromoCode.kind == "vanity", PromoCode.visible_to(by))
    )
    if found is None:
        raise CodeUnknown(wanted)
    named = sa.select(OfferPublication.offer_id).where(
        OfferPublication.offer_id == found.offer_id, OfferPublication.publication_id == issue.publication_id
    )
    if await session.scalar(named) is None:
        raise PublicationNotNamed
    return found


def _words(heading: str, body: str, call_to_action: str) -> dict[str, str]:
    """The three texts as they are stored: cleaned, and neither empty nor too long."""
    words = {
        "heading": clean_line(heading),
        "body": clean_text(body),
        "call_to_action": clean_line(call_to_action),
    }
    errors = {}
    for name, most in (("heading", HEADING), ("body", BODY), ("call_to_action", CALL_TO_ACTION)):
        if not words[name] and name != "body":
            errors[name] = _EMPTY
        elif len(words[name]) > most:
            errors[name] = _TOO_LONG[most]
    if errors:
        raise InvalidRequest(errors)
    return words


def _fits(place: Place, issue: Issue, others: Collection[PromoBlock]) -> None:
    """Raise unless every segment named is there, is not replaced already, and the replaced ones follow each other."""
    if place.after is not None and place.replaces:
        raise InvalidRequest({"after": N_("Say after which segment, or in place of which ones; not both.")})
    order = [segment["id"] for segment in issue.segments]
    gone = {segment for block in others for segment in block.replaces}
    named = [*place.replaces] if place.after is None else [place.after]
    for segment in named:
        if segment not in order or segment in gone:
            raise SegmentUnknown(segment)
    if place.replaces:
        first = order.index(place.replaces[0])
        if order[first : first + len(place.replaces)] != list(place.replaces):
            raise InvalidRequest({"replaces": N_("Name segments that follow each other, in their order.")})


async def _record(
    session: AsyncSession,
    verb: str,
    block: PromoBlock,
    *,
    now: datetime,
    by: Actor,
    fields: Sequence[str] = (),
) -> None:
    await journal.record(
        session,
        verb,
        block.id,
        at=now,
        by=by,
        partner=block.partner_id,
        publication=block.publication_id,
        event=block.event_id,
        facts={"issue": str(block.issue_id), "version": block.version} | ({"fields": list(fields)} if fields else {}),
    )
