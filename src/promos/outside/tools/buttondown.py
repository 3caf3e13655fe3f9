"""Buttondown.

Read at docs.buttondown.com (api-emails-introduction, -update and -status, api-changelog-2025-06-01) and
buttondown.com/blog/2026-03-07-safer-email-api-defaults: `Authorization: Token …`; `PATCH /v1/emails/{id}` changes the
fields it is sent. The status is one of them, so it is never among them here. The body is Markdown or HTML;
`<!-- buttondown-editor-mode: plaintext -->` before it says Markdown with HTML in it, `fancy` the editor that keeps no
HTML it does not know. Without either Buttondown guesses: a body of plain words is marked `plaintext` before HTML is put
in, or the guess would change with it. No check for collisions was read of: the draft is compared right before writing.
"""

import re
from collections.abc import Mapping
from typing import ClassVar

import msgspec

from promos.outside.tools import NEWEST, Api, Capabilities, Draft, fingerprint, safe_id, with_block
from promos.outside.web import Web
from promos.rules.refusals import DraftSent, DraftUnsuited, ToolChanged

_MODE = re.compile(r"\s*<!--\s*buttondown-editor-mode:\s*(\w+)\s*-->")
_PLAIN = "<!-- buttondown-editor-mode: plaintext -->"


class _Email(msgspec.Struct):
    id: str
    subject: str
    body: str
    status: str
    creation_date: str

    @property
    def version(self) -> str:
        return fingerprint(self.subject, self.body)


class _Emails(msgspec.Struct):
    results: list[_Email]


class Buttondown:
    capabilities: ClassVar[Capabilities] = Capabilities(
        raw_html=True,
        style_tag=False,
        comments_kept=False,
        draft_api=True,
        slots=True,  # snippets and advertising slots; they are an editor's to place
        webhooks_out=True,
        text_part=False,
    )
    merge_tags: ClassVar[Mapping[str, str]] = {"subscriber": "{{ subscriber.id }}"}

    def __init__(self, web: Web, key: str, base_url: str = "https://api.buttondown.com") -> None:
        self._api = Api(web, base_url, lambda: {"Authorization": f"Token {key}", "X-API-Version": "2026-04-01"})

    async def drafts(self) -> list[Draft]:
        found = await self._api.listed("/v1/emails", _Emails, status="draft", ordering="-creation_date")
        drafts = [email for email in found.results if email.status == "draft"]
        return [_draft(email) for email in sorted(drafts, key=_age, reverse=True)[:NEWEST]]

    async def read(self, draft_id: str) -> Draft:
        return _draft(await self._email(draft_id))

    async def look(self, draft_id: str) -> Draft:
        return _draft(await self._any(draft_id))

    async def put(self, draft_id: str, renderings: Mapping[str, str], marker: str, *, version: str) -> Draft:
        email = await self._email(draft_id)
        if email.version != version:
            raise ToolChanged
        mode = _MODE.match(email.body)
        if mode and mode[1] != "plaintext":
            raise DraftUnsuited(mode[1])
        body = email.body if mode or email.body.lstrip().startswith("<") else f"{_PLAIN}\n{email.body}"
        changed = with_block(body, renderings["email_html"], marker)
        await self._api.write("PATCH", f"/v1/emails/{email.id}", {"body": changed})
        return await self.read(draft_id)

    async def _email(self, draft_id: str) -> _Email:
        email = await self._any(draft_id)
        if email.status != "draft":
            raise DraftSent
        return email

    async def _any(self, draft_id: str) -> _Email:
        return await self._api.get(f"/v1/emails/{safe_id(draft_id)}", _Email)


def _age(email: _Email) -> str:
    return email.creation_date  # RFC 3339 in UTC sorts as text


def _draft(email: _Email) -> Draft:
    address = f"https://buttondown.com/emails/{email.id}"
    return Draft(email.id, email.subject, email.body, "", address, email.version, email.status == "draft")
