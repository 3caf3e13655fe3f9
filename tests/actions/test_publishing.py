"""An issue goes out with its disclosure complete, or not at all; the database says so too."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import blocks, declarations, issues, publishing
from promos.models import Entry, Issue, Partner, PromoCode, Publication
from promos.rules.disclosure.findings import Finding
from promos.rules.disclosure.vocabulary import Severity, Verdict
from promos.rules.issues import find_blocks
from promos.rules.refusals import DisclosureIncomplete
from tests.newsroom import (
    EXCHANGE,
    SHOP,
    a_block,
    a_placeable_code,
    a_ready_issue,
    an_issue,
    check,
    publish,
    rendered,
    rules,
    stopped_by,
)
from tests.world import ADMIN, DAY, NOW, a_publication, editor_of, owner_of

REAL = Path(__file__).parents[2].parent / "shared" / "real" / "freea-issue.txt"

WRITTEN = """\
Les robots apprennent à cuisiner

Bonjour,

Cette semaine, une équipe de Lyon a fait battre des œufs à une machine.

Léa

Venez à RobotCuisine 2026*

Le 3 décembre, RobotCuisine réunit toute la profession à Paris.

Au programme :

  • Plus de 400 participants.

  • Des chefs et des ingénieurs.

On a quelques accès gratuits à vous offrir, d'une valeur de 999 € chacun.
Pour venir, utilisez le code FREEAGENAI :

À très vite !

*Collaboration commerciale non rémunérée

Une machine bat des œufs

L'affaire commence dans un laboratoire.

  • 2019 : premier bras, premier œuf cassé.

  • 2026 : première omelette.

