from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import partners
from promos.models import Entry
from promos.rules.people import NOBODY
from promos.rules.refusals import InvalidRequest, NotAllowed, NotFound
from tests.world import ADMIN, NOW, a_partner, a_publication, an_offer, door_of, editor_of, member_of, owner_of


async def verbs(session: AsyncSession) -> list[str]:
    return list(await session.scalars(sa.select(Entry.verb).order_by(Entry.id)))


async def test_an_admin_takes_in_a_partner_whose_name_reads_whole(session: AsyncSession) -> None:
    partner = await partners.create(
        session, name=" Generation ", legal_name="Generation Events", legal_form="SAS", country="fr", now=NOW, by=ADMIN
    )

    assert (partner.name, partner.country, partner.address) == ("Generation", "FR", None)
    assert partner.advertiser == "Generation Events SAS"
    assert await verbs(session) == ["partner.created"]


async def test_nobody_else_takes_in_partners(session: AsyncSession) -> None:
    for stranger in (owner_of(await a_partner(session)), editor_of(await a_publication(session)), NOBODY):
        with pytest.raises(NotAllowed):
            await partners.create(session, name="A", legal_name="A", country="FR", now=NOW, by=stranger)


async def test_everything_wrong_is_told_at_once(session: AsyncSession) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await partners.create(session, name="\u202eevil", legal_name="", country="ZZ", now=NOW, by=ADMIN)

    assert {error["field"] for error in refused.value.errors} == {"name", "legal_name", "country"}


async def test_an_owner_changes_their_own_partner_and_a_member_does_not(session: AsyncSession) -> None:
    partner = await a_partner(session)

    changed = await partners.update(session, partner.id, now=NOW, by=owner_of(partner), address=None, name="Gen")

    assert (changed.address, changed.name, changed.legal_name) == (None, "Gen", "Generation Events")
    for insider in (member_of(partner), door_of(partner)):
        with pytest.raises(NotAllowed):
            await partners.update(session, partner.id, now=NOW, by=insider, name="Mine")


async def test_a_token_that_is_limited_to_events_changes_nothing_of_the_whole_partner(session: AsyncSession) -> None:
    partner = await a_partner(session)
    narrow = replace(owner_of(partner), kind="token", event_ids=frozenset())

    with pytest.raises(NotAllowed):
        await partners.update(session, partner.id, now=NOW, by=narrow, name="Mine")
    with pytest.raises(NotAllowed):
        await partners.require_passkey(session, partner.id, required=False, now=NOW, by=narrow)


async def test_a_foreign_partner_does_not_exist(session: AsyncSession) -> None:
    partner, other = await a_partner(session), await a_partner(session, name="Other")

    with pytest.raises(NotFound):
        await partners.update(session, partner.id, now=NOW, by=owner_of(other), name="Mine")


async def test_an_editor_sees_the_partner_of_an_offer_and_leaves_it_as_it_is(session: AsyncSession) -> None:
    publication = await a_publication(session)
    offer = await an_offer(session, publications=(publication,))

    with pytest.raises(NotAllowed):
        await partners.update(session, offer.partner_id, now=NOW, by=editor_of(publication), name="Mine")


async def test_the_same_change_again_writes_no_history(session: AsyncSession) -> None:
    partner = await a_partner(session)

    for _ in range(2):
        await partners.update(session, partner.id, now=NOW, by=ADMIN, name="Gen")

    assert await verbs(session) == ["partner.changed"]
