"""The newsletter tool of a publication, the drafts in it, and the issues that stand there."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa
from litestar import Response, delete, get, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import connections, evidence
from promos.looking import Looked, Looking
from promos.models import Connection, PromoBlock
from promos.outside.tools import Draft
from promos.outside.tools.kinds import KINDS
from promos.outside.tools.kit import content_block
from promos.rendering import blocks
from promos.rules.people import Actor, Scope
from promos.rules.refusals import NotFound
from promos.settings import Keys, Settings
from promos.web.access import ANYONE, allows
from promos.web.api.issues import EDIT
from promos.web.api.observations import LookSeen
from promos.web.given import Reads, Writes

Kind = Literal["ghost", "listmonk", "buttondown", "kit", "keila", "brevo"]


class NewTool(msgspec.Struct, forbid_unknown_fields=True):
    """`base_url`: of Ghost, listmonk and Keila; `user`: of listmonk. Give it a key that may read and edit drafts."""

    kind: Kind
    key: str
    base_url: str = ""
    user: str = ""


class ToolDoes(msgspec.Struct):
    """What the tool does with a block that reaches it."""

    raw_html: bool
    style_tag: bool
    comments_kept: bool
    draft_api: bool
    slots: bool
    webhooks_out: bool
    text_part: bool


class ToolSeen(msgspec.Struct):
    """The key is never shown. `trouble`: the refusal that the last look there ended in."""

    kind: Kind
    base_url: str
    user: str
    trouble: str | None
    connected_at: datetime
    capabilities: ToolDoes


class DraftSeen(msgspec.Struct):
    id: str
    title: str
    address: str


class DraftsSeen(msgspec.Struct):
    items: list[DraftSeen]


class Chosen(msgspec.Struct, forbid_unknown_fields=True):
    draft_id: str


class Placed(msgspec.Struct):
    """What stands in the tool now. `is_draft`: it is neither sent nor scheduled nor published there."""

    draft: DraftSeen
    is_draft: bool
    looks: list[LookSeen]


def seen(connection: Connection) -> ToolSeen:
    facts = {name: getattr(connection, name) for name in ToolSeen.__struct_fields__ if name != "capabilities"}
    does = msgspec.convert(KINDS[connection.kind].capabilities, ToolDoes, from_attributes=True)
    return msgspec.convert(facts | {"capabilities": does}, ToolSeen)


def draft(found: Draft) -> DraftSeen:
    return DraftSeen(found.id, found.title, found.address)


def placed(looked: Looked) -> Placed:
    looks = [LookSeen(each.block_id, each.code, each.label, list(each.failing)) for each in looked.seen.looks]
    return Placed(draft(looked.draft), looked.draft.is_draft, looks)


@put("/publications/{id:uuid}/tool", opt=allows(*EDIT, scope=Scope.WRITE), operation_id="connectTool")
async def connect(
    id: FromPath[UUID],
    data: JSONBody[NewTool],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
) -> Response[ToolSeen]:
    """Say with which tool the newsletter is written and sent, and how Promos reaches it."""
    given = {"base_url": data.base_url, "user": data.user, "key": data.key}

    async def effect(session: AsyncSession, now: datetime) -> ToolSeen:
        made = await connections.connect(session, id, data.kind, **given, secrets=keys.signing, now=now, by=actor)
        return seen(made)

    return await writes.answer(effect)


@get("/publications/{id:uuid}/tool", opt=allows(*EDIT, scope=Scope.READ), operation_id="getTool")
async def get_tool(id: FromPath[UUID], reads: NamedDependency[Reads], actor: NamedDependency[Actor]) -> ToolSeen:
    async with reads() as session:
        return seen(await connections.of(session, id, actor))


@delete("/publications/{id:uuid}/tool", opt=allows(*EDIT, scope=Scope.WRITE), operation_id="leaveTool")
async def leave(id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]) -> None:
    """Forget the tool and its key; what stands in it stays there."""
    await writes.run(lambda session, now: connections.leave(session, id, now=now, by=actor))


@get("/publications/{id:uuid}/drafts", opt=allows(*EDIT, scope=Scope.READ), operation_id="listDrafts")
async def list_drafts(id: FromPath[UUID], state: State, actor: NamedDependency[Actor]) -> DraftsSeen:
    """The newest drafts of the tool, at most 20."""
    looking: Looking = state.looking
    return DraftsSeen([draft(each) for each in await looking.drafts(id, actor)])


@put("/issues/{id:uuid}/draft", opt=allows(*EDIT, scope=Scope.WRITE), operation_id="placeIssue")
async def place(id: FromPath[UUID], data: JSONBody[Chosen], state: State, actor: NamedDependency[Actor]) -> Placed:
    """Put every promo block of the issue into a draft of the tool, and look whether the labels arrived.

    Nothing else in the draft changes, and nothing is sent. Again: the same blocks take their own places.
    """
    looking: Looking = state.looking
    return placed(await looking.place(id, data.draft_id, actor))


@post("/issues/{id:uuid}/look", status_code=200, opt=allows(*EDIT, scope=Scope.WRITE), operation_id="lookAtIssue")
async def look(id: FromPath[UUID], state: State, actor: NamedDependency[Actor]) -> Placed:
    """Look now at where the issue stands in its tool; what was sent is kept as an observation."""
    looking: Looking = state.looking
    return placed(await looking.look(id, actor))


class Published(msgspec.Struct, forbid_unknown_fields=True):
    address: str


class Found(msgspec.Struct):
    looks: list[LookSeen]


@put("/issues/{id:uuid}/address", opt=allows(*EDIT, scope=Scope.WRITE), operation_id="findIssue")
async def find(id: FromPath[UUID], data: JSONBody[Published], state: State, actor: NamedDependency[Actor]) -> Found:
    """Look at the issue where it is published for everybody, now and by itself for a month."""
    looking: Looking = state.looking
    seen = await looking.find(id, data.address, actor)
    return Found([LookSeen(each.block_id, each.code, each.label, list(each.failing)) for each in seen.looks])


class ContentBlock(msgspec.Struct):
    html: str


@post("/blocks/{id:uuid}/kit", status_code=200, opt=ANYONE, operation_id="drawForKit")
async def draw_for_kit(
    id: FromPath[UUID], reads: NamedDependency[Reads], settings: NamedDependency[Settings]
) -> ContentBlock:
    """The block as Kit's editor asks for it: the Request URL of a content block. What is published is public.

    Kit sends its own settings along; none is needed. A block of a draft does not exist here.
    """
    async with reads() as session:
        issue_id = await session.scalar(sa.select(PromoBlock.issue_id).where(PromoBlock.id == id))
        told = await evidence.told(session, issue_id, base_url=settings.base_url) if issue_id else {}
    if id not in told:
        raise NotFound("block")
    return msgspec.convert(content_block(blocks.email_html(told[id].content)), ContentBlock)


HANDLERS: list[Any] = [connect, get_tool, leave, list_drafts, place, look, find, draw_for_kit]
