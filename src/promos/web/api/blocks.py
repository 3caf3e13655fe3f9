"""Promo blocks: an offer's place in an issue, and what partner and editor each declare was exchanged for it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa
from litestar import Request, Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, UnsetType
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import blocks, declarations, disclosure
from promos.actions.blocks import Place, Wish
from promos.actions.disclosure import BlockSurface
from promos.models import Declaration, PromoBlock, PromoCode
from promos.queries import issues as desk
from promos.queries import pages
from promos.rules.disclosure.vocabulary import (
    BenefitKind,
    EditorialControl,
    Obligation,
    ReceivedBy,
    RelationshipKind,
    Vat,
)
from promos.rules.people import Actor, Role, Scope
from promos.rules.refusals import NotFound
from promos.settings import Settings
from promos.web.access import allows
from promos.web.api.bodies import told
from promos.web.api.issues import EDIT, on_surface
from promos.web.given import Asked, Reads, Writes

SEEN_BY = (Role.ADMIN, Role.EDITOR, Role.OWNER, Role.MEMBER)


class NewBlock(msgspec.Struct, forbid_unknown_fields=True):
    """It stands `after` a segment, in place of those it `replaces`, or (neither) before the first. `body`: Markdown.

    `label`: of the words that the countries of the readers accept; null: Promos chooses.
    """

    code: str
    heading: str
    body: str
    call_to_action: str
    after: str | None = None
    replaces: list[str] = []
    label: str | None = None


class BlockChanges(msgspec.Struct, forbid_unknown_fields=True):
    """`after` or `replaces` gives the block another place, and the other of the two is empty then."""

    heading: str | UnsetType = UNSET
    body: str | UnsetType = UNSET
    call_to_action: str | UnsetType = UNSET
    after: str | UnsetType | None = UNSET
    replaces: list[str] | UnsetType = UNSET
    label: str | UnsetType | None = UNSET


class BlockSeen(msgspec.Struct):
    """`declared`: the parties that have said what was exchanged."""

    id: UUID
    issue_id: UUID
    publication_id: UUID
    partner_id: UUID
    event_id: UUID
    offer_id: UUID
    code: str
    version: int
    heading: str
    body: str
    call_to_action: str
    label: str | None
    after: str | None
    replaces: list[str]
    declared: list[str]
    created_at: datetime
    removed_at: datetime | None


class BlocksSeen(msgspec.Struct):
    items: list[BlockSeen]
    next: str | None


class Benefit(msgspec.Struct, forbid_unknown_fields=True):
    """`unit_value`: `"999.00"` each; without one, nobody can say."""

    kind: BenefitKind
    received_by: ReceivedBy
    quantity: int = 1
    unit_value: str | None = None
    currency: str = "EUR"
    vat: Vat = Vat.UNKNOWN
    vat_rate: str | None = None


class NewDeclaration(msgspec.Struct, forbid_unknown_fields=True):
    """What one party says was exchanged. It is the party's own; readers are told what both say alike.

    `contract`: how the party calls the written contract, if there is one.
    """

    kinds: list[RelationshipKind]
    editorial_control: EditorialControl
    obligation: Obligation
    benefits: list[Benefit] = []
    contract: str = ""


class DeclarationSeen(msgspec.Struct):
    party: Literal["partner", "editor"]
    kinds: list[RelationshipKind]
    benefits: list[Benefit]
    editorial_control: EditorialControl
    obligation: Obligation
    contract: str
    declared_at: datetime


class DeclarationsSeen(msgspec.Struct):
    """One's own; the other's, and where they differ, only when both are made."""

    declared: dict[str, bool]
    shown: dict[str, DeclarationSeen]
    differences: list[str] | None
    agree: bool


async def seen(session: AsyncSession, *found: PromoBlock) -> list[BlockSeen]:
    codes = sa.select(PromoCode.id, PromoCode.spelled).where(PromoCode.id.in_([block.code_id for block in found]))
    spelled = {row.id: row.spelled for row in await session.execute(codes)}
    made = sa.select(Declaration.block_id, Declaration.party).where(
        Declaration.block_id.in_([block.id for block in found])
    )
    parties: dict[UUID, list[str]] = {}
    for block_id, party in await session.execute(made.order_by(Declaration.party)):
        parties.setdefault(block_id, []).append(party)
    return [_seen(block, spelled[block.code_id], parties.get(block.id, [])) for block in found]


def _seen(block: PromoBlock, code: str, declared: Sequence[str]) -> BlockSeen:
    own = {name: getattr(block, name) for name in BlockSeen.__struct_fields__ if name not in {"code", "declared"}}
    return msgspec.convert(own | {"code": code, "declared": declared}, BlockSeen)


async def the(session: AsyncSession, block_id: UUID, actor: Actor) -> PromoBlock:
    """A block that stands in an issue and that `actor` may see; raises `NotFound`."""
    this = sa.and_(PromoBlock.id == block_id, PromoBlock.removed_at.is_(None), PromoBlock.visible_to(actor))
    block = await session.scalar(sa.select(PromoBlock).where(this))
    if block is None:
        raise NotFound("block")
    return block


@post("/issues/{id:uuid}/blocks", status_code=201, opt=allows(*EDIT, scope=Scope.WRITE), operation_id="insertBlock")
async def insert(
    request: Request[Any, Any, Any],
    id: FromPath[UUID],
    data: JSONBody[NewBlock],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[BlockSeen]:
    """Place the offer of a code in a draft."""
    given = told(data)
    given["label"] = Wish(data.label, request.app.state.rules)

    async def effect(session: AsyncSession, now: datetime) -> BlockSeen:
        block = await blocks.insert(session, id, now=now, by=actor, **given)
        return (await seen(session, block))[0]

    return await writes.answer(effect, status=201)


@get("/blocks", opt=allows(*SEEN_BY, scope=Scope.READ), operation_id="listBlocks")
async def list_blocks(
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    declaration: FromQuery[Literal["missing"] | None] = None,
    issue: FromQuery[UUID | None] = None,
    cursor: FromQuery[str | None] = None,
    size: FromQuery[int] = 50,
) -> BlocksSeen:
    """Blocks that stand in issues. `declaration=missing`: of drafts, those that wait for one of one's own."""
    statement = sa.select(PromoBlock).where(PromoBlock.visible_to(actor), PromoBlock.removed_at.is_(None))
    if issue:
        statement = statement.where(PromoBlock.issue_id == issue)
    async with reads() as session:
        if declaration:
            waiting = await desk.blocks_missing_declaration(session, actor)
            statement = statement.where(PromoBlock.id.in_([each.block_id for each in waiting]))
        rows, following = await pages.page(session, statement, PromoBlock.id, cursor, size)
        return BlocksSeen(await seen(session, *rows), following)


