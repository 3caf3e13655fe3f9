"""A partner approves exactly what readers are told; whatever changes it, the approval is of something else."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import approvals, blocks, disclosure
from promos.actions.approvals import Approval
from promos.models import Entry, Issue, Offer, Partner, PromoBlock
from promos.rules.blocks import fingerprint
from promos.rules.people import Actor, Grant, Role
from promos.rules.refusals import BlockChanged, IssuePublished, NotFound
from tests.newsroom import SHOP, a_block, a_placeable_code, an_issue, declare, publish, rules
from tests.world import ADMIN, NOW, a_partner, a_publication


class Desk:
    """A block in a draft, and the partner whose offer it shows."""

    def __init__(self, session: AsyncSession, issue: Issue, block: PromoBlock, owner: Actor) -> None:
        self.session, self.issue, self.block, self.owner = session, issue, block, owner

    async def read(self) -> str:
        return fingerprint(await disclosure.content_of(self.session, self.block, rules(), **SHOP))

    async def approve(self, by: Actor | None = None, read: str | None = None) -> None:
        read = read or await self.read()
        given: Any = {"rule_set": rules(), **SHOP}
        await approvals.approve(self.session, self.block.id, read=read, **given, now=NOW, by=by or self.owner)

    async def state(self) -> Approval:
        content = await disclosure.content_of(self.session, self.block, rules(), **SHOP)
        return approvals.of(self.block, content)


def owner_of(partner: Partner) -> Actor:
    return Actor("person", ADMIN.id, frozenset({Grant(Role.OWNER, partner_id=partner.id)}))


@pytest.fixture
async def desk(session: AsyncSession) -> Desk:
    publication = await a_publication(session)
    code = await a_placeable_code(session, publication, conditions_url="https://generation.example/conditions")
    issue = await an_issue(session, publication)
    block = await a_block(session, issue, code)
    return Desk(session, issue, block, owner_of(await session.get_one(Partner, code.partner_id)))


async def test_what_was_read_is_approved_once(desk: Desk) -> None:
    assert (await desk.state()).state == "none"

    for _ in range(2):
        await desk.approve()

    assert await desk.state() == Approval("given", NOW)
    told = sa.select(sa.func.count(Entry.id)).where(Entry.verb == "block.approved")
    assert await desk.session.scalar(told) == 1


@pytest.mark.parametrize("what", ["words", "offer", "advertiser", "declarations"])
async def test_whatever_changes_what_readers_are_told_ends_it(desk: Desk, what: str) -> None:
    read = await desk.read()
    await desk.approve()

    if what == "words":
        await blocks.update(desk.session, desk.block.id, heading="Another one", now=NOW, by=ADMIN)
    elif what == "offer":
        await desk.session.execute(sa.update(Offer).values(limit=21))
    elif what == "advertiser":
        await desk.session.execute(sa.update(Partner).values(legal_name="Another"))
    else:
        await declare(desk.session, desk.block, benefits=[])
    desk.session.expire_all()
    await desk.session.refresh(desk.block)

    assert (await desk.state()).state == "changed"
    with pytest.raises(BlockChanged):
        await desk.approve(read=read)
    await desk.approve()
    assert (await desk.state()).state == "given"


async def test_only_the_partner_approves_and_only_a_draft(desk: Desk, session: AsyncSession) -> None:
    editor = Actor("person", ADMIN.id, frozenset({Grant(Role.EDITOR, publication_id=desk.issue.publication_id)}))
    for by in (editor, owner_of(await a_partner(session, name="Other"))):
        with pytest.raises(NotFound):
            await desk.approve(by)

    await declare(session, desk.block)
    await publish(session, desk.issue)
    with pytest.raises(IssuePublished):
        await desk.approve()
