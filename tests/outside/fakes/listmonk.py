"""A fake of listmonk, from `cmd/campaigns.go` and `docs/docs/content/apis/campaigns.md` (github.com/knadh/listmonk)."""

import re
from base64 import b64encode
from typing import Any

from tests.outside.fakes import Asked, Said, said


class FakeListmonk:
    user, key = "promos", "canary-listmonk-key"

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.campaigns: dict[int, dict[str, Any]] = {}

    def add(self, html: str, *, status: str = "draft", form: str = "html", text: str | None = None) -> str:
        number = len(self.campaigns) + 1
        self.campaigns[number] = {
            **{"id": number, "name": f"Issue {number}", "subject": "News", "status": status, "content_type": form},
            **{"body": html, "altbody": text, "lists": [{"id": 3, "name": "Readers"}], "media": [], "send_at": None},
        }
        return str(number)

    async def __call__(self, asked: Asked) -> Said:
        self.asked.append(asked)
        given = b64encode(f"{self.user}:{self.key}".encode()).decode()
        if asked.headers.get("authorization") != f"Basic {given}":
            return said(403, {"message": "invalid API credentials"})
        if asked.method == "GET" and asked.path == "/api/campaigns":
            found = [one for one in self.campaigns.values() if one["status"] == asked.query["status"]]
            return said(200, {"data": {"results": found[::-1][: int(asked.query["per_page"])], "total": len(found)}})
        path = re.fullmatch(r"/api/campaigns/(\d+)(/preview)?", asked.path)
        if not path or int(path[1]) not in self.campaigns:
            return said(400 if path else 404, {"message": "Campaign not found"})
        campaign = self.campaigns[int(path[1])]
        if asked.method == "GET":
            return self._preview(campaign) if path[2] else said(200, {"data": campaign})
        if asked.method == "PUT" and not path[2]:
            return self._update(campaign, asked.data)
        return said(405, {"message": "Method Not Allowed"})

    def _preview(self, campaign: dict[str, Any]) -> Said:
        """Go's `html/template` drops comments; the template stands around the body."""
        body = re.sub(r"<!--.*?-->", "", campaign["body"], flags=re.DOTALL)
        return Said(200, f"<html><body>{body}<p>Unsubscribe</p></body></html>".encode(), {"Content-Type": "text/html"})

    def _update(self, campaign: dict[str, Any], changes: dict[str, Any]) -> Said:
        """What is sent is laid over what is stored, but for the lists, which are asked for each time."""
        if campaign["status"] not in {"draft", "paused", "scheduled"}:
            return said(400, {"message": "Cannot update a running or a finished campaign."})
        if not changes.get("lists"):
            return said(400, {"message": "Invalid list IDs."})
        lists = [{"id": number, "name": "Readers"} for number in changes["lists"]]
        campaign |= changes | {"lists": lists, "media": [{"id": number} for number in changes.get("media", [])]}
        return said(200, {"data": campaign})
