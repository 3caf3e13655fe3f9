"""Ghost, on a server of the newsletter's own or at Ghost(Pro).

Admin API, read at docs.ghost.org/admin-api (token authentication; posts: updating a post) and tried against Ghost 6.65:
a JWT signed with the secret half of an integration's key, for five minutes; `PUT …/posts/{id}/` needs the `updated_at`
that was read and answers 409 when the post has another by now. That is in whole seconds, so the text is compared too.
The block is an HTML card of the `lexical` document, which Ghost leaves as it is (`?source=html` would take it apart).
`html` is what Ghost makes of the document.

An integration's key may also publish: Ghost knows none that may only edit. Nothing here asks for it.
"""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

import msgspec

from promos.outside.tools import NEWEST, Api, Capabilities, Draft, fingerprint, safe_id, with_block
from promos.outside.web import Web
from promos.rules.refusals import BlockUnframed, DraftSent, DraftUnsuited, ToolChanged, ToolMisunderstood, ToolRefused

_LIFE = timedelta(minutes=5)  # Ghost accepts no longer one


class _Post(msgspec.Struct):
    id: str
    title: str
    status: str
    updated_at: str
    lexical: str | None = None
    html: str | None = None

    @property
    def version(self) -> str:
        return fingerprint(self.updated_at, self.title, self.lexical)


class _Posts(msgspec.Struct):
    posts: list[_Post]


class Ghost:
    """`key` is an Admin API key as Ghost shows it, `id:secret` (else `ToolRefused`); `now` the clock, in UTC."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        raw_html=True,
        style_tag=True,  # put inline, `@media` rules stay
        comments_kept=True,
        draft_api=True,
        slots=False,
        webhooks_out=True,
        text_part=False,
    )
    merge_tags: ClassVar[Mapping[str, str]] = {"subscriber": "%%{uuid}%%"}  # in mails; the web page shows it as it is

    def __init__(self, web: Web, base_url: str, key: str, now: Callable[[], datetime]) -> None:
        key_id, _, secret = key.partition(":")
        try:
            self._key_id, self._secret = key_id, bytes.fromhex(secret)
        except ValueError:
            raise ToolRefused from None
        self._now = now
        self._api = Api(web, base_url, self._headers)

    async def drafts(self) -> list[Draft]:
        found = await self._api.listed(
            "/ghost/api/admin/posts/", _Posts, filter="status:draft", order="updated_at desc", limit=NEWEST
        )
        return [self._draft(post) for post in found.posts if post.status == "draft"]

    async def read(self, draft_id: str) -> Draft:
        return self._draft(await self._post(draft_id))

    async def look(self, draft_id: str) -> Draft:
        return self._draft(await self._any(draft_id))

    async def put(self, draft_id: str, renderings: Mapping[str, str], marker: str, *, version: str) -> Draft:
        post = await self._post(draft_id)
        if post.version != version:
            raise ToolChanged
        if not post.lexical:
            raise DraftUnsuited("mobiledoc")
        changed = _with_card(post.lexical, renderings["email_html"], marker)
        await self._api.write(
            "PUT",
            f"/ghost/api/admin/posts/{post.id}/?save_revision=1",  # so that an editor can go back
            {"posts": [{"lexical": changed, "updated_at": post.updated_at}]},
        )
        return await self.read(draft_id)

    async def _post(self, draft_id: str) -> _Post:
        post = await self._any(draft_id)
        if post.status != "draft":
            raise DraftSent
        return post

    async def _any(self, draft_id: str) -> _Post:
        path = f"/ghost/api/admin/posts/{safe_id(draft_id)}/"
        found = await self._api.get(path, _Posts, formats="html,lexical")
        if len(found.posts) != 1:
            raise ToolMisunderstood
        return found.posts[0]

    def _draft(self, post: _Post) -> Draft:
        address = f"{self._api.base_url}/ghost/#/editor/post/{post.id}"
        return Draft(post.id, post.title, post.html or "", "", address, post.version, post.status == "draft")

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Ghost {_token(self._key_id, self._secret, self._now())}", "Accept-Version": "v6.0"}


def _token(key_id: str, secret: bytes, now: datetime) -> str:
    """RFC 7519 and RFC 7515, HS256."""
    header = {"alg": "HS256", "typ": "JWT", "kid": key_id}
    claims = {"iat": int(now.timestamp()), "exp": int((now + _LIFE).timestamp()), "aud": "/admin/"}
    signed = b".".join(_base64(msgspec.json.encode(part)) for part in (header, claims))
    return b".".join([signed, _base64(hmac.digest(secret, signed, hashlib.sha256))]).decode()


def _base64(part: bytes) -> bytes:
    return urlsafe_b64encode(part).rstrip(b"=")


def _with_card(lexical: str, block: str, marker: str) -> str:
    """The document with the block in the card that has it, or in a card of its own at the end."""
    try:
        document: dict[str, Any] = json.loads(lexical)
        children = document["root"]["children"]
        cards = [card for card in children if card.get("type") == "html" and marker in str(card.get("html"))]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ToolMisunderstood from None
    for card in cards:
        card["html"] = with_block(card["html"], block, marker)
    if not cards:
        if marker in lexical:
            raise BlockUnframed
        children.append({"type": "html", "version": 1, "html": with_block("", block, marker).rstrip("\n")})
    return json.dumps(document, ensure_ascii=False)