@get("/blocks/{id:uuid}", opt=allows(*SEEN_BY, scope=Scope.READ), operation_id="getBlock")
async def get_block(id: FromPath[UUID], reads: NamedDependency[Reads], actor: NamedDependency[Actor]) -> BlockSeen:
    async with reads() as session:
        return (await seen(session, await the(session, id, actor)))[0]


@patch("/blocks/{id:uuid}", opt=allows(*EDIT, scope=Scope.WRITE), operation_id="changeBlock")
async def change(
    request: Request[Any, Any, Any],
    id: FromPath[UUID],
    data: JSONBody[BlockChanges],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[BlockSeen]:
    """Change a block's words, label or place; a version more if that makes a difference."""
    given = told(data)
    if "label" in given:
        given["label"] = Wish(given["label"], request.app.state.rules)
    if {"after", "replaces"} & given.keys():
        given["place"] = Place(given.pop("after", None), tuple(given.pop("replaces", ())))

    async def effect(session: AsyncSession, now: datetime) -> BlockSeen:
        block = await blocks.update(session, id, now=now, by=actor, **given)
        return (await seen(session, block))[0]

    return await writes.answer(effect)


@delete("/blocks/{id:uuid}", status_code=200, opt=allows(*EDIT, scope=Scope.WRITE), operation_id="removeBlock")
async def remove(
    id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[BlockSeen]:
    """Take a block out of its draft; what it stood in place of is there again."""

    async def effect(session: AsyncSession, now: datetime) -> BlockSeen:
        return (await seen(session, await blocks.remove(session, id, now=now, by=actor)))[0]

    return await writes.answer(effect)


@put(
    "/blocks/{id:uuid}/declarations/{party:str}",
    opt=allows(*SEEN_BY, scope=Scope.WRITE),
    operation_id="declare",
)
async def declare(
    id: FromPath[UUID],
    party: FromPath[Literal["partner", "editor"]],
    data: JSONBody[NewDeclaration],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[DeclarationSeen]:
    """Say for one's own party what was exchanged; the latest declaration counts."""

    async def effect(session: AsyncSession, now: datetime) -> DeclarationSeen:
        made = await declarations.declare(session, id, party, now=now, by=actor, **told(data))
        return msgspec.convert(made, DeclarationSeen, from_attributes=True)

    return await writes.answer(effect)


@get("/blocks/{id:uuid}/declarations", opt=allows(*SEEN_BY, scope=Scope.READ), operation_id="getDeclarations")
async def get_declarations(
    id: FromPath[UUID], reads: NamedDependency[Reads], actor: NamedDependency[Actor]
) -> DeclarationsSeen:
    async with reads() as session:
        found = await declarations.seen_by(session, await the(session, id, actor), actor)
    return msgspec.convert(found, DeclarationsSeen, from_attributes=True)


@get("/blocks/{id:uuid}/render", opt=allows(*SEEN_BY, scope=Scope.READ), operation_id="renderBlock")
async def render(
    id: FromPath[UUID],
    request: Asked,
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
    surface: FromQuery[BlockSurface],
    for_sending: FromQuery[bool] = False,
) -> Response[str]:
    """One block on one surface, its label inside. `for_sending`: for its editors, if its issue could be published."""
    async with reads() as session:
        drawn = await disclosure.rendered_block(
            session,
            id,
            surface,
            request.app.state.rules,
            base_url=settings.base_url,
            for_sending=for_sending,
            now=now,
            by=actor,
        )
    return on_surface(drawn, surface)


HANDLERS: list[Any] = [
    insert,
    list_blocks,
    get_block,
    change,
    remove,
    declare,
    get_declarations,
    render,
]
