"""A suspended partner gives nothing new on any path, loses nothing, and is as before once it is lifted."""

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import claims, codes, line, passes, redemptions, suspensions, tokens
from promos.models import Claim, Partner, Pass, PromoCode, Redemption
from promos.queries import catalogue
from promos.rules.disclosure.vocabulary import Verdict
from promos.rules.people import SCOPES, Actor, Grant, Role
from promos.rules.redemption import Redeemed, Waiting
from promos.rules.refusals import (
    CodeUnavailable,
    DisclosureIncomplete,
    InvalidRequest,
    NotAllowed,
    NotFound,
    PartnerSuspended,
)
from promos.settings import Keys
from tests.newsroom import a_placeable_code, a_ready_issue, check, publish, stopped_by
from tests.world import (
    ADMIN,
    DAY,
    NOW,
    a_claim,
    a_code,
    a_partner,
    a_publication,
    an_ask,
    an_offer,
    owner_of,
    proof_of,
    whom,
)

AS_ADMIN: Any = {"now": NOW, "by": ADMIN}
KEYS = Keys(signing=(b"s" * 40,), reader=b"r" * 40)


async def suspended(session: AsyncSession, code: PromoCode) -> Partner:
    return await suspensions.suspend(session, code.partner_id, "Their invoices bounce.", **AS_ADMIN)


async def one(session: AsyncSession, ask: Any) -> object:
    return type((await redemptions.redeem(session, [ask], now=NOW))[ask.id])


async def test_every_way_to_a_pass_is_closed_and_open_again_once_it_is_lifted(session: AsyncSession) -> None:
    code = await a_code(session)
    proof = proof_of(await a_claim(session, code, "ada"))
    want = claims.wanted("FREEAGENAI", "bo@readers.example", name=None, shares=(), block_id=None, language="fr")
    given: Any = {"signing_key": b"s" * 40, "reader_key": b"r" * 40, "lifetime": 3600, "now": NOW}
    await suspended(session, code)

    assert await one(session, proof) is CodeUnavailable
    assert await one(session, an_ask(code, "cy")) is CodeUnavailable
    with pytest.raises(CodeUnavailable):
        await claims.submit(session, want, **given)

    await suspensions.lift(session, code.partner_id, **AS_ADMIN)

    assert await one(session, proof) is Redeemed
    assert await one(session, an_ask(code, "cy")) is Redeemed
    await claims.submit(session, want, **given)


@pytest.mark.parametrize("held_for", ["shop", "review"])
async def test_a_hold_becomes_no_pass_meanwhile(session: AsyncSession, held_for: str) -> None:
    code = await a_code(session)
    ask = an_ask(code, "ada", held_for=held_for, held_until=NOW + DAY)
    held = (await redemptions.redeem(session, [ask], now=NOW))[ask.id]
    assert isinstance(held, Redeemed)
    await suspended(session, code)

    with pytest.raises(CodeUnavailable):
        await passes.confirm(session, [held.redemption_id], **AS_ADMIN)
    await suspensions.lift(session, code.partner_id, **AS_ADMIN)

    assert (await passes.confirm(session, [held.redemption_id], **AS_ADMIN))[0].state == "confirmed"


async def test_who_waits_is_offered_nothing_meanwhile_and_the_place_afterwards(session: AsyncSession) -> None:
    offer = await an_offer(session, limit=1)
    code = await a_code(session, offer)
    first, waits = an_ask(code, "ada"), proof_of(await a_claim(session, code, "bo", waits=True), waits=True)
    held = (await redemptions.redeem(session, [first], now=NOW))[first.id]
    assert isinstance(held, Redeemed)
    assert await one(session, waits) is Waiting
    await suspended(session, code)

    await passes.cancel(session, [held.redemption_id], **AS_ADMIN)
    meanwhile = (await line.due_offers(session, now=NOW), await session.scalar(sa.select(Claim.state)))
    await suspensions.lift(session, code.partner_id, **AS_ADMIN)
    due = await line.due_offers(session, now=NOW)
    await redemptions.serve_line(session, offer.id, now=NOW)

    assert meanwhile == ([], "waiting")
    assert due == [offer.id]
    assert await session.scalar(sa.select(Redemption.state).where(Redemption.held_for == "place")) == "held"


