"""A block's body for tools that take it apart: as Markdown that holds no HTML, and as few tags as a paste keeps."""

import re
from collections.abc import Mapping
from html import escape
from html.parser import HTMLParser
from types import MappingProxyType

from markupsafe import Markup

_MARKS = re.compile(r"[\\`*_{}\[\]#]|!\Z")  # a `!` at the end may come to stand before a link
_NOT_ESCAPABLE = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    "|": "&#124;",
    "~": "&#126;",
}  # no backslash everywhere
_LINE_MARK = re.compile(r"^(\s*)(?:([-+])|(\d+)([.)])|=)")


def escaped(text: str) -> str:
    """`text` for Markdown of any kind, shown as it is; its tags, marks and list signs mean nothing."""
    text = _MARKS.sub(r"\\\g<0>", text)
    text = re.sub("[&<>|~]", lambda found: _NOT_ESCAPABLE[found[0]], text)
    return _LINE_MARK.sub(_as_typed, text)


def _as_typed(found: re.Match[str]) -> str:
    if found[3]:
        return f"{found[1]}{found[3]}\\{found[4]}"
    return f"{found[1]}\\{found[2]}" if found[2] else f"{found[1]}&#61;"


def markdown(body: str) -> str:
    """What `rendering.markdown.html` drew, written as Markdown."""
    return _read(_Markdown(), body).strip("\n")


def paragraphs(body: str) -> Markup:
    """The same in `p`, `strong` and `a`; an entry of a list is a paragraph that begins with its sign or number."""
    return Markup(_read(_Paragraphs(), body).strip())  # noqa: S704 -- our tags, each text and address escaped


class _Walk(HTMLParser):
    """One pass over the allowed tags, in which paragraphs open with their first word."""

    tags: Mapping[str, tuple[str, str]]  # how inline tags open and close

    def __init__(self) -> None:
        super().__init__()
        self.said = ""
        self.lists: list[int] = []  # the number of the next entry; -1: without numbers
        self.marker = ""
        self.is_open = False
        self.is_listing = False  # an entry stands above already
        self.inside: list[tuple[str, str]] = []  # inline tags: how each opens and closes

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("p", "ul", "ol", "li"):
            self._end()
            if tag in ("ul", "ol"):
                self.is_listing = bool(self.lists)
                self.lists.append(1 if tag == "ol" else -1)
            elif tag == "li":
                self.marker = self._next()
        elif tag == "br":
            self.break_line()
        elif tag == "a":
            self._begin_inline(*self.link(dict(attrs).get("href") or ""))
        else:
            self._begin_inline(*self.tags.get(tag, ("", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("p", "ul", "ol", "li"):
            self._end()
            if tag in ("ul", "ol"):
                self.lists.pop()
        elif self.inside:
            self.said += self.inside.pop()[1]

    def handle_data(self, data: str) -> None:
        if self.is_open or data.strip():
            self._begin()
            self.said += self.text(re.sub(r"[ \n]+", " ", data))

    def _begin_inline(self, opening: str, closing: str) -> None:
        self._begin()
        self.said += opening
        self.inside.append((opening, closing))

    def _begin(self) -> None:
        if not self.is_open:
            self.said += self.begin(self.marker)
            self.is_open, self.marker, self.is_listing = True, "", True

    def _end(self) -> None:
        if self.is_open:
            self.said += self.end()
            self.is_open = False

    def _next(self) -> str:
        number = self.lists[-1]
        if number < 0:
            return "•"
        self.lists[-1] += 1
        return f"{number}."

    def begin(self, marker: str) -> str:
        raise NotImplementedError

    def end(self) -> str:
        raise NotImplementedError

    def link(self, href: str) -> tuple[str, str]:
        raise NotImplementedError

    def text(self, data: str) -> str:
        raise NotImplementedError

    def break_line(self) -> None:
        raise NotImplementedError


class _Markdown(_Walk):
    tags = MappingProxyType({"strong": ("**", "**"), "em": ("*", "*")})

    def begin(self, marker: str) -> str:
        indent = "    " * max(0, len(self.lists) - 1)
        if not marker:
            return f"\n\n{indent}    " if self.lists else "\n\n"
        gap = "\n" if self.is_listing else "\n\n"
        return f"{gap}{indent}{'-' if marker == '•' else marker} "

    def end(self) -> str:
        return ""

    def link(self, href: str) -> tuple[str, str]:
        return "[", f"](<{href}>)"

    def text(self, data: str) -> str:
        return escaped(data)

    def break_line(self) -> None:
        self.said += "  \n" + "    " * len(self.lists)


class _Paragraphs(_Walk):
    tags = MappingProxyType({"strong": ("<strong>", "</strong>")})

    def begin(self, marker: str) -> str:
        return f"<p>{marker} " if marker else "<p>"

    def end(self) -> str:
        return "</p>\n"

    def link(self, href: str) -> tuple[str, str]:
        return f'<a href="{escape(href)}">', "</a>"

    def text(self, data: str) -> str:
        return escape(data)

    def break_line(self) -> None:
        closing = "".join(each for _, each in reversed(self.inside))
        self.said += f"{closing}</p>\n<p>{''.join(each for each, _ in self.inside)}"


def _read(walk: _Walk, body: str) -> str:
    walk.feed(str(body).replace("<br>\n", "<br>"))  # as `Markup`, it would escape what is put together with it
    walk.close()
    return walk.said
