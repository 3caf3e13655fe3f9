"""A fake of Keila, from `lib/keila_web/api` (github.com/pentacent/keila) and keila.io/updates/content-slots."""

import re
from typing import Any

from tests.outside.fakes import Asked, Said, said

_CHANGEABLE = {
    *("subject", "text_body", "json_body", "mjml_body", "html_body", "mjml_content", "html_content", "text_content"),
    *("settings", "template_id", "sender_id", "segment_id", "data", "preview_text"),
}


class FakeKeila:
    key = "canary-keila-key"

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.campaigns: dict[str, dict[str, Any]] = {}
        self.templates: dict[str, dict[str, Any]] = {}

    def add(self, html: str, *, status: str = "draft", form: str = "html", **more: Any) -> str:
        number = f"mc_{len(self.campaigns) + 1}"
        self.campaigns[number] = {
            **{"id": number, "subject": f"Issue {len(self.campaigns) + 1}", "settings": {"type": form}},
            **{"text_body": None, "html_body": None, "mjml_body": None, f"{form}_body": html, "template_id": None},
            **{"html_content": None, "mjml_content": None, "text_content": None, "json_body": None, "data": None},
            **{"sent_at": "2026-11-23T08:00:00Z" if status == "sent" else None, "inserted_at": "2026-11-01T08:00:00Z"},
            **{"scheduled_for": "2026-12-01T08:00:00Z" if status == "scheduled" else None},
            **{"updated_at": f"2026-11-{len(self.campaigns) + 1:02}T08:00:00Z", **more},
        }
        return number

    def add_template(self, **slots: list[dict[str, str]]) -> str:
        number = f"tpl_{len(self.templates) + 1}"
        self.templates[number] = {"id": number, "name": "Weekly", **slots}
        return number

    async def __call__(self, asked: Asked) -> Said:
        self.asked.append(asked)
        if asked.headers.get("authorization") != f"Bearer {self.key}":
            return said(403, {"errors": [{"status": "403", "title": "Not authorized"}]})
        if asked.method == "GET" and asked.path == "/api/v1/campaigns":
            return said(200, {"data": list(self.campaigns.values()), "meta": {"page": 0, "page_count": 1}})
        path = re.fullmatch(r"/api/v1/(campaigns|templates)/(\w+)", asked.path)
        stored = {"campaigns": self.campaigns, "templates": self.templates}[path[1]] if path else {}
        if not path or path[2] not in stored:
            return said(404, {"errors": [{"status": "404", "title": "Not found"}]})
        if asked.method == "PATCH" and path[1] == "campaigns":
            changes = asked.data["data"]
            stored[path[2]] |= {name: changes[name] for name in _CHANGEABLE & changes.keys()}
        return said(200, {"data": stored[path[2]]})
