"""A fake of Buttondown, from docs.buttondown.com: api-emails-introduction, api-emails-update, api-emails-status."""

import re
from typing import Any

from tests.outside.fakes import Asked, Said, said


class FakeButtondown:
    key = "canary-buttondown-key"

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.emails: dict[str, dict[str, Any]] = {}

    def add(self, body: str, *, status: str = "draft") -> str:
        number = f"{len(self.emails) + 1:08x}-0000-4000-8000-000000000000"
        self.emails[number] = {
            **{"id": number, "subject": f"Issue {len(self.emails) + 1}", "body": body, "status": status},
            **{"creation_date": f"2026-11-{len(self.emails) + 1:02}T08:00:00Z", "metadata": {}},
        }
        return number

    async def __call__(self, asked: Asked) -> Said:
        self.asked.append(asked)
        if asked.headers.get("authorization") != f"Token {self.key}":
            return said(401, {"detail": "Invalid token."})
        if asked.method == "GET" and asked.path == "/v1/emails":
            found = [email for email in self.emails.values() if email["status"] == asked.query["status"]]
            return said(200, {"results": found[:100], "count": len(found)})
        path = re.fullmatch(r"/v1/emails/([0-9a-f-]{36})", asked.path)
        if not path or path[1] not in self.emails:
            return said(404, {"detail": "Not Found"})
        email = self.emails[path[1]]
        if asked.method == "PATCH":
            email |= asked.data  # a status among it would send
        return said(200, email)
