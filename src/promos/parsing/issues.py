"""A whole newsletter issue, in any of the forms an editor has it: text, Markdown, HTML or a mail."""

import email
import email.policy
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from email.message import EmailMessage
from html import escape

from markdown_it import MarkdownIt

from promos.parsing import Unreadable
from promos.parsing import html as pages
from promos.rules.issues import Segment

TEXT, MARKDOWN, HTML, MAIL = "text/plain", "text/markdown", "text/html", "message/rfc822"
MEDIA_TYPES = (TEXT, MARKDOWN, HTML, MAIL)

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_BULLET = re.compile(r"^\s{0,8}(?:[•‣◦·–-]|\*(?=\s)|\d{1,3}[.)])\s+")
_LINK = re.compile(r"https?://[^\s<>\"')\]]+")
_STOP_WORDS = {
    "fr": frozenset("le la les des une vous nous est dans pour avec et pas sur qui que ce à".split()),
    "de": frozenset("der die das und nicht mit für ist ein eine zu den wir sie auf im".split()),
    "en": frozenset("the and of to in is you for with that this are we it on be".split()),
}
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


@dataclass(frozen=True, slots=True)
class Parsed:
    """An issue as segments `s1`, `s2`, …; of a mail the HTML part, with the plain part beside it for comparison."""

    segments: list[Segment]
    text_part: list[Segment] | None
    language: str | None  # as the source says it, or as its words tell; None: nobody can say
    media_type: str


def read_issue(content: str | bytes, media_type: str) -> Parsed:
    """Never fails for broken input; raises `Unreadable` where no text is left."""
    if media_type == MAIL:
        parsed = _mail(content)
    else:
        text = _text(content)
        if media_type == HTML:
            segments, said = pages.read_html(text)
        else:
            segments, said = (_markdown(text) if media_type == MARKDOWN else _plain(text)), None
        parsed = Parsed(_numbered(segments), None, said, media_type)
    if not any(segment.text.strip() for segment in parsed.segments):
        raise Unreadable("no text")
    return replace(parsed, language=parsed.language or language_of(parsed.segments))


def language_of(segments: Iterable[Segment]) -> str | None:
    """`fr`, `de` or `en` by the commonest little words; `None` for too few of them."""
    words = re.findall(r"[^\W\d_]+", " ".join(segment.text for segment in segments)[:50_000].lower())
    counts = {code: sum(word in little for word in words) for code, little in _STOP_WORDS.items()}
    best = max(counts, key=lambda code: counts[code])
    return best if counts[best] >= 3 else None


def _text(content: str | bytes) -> str:
    text = content.decode("utf-8-sig", errors="replace") if isinstance(content, bytes) else content
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _numbered(segments: Sequence[Segment]) -> list[Segment]:
    return [replace(segment, id=f"s{number}") for number, segment in enumerate(segments, 1)]


def _plain(text: str) -> list[Segment]:
    """Paragraphs between empty lines; a line of its own in a paragraph stays a line of it; bullets make one list."""
    segments: list[Segment] = []
    for line, paragraph in _paragraphs(text):
        is_list = bool(_BULLET.match(paragraph))
        body = _BULLET.sub("", paragraph) if is_list else paragraph.strip()
        last = segments[-1] if segments else None
        if is_list and last and last.kind == "list":
            html = last.html.removesuffix("</ul>") + f"<li>{_lines(body)}</li></ul>"
            segments[-1] = replace(last, text=f"{last.text}\n• {body}", html=html, links=(*last.links, *_links(body)))
        elif is_list:
            segments.append(Segment("", "list", f"• {body}", f"<ul><li>{_lines(body)}</li></ul>", _links(body), line))
        elif set(body) <= set("-–—_=*~ "):
            segments.append(Segment("", "rule", "", "<hr>", (), line))
        else:
            segments.append(Segment("", "paragraph", body, f"<p>{_lines(body)}</p>", _links(body), line))
    return segments


def _paragraphs(text: str) -> Iterator[tuple[int, str]]:
    began, kept = 1, list[str]()
    for number, line in enumerate([*text.split("\n"), ""], 1):
        if line.strip() and not (kept and _BULLET.match(line)):
            began = began if kept else number
            kept.append(line.rstrip())
            continue
        if kept:
            yield began, "\n".join(kept)
        began, kept = number, [line.rstrip()] if line.strip() else []


def _lines(text: str) -> str:
    return "<br>\n".join(escape(line.strip()) for line in text.split("\n"))


def _links(text: str) -> tuple[str, ...]:
    return tuple(_LINK.findall(text))


def _markdown(text: str) -> list[Segment]:
    """The top-level blocks of a Markdown text; raw HTML in it is shown as text, not obeyed."""
    tokens = _MARKDOWN.parse(text[: 2 * 1024 * 1024])
    segments: list[Segment] = []
    first = 0
    for index, token in enumerate(tokens):
        if token.level or token.nesting > 0:
            continue
        block = tokens[first : index + 1]
        first = index + 1
        html = _MARKDOWN.renderer.render(block, _MARKDOWN.options, {})
        line = (block[0].map or [0])[0] + 1
        found, _ = pages.read_html(html)
        words = "\n".join(each.text for each in found if each.text)
        links = tuple(link for each in found for link in each.links)
        kind = found[0].kind if len(found) == 1 else _KINDS.get(block[0].type, "paragraph")
        if words or kind in {"rule", "image"}:
            segments.append(Segment("", kind, words, pages.safe(html), links, line))
    return segments


_KINDS = {"bullet_list_open": "list", "ordered_list_open": "list", "blockquote_open": "quote", "table_open": "table"}


def _mail(content: str | bytes) -> Parsed:
    raw = content if isinstance(content, bytes) else content.encode("utf-8", errors="surrogateescape")
    try:
        message = email.message_from_bytes(raw, policy=email.policy.default)
        html, plain = _part(message, "html"), _part(message, "plain")
    except (
        ValueError,
        LookupError,
        AttributeError,
        IndexError,
        TypeError,
        KeyError,
    ):  # what broken mails do to `email`
        html, plain = None, raw.decode("utf-8", errors="replace")
    text_part = _numbered(_plain(_text(plain))) if plain is not None else None
    if html is None:
        return Parsed(text_part or [], None, None, MAIL)
    segments, said = pages.read_html(_text(html))
    return Parsed(_numbered(segments), text_part, said, MAIL)


def _part(message: EmailMessage, subtype: str) -> str | None:
    part = message.get_body(preferencelist=(subtype,))
    if part is None:
        return None
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else str(part.get_payload()).encode("utf-8", errors="replace")
    try:
        return raw.decode(part.get_content_charset("utf-8") or "utf-8", errors="replace")
    except LookupError:
        return raw.decode("utf-8", errors="replace")
