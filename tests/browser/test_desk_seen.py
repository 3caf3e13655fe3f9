"""Every page of the partner's desk in a real browser: a desk's and a phone's width, both languages, all unfolded."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.browser.house import CHROMIUM, Demo, signed_in

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    pytest.mark.timeout(300),
]
LEAST = 30  # kinds of pages that a partner's desk has, and a few more
HERE = """() => [...document.querySelectorAll("a[href^='/partner']:not([download]), a[href='/account']")]
    .map((link) => link.getAttribute("href").split("#")[0])"""
UNFOLD = "() => document.querySelectorAll('main details').forEach((each) => { each.open = true })"


def kind(address: str) -> str:
    """Pages that differ in nothing but whose they are."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "*", address.partition("?")[0])


async def pages(page: Any, base: str) -> AsyncIterator[str]:
    """One of each kind, as links lead there."""
    seen, ahead = set[str](), ["/partner"]
    while ahead:
        address = ahead.pop(0)
        if kind(address) in seen or re.search(r"/(exports?|pdf|everything)\b", address):
            continue
        seen.add(kind(address))
        await page.goto(base + address)
        ahead += await page.evaluate(HERE)
        yield address
    assert len(seen) >= LEAST, seen


@pytest.mark.parametrize("language", ["en", "fr"])
async def test_every_page_of_the_desk_fits_and_nothing_lies_over_another_thing(
    chromium: Any,
    demo: Demo,
    language: str,
) -> None:
    await demo.ready()
    browser, page = await signed_in(chromium, demo, "Partner")
    await page.goto(f"{demo.base}/partner?lang={language}")

    async for _ in pages(page, demo.base):
        await page.evaluate(UNFOLD)
        await browser.looked_at(page)

    assert browser.complaints == []
