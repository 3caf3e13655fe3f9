"""What readers are told: judged, the same for the same content, and shown with its label on every surface."""

import html
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import blocks, connections, disclosure, issues
from promos.actions.disclosure import SURFACES, Surface
from promos.models import IssueCheck, Offer, Partner, PromoCode, Publication
from promos.outside.tools.kinds import KINDS
from promos.parsing.html import read_html
from promos.rules.disclosure.ruleset import RuleSet
from promos.rules.disclosure.vocabulary import Severity, Verdict
from promos.rules.refusals import DisclosureIncomplete, NotFound
from tests.newsroom import (
    PASSES,
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
    stopped_by,
)
from tests.rendering.test_blocks import without_conditions
from tests.world import ADMIN, DAY, NOW, a_partner, a_publication, owner_of


@pytest.fixture
async def publication(session: AsyncSession) -> Publication:
    return await a_publication(session)


@pytest.fixture
async def code(session: AsyncSession, publication: Publication) -> PromoCode:
    return await a_placeable_code(session, publication, conditions_url="https://generation.example/conditions")


# Judged


async def test_an_issue_without_any_promo_goes_out_freely(session: AsyncSession, publication: Publication) -> None:
    issue = await an_issue(session, publication)

    assert (await check(session, issue)).findings == ()
    assert (await publish(session, issue)).state == "published"


async def test_a_promo_in_the_editors_own_text_is_judged_too(
    session: AsyncSession, publication: Publication, code: PromoCode
) -> None:
    issue = await an_issue(
        session, publication, "Bonjour,", "Des accès gratuits avec le code OTHERCODE !", "À jeudi, promis."
    )
    await declare(session, await a_block(session, issue, code, after="s3"))

    with pytest.raises(DisclosureIncomplete) as refused:
        await publish(session, issue)

    assert "LBL-1" in stopped_by(refused.value)
    assert all("s2" in found["where"]["segments"] for found in refused.value.findings)


@pytest.mark.parametrize(("keeps_html", "verdict"), [(True, Verdict.PASS), (False, Verdict.FAIL)])
async def test_the_tool_in_which_the_newsletter_is_written_is_judged(
    session: AsyncSession,
    publication: Publication,
    code: PromoCode,
    monkeypatch: pytest.MonkeyPatch,
    *,
    keeps_html: bool,
    verdict: Verdict,
) -> None:
    issue = await a_ready_issue(session, publication, code)
    before = {found.check for found in (await check(session, issue)).findings}
    kind = replace(KINDS["kit"], capabilities=replace(KINDS["kit"].capabilities, raw_html=keeps_html))
    monkeypatch.setattr(connections, "KINDS", {"kit": kind})
    await connections.connect(session, publication.id, "kit", key="k", secrets=[b"s" * 32], now=NOW, by=ADMIN)

    (found,) = [found for found in (await check(session, issue)).findings if found.check == "ESP-1"]

    assert "ESP-1" not in before
    assert (found.verdict, found.facts["tool"]) == (verdict, "Kit")


@pytest.mark.parametrize("party", ["partner", "editor"])
async def test_one_declaration_is_not_enough(
    session: AsyncSession, publication: Publication, code: PromoCode, party: str
) -> None:
    issue = await an_issue(session, publication)
    await declare(session, await a_block(session, issue, code), party)

    with pytest.raises(DisclosureIncomplete) as refused:
        await publish(session, issue)

    (found,) = refused.value.findings
    assert (found["check"], found["severity"], found["verdict"]) == ("REL-1", "BLOCK", "fail")


async def test_declarations_that_differ_stop_the_issue(
    session: AsyncSession, publication: Publication, code: PromoCode
) -> None:
    issue = await an_issue(session, publication)
    block = await a_block(session, issue, code)
    await declare(session, block, "partner")
    await declare(session, block, "editor", benefits=[PASSES | {"quantity": 5}])

    with pytest.raises(DisclosureIncomplete) as refused:
        await publish(session, issue)

    assert [(found["check"], "what was given" in found["why"]) for found in refused.value.findings] == [("REL-1", True)]


