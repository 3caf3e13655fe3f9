"""Newsletter tools: a promo block goes into a draft there, and nothing goes out from here.

No tool of this package can send, schedule or publish, and none touches what is sent, scheduled or published. A block
stands in a draft inside a frame with its marker, so that it is found again and replaced wherever an editor moved it:

    <div data-promos-block="0195…">…</div>

In plain text it is known by its label line, its two rules, and the marker in its address.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any, ClassVar, Protocol, TypeVar
from urllib.parse import urlencode

import msgspec

from promos.outside.web import Answer, Forbidden, Unreachable, Web
from promos.rendering.blocks import RULE
from promos.rules.refusals import (
    BlockUnframed,
    NotFound,
    ToolAddressRefused,
    ToolChanged,
    ToolMisunderstood,
    ToolRefused,
    ToolUnreachable,
)

NEWEST = 20  # drafts that a list shows

Shape = TypeVar("Shape")
_MARKER = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{7,63}")


@dataclass(frozen=True, slots=True)
class Frame:
    """The element around a block; a new one goes before the last `ends`, or to the very end."""

    tag: str
    opening: str
    ends: re.Pattern[str]


HTML = Frame("div", '<div data-promos-block="{}">', re.compile(r"</body\s*>", re.IGNORECASE))
MJML = Frame("mj-wrapper", '<mj-wrapper padding="0" css-class="promos-block-{}">', re.compile(r"</mj-body\s*>"))


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a tool does with a block that reaches it."""

    raw_html: bool  # HTML is sent as it was written
    style_tag: bool  # a style element reaches the reader in some form
    comments_kept: bool  # HTML comments, so conditions for Outlook, reach the reader
    draft_api: bool  # drafts can be read and changed over HTTP
    slots: bool  # a template can keep a named place free for the block
    webhooks_out: bool  # it tells others when something goes out
    text_part: bool  # the text part of a mail can be written apart from the HTML


@dataclass(frozen=True, slots=True)
class Draft:
    """`html` and `text` are what stands in it now, as the tool would send it where it shows that; else its source.

    In a list they may be empty and `version` too: read a draft before you change it.
    """

    id: str
    title: str
    html: str
    text: str  # empty: the tool makes the text part itself, or sends none
    address: str  # of the draft in the tool, for a browser
    version: str  # moves when the draft changes
    is_draft: bool = True  # neither sent nor scheduled nor published


class Tool(Protocol):
    """Each call may raise `ToolAddressRefused`, `ToolUnreachable`, `ToolRefused` or `ToolMisunderstood`."""

    capabilities: ClassVar[Capabilities]
    merge_tags: ClassVar[Mapping[str, str]]  # `subscriber`: becomes an id of the reader, never the e-mail address

    async def drafts(self) -> list[Draft]:
        """The newest that are not sent, scheduled or published, at most `NEWEST`; newest first."""

    async def read(self, draft_id: str) -> Draft:
        """`NotFound` if there is none, `DraftSent` if it is no draft any more."""

    async def look(self, draft_id: str) -> Draft:
        """The same, whatever became of it: sent, published or a draft still. Nothing is changed."""

    async def put(self, draft_id: str, renderings: Mapping[str, str], marker: str, *, version: str) -> Draft:
        """Put the block in place of the one with this `marker`, or at the end, and read the draft back.

        `renderings` are those of `rendering.blocks.SURFACES`, by name; `version` is that of the draft as it was read.
        Nothing else in the draft is changed. Whether the label survived is for the caller to see in the answer. Raises
        as `read` does, and `ToolChanged`, `DraftUnsuited` or `BlockUnframed`; after `ToolUnreachable` the block may
        stand there or not, and putting it again is safe.
        """


class Api:
    """JSON over HTTP as all tools speak it. `headers` are made for each request; their words are never shown."""

    def __init__(self, web: Web, base_url: str, headers: Callable[[], Mapping[str, str]]) -> None:
        self._web, self._headers = web, headers
        self.base_url = base_url.rstrip("/")

    async def get(self, path: str, shape: type[Shape], **query: str | int) -> Shape:
        answer = await self.ask("GET", path + (f"?{urlencode(query)}" if query else ""))
        return self._decoded(answer, shape)

    async def listed(self, path: str, shape: type[Shape], **query: str | int) -> Shape:
        """The same for a list, which is there wherever the tool is."""
        try:
            return await self.get(path, shape, **query)
        except NotFound:
            raise ToolMisunderstood(404) from None

    async def text(self, path: str) -> str:
        return self._words(await self.ask("GET", path))

    async def write(self, method: str, path: str, changes: Mapping[str, Any]) -> None:
        await self.ask(method, path, msgspec.json.encode(changes))

    async def ask(self, method: str, path: str, body: bytes = b"") -> Answer:
        headers = {"Accept": "application/json", **self._headers()}
        if body:
            headers["Content-Type"] = "application/json"
        if not all(value.isascii() and value.isprintable() for value in headers.values()):
            raise ToolRefused  # a key with such a character is none
        try:
            answer = await self._web.ask(method, self.base_url + path, headers=headers, body=body)
        except Forbidden:
            raise ToolAddressRefused from None
        except Unreachable:
            raise ToolUnreachable from None
        return _accepted(answer)

    def _decoded(self, answer: Answer, shape: type[Shape]) -> Shape:
        try:
            return msgspec.json.decode(answer.body, type=shape)
        except (msgspec.DecodeError, RecursionError):
            raise ToolMisunderstood(answer.status) from None

    def _words(self, answer: Answer) -> str:
        try:
            return answer.body.decode()
        except UnicodeDecodeError:
            raise ToolMisunderstood(answer.status) from None


