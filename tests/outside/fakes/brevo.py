"""A fake of Brevo, from developers.brevo.com/reference: get-email-campaign(s) and update-email-campaign."""

import re
from typing import Any

from tests.outside.fakes import Asked, Said, said


class FakeBrevo:
    key = "canary-brevo-key"

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.campaigns: dict[int, dict[str, Any]] = {}

    def add(self, html: str, *, status: str = "draft") -> str:
        number = len(self.campaigns) + 1
        self.campaigns[number] = {
            **{"id": number, "name": f"Issue {number}", "subject": "News", "type": "classic", "status": status},
            **{"htmlContent": html, "header": "", "footer": "", "testSent": False, "createdAt": "2026-11-24T08:00:00Z"},
        }
        return str(number)

    async def __call__(self, asked: Asked) -> Said:
        self.asked.append(asked)
        if asked.headers.get("api-key") != self.key:
            return said(401, {"code": "unauthorized", "message": "Key not found"})
        if asked.method == "GET" and asked.path == "/v3/emailCampaigns":
            found = [one for one in self.campaigns.values() if one["status"] == asked.query["status"]][::-1]
            bare = [{**one, "htmlContent": ""} for one in found] if asked.query.get("excludeHtmlContent") else found
            return said(200, {"count": len(found), "campaigns": bare[: int(asked.query["limit"])]})
        path = re.fullmatch(r"/v3/emailCampaigns/(\d+)", asked.path)
        if not path or int(path[1]) not in self.campaigns:
            return said(404, {"code": "document_not_found", "message": "Campaign ID does not exist"})
        campaign = self.campaigns[int(path[1])]
        if asked.method == "PUT":
            if campaign["status"] not in {"draft", "queued"}:
                return said(400, {"code": "invalid_parameter", "message": "Campaign cannot be updated"})
            campaign |= asked.data
            return Said(204)
        return said(200, campaign)