async def test_a_check_gives_nothing_of_a_single_declaration_away(
    session: AsyncSession, publication: Publication, code: PromoCode
) -> None:
    paid: dict[str, Any] = {"kinds": ["paid_fixed"], "benefits": [PASSES | {"kind": "money", "quantity": 1}]}
    told = []
    for number, changed in enumerate(({}, paid)):
        issue = await an_issue(session, publication, number=str(number))
        await declare(session, await a_block(session, issue, code), "partner", **changed)
        findings = (await check(session, issue)).findings
        told.append([(found.check, found.verdict, found.why, dict(found.facts)) for found in findings])

    assert told[0] == told[1]


async def test_paid_by_both_accounts_is_told_as_paid(
    session: AsyncSession, publication: Publication, code: PromoCode
) -> None:
    issue = await an_issue(session, publication)
    money = {"kind": "money", "received_by": "publication", "quantity": 1, "unit_value": "500.00"}
    block = await a_block(session, issue, code)
    await declare(session, block, kinds=["paid_fixed"], benefits=[money])

    told = await rendered(session, issue, "email_text")

    assert "Generation Events SAS rémunère cette publication." in told
    assert (await publish(session, issue)).state == "published"


async def test_an_issue_is_judged_on_its_own_day(
    session: AsyncSession, publication: Publication, code: PromoCode
) -> None:
    late = NOW.replace(hour=23, minute=30)
    issue = await an_issue(session, publication, planned_at=late)

    assert (await check(session, issue)).judged_on == (late + timedelta(days=1)).date()


async def test_what_was_found_is_kept_and_told_in_any_language(
    session: AsyncSession, publication: Publication, code: PromoCode
) -> None:
    issue = await an_issue(session, publication)
    await a_block(session, issue, code)
    checked = await check(session, issue)

    row = await session.get_one(IssueCheck, checked.check_id)
    await session.refresh(row)

    assert disclosure.stored_findings(row) == checked.findings
    assert (row.verdict, row.content_hash, row.judged_on) == ("fail", issue.content_hash, "2026-11-24")
    french = disclosure.told(disclosure.stored_findings(row), lambda text: text.replace("The", "La"))[0]
    assert set(french) == {"check", "severity", "verdict", "where", "why", "source", "fix"}
    assert french["why"].startswith("La declaration")


# The content and its hash


async def test_the_same_content_has_the_same_hash(
    session: AsyncSession, publication: Publication, code: PromoCode
) -> None:
    issue = await a_ready_issue(session, publication, code)
    first = await check(session, issue)

    elsewhere = await disclosure.check(
        session, issue.id, rules(), base_url="https://other.example/", now=NOW + DAY, by=ADMIN
    )

    assert elsewhere.content_hash == first.content_hash
    assert elsewhere.check_id != first.check_id


@pytest.mark.parametrize("change", ["heading", "version", "segments", "advertiser", "limit", "deadline", "declared"])
async def test_whatever_is_judged_is_in_the_hash(
    session: AsyncSession, publication: Publication, code: PromoCode, change: str
) -> None:
    issue = await a_ready_issue(session, publication, code)
    first = (await check(session, issue)).content_hash
    (block,) = await issues.standing(session, issue.id)
    offer = await session.get_one(Offer, code.offer_id)
    partner = await session.get_one(Partner, code.partner_id)
    match change:
        case "heading":
            block.heading = "Autre titre"
        case "version":
            block.version += 1
        case "segments":
            issue.segments = [*issue.segments[:-1], issue.segments[-1] | {"text": "Adieu !"}]
        case "advertiser":
            partner.legal_form = "SA"
        case "limit":
            offer.limit = 30
        case "deadline":
            offer.ends_at += DAY
        case "declared":
            await declare(session, block, obligation="contractual")
    await session.flush()

    assert (await check(session, issue)).content_hash != first


