"""The text of an issue as it arrives in a form: pasted, or a file that an editor has it in."""

import re
from dataclasses import dataclass
from typing import Any

from litestar import Request
from litestar.datastructures import UploadFile

from promos.parsing import Unreadable
from promos.parsing.issues import HTML, MAIL, MARKDOWN, MEDIA_TYPES, TEXT
from promos.parsing.lint import media_type_of

MOST_FORM = 4 * 1024 * 1024  # bytes; a whole issue and what a browser puts around it

_TAGS = re.compile(
    r"<!doctype html|<(?:html|head|body|!--)|<(?:p|div|table|h[1-6]|ul|br)\b[^<>]{0,500}>", re.IGNORECASE
)
_HEADERS = "from|to|subject|date|received|return-path|mime-version|message-id|delivered-to"
_HEADER = re.compile(rf"(?:{_HEADERS}):\s", re.IGNORECASE)
_MARKS = re.compile(
    r"^(?:#{1,6} \S|\s{0,3}[*+] \S|> \S)|\[[^\]\n]{1,200}\]\(https?://|\*\*\S[^*\n]{0,200}\*\*", re.MULTILINE
)
_TORN = re.compile("[\ud800-\udfff]")  # bytes that are no text


@dataclass(frozen=True, slots=True)
class Pasted:
    """`text` is empty where nothing came; `shown` is what the form gives back if it returns."""

    text: str
    media_type: str
    shown: str


async def pasted(request: Request[Any, Any, Any]) -> Pasted:
    """The uploaded file, or else what stands in the text field; its kind as chosen, or guessed."""
    form = await request.form()
    chosen = str(form.get("media_type") or "")
    upload = form.get("file")
    if isinstance(upload, UploadFile) and upload.filename:
        content = await upload.read()
        text = _decoded(content)
        shown = "" if _TORN.search(text) else text
        return Pasted(text, chosen if chosen in MEDIA_TYPES else _named(upload.filename) or kind_of(text), shown)
    field = form.get("content")
    text = field.replace("\r\n", "\n") if isinstance(field, str) else ""
    return Pasted(text, chosen if chosen in MEDIA_TYPES else kind_of(text), text)


def kind_of(text: str) -> str:
    """What a text looks like: a mail by its headers, HTML by its tags, Markdown by its marks, else plain text."""
    start = text.lstrip("\ufeff \n")[:20_000]
    lines = start.split("\n", 3)[:3]
    if len(lines) > 1 and all(_HEADER.match(line) or line[:1] in {" ", "\t"} for line in lines[:2]):
        return MAIL
    if _TAGS.search(start):
        return HTML
    return MARKDOWN if _MARKS.search(start) else TEXT


def _named(file: str) -> str | None:
    try:
        return media_type_of(file)
    except Unreadable:
        return None


def _decoded(content: bytes) -> str:
    """UTF-8, else what Windows programs write; bytes of no text stay apart as a mail may have them."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            return content.decode("utf-16", errors="replace")
        if b"\nMIME-Version:" in content[:20_000]:
            return content.decode("utf-8", errors="surrogateescape")
        return content.decode("cp1252", errors="replace")
