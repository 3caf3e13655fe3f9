"""A partner approves exactly what readers are told; whatever changes it, the approval is of something else."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import approvals, blocks, disclosure
from promos.actions.approvals import Approval
from promos.models import Entry, Issue, Offer, Partner, PromoBlock, PromoCode, Publication
from promos.rules.blocks import fingerprint
from promos.rules.people import Actor, Grant, Role
from promos.rules.refusals import BlockChanged, DisclosureIncomplete, IssuePublished, NotFound
from tests.newsroom import PASSES, SHOP, a_block, a_placeable_code, an_issue, check, declare, publish, rules
from tests.world import ADMIN, NOW, a_partner, a_publication


class Desk:
    """A block in a draft, and the partner whose offer it shows."""

    def __init__(self, session: AsyncSession, issue: Issue, block: PromoBlock, owner: Actor) -> None:
        self.session, self.issue, self.block, self.owner = session, issue, block, owner

    async def read(self) -> str:
        return fingerprint(await disclosure.content_of(self.session, self.block, rules(), base_url=SHOP["base_url"]))

    async def approve(self, by: Actor | None = None, read: str | None = None) -> None:
        read = read or await self.read()
        given: Any = {"rule_set": rules(), **SHOP}
        await approvals.approve(self.session, self.block.id, read=read, **given, now=NOW, by=by or self.owner)

    async def state(self) -> Approval:
        content = await disclosure.content_of(self.session, self.block, rules(), base_url=SHOP["base_url"])
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


@pytest.mark.parametrize("what", ["words", "label", "offer", "advertiser", "declarations"])
async def test_whatever_changes_what_readers_are_told_ends_it(desk: Desk, what: str) -> None:
    read = await desk.read()
    await desk.approve()

    if what == "words":
        await blocks.update(desk.session, desk.block.id, heading="Another one", now=NOW, by=ADMIN)
    elif what == "label":
        wish = blocks.Wish("Collaboration commerciale", rules())
        await blocks.update(desk.session, desk.block.id, label=wish, now=NOW, by=ADMIN)
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


async def test_an_issue_does_not_go_out_with_other_words_than_the_partner_approved(desk: Desk) -> None:
    await declare(desk.session, desk.block)
    await desk.approve()
    await blocks.update(desk.session, desk.block.id, heading="Another one", now=NOW, by=ADMIN)

    with pytest.raises(DisclosureIncomplete) as stopped:
        await publish(desk.session, desk.issue)
    assert {each["check"] for each in stopped.value.findings} == {"PAR-2"}

    await desk.approve()
    assert (await publish(desk.session, desk.issue)).state == "published"


async def test_what_was_given_all_year_counts_for_the_contract(desk: Desk, session: AsyncSession) -> None:
    ours = PASSES | {"received_by": "author", "quantity": 1}
    said: Any = {"kinds": ["passes_for_readers", "pass_for_author"], "benefits": [PASSES, ours]}
    other = await an_issue(session, await session.get_one(Publication, desk.issue.publication_id), number="43")
    code = await session.get_one(PromoCode, desk.block.code_id)
    await declare(session, desk.block, **said)

    async def rel_4() -> set[tuple[str, str]]:
        checked = await check(session, desk.issue)
        return {
            (str(each.verdict), str(each.facts.get("sum", ""))) for each in checked.findings if each.check == "REL-4"
        }

    alone = await rel_4()
    await declare(session, await a_block(session, other, code), **said)
    both = await rel_4()

    assert {verdict for verdict, _ in alone} == {"pass"}
    assert {verdict for verdict, _ in both} == {"fail"}