async def test_passes_that_go_away_do_not_change_the_content(
    session: AsyncSession, publication: Publication, code: PromoCode
) -> None:
    issue = await a_ready_issue(session, publication, code)
    first = (await check(session, issue)).content_hash
    code.used, (await session.get_one(Offer, code.offer_id)).used = 7, 7
    await session.flush()

    assert (await check(session, issue)).content_hash == first


async def test_a_blocks_content_says_all_that_readers_have_to_know(
    session: AsyncSession, publication: Publication, code: PromoCode
) -> None:
    offer = await session.get_one(Offer, code.offer_id)
    offer.ends_at, offer.eligibility = NOW.replace(day=30, hour=23), "Pour les abonnés"
    block = await a_block(session, await an_issue(session, publication), code)

    content = await disclosure.content_of(session, block, rules(), base_url=SHOP["base_url"])

    assert content.label_line == "Publicité – collaboration commerciale avec Generation Events SAS"
    assert content.given == "Pas de paiement ; l'organisateur nous fournit 20 accès à offrir à nos lecteurs."
    assert content.url == f"https://promos.example/go/{block.id}"
    assert content.conditions_url == "https://generation.example/conditions"
    many, worth, until, whom = content.terms
    assert "20" in many
    assert "999\xa0€".replace("\xa0", " ") in " ".join(worth.split())
    assert "20" in worth
    assert "30" in until
    assert "23" in until
    assert whom == "Pour les abonnés"


# The label


OWN_EVENT: dict[str, Any] = {"kinds": ["own_event"], "benefits": [PASSES]}


def changed_on(day: date, text: str) -> RuleSet:
    """The rules, as if the standing of a French label in France ended on a day."""
    labels = tuple(
        replace(entry, known={**entry.known, "FR": replace(entry.known["FR"], valid_to=day)})
        if entry.text == text
        else entry
        for entry in rules().labels
    )
    return replace(rules(), labels=labels)


async def test_a_chosen_label_is_written_on_every_surface_and_goes_out(
    session: AsyncSession, publication: Publication, code: PromoCode
) -> None:
    issue = await an_issue(session, publication)
    await declare(session, await a_block(session, issue, code, label="Collaboration commerciale"))

    for surface in SURFACES:
        told = await rendered(session, issue, surface)
        assert "Collaboration commerciale – Generation Events SAS" in told
        assert "Publicité" not in told
    assert (await publish(session, issue)).state == "published"


async def test_a_label_that_is_allowed_no_longer_is_not_used_silently(
    session: AsyncSession, publication: Publication, code: PromoCode
) -> None:
    issue = await an_issue(session, publication)
    await declare(session, await a_block(session, issue, code, label="Collaboration commerciale"))
    before = (await check(session, issue)).findings
    publication.audience = [{"country": "FR", "share": 0.9}, {"country": "BE", "share": 0.1}]
    await session.flush()

    findings = (await check(session, issue)).findings

    assert "Publicité – collaboration commerciale avec" in await rendered(session, issue, "email_text")
    (said,) = [each for each in findings if each.verdict is Verdict.FAIL]
    assert (said.check, said.severity, said.stops) == ("LBL-2", Severity.WARN, False)
    assert said.facts["chosen"] == "Collaboration commerciale"
    assert not any(each.verdict is Verdict.FAIL for each in before)


async def test_words_follow_the_rules_of_the_issues_own_day(
    session: AsyncSession, publication: Publication, code: PromoCode
) -> None:
    issue = await an_issue(session, publication, planned_at=NOW + 10 * DAY)
    await a_block(session, issue, code)
    given: dict[str, Any] = {**SHOP, "for_sending": False, "by": ADMIN}

    async def label(rule_set: RuleSet, at: datetime) -> str:
        text = await disclosure.rendered(session, issue.id, "email_text", rule_set, **given, now=at)
        return next(line for line in text.splitlines() if "Generation Events SAS" in line)

    ends = changed_on((NOW + 20 * DAY).date(), "Publicité")
    assert (await label(ends, NOW)).startswith("Publicité – ")
    assert (await label(ends, NOW + 21 * DAY)).startswith("Collaboration commerciale – ")  # planned, and not sent
    issue.planned_at = NOW + 30 * DAY
    assert (await label(ends, NOW)).startswith("Collaboration commerciale – ")


