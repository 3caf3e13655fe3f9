"""What was sent is looked at, and codes that wait for their label follow what is seen."""

import re
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from promos import writing
from promos.actions import codes, deliveries, disclosure, labels, observations
from promos.models import Issue, PromoCode, Publication
from promos.parsing.issues import HTML, MAIL, TEXT
from promos.queries import observations as seen_of
from promos.rules.people import Actor, Role
from promos.rules.refusals import NotFound, NothingToObserve
from promos.settings import Keys, Settings
from tests.newsroom import (
    SHOP,
    a_block,
    a_placeable_code,
    a_ready_issue,
    an_issue,
    check,
    declare,
    publish,
    rendered,
    rules,
)
from tests.world import ADMIN, DAY, NOW, a_person, a_publication, editor_of

GRACE = timedelta(hours=24)
LATER = NOW + timedelta(hours=2)


@pytest.fixture
async def publication(session: AsyncSession) -> Publication:
    return await a_publication(session)


@pytest.fixture
async def code(session: AsyncSession, publication: Publication) -> PromoCode:
    return await a_placeable_code(session, publication, limit=20)


@pytest.fixture
async def issue(session: AsyncSession, publication: Publication, code: PromoCode) -> Issue:
    return await a_ready_issue(session, publication, code)


async def look(
    session: AsyncSession, issue: Issue, content: str, media_type: str = HTML, *, now: object = LATER, by: Actor = ADMIN
) -> list[str]:
    """What is seen of each block."""
    expected = await observations.expected(session, issue.id, now=LATER, by=by)
    seen = observations.look(expected, content, media_type, rules())
    given = {"through": "upload", "grace": GRACE, "now": now, "by": by}
    await observations.record(session, issue.id, seen, **given)  # type: ignore[arg-type]
    return [each.label for each in seen.looks]


async def sent(session: AsyncSession, issue: Issue, surface: disclosure.Surface = "email_html") -> str:
    return await rendered(session, issue, surface)


def without_label(html: str) -> str:
    """As somebody edits it in a newsletter tool: every word of the label is taken out."""
    return re.sub("publicité|collaboration commerciale", "", html, flags=re.IGNORECASE)


async def of(session: AsyncSession, code: PromoCode) -> tuple[str, str | None]:
    await session.refresh(code)
    return code.status, code.label


async def test_the_label_is_seen_in_every_form_in_which_an_issue_goes_out(session: AsyncSession, issue: Issue) -> None:
    await publish(session, issue)
    html, text = await sent(session, issue), await sent(session, issue, "email_text")
    mail = f"Subject: 42\nContent-Type: text/html; charset=utf-8\nMIME-Version: 1.0\n\n{html}"

    assert await look(session, issue, html) == ["there"]
    assert await look(session, issue, text, TEXT) == ["there"]
    assert await look(session, issue, mail, MAIL) == ["there"]


async def test_a_label_that_is_gone_or_hidden_is_missed(session: AsyncSession, issue: Issue) -> None:
    await publish(session, issue)
    html = await sent(session, issue)

    assert await look(session, issue, without_label(html)) == ["gone"]
    assert await look(session, issue, without_label(await sent(session, issue, "email_text")), TEXT) == ["gone"]
    assert await look(session, issue, "<p>Une semaine calme.</p>") == ["absent"]


async def test_the_name_of_the_owner_is_the_label_of_an_event_of_ones_own(
    session: AsyncSession, publication: Publication, code: PromoCode
) -> None:
    issue = await an_issue(session, publication)
    await declare(session, await a_block(session, issue, code), kinds=["own_event"])
    await publish(session, issue)
    html = await sent(session, issue)

    assert await look(session, issue, html) == ["there"]
    assert await look(session, issue, re.sub("notre propre événement", "", html, flags=re.IGNORECASE)) == ["gone"]


async def test_nobody_elses_event_becomes_ones_own_on_the_way(session: AsyncSession, issue: Issue) -> None:
    await publish(session, issue)
    html = re.sub("publicité – collaboration commerciale avec", "Notre propre événement –", await sent(session, issue))

    assert await look(session, issue, without_label(html)) == ["gone"]


