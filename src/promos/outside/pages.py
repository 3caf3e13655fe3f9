"""A page that is published somewhere on the web, read once, as anybody who is not signed in gets it."""

import re
from urllib.parse import urljoin

from promos.outside.web import Answer, Forbidden, Unreachable, Web
from promos.parsing.charsets import decoded
from promos.parsing.issues import HTML, MAIL, MARKDOWN, TEXT
from promos.rules.refusals import PageUnreadable

REDIRECTS = 3  # each address is looked at anew
_KINDS = {"text/html": HTML, "application/xhtml+xml": HTML, "text/plain": TEXT, "text/markdown": MARKDOWN, MAIL: MAIL}
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w-]{1,40})", re.IGNORECASE)


async def fetched(web: Web, address: str) -> tuple[str | bytes, str]:
    """What stands at an address, and its media type; a mail as bytes.

    Raises `PageUnreadable` for everything else: whether an address is closed to us or only silent is not told.
    """
    for _ in range(REDIRECTS + 1):
        try:
            answer = await web.ask("GET", address, headers={"Accept": ", ".join(_KINDS)})
        except (Forbidden, Unreachable):
            raise PageUnreadable from None
        location = answer.headers.get("location")
        if answer.status not in {301, 302, 303, 307, 308} or not location:
            return _read(answer)
        address = urljoin(address, location)
    raise PageUnreadable


def _read(answer: Answer) -> tuple[str | bytes, str]:
    said = answer.headers.get("content-type", "text/html")
    kind = _KINDS.get(said.partition(";")[0].strip().lower())
    if answer.status != 200 or kind is None:
        raise PageUnreadable
    if kind == MAIL:
        return answer.body, kind
    named = re.search(r"charset\s*=\s*\"?([\w-]{1,40})", said, re.IGNORECASE)
    inside = _CHARSET.search(answer.body[:4096]) if kind == HTML else None
    charset = named[1] if named else inside[1].decode() if inside else "utf-8"
    return decoded(answer.body, charset), kind