async def test_a_published_issue_keeps_its_label_whatever_becomes_of_the_rules(
    session: AsyncSession, publication: Publication, code: PromoCode
) -> None:
    issue = await a_ready_issue(session, publication, code)
    await publish(session, issue)
    given: dict[str, Any] = {**SHOP, "for_sending": False, "by": ADMIN}
    sent = {surface: await rendered(session, issue, surface) for surface in SURFACES}

    for day in ((NOW - DAY).date(), (NOW + DAY).date()):
        for surface in SURFACES:
            later = changed_on(day, "Publicité")
            now = NOW + 30 * DAY
            assert await disclosure.rendered(session, issue.id, surface, later, **given, now=now) == sent[surface]


async def test_an_event_of_ones_own_is_named_as_such_and_goes_out(
    session: AsyncSession, publication: Publication, code: PromoCode
) -> None:
    issue = await an_issue(session, publication)
    block = await a_block(session, issue, code, label="Collaboration commerciale")
    await declare(session, block, "partner", **OWN_EVENT)
    assert "Collaboration commerciale" in await rendered(session, issue, "email_text")  # as long as one party says so
    await declare(session, block, "editor", **OWN_EVENT)

    for surface in SURFACES:
        told = await rendered(session, issue, surface)
        assert "Notre propre événement – organisé par Generation Events SAS" in told
        assert "Nous organisons cet événement nous-mêmes" in html.unescape(told)
        assert not re.search("publicité|collaboration", told, re.IGNORECASE)
    findings = {each.check: each for each in (await check(session, issue)).findings if each.verdict is Verdict.FAIL}
    assert findings["LBL-2"].facts["chosen"] == "Collaboration commerciale"
    await blocks.update(session, block.id, label=blocks.Wish(None, rules()), now=NOW, by=ADMIN)
    assert not any(each.verdict is Verdict.FAIL for each in (await check(session, issue)).findings)
    assert (await publish(session, issue)).state == "published"
    kept: dict[str, Any] = {**SHOP, "for_sending": True, "now": NOW, "by": ADMIN}
    assert "Notre propre" in await disclosure.rendered_block(session, block.id, "email_html", rules(), **kept)


# Rendered


@pytest.mark.parametrize("surface", SURFACES)
async def test_every_rendering_has_the_label_before_the_block(
    session: AsyncSession, publication: Publication, code: PromoCode, surface: Surface
) -> None:
    issue = await an_issue(session, publication)
    block = await a_block(session, issue, code, after="s2")

    whole = await rendered(session, issue, surface)
    alone = await disclosure.rendered_block(
        session, block.id, surface, rules(), **SHOP, for_sending=False, now=NOW, by=ADMIN
    )

    for text in (whole, alone):
        assert 0 <= text.index("Publicité") < text.index(block.heading) < text.index("/go/")
    assert whole.index("Une semaine calme.") < whole.index("Publicité") < whole.index("À bientôt !")


async def test_what_would_not_pass_is_shown_and_not_sent(
    session: AsyncSession, publication: Publication, code: PromoCode
) -> None:
    issue = await an_issue(session, publication)
    block = await a_block(session, issue, code)

    assert await rendered(session, issue, "email_html")
    with pytest.raises(DisclosureIncomplete):
        await rendered(session, issue, "email_html", for_sending=True)
    with pytest.raises(DisclosureIncomplete):
        await disclosure.rendered_block(session, block.id, "web", rules(), **SHOP, for_sending=True, now=NOW, by=ADMIN)


