from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import passes, redemptions
from promos.models import CheckIn, Event, Issue, Offer, Partner, PromoBlock, PromoCode, Publication, Visit
from promos.queries import funnel
from promos.queries.funnel import Wish
from promos.rules.funnels import Counts, Split
from promos.rules.redemption import Redeemed
from promos.rules.refusals import NotFound
from tests.world import (
    ADMIN,
    DAY,
    NOW,
    a_claim,
    a_code,
    a_partner,
    a_publication,
    add,
    an_ask,
    an_offer,
    door_of,
    editor_of,
    member_of,
    owner_of,
    proof_of,
)


async def a_block(
    session: AsyncSession, code: PromoCode, publication: Publication, number: str, planned_at: datetime = NOW
) -> PromoBlock:
    issue = await add(
        session,
        Issue(
            publication_id=publication.id,
            number=number,
            title="An issue",
            language="fr",
            planned_at=planned_at,
            segments=[],
            state="draft",
            content_hash="",
            created_at=NOW,
        ),
    )
    block = PromoBlock(
        partner_id=code.partner_id,
        issue_id=issue.id,
        publication_id=publication.id,
        event_id=code.event_id,
        offer_id=code.offer_id,
        code_id=code.id,
        heading="Come",
        body="",
        call_to_action="Take a pass",
        replaces=[],
        created_at=NOW,
    )
    return await add(session, block)


async def visits(
    session: AsyncSession,
    code: PromoCode,
    block: PromoBlock | None,
    day: date,
    human: int,
    machine: int,
    refused: int = 0,
) -> None:
    shared = {"partner_id": code.partner_id, "event_id": code.event_id, "code_id": code.id}
    source = block.id if block else code.id
    block_id = block.id if block else None
    await add(
        session,
        Visit(**shared, block_id=block_id, source_id=source, day=day, human=human, machine=machine, refused=refused),
    )


async def arrives(session: AsyncSession, pass_id: UUID, code: PromoCode, *, undone: bool = False) -> None:
    await add(
        session,
        CheckIn(
            partner_id=code.partner_id,
            event_id=code.event_id,
            pass_id=pass_id,
            scan_id=str(pass_id),
            token_hash="",
            result="admitted",
            at=NOW + 10 * DAY,
            undone_at=NOW + 10 * DAY if undone else None,
        ),
    )


class Story:
    """FreeA's issue 12 brings ten people, three claim, two get a pass, one gives it back and one arrives.

    FreeB's issue 7 brings a visit; the code's page, opened without a block, brings one pass by a token.
    """

    code: PromoCode
    freea: Publication
    freeb: Publication
    event_id: UUID
    partner: Partner


@pytest.fixture
async def story(session: AsyncSession) -> Story:
    told = Story()
    told.freea = await a_publication(session, name="FreeA", slug="freea")
    told.freeb = await a_publication(session, name="FreeB", slug="freeb")
    code = told.code = await a_code(session, await an_offer(session, publications=(told.freea, told.freeb)))
    told.event_id = code.event_id
    told.partner = await session.get_one(Partner, code.partner_id)
    block = await a_block(session, code, told.freea, "12")
    other = await a_block(session, code, told.freeb, "7", NOW + DAY)
    await visits(session, code, block, NOW.date(), 10, 4, refused=3)
    await visits(session, code, other, (NOW + DAY).date(), 1, 0)
    await visits(session, code, None, NOW.date(), 2, 1)
    claims = [await a_claim(session, code, name, block_id=block.id) for name in ("ada", "bo", "cy")]
    asks = [proof_of(claim, block_id=block.id) for claim in claims[:2]] + [an_ask(code, "di")]
    got = [(await redemptions.redeem(session, [ask], now=NOW))[ask.id] for ask in asks]
    held = [each.pass_id for each in got if isinstance(each, Redeemed)]
    await passes.give_back(session, held[0], now=NOW + DAY)
    await arrives(session, held[1], code)
    await arrives(session, held[2], code, undone=True)
    return told


ISSUE_12 = Counts(visits=10, machines=4, unserved=3, claims=3, passes=1, given_back=1, arrivals=1)
ISSUE_7 = Counts(visits=1)
DIRECT = Counts(visits=2, machines=1, passes=1)
ALL = Counts(visits=13, machines=5, unserved=3, claims=3, passes=2, given_back=1, arrivals=1)


async def test_every_step_is_told_by_issue(session: AsyncSession, story: Story) -> None:
    seen = await funnel.of_event(session, story.event_id, Wish(Split.ISSUE), now=NOW, by=member_of(story.partner))

    assert [(line.name, line.counts) for line in seen.lines] == [
        ("FreeA 12", ISSUE_12),
        ("FreeB 7", ISSUE_7),
        ("", DIRECT),
    ]
    assert seen.total == ALL


async def test_every_split_has_the_same_total(session: AsyncSession, story: Story) -> None:
    for split in Split:
        seen = await funnel.of_event(session, story.event_id, Wish(split), now=NOW, by=ADMIN)
        assert seen.total == ALL


async def test_a_code_that_nobody_used_yet_stands_there_too(session: AsyncSession, story: Story) -> None:
    await a_code(session, await session.get_one(Offer, story.code.offer_id), "FREEB")

    seen = await funnel.of_event(session, story.event_id, Wish(Split.CODE), now=NOW, by=ADMIN)

    assert [(line.name, line.counts) for line in seen.lines] == [("FREEAGENAI", ALL), ("FREEB", Counts())]


async def test_each_day_has_what_happened_on_it(session: AsyncSession, story: Story) -> None:
    seen = await funnel.of_event(session, story.event_id, Wish(Split.DAY), now=NOW, by=ADMIN)

    assert [(line.key, line.counts) for line in seen.lines] == [
        ("2026-11-23", Counts(visits=12, machines=5, unserved=3, claims=3, passes=2)),
        ("2026-11-24", Counts(visits=1, given_back=1)),
        ("2026-12-03", Counts(arrivals=1)),
    ]


async def test_an_editor_sees_what_came_of_their_own_issues(session: AsyncSession, story: Story) -> None:
    seen = await funnel.of_event(session, story.event_id, Wish(Split.ISSUE), now=NOW, by=editor_of(story.freea))

    assert [line.name for line in seen.lines] == ["FreeA 12"]
    assert seen.total == ISSUE_12


async def test_the_funnel_of_a_strangers_event_does_not_exist(session: AsyncSession, story: Story) -> None:
    other = await a_partner(session)
    narrowed = replace(owner_of(story.partner), event_ids=frozenset({UUID(int=7)}))
    elsewhere = editor_of(await a_publication(session, slug="elsewhere"))

    for stranger in (owner_of(other), door_of(story.partner), narrowed, elsewhere):
        with pytest.raises(NotFound):
            await funnel.of_event(session, story.event_id, Wish(Split.CODE), now=NOW, by=stranger)


async def test_an_event_without_anything_has_an_empty_funnel(session: AsyncSession) -> None:
    code = await a_code(session)
    event = await session.get_one(Event, code.event_id)

    for split in Split:
        seen = await funnel.of_event(session, event.id, Wish(split), now=NOW, by=ADMIN)
        assert seen.total == Counts()
