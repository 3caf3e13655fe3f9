"""The ways in which a style takes an element out of sight, named as CSS names them."""

import re
from collections.abc import Mapping
from typing import Any

from promos.parsing.lengths import number, pixels

_FAR = re.compile(r"-\s?\d{3,}")
_SCALED = re.compile(r"(?:scale(?:3d|x|y)?|matrix)\(\s?([^,)]{1,20})")
_TURNED = re.compile(r"(?:rotate)?[xy][( ]\s?-?(?:8[5-9]|9[0-5]|26[5-9]|27[0-5])(?:\.\d+)?deg")
_FADED = re.compile(
    r"opacity\(\s?(?:0?\.[0-4]\d*|[0-4]?\d%|0)\s?\)|blur\(\s?0*[1-9]|contrast\(\s?0|brightness\(\s?(?:0|\d{2})"
)
_UNSET = ("", "none", "auto", "initial", "normal")
_LEAST_SCALE = 0.2
_SIZES = (
    "line-height",
    *(f"{most}{side}" for most in ("", "max-") for side in ("height", "width", "block-size", "inline-size")),
)
_PLACES, _MARGINS = ("left", "top", "right", "bottom", "inset"), ("margin-left", "margin-top", "margin-right", "margin")
# Most elements have none of these, and are asked for nothing else.
_TAKING_AWAY = frozenset(
    "display content-visibility transform -webkit-transform translate scale rotate zoom filter mask mask-image "
    "clip-path -webkit-mask-image -webkit-mask -webkit-clip-path clip letter-spacing offset-path "
    "-webkit-text-security".split()
)
_BOX = frozenset((*_SIZES, *_PLACES, *_MARGINS, "text-indent"))
_HELD_BACK = frozenset(("aria-hidden", "inert"))
_VEILING = frozenset(
    "mso-hide unicode-bidi clip z-index mix-blend-mode on-some-screens text-decoration text-decoration-line".split()
)

_VEILING_TAGS = frozenset(("details", "bdo", "del", "s", "strike"))


def gone_by(attributes: Mapping[str, Any], style: Mapping[str, str], tag: str = "") -> str | None:
    """What takes an element and all in it away from everybody; `None` if nothing does."""
    if (
        _TAKING_AWAY.isdisjoint(style)
        and tag != "dialog"
        and "hidden" not in attributes
        and "popover" not in attributes
    ):
        return _out_of_the_box(style)
    reasons = {
        "hidden": "hidden" in attributes and style.get("display", "none") == "none",
        "popover": "popover" in attributes and style.get("display", "none") == "none",
        "closed dialog": tag == "dialog" and "open" not in attributes and style.get("display", "none") == "none",
        "display:none": style.get("display") == "none",
        "content-visibility:hidden": style.get("content-visibility") == "hidden",
        "transform": _is_transformed_away(style),
        "zoom": _is_little(style.get("zoom", "")),
        "filter": _FADED.search(style.get("filter", "")) is not None,
        "mask": any(style.get(name, "") not in _UNSET for name in _either("mask-image", "mask")),
        "clip-path": any(style.get(name, "") not in _UNSET for name in _either("clip-path")),
        "clip": style.get("position") in ("absolute", "fixed") and style.get("clip", "") not in _UNSET,
        "offset-path": style.get("offset-path", "") not in _UNSET,
        "text-security": style.get("-webkit-text-security", "") not in _UNSET,
        "letter-spacing": _are_letters_apart(style.get("letter-spacing", "")),
    }
    return next((reason for reason, holds in reasons.items() if holds), None) or _out_of_the_box(style)


def _either(*names: str) -> list[str]:
    return [spelled for name in names for spelled in (name, f"-webkit-{name}")]


def _is_transformed_away(style: Mapping[str, str]) -> bool:
    transform = " ".join(style.get(name, "") for name in _either("transform"))
    return (
        any(_is_little(each) for each in _SCALED.findall(transform))
        or ("translate" in transform and bool(_FAR.search(transform)))
        or bool(_FAR.search(style.get("translate", "")))
        or _is_little(style.get("scale", "").split(" ")[0])
        or bool(_TURNED.search(transform) or _TURNED.search(style.get("rotate", "")))
    )


def _is_little(part: str) -> bool:
    value = number(part.strip())
    return value is not None and abs(value) < _LEAST_SCALE


def _are_letters_apart(spacing: str) -> bool:
    """So much that they stand upon each other, or that no eye puts them together."""
    value = pixels(spacing, 16.0)
    return value is not None and not -8 < value < 100


def _out_of_the_box(style: Mapping[str, str]) -> str | None:
    """The side of a box too small for any text, or far off the page."""
    if _BOX.isdisjoint(style):
        return None
    clips = any(style.get(name) in ("hidden", "clip") for name in ("overflow", "overflow-x", "overflow-y"))
    clips = clips or any(word in style.get("contain", "") for word in ("paint", "strict", "content"))
    moves = style.get("position") in ("absolute", "fixed", "relative")
    least = ((_SIZES, 1, clips), (_PLACES, -200, moves), (_MARGINS, -500, True))
    for side, limit in [(side, limit) for sides, limit, counts in least if counts for side in sides if side in style]:
        parts = style[side].split()[:4] if side in ("inset", "margin") else [style[side]]
        lengths = [length for part in parts if (length := pixels(part)) is not None]
        if lengths and (min(lengths) <= limit or (moves and limit == -200 and max(lengths) >= 3000)):
            return side
    return "text-indent" if clips and style.get("text-indent", "") in ("100%", "-100%") else None


def veiled_by(tag: str, attributes: Mapping[str, Any], style: Mapping[str, str]) -> str | None:
    """What hides an element from some: a screen reader, one mail program, small screens, who does not unfold it."""
    if _VEILING.isdisjoint(style) and tag not in _VEILING_TAGS and _HELD_BACK.isdisjoint(attributes):
        return None
    on_some = style.get("on-some-screens")
    depth = number(style.get("z-index", ""))
    reasons = {
        "aria-hidden": str(attributes.get("aria-hidden")).lower() == "true",
        "inert": "inert" in attributes,
        "closed details": tag == "details" and "open" not in attributes,
        "mso-hide:all": style.get("mso-hide") == "all",
        "direction override": tag == "bdo" or style.get("unicode-bidi") in ("bidi-override", "isolate-override"),
        "clip": style.get("clip", "") not in _UNSET,
        "struck through": tag in ("del", "s", "strike")
        or any("line-through" in style.get(name, "") for name in ("text-decoration", "text-decoration-line")),
        "z-index": depth is not None and depth < 0,
        "mix-blend-mode": style.get("mix-blend-mode", "") not in _UNSET,
        f"{on_some} on some screens": bool(on_some),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)
