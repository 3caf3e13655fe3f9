"""How much is left, as a picture for mails, whose words would stay as they were sent. It stands beside the label and
never for it: without pictures, its alternative text sends readers to the code's page."""

import io
from datetime import datetime
from functools import cache, lru_cache
from importlib.resources import files

from markupsafe import escape
from PIL import Image, ImageDraw, ImageFont

from promos.rendering.blocks import PICTURE
from promos.rendering.language import Language
from promos.rendering.paint import PAINT
from promos.rules import redemption
from promos.rules.language import N_
from promos.rules.redemption import SOLD_OUT, Terms
from promos.rules.refusals import CodeEnded, CodeNotOpen, CodePaused, CodeRevoked, CodeUnavailable, EventCancelled

WIDTH, HEIGHT = PICTURE  # the PNG has two pixels of its own for each
_SIZE, _EDGE = 20, 14
_SHADES = 8  # from ground to ink: smooth letters in few bytes
_GONE = {
    CodeEnded: N_("The time for this offer is over"),
    CodeNotOpen: N_("This offer is not open yet"),
    CodePaused: N_("This offer is paused for the moment"),
    CodeUnavailable: N_("This offer is not available at the moment"),
    EventCancelled: N_("This event was cancelled"),
    CodeRevoked: N_("This offer was withdrawn"),
}


SENTENCES = (
    *_GONE.values(),
    N_("All are taken"),
    N_("All are taken: join the waiting list"),
    N_("There are passes left"),
)


def words(terms: Terms, now: datetime, language: Language) -> str:
    """What is true of a block's offer at this moment, in a few words."""
    no = redemption.refusal(terms, now)
    if isinstance(no, SOLD_OUT):
        waits = terms.has_waiting_list and now < terms.starts_at
        return language.gettext(N_("All are taken: join the waiting list") if waits else N_("All are taken"))
    if no is not None:
        return language.gettext(_GONE.get(type(no), N_("This offer is paused for the moment")))
    if terms.left is None:
        return language.gettext(N_("There are passes left"))
    said = language.ngettext("%(count)s pass left", "%(count)s passes left", terms.left)
    return said % {"count": language.number(terms.left)}


def svg(text: str) -> str:
    """For the web."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        f' role="img"><title>{escape(text)}</title>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAINT["wash"]}"/>'
        f'<text x="{_EDGE}" y="{HEIGHT // 2}" fill="{PAINT["ink"]}" font-family="system-ui,sans-serif"'
        f' font-size="{_SIZE - 2}" font-weight="600" dominant-baseline="central">{escape(text)}</text></svg>'
    )


@lru_cache(maxsize=256)
def png(text: str) -> bytes:
    """For mails: few programs show SVG. The letters grow smaller until they fit."""
    size = 2 * _SIZE
    while size > 12 and _font(size).getlength(text) > 2 * (WIDTH - 2 * _EDGE):
        size -= 2
    inked = Image.new("L", (2 * WIDTH, 2 * HEIGHT))
    ImageDraw.Draw(inked).text((2 * _EDGE, HEIGHT), text, fill=255, font=_font(size), anchor="lm")
    picture = Image.new("P", inked.size)
    picture.putdata([value * _SHADES // 256 for value in inked.tobytes()])
    ground, ink = _rgb(PAINT["wash"]), _rgb(PAINT["ink"])
    steps = range(_SHADES)
    picture.putpalette(
        [light + (dark - light) * step // steps[-1] for step in steps for light, dark in zip(ground, ink, strict=True)]
    )
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True, dpi=(144, 144))
    return file.getvalue()


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = files("font_source_sans_pro") / "files" / "SourceSansPro-Semibold.ttf"
    return ImageFont.truetype(io.BytesIO(font.read_bytes()), size)


def ink(letter: str) -> bytes:
    """How a letter is drawn."""
    return bytes(_font(2 * _SIZE).getmask(letter))


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