async def test_the_partner_sees_its_block_and_nothing_of_the_issue(
    session: AsyncSession, publication: Publication, code: PromoCode
) -> None:
    issue = await a_ready_issue(session, publication, code)
    (block,) = await issues.standing(session, issue.id)
    partner = owner_of(await session.get_one(Partner, code.partner_id))

    seen = await disclosure.rendered_block(
        session, block.id, "email_text", rules(), **SHOP, for_sending=False, now=NOW, by=partner
    )

    assert block.heading in seen
    with pytest.raises(NotFound):
        await rendered(session, issue, "email_text", by=partner)
    with pytest.raises(NotFound):
        await check(session, issue, partner)
    with pytest.raises(NotFound):
        await publish(session, issue, partner)
    with pytest.raises(NotFound):
        await disclosure.rendered_block(
            session, block.id, "web", rules(), **SHOP, for_sending=False, now=NOW, by=owner_of(await a_partner(session))
        )


@pytest.mark.parametrize(
    "hiding",
    [
        "<div style='display:none'>",
        "<!--",
        "</td></tr></table><style>td{display:none}</style>",
        "\u202e\u2066",
        "![x](https://tracker.example/p.gif)",
        "<svg onload=alert(1)>",
    ],
)
async def test_a_partners_words_cannot_hide_the_label(
    session: AsyncSession, publication: Publication, code: PromoCode, hiding: str
) -> None:
    issue = await an_issue(session, publication)
    block = await blocks.insert(
        session,
        issue.id,
        code=code.spelled,
        heading=f"{hiding} Titre",
        body=f"{hiding}\n\nUn texte.",
        call_to_action=f"{hiding[:30]} Venir",
        now=NOW,
        by=ADMIN,
    )
    await declare(session, block)

    checked = await check(session, issue)

    assert [found.verdict for found in checked.findings if found.check in {"LBL-1", "VIS-1"}] == [Verdict.PASS] * 2
    page = await rendered(session, issue, "email_html")
    assert "<svg" not in page
    assert without_conditions(page).count("<img") == 2
    assert page.count('<img src="https://promos.example/b/') == 2


@pytest.mark.parametrize(
    "hostile",
    [
        "<div style='display:none'><p>Bonjour,</p>",
        "<p>Bonjour,</p><!--",
        "<p>Bonjour,</p><table><tr><td style='font-size:0'>",
        "<style>table, aside {display:none}</style><p>Bonjour,</p>",
        "<p>Bonjour,</p><details><summary>x</summary>",
        "<p>Bonjour,</p><template><textarea><svg><title>",
    ],
)
@pytest.mark.parametrize("surface", ["email_html", "web"])
async def test_the_text_around_a_block_cannot_hide_its_label(
    session: AsyncSession, publication: Publication, code: PromoCode, hostile: str, surface: Surface
) -> None:
    issue = await issues.create(
        session,
        publication.id,
        content=f"<h2>Titre</h2><p>Avant.</p>{hostile}<p>Une semaine calme.</p>",
        media_type="text/html",
        number="42",
        title="Une semaine calme",
        planned_at=NOW + DAY,
        now=NOW,
        by=ADMIN,
    )
    await a_block(session, issue, code, after=issue.segments[-1]["id"])

    shown = read_html(await rendered(session, issue, surface))[0]

    labels = [segment for segment in shown if segment.text.startswith("Publicité – collaboration")]
    assert [label.look.hidden_by for label in labels] == [None]


async def test_a_plan_in_the_past_does_not_bring_back_the_rules_of_that_day(
    session: AsyncSession, publication: Publication
) -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    issue = await an_issue(session, publication, "Venez avec nous", BARE, planned_at=long_ago)

    with pytest.raises(DisclosureIncomplete):
        await publish(session, issue)


BARE = "Un accès gratuit pour vous, avec le code GENERATION."


@pytest.mark.parametrize(("after", "verdict"), [(None, Verdict.PASS), ("s3", Verdict.FAIL)])
async def test_a_block_far_down_a_long_mail_is_warned_of(
    session: AsyncSession, after: str | None, verdict: Verdict
) -> None:
    publication = await a_publication(session)
    issue = await an_issue(session, publication, "Bonjour,", "Une semaine calme. " * 6_000, "À bientôt !")
    code = await a_placeable_code(session, publication)
    await declare(session, await a_block(session, issue, code, after=after))

    found = {each.check: each.verdict for each in (await check(session, issue)).findings}

    assert found["PAR-3"] is verdict
