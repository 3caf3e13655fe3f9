"""How a piece of text is shown, as far as the styles in a source say: inline, in attributes, in style elements."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import tinycss2
from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from promos.parsing.colors import WHITE, alike, blended, color_and_part, color_of
from promos.parsing.concealment import gone_by, veiled_by
from promos.parsing.lengths import number, pixels
from promos.rules.issues import Look

UNREAD = "more styles than can be read"
_MOST_CSS = 200_000  # characters; no newsletter has as many
_MOST_SELECTORS = 2_000
_MOST_RELATIONS = 300  # selectors such as `td .x > p`, which have to be looked for in the whole document
_MOST_CLASSES = 50
_DEEPEST = 50  # brackets within each other
_MOST_NESTED = 5  # selectors within each other
_HIDING = ("details", "bdo", "dialog", "del", "s", "strike")  # by what they are, without an attribute
_TELLING = frozenset(
    "style class id hidden popover open inert aria-hidden bgcolor color background size".split()
)  # the attributes that say how an element is shown
_AT_RULES = ("media", "supports", "layer", "container", "scope")

_STOP = re.compile(r"#[0-9a-f]{3,8}|(?:rgb|hsl|hwb)a?\([^()]*\)|(?<![\w-])[a-z]{3,20}(?![\w(-])")
_VARIABLE = re.compile(r"var\(\s*(--[\w-]{1,100})\s*(?:,([^()]*))?\)")
_STATES = re.compile(r":(?:hover|focus|active|visited|target|checked|disabled|before|after|:)", re.IGNORECASE)
_FIRST = re.compile(r"::?first-(?:line|letter)\s*$", re.IGNORECASE)
_BRACKET = re.compile(r"[()\[\]{}]")
_SPELLED_OUT = re.compile(r"[\\\"'(]|/\*")
_WORDS = {"xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": 16.0, "large": 18.0, "x-large": 24.0}
_WORDS |= {"xx-large": 32.0}
_FONT_TAG = {"1": 10.0, "2": 13.0, "3": 16.0, "4": 18.0, "5": 24.0, "6": 32.0, "7": 48.0}
_SIMPLE = re.compile(r"(?P<tag>[a-z][a-z0-9]*|\*)?(?:(?P<mark>[.#])(?P<name>[\w-]{1,100}))?", re.IGNORECASE)
_ELSEWHERE = re.compile(r"\bprint\b|\bspeech\b|prefers-color-scheme|\bnot\s", re.IGNORECASE)

# name: value, and whether it is !important
Declared = Mapping[str, tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Sight:
    """How a text looks, and whether it is gone altogether rather than hard to make out."""

    look: Look
    is_gone: bool


@dataclass(frozen=True)
class Shown:
    """What the elements around a text make of it. `gone`: nobody sees it. `veiled`: no place for a label."""

    gone: str | None = None
    veiled: str | None = None
    is_visible: bool = True  # `visibility`, which a child can take back
    opacity: float = 1.0
    font_size: float | None = None
    color: str | None = None  # "": transparent
    part: float = 1.0  # of the ground that the colour covers
    background: str | None = None
    is_pictured: bool = False  # the background is an image, so nobody knows the colour
    indent: str | None = None

    @cached_property
    def sight(self) -> Sight:
        gone, veiled = self.gone or self._gone(), self.veiled
        if self.font_size is not None and self.font_size < 10:
            veiled = veiled or "font-size"
        if self.opacity < 0.6:
            veiled = veiled or "opacity"
        return Sight(Look(gone or veiled, self.font_size, self._ink or None, self.background), gone is not None)

    @property
    def _ink(self) -> str | None:
        """The colour that is seen, mixed with the ground as far as it lets it through."""
        part = self.part * self.opacity
        return blended(self.color, part, self.background or WHITE) if self.color and part < 1 else self.color

    def _gone(self) -> str | None:
        ground = self.background or WHITE
        reasons = {
            "visibility:hidden": not self.is_visible,
            "font-size": self.font_size is not None and self.font_size < 4,
            "opacity": self.opacity < 0.1,
            "text-indent": self.indent is not None,
            "transparent": self.color == "",
            "colour of the background": bool(self.color) and not self.is_pictured and alike(self._ink or "", ground),
        }
        return next((reason for reason, holds in reasons.items() if holds), None)


class Styles:
    """The style elements of one document, asked about each of its elements."""

    def __init__(self, parser: LexborHTMLParser) -> None:
        self._variables: dict[str, str] = {}
        self._simple: dict[str, dict[str, tuple[str, bool]]] = {}
        self._related: dict[int, dict[str, tuple[str, bool]]] = {}
        self._parser = parser
        self._selectors = self._relations = 0
        self.too_many = False
        sheets = [sheet.text() or "" for sheet in parser.css("style")]
        css = "\n".join(sheets)
        if len(css) > _MOST_CSS or _is_too_deep(css):
            self.too_many = True
        elif css.strip():
            self._collect(tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True), on_some=False)
        self._known: dict[tuple[int, str, Any], tuple[Shown, Shown, int]] = {}
        self._unread = _MOST_CSS  # characters of style attributes that are parsed in full

    def shown(self, node: LexborNode, around: Shown, times: int = 1) -> Shown:
        """What this element makes of what is around it; the same object where the same was asked before.

        `times`: how often its style counts as read in full.
        """
        attributes: Mapping[str, Any] = node.attributes
        tag = node.tag or ""
        if not self.speak_of(node, tag, attributes):
            return around
        if self._related and node.mem_id in self._related:
            return self._made(node, tag, attributes, around, times)
        telling = tuple([each for each in attributes.items() if each[0] in _TELLING])
        key = (id(around), tag, telling)
        _, shown, read = self._known.get(key, (around, None, 0))
        if shown is None or (read and read * times > self._unread):
            before = self._unread
            shown = self._made(node, tag, attributes, around, times)
            self._known[key] = around, shown, (before - self._unread) // times  # `around` stays, and its id with it
        elif read:
            self._unread -= read * times
        return shown

    def speak_of(self, node: LexborNode, tag: str, attributes: Mapping[str, Any]) -> bool:
        """Whether anything says how this element is shown; one that nothing is said of looks as what is around it."""
        return (
            not _TELLING.isdisjoint(attributes)
            or tag in _HIDING
            or (bool(self._simple) and (tag in self._simple or "*" in self._simple))
            or (bool(self._related) and node.mem_id in self._related)
        )

    def _made(self, node: LexborNode, tag: str, attributes: Mapping[str, Any], around: Shown, times: int) -> Shown:
        declared = self._declared(node, tag, attributes, times)
        style = self._resolved({name: value for name, (value, _) in declared.items()})
        size = _font_size(style, around.font_size)
        color, part = _colored(style, around)
        background, is_pictured = _background(style, around, color)
        opacity = number(style.get("opacity", ""))
        return Shown(
            gone=around.gone or gone_by(attributes, style, tag),
            veiled=around.veiled or veiled_by(tag, attributes, style),
            is_visible={"hidden": False, "collapse": False, "visible": True}.get(
                style.get("visibility", ""), around.is_visible
            ),
            opacity=around.opacity * (1.0 if opacity is None else max(0.0, min(1.0, opacity))),
            font_size=around.font_size if size is None else size,
            color=color,
            part=part,
            background=background,
            is_pictured=is_pictured,
            indent=_indent(style, around.indent),
        )

    def _declared(
        self, node: LexborNode, tag: str, attributes: Mapping[str, Any], times: int
    ) -> dict[str, tuple[str, bool]]:
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
            _add(found, self._inline(style, times))
        return found

    def _inline(self, style: str, times: int) -> Declared:
        if _SPELLED_OUT.search(style):
            self._unread -= len(style) * times
            if self._unread < 0 or _is_too_deep(style):
                self.too_many = True
                return {}
            return parsed_style(style)
        return split_style(style)

    def _resolved(self, style: dict[str, str]) -> dict[str, str]:
        """With the values of variables; a document has one of each name, the last."""
        if not any("var(" in value for value in style.values()):
            return style
        known = {**self._variables, **{name: value for name, value in style.items() if name.startswith("--")}}
        return {
            name: _VARIABLE.sub(lambda match: known.get(match[1], match[2] or "").strip(), value)
            for name, value in style.items()
        }

    def _collect(self, rules: Iterable[Any], *, on_some: bool, outer: str = "") -> None:
        """`on_some`: the rules hold on some screens only, where they may hide a label all the same."""
        for rule in rules if not self.too_many else ():
            if rule.type == "at-rule" and rule.content is not None and rule.lower_at_keyword in _AT_RULES:
                condition = tinycss2.serialize(rule.prelude)
                if not _ELSEWHERE.search(condition):
                    inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
                    self._collect(inner, on_some=on_some or "(" in condition)
            elif rule.type == "qualified-rule" and outer.count(" ") < _MOST_NESTED:
                parsed = tinycss2.parse_blocks_contents(rule.content, skip_whitespace=True)
                declared = _declarations(parsed)
                self._variables |= {name: value for name, value in _values(declared).items() if name.startswith("--")}
                if on_some:
                    declared = {"on-some-screens": (gone_by({}, self._resolved(_values(declared))) or "", False)}
                for selector in _selectors(rule.prelude):
                    whole = selector.replace("&", outer) if "&" in selector else f"{outer} {selector}".strip()
                    if any(value for value, _ in declared.values()):
                        self._select(whole, declared)
                    self._collect((each for each in parsed if each.type != "declaration"), on_some=on_some, outer=whole)

    def _select(self, selector: str, declared: Declared) -> None:
        self._selectors += 1
        if self._selectors > _MOST_SELECTORS:
            self.too_many = True
            return
        selector = _FIRST.sub("", selector)  # a label may be no longer than its first line
        simple = _SIMPLE.fullmatch(selector)
        if simple and selector:
            tag, mark, name = (simple["tag"] or "").lower(), simple["mark"] or "", simple["name"] or ""
            _add(self._simple.setdefault(f"{tag if tag != '*' or not mark else ''}{mark}{name}", {}), declared)
        elif not _STATES.search(selector) and "\\" not in selector:
            self._relations += 1
            if self._relations > _MOST_RELATIONS or len(selector) > 200:
                self.too_many = True
                return
            try:
                for node in self._parser.css(selector):
                    _add(self._related.setdefault(node.mem_id, {}), declared)
            except (ValueError, SelectolaxError):  # no selector at all
                return


@lru_cache(1024)
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


def _is_too_deep(css: str) -> bool:
    """Whether more brackets stand within each other than any author writes; a parser would run out of them."""
    depth = 0
    for bracket in _BRACKET.findall(css):
        depth += 1 if bracket in "([{" else -1
        if depth > _DEEPEST:
            return True
    return False


def _selectors(prelude: Iterable[Any]) -> list[str]:
    """Of `a, :is(b, c)` two."""
    found: list[list[Any]] = [[]]
    for part in prelude:
        if part.type == "literal" and part.value == ",":
            found.append([])
        else:
            found[-1].append(part)
    return [tinycss2.serialize(each).strip() for each in found]


def _declarations(parsed: Iterable[Any]) -> Declared:
    return {
        each.lower_name: (
            tinycss2.serialize([part for part in each.value if part.type != "comment"]).strip().lower(),
            each.important,
        )
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


def _background(style: Mapping[str, str], around: Shown, color: str | None) -> tuple[str | None, bool]:
    short = style.get("background", "")
    image = style.get("background-image", "none")
    painted = short if "gradient" in short else image if "gradient" in image else ""
    stops = {found for text in _STOP.findall(painted) if (found := color_of(text))}
    if "url" in short or len(stops) > 1 or (not stops and (painted or image not in ("none", "", "initial"))):
        return None, True
    texts = [*stops, style.get("background-color", ""), short, *(short.split()[:8] if "(" not in short else ())]
    for text in texts:
        if text == "currentcolor" and color:
            return color, False
        painted_with = color_and_part(text) if text else None
        if painted_with and painted_with[1] > 0:
            return blended(*painted_with, around.background or WHITE), False
    return around.background, around.is_pictured


def _colored(style: Mapping[str, str], around: Shown) -> tuple[str | None, float]:
    """The colour of the text and how much of the ground it covers; of what is no colour, what is around."""
    text = style.get("-webkit-text-fill-color", style.get("color", ""))
    found = color_and_part(text) if text else None
    return (color_of(text), found[1]) if found else (around.color, around.part)


def _indent(style: Mapping[str, str], around: str | None) -> str | None:
    indent = pixels(style.get("text-indent", ""))
    return around if indent is None else ("text-indent" if indent <= -100 else None)
