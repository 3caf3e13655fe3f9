"""Brevo.

Read at developers.brevo.com/reference (get-email-campaigns, get-email-campaign, update-email-campaign): the header
`api-key`; `PUT /v3/emailCampaigns/{id}` changes the fields it is sent and takes drafts and scheduled campaigns, so that
the status is looked at here. A campaign made in the drag-and-drop editor can only be edited as HTML afterwards: tell
the editor before. There is no check for collisions: the draft is compared right before it is written.
"""

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from promos.outside.tools import NEWEST, Api, Capabilities, Draft, fingerprint, safe_id, with_block
from promos.outside.web import Web
from promos.rules.refusals import DraftSent, ToolChanged


class _Campaign(msgspec.Struct, rename="camel"):
    id: int
    name: str
    status: str
    subject: str | None = None
    html_content: str | None = None

    @property
    def version(self) -> str:
        return fingerprint(self.name, self.subject, self.html_content)


class _Campaigns(msgspec.Struct):
    count: int
    campaigns: list[_Campaign] = []  # left out where there are none


class Brevo:
    capabilities: ClassVar[Capabilities] = Capabilities(
        raw_html=True,
        style_tag=True,
        comments_kept=True,
        draft_api=True,
        slots=False,
        webhooks_out=True,
        text_part=False,
    )
    merge_tags: ClassVar[Mapping[str, str]] = {}

    def __init__(self, web: Web, key: str, base_url: str = "https://api.brevo.com") -> None:
        self._api = Api(web, base_url, lambda: {"api-key": key})

    async def drafts(self) -> list[Draft]:
        found = await self._api.listed(
            "/v3/emailCampaigns", _Campaigns, status="draft", limit=NEWEST, sort="desc", excludeHtmlContent="true"
        )
        return [_draft(campaign, "") for campaign in found.campaigns if campaign.status == "draft"]

    async def read(self, draft_id: str) -> Draft:
        campaign = await self._campaign(draft_id)
        return _draft(campaign, campaign.version)

    async def look(self, draft_id: str) -> Draft:
        campaign = await self._any(draft_id)
        return _draft(campaign, campaign.version)

    async def put(self, draft_id: str, renderings: Mapping[str, str], marker: str, *, version: str) -> Draft:
        campaign = await self._campaign(draft_id)
        if campaign.version != version:
            raise ToolChanged
        changed = with_block(campaign.html_content or "", renderings["email_html"], marker)
        await self._api.write("PUT", f"/v3/emailCampaigns/{campaign.id}", {"htmlContent": changed})
        return await self.read(draft_id)

    async def _campaign(self, draft_id: str) -> _Campaign:
        campaign = await self._any(draft_id)
        if campaign.status != "draft":
            raise DraftSent
        return campaign

    async def _any(self, draft_id: str) -> _Campaign:
        return await self._api.get(f"/v3/emailCampaigns/{safe_id(draft_id)}", _Campaign)


def _draft(campaign: _Campaign, version: str) -> Draft:
    """Where Brevo's editor shows a campaign is not documented; the address is that of all of them."""
    address = "https://app.brevo.com/marketing-campaign"
    words = campaign.name, campaign.html_content or "", ""
    return Draft(str(campaign.id), *words, address, version, campaign.status == "draft")
