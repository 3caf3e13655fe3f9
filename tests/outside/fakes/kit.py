"""A fake of Kit, from developers.kit.com/api-reference/broadcasts: list, get and update, with their examples."""

import re
from typing import Any

from tests.outside.fakes import Asked, Said, said

_EVERYBODY = [{"all": [{"type": "all_subscribers"}]}]


class FakeKit:
    key = "canary-kit-key"

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.broadcasts: dict[int, dict[str, Any]] = {}

    def add(self, content: str, *, status: str = "draft", readers: list[dict[str, Any]] | None = None) -> str:
        number = len(self.broadcasts) + 1
        send_at = None if status == "draft" else "2026-12-01T08:00:00Z"
        self.broadcasts[number] = {
            **{"id": number, "publication_id": number, "subject": f"Issue {number}", "content": content},
            **{"preview_text": "In short", "description": None, "public": status != "draft", "published_at": None},
            **{"send_at": send_at, "email_address": "news@freea.example", "email_template": {"id": 6, "name": "Text"}},
            **{"thumbnail_alt": None, "thumbnail_url": None, "subscriber_filter": readers or _EVERYBODY},
            **{"status": status, "public_url": None, "created_at": "2026-11-24T08:00:00Z"},
        }
        return str(number)

    async def __call__(self, asked: Asked) -> Said:
        self.asked.append(asked)
        if asked.headers.get("x-kit-api-key") != self.key:
            return said(401, {"errors": ["The access token is invalid"]})
        if asked.method == "GET" and asked.path == "/v4/broadcasts":
            found = list(self.broadcasts.values())[::-1]
            return said(200, {"broadcasts": found, "pagination": {"has_next_page": False}})
        path = re.fullmatch(r"/v4/broadcasts/(\d+)", asked.path)
        if not path or int(path[1]) not in self.broadcasts:
            return said(404, {"errors": ["Not Found"]})
        broadcast = self.broadcasts[int(path[1])]
        if asked.method == "PUT":
            self._update(broadcast, asked.data)
        return said(200, {"broadcast": broadcast})

    def _update(self, broadcast: dict[str, Any], changes: dict[str, Any]) -> None:
        """What is not sent falls back to its default: all subscribers, the account's template and address."""
        template = {"id": changes.get("email_template_id", 1), "name": "Text"}
        defaults = dict.fromkeys(["description", "preview_text", "published_at", "send_at", "thumbnail_alt", "subject"])
        defaults |= {"thumbnail_url": None, "email_address": "account@kit.example", "subscriber_filter": _EVERYBODY}
        kept = {name: changes.get(name, default) for name, default in defaults.items()}
        broadcast |= kept | {"content": changes["content"], "public": changes["public"], "email_template": template}
        if changes["public"] and changes.get("send_at"):
            broadcast["status"] = "scheduled"
