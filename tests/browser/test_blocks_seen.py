"""A promo block in a real browser: as wide as a telephone and a mail, by day and night, with and without pictures."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from promos.parsing.survival import as_html
from promos.rendering import blocks, living, qr
from promos.rules.blocks import BlockContent
from tests.browser.house import CHROMIUM
from tests.rendering.conftest import block  # noqa: F401 -- the same block as the renderings are tested with

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    pytest.mark.timeout(120),
]
SURFACES = ["email_html", "web", "markdown", "rich_paste", "lexical"]  # MJML is what its compiler makes of it
BOXED = {"email_html", "web", "lexical"}
BLOCK_ID = "0192f5c4-7b1e-7000-8000-0123456789ab"
# What the place it stands in does: the night's colours are its own, and long words of a paste are its to break.
AROUND = """<!doctype html><html lang="{}"><head><meta charset="utf-8"><title>8</title>
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<style>body {{ margin: 16px; font: 16px/1.5 sans-serif; overflow-wrap: anywhere }}
@media (prefers-color-scheme: dark) {{ body {{ background: #121212; color: #eee }} .own a {{ color: #8ab4f8 }} }}
</style>
</head><body><main><h1>8</h1><h2>1</h2><div{}>{}</div></main></body></html>"""
SEEN = """() => {
    const root = document.documentElement, words = document.createTreeWalker(document.querySelector('div'), 4)
    const top = (selector) => document.querySelector(selector).getBoundingClientRect().top
    while (!words.nextNode().data.trim());
    const button = [...document.querySelectorAll('a')].find((link) => link.textContent.includes(' – '))
    const range = document.createRange()
    range.selectNodeContents(words.currentNode)
    const label = range.getBoundingClientRect()
    return {
        over: root.scrollWidth - root.clientWidth,
        first: words.currentNode.data,
        isFirst: label.bottom <= top('div h2, div h3') && label.top < 250,
        button: button.getBoundingClientRect().height,
        pictures: [...document.images].map((each) => [each.naturalWidth > 0, each.alt, each.offsetWidth]),
    }
}"""


@pytest.fixture
async def page(chromium: Any) -> AsyncIterator[Any]:
    context = await chromium.new_context(viewport={"width": 390, "height": 844})
    yield await context.new_page()
    await context.close()


def blocks_of(usual: BlockContent) -> list[BlockContent]:
    """The usual one, the least, one of long words, one of a partner who writes from right to left."""
    usual = replace(usual, url=f"https://promos.example/go/{BLOCK_ID}", block_id=BLOCK_ID)
    least = replace(usual, language="en", label="Advertisement", given="", body="", terms=(), conditions_url=None)
    long = replace(
        usual,
        advertiser="Donaudampfschifffahrtsgesellschaftskapitänsverband e. V.",
        heading="Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz",
        body=f"https://orgue.example/{'a' * 90} {'Kraftfahrzeughaftpflicht' * 4}",
        code="DONAUDAMPFSCHIFFFAHRTSGESELLSCHAFT-2027",
    )
    arabic = replace(usual, advertiser="شركة المؤتمرات", heading="يومان من الموسيقى (2027)!", body="يفتح **أربعون**.")
    return [usual, least, long, arabic]


@pytest.mark.parametrize("shown", [True, False])
@pytest.mark.parametrize("surface", SURFACES)
async def test_a_block_is_whole_at_every_width_by_day_and_by_night_with_and_without_pictures(
    block: BlockContent,  # noqa: F811
    page: Any,
    surface: str,
    shown: bool,
) -> None:
    from axe_playwright_python.async_playwright import Axe

    async def serve(route: Any) -> None:
        name = route.request.url.rpartition("/")[2]
        if not shown:
            await route.abort()
        elif name.endswith("-qr.png"):
            await route.fulfill(body=qr.png("https://promos.example"), content_type="image/png")
        elif name.endswith(".png"):
            await route.fulfill(body=living.png("12 laissez-passer restants"), content_type="image/png")
        else:
            await route.fulfill(body=living.svg("12 laissez-passer restants"), content_type="image/svg+xml")

    await page.route("**/b/*", serve)
    for each in blocks_of(block):
        drawn = as_html(surface, blocks.SURFACES[surface](each))
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            for width in (390, 600):
                await page.set_viewport_size({"width": width, "height": 844})
                whose = "" if surface in BOXED else ' class="own"'
                await page.set_content(AROUND.format(each.language, whose, drawn), wait_until="load")

                seen = await page.evaluate(SEEN)

                assert seen["over"] <= 0, (each.heading, width)
                assert each.label_line.startswith(seen["first"].strip())
                assert seen["isFirst"]
                assert seen["button"] >= (44 if surface in BOXED else 16)
                assert all(is_there is shown and alt and 0 < room < width for is_there, alt, room in seen["pictures"])
                assert len(seen["pictures"]) == {"email_html": 2, "web": 1, "lexical": 1}.get(surface, 0)
            found = (await Axe().run(page)).response["violations"]
            assert [(fault["id"], fault["nodes"][0]["html"]) for fault in found] == []