def _accepted(answer: Answer) -> Answer:
    if 200 <= answer.status < 300:
        return answer
    if answer.status in {401, 403}:
        raise ToolRefused
    if answer.status == 404:
        raise NotFound("draft")
    if answer.status in {409, 412}:
        raise ToolChanged
    if answer.status == 429 or answer.status >= 500:
        raise ToolUnreachable
    raise ToolMisunderstood(answer.status)


def fingerprint(*texts: str | None) -> str:
    """A version for tools that keep none or do not look at it: moves with any of the texts."""
    return hashlib.sha256(msgspec.json.encode(texts)).hexdigest()[:32]


def safe_id(draft_id: str) -> str:
    """`draft_id` as part of an address; one that no tool gives out is not found."""
    if not re.fullmatch(r"[0-9A-Za-z_-]{1,64}", draft_id):
        raise NotFound("draft")
    return draft_id


def with_block(html: str, block: str, marker: str, frame: Frame = HTML) -> str:
    """`html` with `block` in every frame of `marker`, or in a new one at the end; all else is as it was.

    Without empty lines and indentation, as Markdown would end the HTML there. Raises `BlockUnframed`.
    """
    opening = frame.opening.format(_checked(marker))
    framed = "\n".join([opening, *filter(None, map(str.strip, block.splitlines())), f"</{frame.tag}>"])
    places = _Finder(html, frame.tag, opening).places()
    if not places:
        if marker in html:
            raise BlockUnframed
        *_, end = [len(html), *(match.start() for match in frame.ends.finditer(html))]
        before = html[:end]
        gap = "\n" * (2 - min(2, len(before) - len(before.rstrip("\n")))) if before else ""
        return f"{before}{gap}{framed}\n{html[end:]}"
    for begin, end in reversed(places):
        html = f"{html[:begin]}{framed}{html[end:]}"
    return html


def with_text(text: str, block: str, marker: str) -> str:
    """The same for plain text, where a block is its label line, a rule, and all until the next, the marker among it."""
    if _checked(marker) not in block:
        raise ValueError("the text of a block names its marker")
    block = block.strip("\n")
    lines = text.splitlines(keepends=True)
    rules = [number for number, line in enumerate(lines) if line.strip() == RULE]
    for first, last in pairwise(rules):
        if any(marker in line for line in lines[first:last]):
            above, label = ["", "", *lines[:first]][-2:]
            begin = first - 1 if label.strip() and not above.strip() else first
            return "".join([*lines[:begin], block, "\n", *lines[last + 1 :]])
    if marker in text:
        raise BlockUnframed
    return f"{text.rstrip()}\n\n{block}\n" if text.strip() else f"{block}\n"


def _checked(marker: str) -> str:
    if not _MARKER.fullmatch(marker):
        raise ValueError("a marker is 8 to 64 letters, digits and dashes")
    return marker


class _Finder(HTMLParser):
    """Finds the elements that begin like `opening`, whatever stands in them; one that is never closed is none."""

    def __init__(self, html: str, tag: str, opening: str) -> None:
        super().__init__(convert_charrefs=False)
        self._html, self._tag = html, tag
        self._lines = [0, *(match.end() for match in re.finditer("\n", html))]
        self._found: list[tuple[int, int]] = []
        self._begin, self._depth = 0, 0
        name, value = opening.rstrip(">").rpartition(" ")[2].split("=")
        self._mark = name, value.strip('"')

    def places(self) -> list[tuple[int, int]]:
        """Where each begins and ends in the HTML, in its order."""
        self.feed(self._html)
        self.close()
        return self._found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != self._tag:
            return
        if self._depth:
            self._depth += 1
        elif self._mark in attrs:
            self._begin, self._depth = self._at(), 1

    def handle_endtag(self, tag: str) -> None:
        if tag == self._tag and self._depth:
            self._depth -= 1
            if not self._depth:
                self._found.append((self._begin, self._html.index(">", self._at()) + 1))

    def _at(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column
