"""A whole newsletter issue, in any of the forms an editor has it: text, Markdown, HTML or a mail."""

import email
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from html import escape

from markdown_it import MarkdownIt

from promos.parsing import Unreadable
from promos.parsing import html as pages
from promos.parsing.charsets import decoded
from promos.rules.issues import UNKNOWN_LOOK, Look, Segment

TEXT, MARKDOWN, HTML, MAIL = "text/plain", "text/markdown", "text/html", "message/rfc822"
MEDIA_TYPES = (TEXT, MARKDOWN, HTML, MAIL)

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_CONTROL_BYTES = bytes([*range(9), 11, 12, *range(14, 32), 127])
_BULLET = re.compile(r"^\s{0,8}(?:[•‣◦·–-]|\*(?=\s)|\d{1,3}[.)])\s+")
_LINK = re.compile(r"https?://[^\s<>\"')\]]+")
_STOP_WORDS = {
    "fr": frozenset("le la les des une vous nous est dans pour avec et pas sur qui que ce à".split()),
    "de": frozenset("der die das und nicht mit für ist ein eine zu den wir sie auf im".split()),
    "en": frozenset("the and of to in is you for with that this are we it on be".split()),
    "es": frozenset("el los las y en del con por para una es se su al lo más este esta hay".split()),
    "it": frozenset("il gli che di e con per una del della nel alla è si sono da non questo questa anche".split()),
    "nl": frozenset("het een van en op met voor zijn je wij niet aan dat deze naar bij ook wordt".split()),
}
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_MARKS = re.compile(r"[\[\]*_`<&!\\]")
_MOST_MARKS = 10_000
_MOST_TEXT = 3_000_000  # characters of plain text
_MOST_MARKDOWN = 500_000  # characters
_MOST_BOUNDARIES = 2_000  # lines of a mail that may begin a part
_LONG_HEADER = re.compile(
    rb"^(?:content-type|content-disposition|content-transfer-encoding|content-language|mime-version)"
    rb"[ \t]*:(?:[^\n]|\n[ \t]){2000,}+",
    re.IGNORECASE | re.MULTILINE,
)
# What the standard library does with mails that nobody should have sent.
_BROKEN_MAIL = (ValueError, LookupError, AttributeError, TypeError, RecursionError, AssertionError)


@dataclass(frozen=True, slots=True)
class Parsed:
    """An issue as segments `s1`, `s2`, …; of a mail the HTML part, with the plain part beside it for comparison."""

    segments: list[Segment]
    text_part: list[Segment] | None
    language: str | None  # as the source says it, or as its words tell; None: nobody can say
    media_type: str
    title: str | None = None  # the subject of a mail
    source: str = ""  # the HTML that the segments were read from


def read_issue(content: str | bytes, media_type: str, *, keeps_markup: bool = True) -> Parsed:
    """Never fails for broken input; raises `Unreadable` where no text is left.

    Without `keeps_markup` the segments of HTML have no `html`, for who only judges them.
    """
    if media_type == MAIL:
        parsed = _mail(content, keeps_markup=keeps_markup)
    elif media_type == HTML:
        text = _text(content)
        segments, said = pages.read_html(text, keeps_markup=keeps_markup)
        parsed = Parsed(segments, None, said, media_type, source=text)
    else:
        text = _text(content)
        segments = _markdown(text, keeps_markup=keeps_markup) if media_type == MARKDOWN else _plain(text)
        parsed = Parsed(_numbered(segments), None, None, media_type)
    if not any(segment.text.strip() for segment in parsed.segments):
        raise Unreadable("no text")
    return replace(parsed, language=parsed.language or language_of(parsed.segments))


def language_of(segments: Iterable[Segment]) -> str | None:
    """Which of our six by the commonest little words; `None` for too few of them."""
    words = re.findall(r"[^\W\d_]+", " ".join(segment.text for segment in segments)[:50_000].lower())
    number = Counter(words)
    counts = {code: sum(number[word] for word in little) for code, little in _STOP_WORDS.items()}
    best = max(counts, key=lambda code: counts[code])
    return best if counts[best] >= 3 else None


def _text(content: str | bytes) -> str:
    text = content.decode("utf-8-sig", errors="replace") if isinstance(content, bytes) else content
    text = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    return _CONTROLS.sub("", text) if _has_controls(text) else text


def _has_controls(text: str) -> bool:
    """Asked of the bytes: that takes a third of the time."""
    try:
        raw = text.encode()
    except UnicodeEncodeError:  # half a character
        return True
    return len(raw.translate(None, _CONTROL_BYTES)) < len(raw)


def _numbered(segments: Sequence[Segment]) -> list[Segment]:
    return [replace(segment, id=f"s{number}") for number, segment in enumerate(segments, 1)]


