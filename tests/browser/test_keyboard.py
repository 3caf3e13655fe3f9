"""A whole edition made with the keyboard alone: no mouse, no script of ours but the keys that a person presses."""

import re
from typing import Any

import pytest

from tests.browser.house import CHROMIUM, Browser, Demo, person

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    pytest.mark.timeout(300),
]
MOST = 150  # presses of Tab until one is somewhere

HERE = """() => { const at = document.activeElement, box = at.getBoundingClientRect(), style = getComputedStyle(at)
    return { tag: at.tagName, name: (at.ariaLabel || at.labels?.[0]?.innerText || at.innerText || "").trim(),
      id: at.id, kind: at.type || "", seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0
        && box.bottom > 0 && box.top < innerHeight } }"""


class Keys:
    """A page, and who has a keyboard before it."""

    def __init__(self, browser: Browser, page: Any) -> None:
        self.browser, self.page = browser, page

    async def at(self) -> dict[str, Any]:
        found: dict[str, Any] = await self.page.evaluate(HERE)
        return found

    async def to(self, name: str, *tags: str) -> None:
        """Tab until the focus is on what is called so; it is always to be seen where one is."""
        for _ in range(MOST):
            await self.page.keyboard.press("Tab")
            here = await self.at()
            if here["tag"] == "BODY":
                continue
            assert here["seen"], (self.page.url, here)
            if re.match(name, here["name"]) and (not tags or here["tag"] in tags):
                return
        raise AssertionError(f"no way by Tab to {name!r} on {self.page.url}")

    async def press(self, name: str, *tags: str) -> None:
        """Go there and press Enter, until the next page is there."""
        await self.to(name, *tags)
        async with self.page.expect_navigation():
            await self.page.keyboard.press("Enter")

    async def type(self, name: str, text: str) -> None:
        await self.to(name, "INPUT", "TEXTAREA")
        await self.page.keyboard.press("Control+a")
        await self.page.keyboard.type(text)

    async def moment(self, name: str, day: str, time: str) -> None:
        """`12312026` and `0900AM`: as the field of the browser takes them."""
        await self.to(name, "INPUT")
        await self.page.keyboard.type(day)
        await self.page.keyboard.press("Tab")
        await self.page.keyboard.type(time)

    async def looked_at(self) -> None:
        for width in (1280, 390):
            await self.page.set_viewport_size({"width": width, "height": 900})
            await self.browser.looked_at(self.page)
        await self.page.set_viewport_size({"width": 1280, "height": 900})


async def test_an_edition_is_made_with_the_keyboard_alone(chromium: Any, demo: Demo) -> None:
    await demo.ready()
    browser = await person(chromium, demo)
    page = await browser.page()
    await page.emulate_media(reduced_motion="reduce")  # a page that still glides shows the focus a moment later
    keys = Keys(browser, page)
    await page.set_viewport_size({"width": 1280, "height": 900})
    await page.goto(demo.link("Partner"))
    await keys.press("Sign in", "BUTTON")

    # The first Tab leads past the frame, and back comes whoever wants to.
    await page.keyboard.press("Tab")
    assert "Skip" in (await keys.at())["name"]
    await page.keyboard.press("Enter")
    await keys.looked_at()
    await keys.press("Create an event", "A")

    await keys.type("Name", "Keyboard Days")
    await keys.type("The event’s own page|Web page|Page", "https://keyboard.example/")
    await keys.type("Why", "Two days without a mouse")
    await keys.moment("Begins", "12202026", "0900AM")
    await keys.moment("Ends", "12202026", "0600PM")
    await keys.type("Venue", "Palais")
    await keys.type("City", "Paris")
    await keys.type("Country", "FR")
    await keys.looked_at()
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(r"/partner/events/[0-9a-f-]{36}"))
    await keys.looked_at()

    await keys.press("Create a pass type", "A")
    await keys.type("Name", "Day pass")
    await keys.type("Face value|What it|Amount", "199.00")
    await keys.looked_at()
    await keys.press("Create pass type", "BUTTON")

    await keys.press("Create an offer", "A")
    await keys.type("Name", "Readers")
    await keys.type("Limit", "12")
    await page.locator("#example dd", has_text=re.compile(r"^\s*12\s*$")).wait_for()
    await keys.looked_at()
    await keys.press("Create offer", "BUTTON")

    await keys.type("Code", "KEYS-ONLY")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    assert "KEYS-ONLY" in await page.inner_text("main")
    await keys.looked_at()

    # What comes of it, what happened, and a token; a slash leads into the search.
    await keys.press("Codes", "A")
    await page.keyboard.press("/")
    assert (await keys.at())["id"] == "find-q"
    await page.keyboard.type("keys")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    assert "KEYS-ONLY" in await page.inner_text("table")
    assert "FREEAGENAI" not in await page.inner_text("table")
    await keys.looked_at()
    await keys.press("Activity", "A")
    assert "made the code KEYS-ONLY" in await page.inner_text("table")
    await keys.looked_at()
    await page.keyboard.press("?")
    assert await page.locator("#keys").is_visible()
    await keys.looked_at()
    await page.keyboard.press("Escape")
    assert not await page.locator("#keys").is_visible()

    await keys.press("People and tokens", "A")
    await keys.to("Make a token", "SUMMARY")
    await page.keyboard.press("Enter")
    await keys.looked_at()
    await keys.type("Name", "Shop")
    await keys.to("Role", "SELECT")
    await page.keyboard.type("Member")
    await keys.to("read", "INPUT")
    await page.keyboard.press("Space")
    await keys.press("Make the token", "BUTTON")
    assert "pk_" in await page.inner_text("main")
    await keys.looked_at()

    await keys.press("Sign out", "BUTTON")
    assert await page.get_by_text("You are signed out.").count() == 1
    assert browser.complaints == []
