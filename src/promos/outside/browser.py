"""How the labels of a page really look in a browser (Chromium through Playwright, an extra of Promos).

Nothing of the page runs and nothing is loaded: a policy stops its scripts, and every request is stopped. What a
browser sees goes beside what the source says, never in its place: mail programs hide more than Chromium does, so what
the source hides stays hidden, and what only the browser hides is hidden too.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from promos.rules.issues import Look

WIDTHS = (390, 600, 1280)  # CSS pixels: a phone, a mail, a page
SCHEMES = ("light", "dark")
PATIENCE = 20_000  # milliseconds for all of one step
_ADDRESS = "http://page.invalid/"
_POLICY = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"}
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
_SIGHT = """(lines) => {
  const norm = (text) => text.normalize("NFKC").replace(/[\\u200b-\\u200f\\u2060\\ufeff\\u00ad]/g, "")
    .replace(/\\s+/g, " ").trim().toLowerCase();
  const pixel = Object.assign(document.createElement("canvas"), {width: 1, height: 1})
    .getContext("2d", {willReadFrequently: true});
  const rgba = (color) => {
    pixel.clearRect(0, 0, 1, 1); pixel.fillStyle = color; pixel.fillRect(0, 0, 1, 1);
    return [...pixel.getImageData(0, 0, 1, 1).data];
  };
  const over = (top, under) => top.slice(0, 3).map((part, at) =>
    Math.round(part * top[3] / 255 + under[at] * (1 - top[3] / 255)));
  const hex = (parts) => "#" + parts.map((part) => part.toString(16).padStart(2, "0")).join("");
  const probe = document.createElement("i");
  probe.style.cssText = "background-color:Canvas";
  document.documentElement.append(probe);
  const canvas = rgba(getComputedStyle(probe).backgroundColor).slice(0, 3);
  probe.remove();
  const up = (element) => {
    const all = [];
    for (let at = element; at; at = at.parentElement) all.push(at);
    return all;
  };
  const ground = (element) => {
    const layers = [];
    for (const at of up(element)) {
      const style = getComputedStyle(at), color = rgba(style.backgroundColor);
      if (color[3]) layers.push(color);
      if (color[3] === 255) break;
      if (style.backgroundImage !== "none") return null;
    }
    return layers.reverse().reduce((under, layer) => over(layer, under), canvas);
  };
  const clipped = (rect, element) => {
    let {left, top, right, bottom} = rect;
    for (const at of up(element)) {
      if (at === document.documentElement || at === document.body) break;
      const style = getComputedStyle(at);
      if (style.overflowX === "visible" && style.overflowY === "visible") continue;
      const box = at.getBoundingClientRect();
      left = Math.max(left, box.left); right = Math.min(right, box.right);
      top = Math.max(top, box.top); bottom = Math.min(bottom, box.bottom);
    }
    return Math.max(0, right - left) * Math.max(0, bottom - top) < rect.width * rect.height / 2;
  };
  const seen = (element) => {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    let text = walker.nextNode();
    while (text && !text.data.trim()) text = walker.nextNode();
    const owner = text ? text.parentElement : element, style = getComputedStyle(owner);
    const range = document.createRange();
    range.selectNodeContents(text || element);
    element.scrollIntoView({block: "center", inline: "nearest", behavior: "instant"});
    const rect = [...range.getClientRects()].find((each) => each.width * each.height > 1);
    const scale = owner.offsetWidth ? owner.getBoundingClientRect().width / owner.offsetWidth : 1;
    const ink = rgba(style.webkitTextFillColor || style.color), under = ground(owner);
    const found = {hidden: null, size: parseFloat(style.fontSize) * scale, color: null, ground: under && hex(under)};
    found.color = under ? hex(over(ink, under)) : ink[3] === 255 ? hex(ink.slice(0, 3)) : null;
    const opacity = up(owner).reduce((whole, at) => whole * parseFloat(getComputedStyle(at).opacity), 1);
    if (!rect) found.hidden = "not drawn";
    else if (style.visibility !== "visible") found.hidden = "visibility";
    else if (opacity < 0.3 || ink[3] < 77) found.hidden = "opacity";
    else if (found.size < 6) found.hidden = "size";
    else if (rect.right <= 0 || rect.bottom + scrollY <= 0 || rect.left >= innerWidth) found.hidden = "off the page";
    else if (clipped(rect, owner)) found.hidden = "clipped";
    else {
      const tops = [0.1, 0.5, 0.9].map((at) =>
        document.elementFromPoint(rect.left + rect.width * at, rect.top + rect.height / 2));
      if (!tops.some((top) => top && (owner.contains(top) || top.contains(owner)))) found.hidden = "covered";
    }
    return found;
  };
  const bare = new Set(["SCRIPT", "STYLE", "TEMPLATE", "NOSCRIPT", "TITLE"]);
  const all = [...document.querySelectorAll("body *")].filter((each) => !bare.has(each.tagName))
    .map((each) => [each, norm(each.textContent)]);
  return lines.map((line) => {
    const wanted = norm(line).slice(0, 60);
    const holding = new Set(all.filter(([, text]) => text.includes(wanted)).map(([each]) => each));
    const places = [...holding].filter((each) => ![...each.children].some((child) => holding.has(child)));
    const looks = places.slice(0, 20).map(seen);
    return looks.find((look) => !look.hidden) || looks[0] || null;
  });
}"""


class BrowserMissing(Exception):  # noqa: N818 -- a state
    """Neither Playwright nor a Chromium is here; the text says which, and what to do."""


class BrowserFailed(Exception):  # noqa: N818
    """The page could not be drawn in time."""


def measured(html: str, lines: Sequence[str]) -> Mapping[str, Look]:
    """How each of these lines looks: hidden if it is on any width, light or dark; sizes and colours in the light.

    A line that the page does not hold is left out. Raises `BrowserMissing` and `BrowserFailed`. Blocks.
    """
    if not lines:
        return {}
    looks: dict[str, list[tuple[str, str, dict[str, Any]]]] = {line: [] for line in lines}
    with _page(html) as page:
        page.add_style_tag(content="*{pointer-events:auto!important}")  # so that what covers can be met
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                for line, look in zip(lines, page.evaluate(_SIGHT, list(lines)), strict=True):
                    if look:
                        looks[line].append((scheme, f"{width} px, {scheme}", look))
    return {line: _worst(found) for line, found in looks.items() if found}


def _worst(found: Sequence[tuple[str, str, dict[str, Any]]]) -> Look:
    hidden = next((f"{look['hidden']}, {where}" for _, where, look in found if look["hidden"]), None)
    hidden = hidden or next((f"no contrast, {where}" for _, where, look in found if _is_bare(look)), None)
    light = [look for scheme, _, look in found if scheme == "light"]
    sizes = [look["size"] for look in light]
    is_known = light and all(look["color"] and look["ground"] for look in light)
    return Look(
        hidden_by=hidden,
        font_size=round(min(sizes), 1) if sizes else None,
        color=light[0]["color"] if is_known else None,
        background=light[0]["ground"] if is_known else None,
    )


def _is_bare(look: Mapping[str, Any]) -> bool:
    """Whether the words cannot be told from what is behind them."""
    if not look["color"] or not look["ground"]:
        return False
    pairs = zip(bytes.fromhex(look["color"][1:]), bytes.fromhex(look["ground"][1:]), strict=True)
    return max(abs(one - other) for one, other in pairs) < 24


@contextmanager
def _page(html: str) -> Iterator[Any]:
    """`html` in a browser, without its scripts and without whatever it would load."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise BrowserMissing("install the extra: pip install 'promos[browser]'") from None
    own = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=own, args=_FLAGS, timeout=PATIENCE)
        except Error:
            raise BrowserMissing("there is no Chromium here: playwright install chromium") from None
        try:
            context = browser.new_context(service_workers="block")
            context.set_default_timeout(PATIENCE)
            context.route("**/*", lambda route: _answer(route, html))
            page = context.new_page()
            page.goto(_ADDRESS, wait_until="domcontentloaded")
            yield page
        except Error:
            raise BrowserFailed from None
        finally:
            browser.close()


def _answer(route: Any, html: str) -> None:
    if route.request.url == _ADDRESS:
        route.fulfill(body=html, content_type="text/html; charset=utf-8", headers=_POLICY)
    else:
        route.abort()
