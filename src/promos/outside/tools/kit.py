"""Kit: a draft over the API, and the block as a content block that Kit asks us for.

Read at developers.kit.com: api-reference/broadcasts (list, get, update) and plugins/content-blocks (configuration,
security). `PUT /v4/broadcasts/{id}` replaces what it is sent and takes the default for what it is not, all subscribers
among them, so that everything that was read goes back with it. `public: false` without `send_at` keeps a draft a draft;
`public: true` with it schedules, so neither is ever sent from here. There is no check for collisions: the draft is
compared right before it is written.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from promos.outside.tools import NEWEST, Api, Capabilities, Draft, fingerprint, safe_id, with_block
from promos.outside.web import Web
from promos.rules.refusals import DraftSent, ToolChanged

_EVERYBODY = [{"all": [{"type": "all_subscribers"}]}]  # how Kit shows that there is no filter; it takes none back
_KEPT = ("email_address", "description", "preview_text", "published_at", "subject", "thumbnail_alt", "thumbnail_url")


class _Template(msgspec.Struct):
    id: int


class _Broadcast(msgspec.Struct):
    id: int
    subject: str | None = None
    content: str | None = None
    public: bool = False
    status: str | None = None
    send_at: str | None = None
    published_at: str | None = None
    email_address: str | None = None
    description: str | None = None
    preview_text: str | None = None
    thumbnail_alt: str | None = None
    thumbnail_url: str | None = None
    email_template: _Template | None = None
    subscriber_filter: list[dict[str, Any]] = []

    @property
    def is_draft(self) -> bool:
        return not self.public and self.send_at is None and self.status in {None, "draft"}

    @property
    def version(self) -> str:
        return fingerprint(self.subject, self.content)


class _One(msgspec.Struct):
    broadcast: _Broadcast


class _Many(msgspec.Struct):
    broadcasts: list[_Broadcast]


class Kit:
    """`key` is a key of API version 4."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        raw_html=True,
        style_tag=False,
        comments_kept=False,
        draft_api=True,
        slots=True,  # content blocks: `content_block`
        webhooks_out=True,
        text_part=False,
    )
    merge_tags: ClassVar[Mapping[str, str]] = {}

    def __init__(self, web: Web, key: str, base_url: str = "https://api.kit.com") -> None:
        self._api = Api(web, base_url, lambda: {"X-Kit-Api-Key": key})

    async def drafts(self) -> list[Draft]:
        found = await self._api.listed("/v4/broadcasts", _Many, per_page=100)
        drafts = [broadcast for broadcast in found.broadcasts if broadcast.is_draft]
        return [_draft(one) for one in sorted(drafts, key=lambda one: one.id, reverse=True)[:NEWEST]]

    async def read(self, draft_id: str) -> Draft:
        return _draft(await self._broadcast(draft_id))

    async def look(self, draft_id: str) -> Draft:
        return _draft(await self._any(draft_id))

    async def put(self, draft_id: str, renderings: Mapping[str, str], marker: str, *, version: str) -> Draft:
        broadcast = await self._broadcast(draft_id)
        if broadcast.version != version:
            raise ToolChanged
        changes: dict[str, Any] = {name: getattr(broadcast, name) for name in _KEPT}
        changes["content"] = with_block(broadcast.content or "", renderings["email_html"], marker)
        changes |= {"public": False, "send_at": None}
        if broadcast.email_template:
            changes["email_template_id"] = broadcast.email_template.id
        if broadcast.subscriber_filter != _EVERYBODY:
            changes["subscriber_filter"] = broadcast.subscriber_filter
        await self._api.write("PUT", f"/v4/broadcasts/{broadcast.id}", changes)
        return await self.read(draft_id)

    async def _broadcast(self, draft_id: str) -> _Broadcast:
        broadcast = await self._any(draft_id)
        if not broadcast.is_draft:
            raise DraftSent
        return broadcast

    async def _any(self, draft_id: str) -> _Broadcast:
        return (await self._api.get(f"/v4/broadcasts/{safe_id(draft_id)}", _One)).broadcast


def content_block(html: str) -> dict[str, str]:
    """What Kit's editor is answered, as JSON, when it asks our Request URL for the HTML of a block.

    Kit rejects scripts, frames, forms, media and styles from elsewhere; `rendering.blocks.email_html` has none.
    """
    return {"html": html}


def _draft(broadcast: _Broadcast) -> Draft:
    """Where Kit's editor shows a broadcast is not documented; the address is that of all of them."""
    address = "https://app.kit.com/broadcasts"
    words = broadcast.subject or "", broadcast.content or "", ""
    return Draft(str(broadcast.id), *words, address, broadcast.version, broadcast.is_draft)
