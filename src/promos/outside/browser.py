"""How the labels of a page really look in a browser (Chromium through Playwright, an extra of Promos).

Nothing of the page runs and nothing is loaded: scripts are off and every request is stopped. What the browser sees goes
beside what the source says, never in its place. Mail programs hide more than Chromium does and Chromium knows styles
that no reading of the source can work out, so what either of the two hides is hidden.

A label is seen if pixels change where it stands once its letters are made clear: whatever lies over it, cuts it off or
has its colour is met so, by whatever style it was done.
"""

import asyncio
import io
import os
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops

from promos.rules.disclosure.checks.sight import contrast
from promos.rules.issues import Look
from promos.rules.language import N_

WIDTHS = (390, 600, 1280)  # CSS pixels: a phone, a mail, a page
SCHEMES = (N_("light"), N_("dark"))
WHOLE = 60.0  # seconds for one page, and all that is looked at in it
CLOSING = 5.0  # seconds
MOST = 20  # labels of one page; the source alone speaks of the others
_HIDDEN = {
    "nowhere": N_("not drawn"),
    "away": N_("off the page"),
    "small": N_("too small"),
    "faint": N_("nearly transparent"),
    "unseen": N_("covered or without contrast"),
}
_SCALE = 2  # screen pixels for each of CSS: thin letters have their colour in full somewhere
_SEEN = 24  # of 255: two colours closer than this are one to most eyes
_PARTS = 8  # a label is cut into, from left to right; most have to show
_ADDRESS = "http://page.invalid/"  # RFC 2606: nobody's
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"
_FLAGS = ["--disable-gpu", "--disable-background-networking", "--disable-component-update"]
_SCRIPT = (Path(__file__).parent / "browser.js").read_text("utf-8")


class BrowserMissing(Exception):  # noqa: N818 -- a state
    """Neither Playwright nor a Chromium is here; the text says which, and what to do."""


class BrowserFailed(Exception):  # noqa: N818
    """The page could not be drawn in time."""


@dataclass(frozen=True, slots=True)
class _Sight:
    """One label in one view. Colours are `None` where pixels do not tell them."""

    hidden_by: str | None
    size: float | None = None
    color: str | None = None
    ground: str | None = None


def measured(html: str, lines: Sequence[str], wanted: Sequence[int], *, whole: float = WHOLE) -> Mapping[int, Look]:
    """How the `wanted` of all `lines` of the page, from top to bottom, look at their worst of all views.

    Left out: what stands nowhere in the page where the lines around it say. Raises `BrowserMissing` and
    `BrowserFailed`. Blocks, for `whole` seconds at most.
    """
    if not wanted:
        return {}
    try:
        return asyncio.run(asyncio.wait_for(_measured(html, lines, wanted[:MOST]), whole))
    except TimeoutError:
        raise BrowserFailed from None


async def _measured(html: str, lines: Sequence[str], wanted: Sequence[int]) -> Mapping[int, Look]:
    looks: dict[int, list[_Sight]] = {}
    async with _page(html) as page:
        eyes = await page.evaluate_handle(_SCRIPT, [list(lines), list(wanted)])
        found = await eyes.evaluate("(eyes) => eyes.found")
        for scheme in SCHEMES if found else ():
            await page.emulate_media(color_scheme=scheme)
            for width in WIDTHS:
                await page.set_viewport_size({"width": width, "height": 900})
                for at in found:
                    sight = await _look(page, eyes, at, f"{width} px, {scheme}")
                    looks.setdefault(at, []).append(sight)
    return {at: _worst(sights) for at, sights in looks.items()}


async def _look(page: Any, eyes: Any, at: int, where: str) -> _Sight:
    seen = await eyes.evaluate("(eyes, at) => eyes.look(at)", at)
    if seen["hidden"]:
        return _Sight(f"{_HIDDEN[seen['hidden']]}, {where}")
    if seen["isCutOut"]:  # letters that are holes in a picture: pixels tell nothing
        return _Sight(None, seen["size"])
    shown = [await _picture(page, box) for box in seen["boxes"]]
    await eyes.evaluate("(eyes) => eyes.clear()")
    bare = [await _picture(page, box) for box in seen["boxes"]]
    await eyes.evaluate("(eyes) => eyes.restore()")
    pairs = []
    for box, with_letters, without in zip(seen["boxes"], shown, bare, strict=True):
        colors = _colors(with_letters, without, seen["size"])
        if colors is None:
            return _Sight(f"{_HIDDEN['unseen']}, {where}")
        pairs.append(_inked(box["ink"], *colors))
    return _Sight(None, seen["size"], *min(pairs, key=lambda pair: contrast(*pair)))