On se retrouve jeudi !
"""
BLOCK: dict[str, Any] = {
    "heading": "RobotCuisine 2026, le 3 décembre à Paris",
    "body": "Une journée de **conférences** et d'ateliers.",
    "call_to_action": "Demander un accès",
}


@pytest.fixture
async def publication(session: AsyncSession) -> Publication:
    return await a_publication(session)


@pytest.fixture
async def code(session: AsyncSession, publication: Publication) -> PromoCode:
    return await a_placeable_code(session, publication, conditions_url="https://generation.example/conditions")


@pytest.mark.parametrize("source", ["written", "real"])
async def test_an_old_style_block_becomes_ours_and_the_issue_goes_out(
    session: AsyncSession, publication: Publication, code: PromoCode, source: str
) -> None:
    if source == "real" and not REAL.exists():
        pytest.skip("the real issue is not here")
    content = WRITTEN if source == "written" else REAL.read_text(encoding="utf-8")
    editor, partner = editor_of(publication), owner_of(await session.get_one(Partner, code.partner_id))
    issue = await issues.create(
        session,
        publication.id,
        content=content,
        media_type="text/plain",
        number="42",
        title="Les robots",
        planned_at=NOW + DAY,
        now=NOW,
        by=editor,
    )

    before = issues.segments_of(issue)
    (old,) = find_blocks(before)
    with pytest.raises(DisclosureIncomplete) as refused:
        await publish(session, issue, editor)
    assert {"REL-2", "LBL-4", "POS-1"} <= stopped_by(refused.value)

    block = await blocks.insert(
        session,
        issue.id,
        code=code.spelled,
        **BLOCK,
        replaces=[segment.id for segment in before[old.first : old.last + 1]],
        now=NOW,
        by=editor,
    )
    with pytest.raises(DisclosureIncomplete) as refused:
        await publish(session, issue, editor)
    assert stopped_by(refused.value) == {"REL-1"}

    for party, by in (("editor", editor), ("partner", partner)):
        await declarations.declare(session, block.id, party, **EXCHANGE, now=NOW, by=by)
    checked = await check(session, issue, editor)
    assert (checked.verdict, above_warnings(checked.findings)) == (Verdict.PASS, [])

    published = await publish(session, issue, editor)
    assert (published.state, published.published_at) == ("published", NOW)

    kept = [segment for at, segment in enumerate(before) if at not in old.span]
    web = await rendered(session, issue, "web", for_sending=True, by=editor)
    text = await rendered(session, issue, "email_text", for_sending=True, by=editor)
    assert all(segment.html in web and segment.text in text for segment in kept)
    assert not any(segment.html in web for segment in before[old.first : old.last + 1])


async def test_publishing_twice_is_the_same_answer(
    session: AsyncSession, publication: Publication, code: PromoCode
) -> None:
    issue = await a_ready_issue(session, publication, code)
    first = await publish(session, issue)
    passed = first.passed_check_id

    again = await publishing.publish(session, issue.id, rules(), **SHOP, now=NOW + DAY, by=ADMIN)

    assert (again.passed_check_id, again.published_at) == (passed, NOW)
    verbs = await session.scalars(sa.select(Entry.verb).where(Entry.subject_id == issue.id))
    assert list(verbs) == ["issue.published"]


async def test_partner_and_publication_read_of_it_in_their_history(
    session: AsyncSession, publication: Publication, code: PromoCode
) -> None:
    issue = await a_ready_issue(session, publication, code)
    await publish(session, issue)

    partner = owner_of(await session.get_one(Partner, code.partner_id))
    seen = (await session.scalars(sa.select(Entry.verb).where(Entry.visible_to(partner)))).all()

    assert "block.published" in seen
    assert "issue.published" not in seen


async def test_an_earlier_pass_does_not_cover_what_was_changed_since(
    session: AsyncSession, publication: Publication, code: PromoCode
) -> None:
    issue = await a_ready_issue(session, publication, code)
    checked = await check(session, issue)
    (block,) = await issues.standing(session, issue.id)
    await blocks.update(session, block.id, heading="Autre titre", now=NOW, by=ADMIN)

    await refused(session, published_with(issue, checked.check_id))


async def test_the_database_publishes_nothing_unchecked(
    session: AsyncSession, publication: Publication, code: PromoCode
) -> None:
    issue = await a_ready_issue(session, publication, code)

    await refused(session, sa.update(Issue).where(Issue.id == issue.id).values(state="published"))


async def test_the_database_publishes_nothing_that_failed(
    session: AsyncSession, publication: Publication, code: PromoCode
) -> None:
    issue = await an_issue(session, publication)
    await a_block(session, issue, code)
    failed = await check(session, issue)
    assert failed.verdict is Verdict.FAIL

    await refused(session, published_with(issue, failed.check_id))
    await refused(session, published_with(issue, failed.check_id, needed_verdict="fail"))


async def test_the_database_takes_no_check_of_another_issue(
    session: AsyncSession, publication: Publication, code: PromoCode
) -> None:
    quiet = await an_issue(session, publication, number="41")
    issue = await a_ready_issue(session, publication, code)
    await check(session, issue)
    passed = await check(session, quiet)

    await refused(session, published_with(issue, passed.check_id, content_hash=passed.content_hash))


async def test_the_database_keeps_the_content_of_a_published_issue(
    session: AsyncSession, publication: Publication, code: PromoCode
) -> None:
    issue = await a_ready_issue(session, publication, code)
    await publish(session, issue)

    await refused(session, sa.update(Issue).where(Issue.id == issue.id).values(content_hash="0" * 64))
    await refused(session, sa.update(Issue).where(Issue.id == issue.id).values(passed_check_id=None))


def published_with(issue: Issue, check_id: UUID, **more: Any) -> sa.Update:
    return sa.update(Issue).where(Issue.id == issue.id).values(state="published", passed_check_id=check_id, **more)


async def refused(session: AsyncSession, statement: sa.Update) -> None:
    with pytest.raises(IntegrityError):
        async with session.begin_nested():
            await session.execute(statement.execution_options(synchronize_session=False))


def above_warnings(findings: Iterable[Finding]) -> list[str]:
    return [
        found.check
        for found in findings
        if found.verdict is Verdict.FAIL and found.severity in (Severity.BLOCK, Severity.ERROR)
    ]