async def test_a_look_at_what_was_sent_is_kept_as_evidence(session: AsyncSession, issue: Issue) -> None:
    await publish(session, issue)
    await look(session, issue, await sent(session, issue))
    await look(session, issue, without_label(await sent(session, issue)), now=LATER + DAY)

    newest, first = await seen_of.of_issue(session, issue.id)
    assert (newest.label, first.label) == ("gone", "there")
    assert {"LBL-1"} <= set(newest.failing)
    verdicts = {each.check: str(each.verdict) for each in (await check(session, issue)).findings}
    assert (verdicts["EVI-1"], verdicts["EVI-2"]) == ("pass", "fail")


async def test_an_issue_that_nobody_looked_at_within_a_day_says_so(session: AsyncSession, issue: Issue) -> None:
    await publish(session, issue)

    late = await disclosure.check(session, issue.id, rules(), **SHOP, now=NOW + 2 * DAY, by=ADMIN)

    assert {each.check: str(each.verdict) for each in late.findings}["EVI-1"] == "fail"


async def test_a_draft_can_be_looked_at_and_nothing_follows(
    session: AsyncSession, issue: Issue, code: PromoCode
) -> None:
    await codes.update(session, code.text, needs_label=True, now=NOW, by=ADMIN)

    assert await look(session, issue, await sent(session, issue)) == ["there"]

    assert await of(session, code) == ("paused", "awaited")
    assert await seen_of.of_issue(session, issue.id) == []


async def test_strangers_and_issues_without_a_block_have_nothing_to_look_at(
    session: AsyncSession, issue: Issue, publication: Publication
) -> None:
    other = await a_publication(session, slug="other")
    with pytest.raises(NotFound):
        await look(session, issue, "<p>…</p>", by=editor_of(other))
    with pytest.raises(NothingToObserve):
        await look(session, await an_issue(session, publication, number="43"), "<p>…</p>")


async def test_no_label_no_live_code(session: AsyncSession, issue: Issue, code: PromoCode) -> None:
    """Awaited, seen, missed with grace, paused, seen again."""
    await codes.update(session, code.text, needs_label=True, now=NOW, by=ADMIN)
    assert await of(session, code) == ("paused", "awaited")
    await publish(session, issue)
    html = await sent(session, issue)

    await look(session, issue, without_label(html))
    assert await of(session, code) == ("paused", "awaited")

    await look(session, issue, html, now=LATER + timedelta(hours=1))
    assert await of(session, code) == ("active", "seen")

    gone_at = LATER + timedelta(hours=2)
    await look(session, issue, without_label(html), now=gone_at)
    assert await of(session, code) == ("active", "missed")
    assert code.pauses_at == gone_at + GRACE
    assert await labels.due(session, now=gone_at + GRACE - timedelta(seconds=1)) == []

    [due] = await labels.due(session, now=gone_at + GRACE)
    assert await labels.pause(session, due, now=gone_at + GRACE) == 1
    assert await labels.pause(session, due, now=gone_at + GRACE) == 0
    assert await of(session, code) == ("paused", "missed")
    assert await labels.due(session, now=gone_at + 2 * GRACE) == []

    await look(session, issue, html, now=gone_at + 2 * GRACE)
    assert await of(session, code) == ("active", "seen")


async def test_a_label_that_comes_back_in_time_pauses_nothing(
    session: AsyncSession, issue: Issue, code: PromoCode
) -> None:
    await codes.update(session, code.text, needs_label=True, now=NOW, by=ADMIN)
    await publish(session, issue)
    html = await sent(session, issue)
    await look(session, issue, html)
    await look(session, issue, without_label(html), now=LATER + timedelta(hours=1))

    await look(session, issue, html, now=LATER + timedelta(hours=2))

    assert await of(session, code) == ("active", "seen")
    assert await labels.due(session, now=LATER + 9 * DAY) == []


