"""Keila, on a server of the newsletter's own or at Keila's.

Read in Keila's `lib/keila_web/api` (campaign controller, schemas of campaigns and templates;
github.com/pentacent/keila, 0.30) and at keila.io/updates/content-slots: a bearer token; `PATCH /api/v1/campaigns/{id}`
changes the fields it is sent, inside `data`. A campaign of type `html`, `mjml` or `text` holds its own body, or, on a
template with slots, what stands in each slot. A slot named `promos` is ours, else the block goes into `main`, else into
the only one. An empty slot shows the template's words, so that those stay before the block. There is no check for
collisions: the draft is compared right before it is written.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from promos.outside.tools import MJML, NEWEST, Api, Capabilities, Draft, fingerprint, safe_id, with_block, with_text
from promos.outside.web import Web
from promos.rules.refusals import DraftSent, DraftUnsuited, ToolChanged

_SLOTS = ("promos", "main")  # by preference
_HTML = frozenset({"html", "mjml"})


class _Settings(msgspec.Struct):
    type: str


class _Campaign(msgspec.Struct):
    id: str
    settings: _Settings
    updated_at: str
    subject: str | None = None
    text_body: str | None = None
    html_body: str | None = None
    mjml_body: str | None = None
    text_content: dict[str, str] | None = None
    html_content: dict[str, str] | None = None
    mjml_content: dict[str, str] | None = None
    template_id: str | None = None
    sent_at: str | None = None
    scheduled_for: str | None = None

    @property
    def is_draft(self) -> bool:
        return self.sent_at is None and self.scheduled_for is None

    @property
    def version(self) -> str:
        slots = [
            str(sorted((part or {}).items())) for part in (self.text_content, self.html_content, self.mjml_content)
        ]
        return fingerprint(self.subject, self.text_body, self.html_body, self.mjml_body, self.template_id, *slots)


class _Slot(msgspec.Struct):
    name: str
    default_content: str | None = None


class _Template(msgspec.Struct):
    text_content_slots: list[_Slot] = []
    html_content_slots: list[_Slot] = []
    mjml_content_slots: list[_Slot] = []


class _One(msgspec.Struct):
    data: _Campaign


class _Many(msgspec.Struct):
    data: list[_Campaign]


class _OneTemplate(msgspec.Struct):
    data: _Template


class Keila:
    capabilities: ClassVar[Capabilities] = Capabilities(
        raw_html=True,
        style_tag=True,
        comments_kept=True,
        draft_api=True,
        slots=True,
        webhooks_out=False,
        text_part=True,
    )
    merge_tags: ClassVar[Mapping[str, str]] = {}

    def __init__(self, web: Web, base_url: str, key: str) -> None:
        self._api = Api(web, base_url, lambda: {"Authorization": f"Bearer {key}"})

    async def drafts(self) -> list[Draft]:
        found = await self._api.listed("/api/v1/campaigns", _Many)
        drafts = [campaign for campaign in found.data if campaign.is_draft]
        return [self._draft(one) for one in sorted(drafts, key=lambda one: one.updated_at, reverse=True)[:NEWEST]]

    async def read(self, draft_id: str) -> Draft:
        return self._draft(await self._campaign(draft_id))

    async def look(self, draft_id: str) -> Draft:
        return self._draft(await self._any(draft_id))

    async def put(self, draft_id: str, renderings: Mapping[str, str], marker: str, *, version: str) -> Draft:
        campaign = await self._campaign(draft_id)
        if campaign.version != version:
            raise ToolChanged
        template = await self._template(campaign)
        changes: dict[str, Any] = {}
        for form in _forms(campaign, template):
            slots = getattr(template, f"{form}_content_slots")
            if slots:
                name = _chosen([slot.name for slot in slots])
                content = getattr(campaign, f"{form}_content") or {}
                before = content.get(name) or next(slot.default_content or "" for slot in slots if slot.name == name)
                changes[f"{form}_content"] = {**content, name: _with(form, before, renderings, marker)}
            else:
                before = getattr(campaign, f"{form}_body") or ""
                changes[f"{form}_body"] = _with(form, before, renderings, marker)
        await self._api.write("PATCH", f"/api/v1/campaigns/{campaign.id}", {"data": changes})
        return await self.read(draft_id)

    async def _campaign(self, draft_id: str) -> _Campaign:
        campaign = await self._any(draft_id)
        if not campaign.is_draft:
            raise DraftSent
        return campaign

    async def _any(self, draft_id: str) -> _Campaign:
        return (await self._api.get(f"/api/v1/campaigns/{safe_id(draft_id)}", _One)).data

    async def _template(self, campaign: _Campaign) -> _Template:
        if campaign.template_id is None:
            return _Template()
        return (await self._api.get(f"/api/v1/templates/{safe_id(campaign.template_id)}", _OneTemplate)).data

    def _draft(self, campaign: _Campaign) -> Draft:
        """Its own address in Keila has the project's number, which the API does not tell: the address is Keila's."""
        form = campaign.settings.type
        slots = list((getattr(campaign, f"{form}_content", None) or {}).values())
        html = "\n".join(filter(None, [getattr(campaign, f"{form}_body", None), *slots])) if form in _HTML else ""
        text = "\n".join(filter(None, [campaign.text_body, *(campaign.text_content or {}).values()]))
        words = campaign.subject or "", html, text
        return Draft(campaign.id, *words, self._api.base_url, campaign.version, campaign.is_draft)


def _forms(campaign: _Campaign, template: _Template) -> list[str]:
    """What of a campaign holds words that are sent: its own form, and the text part if it is written apart."""
    form = campaign.settings.type
    if form not in {"text", *_HTML}:
        raise DraftUnsuited(form)
    has_text = form != "text" and bool(campaign.text_body or template.text_content_slots)
    return [form, "text"] if has_text else [form]


def _chosen(slots: list[str]) -> str:
    """`DraftUnsuited` where there are several and none is known."""
    known = [name for name in _SLOTS if name in slots]
    if not known and len(slots) > 1:
        raise DraftUnsuited("slots")
    return [*known, *slots][0]


def _with(form: str, before: str, renderings: Mapping[str, str], marker: str) -> str:
    if form == "text":
        return with_text(before, renderings["email_text"], marker)
    if form == "mjml":
        return with_block(before, renderings["mjml"], marker, MJML)
    return with_block(before, renderings["email_html"], marker)