def _plain(text: str) -> list[Segment]:
    """Paragraphs between empty lines; a line of its own in a paragraph stays a line of it; bullets make one list."""
    if len(text) > _MOST_TEXT:
        raise Unreadable(f"more than {_MOST_TEXT} characters")
    segments: list[Segment] = []
    entries: list[tuple[int, str]] = []
    for line, paragraph in _paragraphs(text):
        if _BULLET.match(paragraph):
            entries.append((line, _BULLET.sub("", paragraph)))
            continue
        if entries:
            segments.append(_list(entries))
            entries = []
        body = paragraph.strip()
        if set(body) <= set("-–—_=*~ "):
            segments.append(Segment("", "rule", "", "<hr>", (), line))
        else:
            segments.append(_said("paragraph", body, f"<p>{_lines(body)}</p>", line))
        if len(segments) > pages.MOST:
            raise Unreadable(f"more than {pages.MOST} parts")
    return [*segments, _list(entries)] if entries else segments


def _list(entries: list[tuple[int, str]]) -> Segment:
    body = "\n".join(f"• {entry}" for _, entry in entries)
    html = "".join(f"<li>{_lines(entry)}</li>" for _, entry in entries)
    return _said("list", body, f"<ul>{html}</ul>", entries[0][0])


def _said(kind: str, text: str, html: str, line: int) -> Segment:
    """A segment of plain text. Characters that turn its order round are taken out, and what they did is noted."""
    look = Look(hidden_by=pages.DIRECTION) if pages.overrides_direction(text) else UNKNOWN_LOOK
    return Segment("", kind, pages.read_as_text(text), pages.read_as_text(html), _links(text), line, look)


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


def _markdown(text: str, *, keeps_markup: bool) -> list[Segment]:
    """The top-level blocks of a Markdown text; raw HTML in it is shown as text, not obeyed.

    A text with more marks than any author types is read as plain text: a parser would take minutes over it.
    """
    if len(text) > _MOST_MARKDOWN or len(_MARKS.findall(text)) > _MOST_MARKS:
        return _plain(text)
    tokens = _MARKDOWN.parse(text)
    segments: list[Segment] = []
    first = 0
    for index, token in enumerate(tokens):
        if token.level or token.nesting > 0:
            continue
        block = tokens[first : index + 1]
        first = index + 1
        rendered = _MARKDOWN.renderer.render(block, _MARKDOWN.options, {})
        found, _ = pages.read_html(rendered, keeps_markup=keeps_markup)
        line = (block[0].map or [0])[0] + 1
        segments += [replace(each, line=line) for each in found]
        if len(segments) > pages.MOST:
            raise Unreadable(f"more than {pages.MOST} parts")
    return segments


def _mail(content: str | bytes, *, keeps_markup: bool) -> Parsed:
    raw = content if isinstance(content, bytes) else content.encode("utf-8", errors="surrogateescape")
    if raw.count(b"\n--") > _MOST_BOUNDARIES:
        raise Unreadable(f"more than {_MOST_BOUNDARIES} parts")
    try:
        message = email.message_from_bytes(_LONG_HEADER.sub(b"X-Too-Long: 1", raw))
        html, plain, spoken = _part(message, "text/html"), _part(message, "text/plain"), _spoken(message)
        title = _title(message)
    except _BROKEN_MAIL:
        html, plain, spoken, title = None, raw.decode("utf-8", errors="replace"), None, ""
    text_part = _numbered(_plain(_text(plain))) if plain is not None else None
    if html is None:
        return Parsed(text_part or [], None, spoken, MAIL, title)
    html = _text(html)
    segments, said = pages.read_html(html, keeps_markup=keeps_markup)
    return Parsed(segments, text_part, said or spoken, MAIL, title, html)


def _title(message: Message) -> str:
    said = str(message.get("Subject", ""))[:2000]
    try:
        return _text(str(make_header(decode_header(said))))
    except (MessageError, LookupError, ValueError):  # encoded as nothing is
        return _text(said)


def _spoken(message: Message) -> str | None:
    """The first language of `Content-Language: fr-FR, en`."""
    match = re.match(r"\s{0,9}([A-Za-z]{2,3})(?![A-Za-z])", str(message.get("Content-Language", "")))
    return match[1].lower() if match else None


def _part(message: Message, media_type: str) -> str | None:
    """The first part of this kind that is not attached as a file."""
    for part in message.walk():
        if part.get_content_type() == media_type and part.get_content_disposition() != "attachment":
            payload = part.get_payload(decode=True)
            raw = payload if isinstance(payload, bytes) else b""
            return decoded(raw, part.get_content_charset("utf-8"))
    return None