async def test_what_somebody_paused_stays_paused_when_the_label_is_seen(
    session: AsyncSession, issue: Issue, code: PromoCode
) -> None:
    await codes.update(session, code.text, needs_label=True, now=NOW, by=ADMIN)
    await publish(session, issue)
    html = await sent(session, issue)
    await look(session, issue, html)
    await look(session, issue, without_label(html), now=LATER + timedelta(hours=1))
    await codes.update(session, code.text, status="paused", now=LATER + timedelta(hours=2), by=ADMIN)

    await look(session, issue, html, now=LATER + 3 * DAY)

    assert await of(session, code) == ("paused", "seen")


async def test_who_runs_the_code_may_let_it_work_without_its_label(
    session: AsyncSession, issue: Issue, code: PromoCode
) -> None:
    await codes.update(session, code.text, needs_label=True, now=NOW, by=ADMIN)
    await publish(session, issue)

    await codes.update(session, code.text, status="active", now=NOW, by=ADMIN)

    assert await of(session, code) == ("active", "waived")
    await look(session, issue, without_label(await sent(session, issue)))
    assert await of(session, code) == ("active", "waived")


async def test_a_code_that_no_longer_needs_its_label_works(session: AsyncSession, code: PromoCode) -> None:
    await codes.update(session, code.text, needs_label=True, now=NOW, by=ADMIN)
    await codes.update(session, code.text, needs_label=True, now=NOW, by=ADMIN)
    assert code.version == 1

    await codes.update(session, code.text, needs_label=False, now=NOW, by=ADMIN)

    assert (await of(session, code), code.version) == (("active", None), 2)


async def test_an_issue_seen_before_the_code_asks_for_it_counts(
    session: AsyncSession, issue: Issue, code: PromoCode
) -> None:
    await publish(session, issue)
    await look(session, issue, await sent(session, issue))

    await codes.update(session, code.text, needs_label=True, now=LATER, by=ADMIN)

    assert await of(session, code) == ("active", "seen")


async def test_one_issue_without_its_label_is_enough(
    session: AsyncSession, issue: Issue, publication: Publication, code: PromoCode
) -> None:
    """A code that stands in two issues is as well labelled as the worse of them."""
    await codes.update(session, code.text, needs_label=True, now=NOW, by=ADMIN)
    other = await a_ready_issue(session, publication, code, number="43")
    for each in (issue, other):
        await publish(session, each)
        await look(session, each, await sent(session, each))
    assert await of(session, code) == ("active", "seen")

    await look(session, issue, without_label(await sent(session, issue)), now=LATER + DAY)
    await look(session, other, await sent(session, other), now=LATER + DAY)

    assert await of(session, code) == ("active", "missed")


async def test_a_label_that_disappears_is_told_by_mail_once(
    session: AsyncSession, issue: Issue, publication: Publication, code: PromoCode
) -> None:
    """To editors of this newsletter and people of this partner; not to the door, nor to anybody elsewhere."""
    elsewhere = await a_publication(session, slug="elsewhere")
    await a_person(session, "ada@freea.example", Role.EDITOR, publication_id=publication.id)
    await a_person(session, "pia@partner.example", Role.OWNER, partner_id=code.partner_id)
    await a_person(session, "dan@partner.example", Role.DOOR, partner_id=code.partner_id)
    await a_person(session, "eve@elsewhere.example", Role.EDITOR, publication_id=elsewhere.id)
    await codes.update(session, code.text, needs_label=True, now=NOW, by=ADMIN)
    await publish(session, issue)
    html = await sent(session, issue)

    for step, content in enumerate((html, without_label(html), "<p>…</p>", without_label(html))):
        await look(session, issue, content, now=LATER + timedelta(minutes=step))

    found = await deliveries.claim(session, now=LATER + DAY, lease=timedelta(minutes=1))
    assert {each.to for each in found} == {"ada@freea.example", "pia@partner.example"}
    settings = Settings(base_url=SHOP["base_url"])
    told = {each.to: writing.written(each, settings, Keys((b"k" * 32,), b"r" * 32)) for each in found}
    text = told["ada@freea.example"].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert f"/editor/issues/{issue.id}/sent" in text
    assert code.spelled in text
    assert f"/partner/events/{code.event_id}" in told["pia@partner.example"].as_string()