def _colors(shown: Image.Image, bare: Image.Image, size: float) -> tuple[str, str] | None:
    """The colours of letters and ground; `None` where too little of the letters is there to be read."""
    changed = ImageChops.difference(shown, bare)
    strength = ImageChops.lighter(ImageChops.lighter(*changed.split()[:2]), changed.split()[2])
    mask = strength.point(lambda value: 255 if value >= _SEEN else 0)
    box = mask.getbbox()
    if box is None or box[3] - box[1] < 0.3 * size * _SCALE:
        return None
    wide, high = mask.size
    if wide < 2 * size * _SCALE:  # a letter or two
        return _strongest(shown, strength), _usual(bare)
    cuts = [round(wide * part / _PARTS) for part in range(_PARTS + 1)]
    inked = sum(
        mask.crop((left, 0, max(right, left + 1), high)).getbbox() is not None for left, right in pairwise(cuts)
    )
    if inked * 2 <= _PARTS:
        return None
    return _strongest(shown, strength), _usual(bare)


def _usual(picture: Image.Image) -> str:
    colors: list[tuple[int, Any]] = picture.getcolors(picture.width * picture.height) or []
    return _hex(bytes(max(colors)[1]))


def _strongest(picture: Image.Image, strength: Image.Image) -> str:
    """The colour where most has changed: inside the letters, not at their edges."""
    parts, changes = picture.tobytes(), strength.tobytes()
    most = max(changes) - 8
    inner = (parts[3 * at : 3 * at + 3] for at, change in enumerate(changes) if change >= most)
    return _hex(Counter(inner).most_common(1)[0][0])


def _hex(parts: bytes) -> str:
    return f"#{parts.hex()}"


def _inked(said: str | None, ink: str, ground: str) -> tuple[str, str]:
    """The colour that the styles give the letters, unless what is seen is much paler: thin letters look paler."""
    if said and contrast(ink, ground) >= 0.6 * contrast(said, ground):
        return said, ground
    return ink, ground


def _worst(sights: Sequence[_Sight]) -> Look:
    hidden = next((sight.hidden_by for sight in sights if sight.hidden_by), None)
    sizes = [sight.size for sight in sights if sight.size is not None]
    pairs = [(sight.color, sight.ground) for sight in sights if sight.color and sight.ground]
    color, ground = min(pairs, key=lambda pair: contrast(*pair)) if len(pairs) == len(sights) else (None, None)
    return Look(hidden, round(min(sizes), 1) if sizes else None, color, ground)


async def _picture(page: Any, box: Mapping[str, Any]) -> Image.Image:
    clip = {side: box[side] for side in ("x", "y", "width", "height")}
    return Image.open(io.BytesIO(await page.screenshot(clip=clip, caret="initial"))).convert("RGB")


@asynccontextmanager
async def _page(html: str) -> AsyncIterator[Any]:
    """`html` in a browser, without its scripts and without whatever it would load."""
    try:
        from playwright.async_api import Error, async_playwright
    except ImportError:
        raise BrowserMissing("install the extra: pip install 'promos[browser]'") from None
    own = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    async with async_playwright() as playwright:
        try:
            is_root = hasattr(os, "geteuid") and os.geteuid() == 0  # Chromium has no sandbox for root
            browser = await playwright.chromium.launch(
                executable_path=own, args=_FLAGS, chromium_sandbox=not is_root, timeout=WHOLE * 1000
            )
        except Error:
            raise BrowserMissing("there is no Chromium that starts: playwright install chromium") from None
        try:
            context = await browser.new_context(
                java_script_enabled=False, service_workers="block", device_scale_factor=_SCALE
            )
            context.set_default_timeout(WHOLE * 1000)
            await context.route("**/*", _Once(html))
            page = await context.new_page()
            await page.goto(_ADDRESS, wait_until="domcontentloaded")
            yield page
        except Error:
            raise BrowserFailed from None
        finally:
            with suppress(Error, TimeoutError):
                await asyncio.wait_for(browser.close(), CLOSING)


class _Once:
    """Answers the first question with the page, and no other: a page may ask to be loaded again for ever."""

    def __init__(self, html: str) -> None:
        self._html: str | None = html

    async def __call__(self, route: Any) -> None:
        html, self._html = self._html, None
        if html is None or route.request.url != _ADDRESS:
            await route.abort("aborted")  # the page that is there stays
            return
        body = html.encode("utf-8", "replace")
        headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": _POLICY}
        await route.fulfill(body=body, headers=headers)
