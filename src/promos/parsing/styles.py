"""How a piece of text is shown, as far as the styles in a source say: inline, in attributes, in style elements."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import tinycss2
from selectolax.lexbor import LexborHTMLParser, LexborNode
from tinycss2 import color3

from promos.parsing.concealment import gone_by, pixels, veiled_by
from promos.rules.issues import Look

UNREAD = "more styles than can be read"
_WHITE = "#ffffff"
_ALIKE = 24  # of 255: colours that differ by less on every channel are one to the eye
_MOST_CSS = 200_000  # characters; no newsletter has as many
_MOST_SELECTORS = 2_000
_MOST_RELATIONS = 300  # selectors such as `td .x > p`, which have to be looked for in the whole document
_MOST_CLASSES = 50

_SPELLED_OUT = re.compile(r"[\\\"'(]|/\*")
_WORDS = {"xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": 16.0, "large": 18.0, "x-large": 24.0}
_WORDS |= {"xx-large": 32.0}
_FONT_TAG = {"1": 10.0, "2": 13.0, "3": 16.0, "4": 18.0, "5": 24.0, "6": 32.0, "7": 48.0}
_SIMPLE = re.compile(r"(?P<tag>[a-z][a-z0-9]*|\*)?(?:(?P<mark>[.#])(?P<name>[\w-]{1,100}))?", re.IGNORECASE)
_ELSEWHERE = re.compile(r"\bprint\b|\bspeech\b|prefers-color-scheme|\bnot\s", re.IGNORECASE)

# name: value, and whether it is !important
Declared = Mapping[str, tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Shown:
    """What the elements around a text make of it. `gone`: nobody sees it. `veiled`: no place for a label."""

    gone: str | None = None
    veiled: str | None = None
    is_visible: bool = True  # `visibility`, which a child can take back
    opacity: float = 1.0
    font_size: float | None = None
    color: str | None = None  # "": transparent
    background: str | None = None
    is_pictured: bool = False  # the background is an image, so nobody knows the colour
    indent: str | None = None

    def look(self) -> tuple[Look, bool]:
        """The look of a text here, and whether it is gone altogether rather than hard to make out."""
        gone, veiled = self.gone or self._gone(), self.veiled
        if self.font_size is not None and self.font_size < 10:
            veiled = veiled or "font-size"
        if self.opacity < 0.6:
            veiled = veiled or "opacity"
        return Look(gone or veiled, self.font_size, self.color or None, self.background), gone is not None

    def _gone(self) -> str | None:
        ground = self.background or _WHITE
        reasons = {
            "visibility:hidden": not self.is_visible,
            "font-size": self.font_size is not None and self.font_size < 4,
            "opacity": self.opacity < 0.1,
            "text-indent": self.indent is not None,
            "transparent": self.color == "",
            "colour of the background": bool(self.color) and not self.is_pictured and alike(self.color or "", ground),
        }
        return next((reason for reason, holds in reasons.items() if holds), None)


class Styles:
    """The style elements of one document, asked about each of its elements."""

    def __init__(self, parser: LexborHTMLParser) -> None:
        self._simple: dict[str, dict[str, tuple[str, bool]]] = {}
        self._related: dict[int, dict[str, tuple[str, bool]]] = {}
        self._parser = parser
        self._selectors = self._relations = 0
        self.too_many = False
        sheets = [sheet.text() or "" for sheet in parser.css("style")]
        css = "\n".join(sheets)
        if len(css) > _MOST_CSS:
            self.too_many = True
        elif css.strip():
            self._collect(tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True), on_some=False)
        self._unread = _MOST_CSS  # characters of style attributes that are parsed in full

    def shown(self, node: LexborNode, around: Shown) -> Shown:
        """What this element makes of what is around it."""
        attributes: Mapping[str, Any] = node.attributes
        tag = node.tag or ""
        if not (attributes or self._related or tag in self._simple or "*" in self._simple or tag in ("details", "bdo")):
            return around
        declared = self._declared(node, tag, attributes)
        style = {name: value for name, (value, _) in declared.items()}
        size = _font_size(style, around.font_size)
        background, is_pictured = _background(style, around)
        color = _colored(style.get("color"))
        opacity = _fraction(style.get("opacity"))
        return Shown(
            gone=around.gone or gone_by(attributes, style),
            veiled=around.veiled or veiled_by(tag, attributes, style),
            is_visible={"hidden": False, "collapse": False, "visible": True}.get(
                style.get("visibility", ""), around.is_visible
            ),
            opacity=around.opacity * (1.0 if opacity is None else opacity),
            font_size=around.font_size if size is None else size,
            color=around.color if color is None else color,
            background=background,
            is_pictured=is_pictured,
            indent=_indent(style, around.indent),
        )

    def _declared(self, node: LexborNode, tag: str, attributes: Mapping[str, Any]) -> dict[str, tuple[str, bool]]:
        found: dict[str, tuple[str, bool]] = {}
        for name in ("bgcolor", "color", "background", "size"):
            value = attributes.get(name)
            if value and tag in ("font", "table", "td", "th", "tr", "body"):
                _add(found, _attribute_style(tag, name, str(value)[:200]))
        keys = ["*", tag]
        classes = (attributes.get("class") or "")[:2000].split()[:_MOST_CLASSES]
        for name in classes:
            keys += [f".{name}", f"{tag}.{name}"]
        if attributes.get("id"):
            keys += [f"#{attributes['id']}", f"{tag}#{attributes['id']}"]
        for key in keys:
            if key in self._simple:
                _add(found, self._simple[key])
        if self._related:
            _add(found, self._related.get(node.mem_id, {}))
        style = attributes.get("style")
        if style:
            _add(found, self._inline(style))
        return found

    def _inline(self, style: str) -> Declared:
        if _SPELLED_OUT.search(style):
            self._unread -= len(style)
            if self._unread < 0:
                self.too_many = True
                return {}
            return parsed_style(style)
        return split_style(style)

    def _collect(self, rules: Iterable[Any], *, on_some: bool) -> None:
        """`on_some`: the rules hold on some screens only, where they may hide a label all the same."""
        for rule in rules:
            if rule.type == "at-rule" and rule.content is not None and rule.lower_at_keyword in ("media", "supports"):
                condition = tinycss2.serialize(rule.prelude)
                if not _ELSEWHERE.search(condition):
                    inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
                    self._collect(inner, on_some=on_some or "(" in condition)
            elif rule.type == "qualified-rule":
                declared = _declarations(tinycss2.parse_blocks_contents(rule.content, skip_whitespace=True))
                if on_some:
                    declared = {"on-some-screens": (gone_by({}, _values(declared)) or "", False)}
                if any(value for value, _ in declared.values()):
                    for selector in tinycss2.serialize(rule.prelude).split(","):
                        self._select(selector.strip(), declared)

    def _select(self, selector: str, declared: Declared) -> None:
        self._selectors += 1
        if self._selectors > _MOST_SELECTORS:
            self.too_many = True
            return
        simple = _SIMPLE.fullmatch(selector)
        if simple and selector:
            tag, mark, name = (simple["tag"] or "").lower(), simple["mark"] or "", simple["name"] or ""
            _add(self._simple.setdefault(f"{tag if tag != '*' or not mark else ''}{mark}{name}", {}), declared)
        elif ":" not in selector and "\\" not in selector:
            self._relations += 1
            if self._relations > _MOST_RELATIONS or len(selector) > 200:
                self.too_many = True
                return
            try:
                for node in self._parser.css(selector):
                    _add(self._related.setdefault(node.mem_id, {}), declared)
            except ValueError:  # no selector at all
                return


def parsed_style(style: str) -> Declared:
    """The declarations of a style attribute, escapes, quotes and comments read as a browser does."""
    return _declarations(tinycss2.parse_blocks_contents(style, skip_whitespace=True))


@lru_cache(4096)
def split_style(style: str) -> Declared:
    """The same for a style without quotes, brackets, escapes and comments, many times as fast."""
    found = {}
    for part in style.split(";"):
        name, colon, value = part.partition(":")
        if colon:
            value = value.strip().lower()
            important = value.endswith("important") and value.removesuffix("important").rstrip().endswith("!")
            if important:
                value = value.removesuffix("important").rstrip().removesuffix("!").rstrip()
            found[name.strip().lower()] = (value, important)
    return found


def alike(one: str, other: str) -> bool:
    """Whether a text of one colour cannot be made out on the other."""
    return all(abs(int(one[at : at + 2], 16) - int(other[at : at + 2], 16)) < _ALIKE for at in (1, 3, 5))


@lru_cache(1024)
def color_of(text: str) -> str | None:
    """`#rrggbb`; empty for a transparent colour, `None` for what is no colour."""
    spaced = re.fullmatch(r"(rgb|hsl)a?\(([\w.%+-]+) ([\w.%+-]+) ([\w.%+-]+)(?: ?/ ?([\w.%]+))?\)", text)
    if spaced:
        text = f"{spaced[1]}({spaced[2]},{spaced[3]},{spaced[4]})"
        if spaced[5] and _fraction(spaced[5]) == 0:
            return ""
    found = color3.parse_color(text)
    if found is None or isinstance(found, str):
        return None
    if found.alpha < 0.05:
        return ""
    parts = (max(0, min(255, round(part * 255))) for part in (found.red, found.green, found.blue))
    return "#" + "".join(f"{part:02x}" for part in parts)


def _declarations(parsed: Iterable[Any]) -> Declared:
    return {
        each.lower_name: (tinycss2.serialize(each.value).strip().lower(), each.important)
        for each in parsed
        if each.type == "declaration"
    }


def _values(declared: Declared) -> dict[str, str]:
    return {name: value for name, (value, _) in declared.items()}


def _add(found: dict[str, tuple[str, bool]], more: Declared) -> None:
    for name, (value, important) in more.items():
        if important or not found.get(name, ("", False))[1]:
            found[name] = (value, important)


def _attribute_style(tag: str, name: str, value: str) -> Declared:
    value = value.strip().lower()
    if name == "bgcolor":
        return {"background-color": (value if value.startswith("#") or color_of(value) else f"#{value}", False)}
    if name == "background":
        return {"background-image": ("url", False)}
    if name == "color" and tag == "font":
        return {"color": (value if value.startswith("#") or color_of(value) else f"#{value}", False)}
    if name == "size" and tag == "font" and value in _FONT_TAG:
        return {"font-size": (f"{_FONT_TAG[value]}px", False)}
    return {}


def _font_size(style: Mapping[str, str], around: float | None) -> float | None:
    text = style.get("font-size")
    if text is None and "font" in style:
        sized = (part.split("/")[0] for part in style["font"].split()[:6])
        text = next((part for part in sized if part in _WORDS or pixels(part) is not None), None)
    if text is None:
        return None
    if text in ("smaller", "larger"):
        return (around or 16.0) * (5 / 6 if text == "smaller" else 1.2)
    size = _WORDS.get(text)
    return pixels(text, around) if size is None else size


def _background(style: Mapping[str, str], around: Shown) -> tuple[str | None, bool]:
    short = style.get("background", "")
    image = style.get("background-image", "none")
    if "url" in short or "gradient" in short or image not in ("none", "", "initial"):
        return None, True
    texts = [style.get("background-color", ""), short, *(short.split()[:8] if "(" not in short else ())]
    color = next((found for text in texts if text and (found := color_of(text))), None)
    return (color, False) if color else (around.background, around.is_pictured)


def _colored(text: str | None) -> str | None:
    return color_of(text) if text else None


def _fraction(text: str | None) -> float | None:
    match = re.fullmatch(r"(\d{0,4}(?:\.\d{1,9})?)(%?)", text) if text else None
    if match is None or not match[1]:
        return None
    return min(1.0, float(match[1]) / (100 if match[2] else 1))


def _indent(style: Mapping[str, str], around: str | None) -> str | None:
    indent = pixels(style.get("text-indent", ""))
    return around if indent is None else ("text-indent" if indent <= -100 else None)
