"""An error goes out on the word of two people, for one version of a block, until a day; a BLOCK never does."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import blocks, disclosure, overrides
from promos.models import Entry, Issue, Override, Partner, PromoBlock, Publication
from promos.rules.disclosure.findings import Finding
from promos.rules.people import Actor, Grant, Role
from promos.rules.refusals import (
    DisclosureIncomplete,
    InvalidRequest,
    IssuePublished,
    NotFound,
    NotOverridable,
    SecondPersonNeeded,
)
from tests.newsroom import SHOP, a_block, a_placeable_code, an_issue, declare, publish, rules
from tests.world import DAY, NOW, a_person, a_publication

REASON = "The conditions stand in the mail that follows the press."


class Desk:
    """A declared block for readers in Spain whose offer names no conditions (OFF-1, an error), and two editors."""

    issue: Issue
    block: PromoBlock
    ada: Actor
    bo: Actor

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def findings(self) -> tuple[Finding, ...]:
        whole = await disclosure.composed(self.session, self.issue, rules(), **SHOP, now=NOW)
        return disclosure.judged(disclosure.without_overrides(whole), rules())

    async def ask(self, check: str = "OFF-1", by: Actor | None = None, **given: Any) -> Override:
        wanted: dict[str, Any] = {"reason": REASON, "ends_at": NOW + 7 * DAY} | given
        found = await self.findings()
        return await overrides.ask(
            self.session, self.block.id, check, findings=found, **wanted, now=NOW, by=by or self.ada
        )


async def an_editor(session: AsyncSession, name: str, publication: Publication) -> Actor:
    person = await a_person(session, f"{name}@freea.example", Role.EDITOR, publication_id=publication.id)
    return Actor("person", person.id, frozenset({Grant(Role.EDITOR, publication_id=publication.id)}))


@pytest.fixture
async def desk(session: AsyncSession) -> Desk:
    desk = Desk(session)
    publication = await a_publication(session, audience=[{"country": "ES", "share": 1}], language="es")
    code = await a_placeable_code(session, publication, conditions_url=None)
    desk.issue = await an_issue(session, publication)
    desk.block = await a_block(session, desk.issue, code)
    await declare(session, desk.block)
    desk.ada, desk.bo = [await an_editor(session, name, publication) for name in ("ada", "bo")]
    return desk


async def test_two_people_let_an_error_go_out(desk: Desk) -> None:
    asked = await desk.ask()
    with pytest.raises(DisclosureIncomplete):
        await publish(desk.session, desk.issue)
    with pytest.raises(SecondPersonNeeded):
        await overrides.approve(desk.session, asked.id, now=NOW, by=desk.ada)

    await overrides.approve(desk.session, asked.id, now=NOW, by=desk.bo)
    again = await overrides.approve(desk.session, asked.id, now=NOW + DAY, by=desk.ada)
    issue = await publish(desk.session, desk.issue)

    assert (issue.state, again.approved_by, again.approved_at) == ("published", desk.bo.id, NOW)
    whole = await disclosure.composed(desk.session, issue, rules(), **SHOP, now=NOW + 30 * DAY)
    assert {each.override for each in disclosure.judged(whole, rules()) if each.check == "OFF-1"} == {REASON}
    verbs = set(await desk.session.scalars(sa.select(Entry.verb).where(Entry.subject_id == asked.id)))
    assert verbs == {"override.asked", "override.approved"}


async def test_it_ends_with_its_day_with_a_new_version_and_when_it_is_taken_back(desk: Desk) -> None:
    asked = await desk.ask()
    await overrides.approve(desk.session, asked.id, now=NOW, by=desk.bo)

    async def stops(now: Any = NOW) -> bool:
        whole = await disclosure.composed(desk.session, desk.issue, rules(), **SHOP, now=now)
        return any(each.stops for each in disclosure.judged(whole, rules()))

    assert not await stops()
    assert await stops(NOW + 7 * DAY)
    await blocks.update(desk.session, desk.block.id, heading="Another heading", now=NOW, by=desk.ada)
    assert await stops()
    with pytest.raises(NotFound):
        await overrides.approve(desk.session, asked.id, now=NOW, by=desk.bo)

    anew = await desk.ask()
    await overrides.approve(desk.session, anew.id, now=NOW, by=desk.bo)
    assert not await stops()
    await overrides.withdraw(desk.session, anew.id, now=NOW, by=desk.ada)
    assert await stops()
    with pytest.raises(NotFound):
        await overrides.approve(desk.session, anew.id, now=NOW, by=desk.bo)


async def test_what_would_deceive_everybody_and_what_does_not_fail_take_none(desk: Desk) -> None:
    await desk.session.execute(sa.text("DELETE FROM declarations WHERE party = 'partner'"))

    for check in ("REL-1", "LBL-1", "OFF-2", "NO-SUCH"):
        with pytest.raises(NotOverridable):
            await desk.ask(check)
    approved = await overrides.approve(desk.session, (await desk.ask()).id, now=NOW, by=desk.bo)
    assert approved.check == "OFF-1"
    with pytest.raises(DisclosureIncomplete) as stopped:
        await publish(desk.session, desk.issue)
    assert {each["check"] for each in stopped.value.findings} == {"REL-1"}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"reason": "because"}, "reason"),
        ({"reason": "x" * 1001}, "reason"),
        ({"ends_at": NOW}, "ends_at"),
        ({"ends_at": NOW + timedelta(days=91)}, "ends_at"),
    ],
)
async def test_a_reason_and_a_near_end_are_needed(desk: Desk, given: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await desk.ask(**given)

    assert [each["field"] for each in refused.value.errors] == [field]


async def test_a_program_a_partner_and_another_newsletters_editor_let_nothing_out(
    desk: Desk, session: AsyncSession
) -> None:
    partner = await session.get_one(Partner, desk.block.partner_id)
    owner = Actor("person", desk.ada.id, frozenset({Grant(Role.OWNER, partner_id=partner.id)}))
    stranger = await an_editor(session, "cy", await a_publication(session, slug="other", name="Other"))
    program = Actor("token", desk.ada.id, desk.ada.grants)
    asked = await desk.ask()

    for by, refusal in ((owner, NotFound), (stranger, NotFound), (program, SecondPersonNeeded)):
        with pytest.raises(refusal):
            await desk.ask(by=by)
        with pytest.raises(refusal):
            await overrides.approve(session, asked.id, now=NOW, by=by)


async def test_the_database_knows_that_two_are_two(desk: Desk, session: AsyncSession) -> None:
    asked = await desk.ask()

    asked.approved_by, asked.approved_at = asked.asked_by, NOW
    with pytest.raises(IntegrityError):
        await session.flush()


async def test_behind_its_publication_nothing_is_asked(desk: Desk) -> None:
    await overrides.approve(desk.session, (await desk.ask()).id, now=NOW, by=desk.bo)
    await publish(desk.session, desk.issue)

    with pytest.raises(IssuePublished):
        await desk.ask()
