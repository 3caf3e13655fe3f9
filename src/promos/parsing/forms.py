"""The forms of a page that ask for an e-mail address, with the boxes that a reader ticks."""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from promos.parsing.html import is_parsed_in_time, read_as_text
from promos.rules.disclosure.subject import Box, Form

_MOST = 50  # forms, and boxes of one
_MOST_TEXT = 5_000  # characters
_FORM = re.compile("<(?i:form)")
_MAIL = re.compile(r"e-?mail|courriel|correo", re.IGNORECASE)


def read_forms(html: str) -> Iterator[Form]:
    """In the order of the page; nothing of a page that no parser reads in time."""
    if not _FORM.search(html) or not is_parsed_in_time(html):
        return
    parser = LexborHTMLParser(html)
    for form in parser.css("form")[:_MOST]:
        if any(_asks_for_address(field) for field in form.css("input")):
            links = " ".join(link.attributes.get("href") or "" for link in form.css("a")[:_MOST])
            boxes = tuple(_box(box, form) for box in form.css("input[type=checkbox i]")[:_MOST])
            yield Form(f"{_words(form)}\n{links[:_MOST_TEXT]}", boxes)


def _asks_for_address(field: LexborNode) -> bool:
    given = field.attributes
    kind = (given.get("type") or "text").lower()
    names = " ".join(given.get(name) or "" for name in ("name", "id", "autocomplete", "placeholder"))
    return kind == "email" or (kind == "text" and _MAIL.search(names) is not None)


def _box(box: LexborNode, form: LexborNode) -> Box:
    given = box.attributes
    return Box(_label(box, form), "checked" in given, "required" in given or given.get("aria-required") == "true")


def _label(box: LexborNode, form: LexborNode) -> str:
    """The label around it, the one that points to it, or what its own paragraph says."""
    around = box.parent
    while around is not None and around.tag not in ("label", "form", "body"):
        around = around.parent
    if around is not None and around.tag == "label":
        return _words(around)
    own = box.attributes.get("id")
    pointing = (label for label in form.css("label") if own and label.attributes.get("for") == own)
    label = next(pointing, None)
    if label is not None:
        return _words(label)
    return _words(box.parent) if box.parent is not None and box.parent.tag != "form" else ""


def _words(node: LexborNode) -> str:
    return " ".join(read_as_text(node.text(separator=" ")[:_MOST_TEXT]).split())