async def test_passes_that_are_out_stay_good(session: AsyncSession) -> None:
    code = await a_code(session)
    assert await one(session, an_ask(code, "ada")) is Redeemed
    await suspended(session, code)

    assert await session.scalar(sa.select(Pass.state)) == "live"
    assert await one(session, an_ask(code, "ada")) is Redeemed  # the same pass again


async def test_page_check_and_claim_say_the_same(session: AsyncSession) -> None:
    code = await a_code(session)
    await suspended(session, code)

    found = await catalogue.listing(session, "FREEAGENAI", now=NOW)

    assert found.terms.is_suspended


async def test_its_people_and_tokens_read_and_change_nothing(session: AsyncSession) -> None:
    partner, other = await a_partner(session), await a_partner(session, name="Other")
    _, secret = await tokens.create(
        session, name="Shop", role=Role.OWNER, partner_id=partner.id, scopes=SCOPES[Role.OWNER], keys=KEYS, **AS_ADMIN
    )
    await suspensions.suspend(session, partner.id, "Their invoices bounce.", **AS_ADMIN)

    actor = await whom(session, secret, now=NOW)
    assert actor is not None
    with pytest.raises(PartnerSuspended):
        actor.changing(Role.OWNER, Role.MEMBER)
    of_both = Actor("person", grants=frozenset({*actor.grants, Grant(Role.OWNER, other.id)}))

    assert actor.partners(Role.OWNER) == {partner.id}
    assert of_both.partners(Role.OWNER) == {partner.id, other.id}
    assert of_both.changing(Role.OWNER).partners(Role.OWNER) == {other.id}
    await suspensions.lift(session, partner.id, **AS_ADMIN)
    free = await whom(session, secret, now=NOW)
    assert free is not None
    assert free.changing(Role.OWNER) == free


async def test_an_issue_with_its_block_is_not_published_and_says_why(session: AsyncSession) -> None:
    publication = await a_publication(session)
    code = await a_placeable_code(session, publication)
    issue = await a_ready_issue(session, publication, code)
    await suspended(session, code)

    with pytest.raises(DisclosureIncomplete) as refused:
        await publish(session, issue)
    [finding] = [found for found in (await check(session, issue)).findings if found.check == "OFF-5"]

    assert stopped_by(refused.value) == {"OFF-5"}
    assert (finding.verdict, "suspended" in finding.why) == (Verdict.FAIL, True)
    await suspensions.lift(session, code.partner_id, **AS_ADMIN)
    assert (await publish(session, issue)).state == "published"


async def test_only_an_admin_suspends_with_a_reason_and_twice_is_once(session: AsyncSession) -> None:
    partner = await a_partner(session)

    with pytest.raises(NotAllowed):
        await suspensions.suspend(session, partner.id, "No.", now=NOW, by=owner_of(partner))
    with pytest.raises(NotAllowed):
        await suspensions.lift(session, partner.id, now=NOW, by=owner_of(partner))
    with pytest.raises(InvalidRequest):
        await suspensions.suspend(session, partner.id, " ", **AS_ADMIN)
    with pytest.raises(NotFound):
        await suspensions.suspend(session, UUID(int=9), "No.", **AS_ADMIN)
    await suspensions.suspend(session, partner.id, "First.", **AS_ADMIN)
    again = await suspensions.suspend(session, partner.id, "Second.", now=NOW + DAY, by=ADMIN)

    assert (again.suspended_at, again.suspended_why) == (NOW, "First.")


async def test_a_code_is_paused_by_an_admin_meanwhile_as_ever(session: AsyncSession) -> None:
    code = await a_code(session)
    await suspended(session, code)

    assert (await codes.update(session, "FREEAGENAI", status="paused", **AS_ADMIN)).status == "paused"
