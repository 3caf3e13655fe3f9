"""The ways in which a style takes an element out of sight, named as CSS names them."""

import re
from collections.abc import Mapping
from typing import Any

_FAR = re.compile(r"-\s?\d{3,}")
_NOUGHT = re.compile(r"scale(?:3d|x|y)?\(\s?\.?0*(?:\.0+)?\s?[,)]|matrix\(\s?0")
_FADED = re.compile(r"opacity\(\s?(?:0?\.0\d*|0%?)\s?\)")
_UNSET = ("", "none", "auto", "initial")
_LENGTH = re.compile(r"([+-]?(?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9}))(px|pt|em|rem|ex|ch|vw|vh|in|cm|mm|%|)")
_UNITS = {"px": 1.0, "pt": 4 / 3, "rem": 16.0, "vw": 6.0, "vh": 6.0, "in": 96.0, "cm": 37.8, "mm": 3.78, "": 1.0}


def gone_by(attributes: Mapping[str, Any], style: Mapping[str, str]) -> str | None:
    """What takes an element and all in it away from everybody; `None` if nothing does."""
    transform = style.get("transform", "")
    reasons = {
        "hidden": "hidden" in attributes and style.get("display", "none") == "none",
        "display:none": style.get("display") == "none",
        "content-visibility:hidden": style.get("content-visibility") == "hidden",
        "transform": bool(_NOUGHT.search(transform)) or ("translate" in transform and bool(_FAR.search(transform))),
        "filter": _FADED.search(style.get("filter", "")) is not None,
        "clip-path": style.get("clip-path", "") not in _UNSET,
        "clip": style.get("position") in ("absolute", "fixed") and style.get("clip", "") not in _UNSET,
    }
    return next((reason for reason, holds in reasons.items() if holds), None) or _out_of_the_box(style)


def _out_of_the_box(style: Mapping[str, str]) -> str | None:
    """The side of a box too small for any text, or far off the page."""
    clips = any(style.get(name) in ("hidden", "clip") for name in ("overflow", "overflow-x", "overflow-y"))
    moves = style.get("position") in ("absolute", "fixed", "relative")
    least = {
        **dict.fromkeys(("height", "max-height", "width", "max-width", "line-height"), 1 if clips else None),
        **dict.fromkeys(("left", "top", "right", "bottom"), -200 if moves else None),
        **dict.fromkeys(("margin-left", "margin-top", "margin-right"), -500),
    }
    for side, limit in least.items():
        length = pixels(style[side]) if limit is not None and side in style else None
        if limit is not None and length is not None and length <= limit:
            return side
    return None


def veiled_by(tag: str, attributes: Mapping[str, Any], style: Mapping[str, str]) -> str | None:
    """What hides an element from some: a screen reader, one mail program, small screens, who does not unfold it."""
    on_some = style.get("on-some-screens")
    reasons = {
        "aria-hidden": str(attributes.get("aria-hidden")).lower() == "true",
        "closed details": tag == "details" and "open" not in attributes,
        "mso-hide:all": style.get("mso-hide") == "all",
        "direction override": tag == "bdo" or style.get("unicode-bidi") in ("bidi-override", "isolate-override"),
        "clip": style.get("clip", "") not in _UNSET,
        f"{on_some} on some screens": bool(on_some),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def pixels(text: str, around: float | None = None) -> float | None:
    """A length in CSS pixels; `None` for what is none. Percentages and em are of `around`."""
    match = _LENGTH.fullmatch(text)
    if match is None:
        return None
    number, unit = float(match[1]), match[2]
    if unit == "" and number != 0:
        return None
    if unit in ("em", "ex", "ch", "%"):
        return number * (around or 16.0) * {"em": 1.0, "%": 0.01}.get(unit, 0.5)
    return number * _UNITS[unit]
