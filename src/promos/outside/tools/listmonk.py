"""listmonk, on a server of the newsletter's own.

Read in listmonk's `cmd/campaigns.go` and `docs/docs/content/apis/campaigns.md` (github.com/knadh/listmonk, 6.2.0):
`PUT /api/campaigns/{id}` lays what it is sent over what is stored, answers 400 for all but draft, paused and scheduled,
and asks for the identifiers of the lists each time. It has no check for collisions, so the draft is compared right
before it is written. `GET …/preview` is the mail with its template around it, as it would be sent: Go's `html/template`
drops HTML comments there, conditions for Outlook among them. Give the key `campaigns:get` and `campaigns:manage` on its
lists, and not `campaigns:send` (6.1 and later).
"""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from promos.outside.tools import NEWEST, Api, Capabilities, Draft, fingerprint, safe_id, with_block, with_text
from promos.outside.web import Web
from promos.rules.refusals import DraftSent, DraftUnsuited, ToolChanged

_HTML = frozenset({"richtext", "html", "markdown"})  # a `visual` body is made anew from blocks of listmonk's own


class _List(msgspec.Struct):
    id: int


class _Campaign(msgspec.Struct):
    id: int
    name: str
    subject: str
    status: str
    content_type: str
    body: str
    altbody: str | None = None
    lists: list[_List] = []
    media: list[_List] | None = None

    @property
    def version(self) -> str:
        return fingerprint(self.name, self.subject, self.content_type, self.body, self.altbody)


class _Page(msgspec.Struct):
    results: list[_Campaign]


class _One(msgspec.Struct):
    data: _Campaign


class _Many(msgspec.Struct):
    data: _Page


class Listmonk:
    """`base_url` is where listmonk's own pages are; `user` and `token` are those of one of its API users."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        raw_html=True,
        style_tag=True,
        comments_kept=False,
        draft_api=True,
        slots=False,
        webhooks_out=False,
        text_part=True,
    )
    merge_tags: ClassVar[Mapping[str, str]] = {"subscriber": "{{ .Subscriber.UUID }}"}

    def __init__(self, web: Web, base_url: str, user: str, token: str) -> None:
        basic = b64encode(f"{user}:{token}".encode()).decode()
        self._api = Api(web, base_url, lambda: {"Authorization": f"Basic {basic}"})

    async def drafts(self) -> list[Draft]:
        found = await self._api.listed(
            "/api/campaigns", _Many, status="draft", per_page=NEWEST, order_by="created_at", order="DESC"
        )
        return [self._draft(campaign, campaign.body) for campaign in found.data.results if campaign.status == "draft"]

    async def read(self, draft_id: str) -> Draft:
        return await self._seen(await self._campaign(draft_id))

    async def look(self, draft_id: str) -> Draft:
        return await self._seen(await self._any(draft_id))

    async def _seen(self, campaign: _Campaign) -> Draft:
        sent_as = await self._api.text(f"/api/campaigns/{campaign.id}/preview")
        return self._draft(campaign, "" if campaign.content_type == "plain" else sent_as)

    async def put(self, draft_id: str, renderings: Mapping[str, str], marker: str, *, version: str) -> Draft:
        campaign = await self._campaign(draft_id)
        if campaign.version != version:
            raise ToolChanged
        changes: dict[str, Any] = {
            "lists": [one.id for one in campaign.lists],
            "media": [one.id for one in campaign.media or []],
        }
        if campaign.content_type == "plain":
            changes["body"] = with_text(campaign.body, renderings["email_text"], marker)
        elif campaign.content_type in _HTML:
            changes["body"] = with_block(campaign.body, renderings["email_html"], marker)
            if campaign.altbody:
                changes["altbody"] = with_text(campaign.altbody, renderings["email_text"], marker)
        else:
            raise DraftUnsuited(campaign.content_type)
        await self._api.write("PUT", f"/api/campaigns/{campaign.id}", changes)
        return await self.read(draft_id)

    async def _campaign(self, draft_id: str) -> _Campaign:
        campaign = await self._any(draft_id)
        if campaign.status != "draft":
            raise DraftSent
        return campaign

    async def _any(self, draft_id: str) -> _Campaign:
        return (await self._api.get(f"/api/campaigns/{safe_id(draft_id)}", _One)).data

    def _draft(self, campaign: _Campaign, html: str) -> Draft:
        return Draft(
            id=str(campaign.id),
            title=campaign.name,
            html=html,
            text=campaign.body if campaign.content_type == "plain" else campaign.altbody or "",
            address=f"{self._api.base_url}/admin/campaigns/{campaign.id}",
            version=campaign.version,
            is_draft=campaign.status == "draft",
        )
