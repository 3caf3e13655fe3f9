"""A fake of Ghost's Admin API, from docs.ghost.org/admin-api and what Ghost 6.65 answered."""

import hashlib
import hmac
import json
import re
from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.outside.fakes import Asked, Said, said

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


class FakeGhost:
    key_id, secret = "64f0c0ffee64f0c0ffee64f0", "ca11ab1e" * 8
    key = f"{key_id}:{secret}"

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now
        self.asked: list[Asked] = []
        self.posts: dict[str, dict[str, Any]] = {}
        self._saved = now

    def add(self, html: str, *, status: str = "draft") -> str:
        number = f"{len(self.posts) + 1:024x}"
        card = {"type": "html", "version": 1, "html": html}
        self.posts[number] = {"id": number, "title": f"Issue {len(self.posts) + 1}", "status": status}
        self._store(self.posts[number], json.dumps({"root": {"children": [card], "type": "root", "version": 1}}))
        return number

    async def __call__(self, asked: Asked) -> Said:
        self.asked.append(asked)
        if not self._knows(asked.headers.get("authorization", "")):
            return _error(401, "UnauthorizedError", "Invalid token")
        if asked.method == "GET" and asked.path == "/ghost/api/admin/posts/":
            found = [post for post in self.posts.values() if f"status:{post['status']}" == asked.query["filter"]]
            return said(200, {"posts": found[::-1][: int(asked.query["limit"])]})
        path = re.fullmatch(r"/ghost/api/admin/posts/([0-9a-f]{24})/", asked.path)
        if not path or path[1] not in self.posts:
            return _error(404, "NotFoundError", "Resource not found error, cannot read post.")
        post = self.posts[path[1]]
        if asked.method == "PUT":
            [changes] = asked.data["posts"]
            if "updated_at" not in changes:
                return _error(422, "ValidationError", "Validation error, cannot edit post.")
            if changes["updated_at"] != post["updated_at"]:
                return _error(409, "UpdateCollisionError", "Saving failed! Someone else is editing this post.")
            self._store(post, changes["lexical"])
        return said(200, {"posts": [post]})

    def _store(self, post: dict[str, Any], lexical: str) -> None:
        """An HTML card goes between two comments and is else as it was."""
        self._saved += timedelta(seconds=1)
        cards = [card["html"] for card in json.loads(lexical)["root"]["children"] if card["type"] == "html"]
        html = "".join(f"\n<!--kg-card-begin: html-->\n{card}\n<!--kg-card-end: html-->\n" for card in cards)
        post |= {"lexical": lexical, "html": html, "updated_at": self._saved.isoformat(timespec="milliseconds")}

    def _knows(self, authorization: str) -> bool:
        match = re.fullmatch(r"Ghost ([\w-]+)\.([\w-]+)\.([\w-]+)", authorization)
        if not match:
            return False
        header, claims = (json.loads(_unpadded(part)) for part in match.groups()[:2])
        signature = hmac.digest(bytes.fromhex(self.secret), f"{match[1]}.{match[2]}".encode(), hashlib.sha256)
        return (
            header == {"alg": "HS256", "typ": "JWT", "kid": self.key_id}
            and claims["aud"] == "/admin/"
            and claims["iat"] <= self.now.timestamp() < claims["exp"] <= claims["iat"] + 300
            and hmac.compare_digest(signature, _unpadded(match[3]))
        )


def _unpadded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _error(status: int, kind: str, message: str) -> Said:
    return said(status, {"errors": [{"type": kind, "message": message}]})
