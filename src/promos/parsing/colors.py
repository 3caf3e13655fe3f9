"""Colours as CSS writes them, as `#rrggbb` and how much of them covers what is below."""

import re
from functools import lru_cache

from tinycss2 import color4

WHITE = "#ffffff"
_ALIKE = 24  # of 255: colours that differ by less on every channel are one to the eye
_FAINT = 0.15  # of a text's colour: less of it is nothing to the eye
_LIGHTNESS = re.compile(r"(ok)?l(?:ab|ch)\(\s*([\d.]{1,9})(%?).*?(?:/\s*([\d.]{1,9})(%?)\s*)?\)")


@lru_cache(1024)
def color_and_part(text: str) -> tuple[str, float] | None:
    """`rgba(0, 0, 0, .5)` → `("#000000", 0.5)`; `None` for what is no colour. Of lab and lch the lightness counts."""
    light = _LIGHTNESS.fullmatch(text)
    if light:
        whole = 1.0 if light[1] and not light[3] else 100.0
        grey = max(0, min(255, round(float(light[2]) / whole * 255)))
        part = float(light[4]) / (100 if light[5] else 1) if light[4] else 1.0
        return f"#{grey:02x}{grey:02x}{grey:02x}", min(1.0, part)
    found = color4.parse_color(text)
    if found is None or isinstance(found, str):
        return None
    try:
        parts = [max(0, min(255, round((part or 0) * 255))) for part in found.to("srgb").coordinates]
    except (NotImplementedError, ValueError):
        return None
    return "#" + "".join(f"{part:02x}" for part in parts), float(found.alpha)


def color_of(text: str) -> str | None:
    """`#rrggbb`; empty for a transparent colour, `None` for what is no colour."""
    found = color_and_part(text)
    return None if found is None else found[0] if found[1] >= _FAINT else ""


def blended(color: str, part: float, ground: str) -> str:
    """What is seen of a colour that covers `part` (0 to 1) of its ground."""
    channels = ((int(color[at : at + 2], 16), int(ground[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(over * part + under * (1 - part)):02x}" for over, under in channels)


def alike(one: str, other: str) -> bool:
    """Whether a text of one colour cannot be made out on the other."""
    return all(abs(int(one[at : at + 2], 16) - int(other[at : at + 2], 16)) < _ALIKE for at in (1, 3, 5))
