"""The whole ceremony in a real browser, with an authenticator that Chromium plays."""

import re
from typing import Any

import pytest

from promos.demo import PEOPLE
from tests.browser.house import CHROMIUM, Demo, person, press, signed_in

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    pytest.mark.timeout(300),
]
KEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def host() -> str:
    """A name: browsers keep passkeys for names only."""
    return "localhost"


async def a_key(page: Any) -> None:
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("WebAuthn.enable")
    await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})


async def by_mail(page: Any, demo: Demo, seen: set[str]) -> None:
    """Sign in with the next link that comes by mail."""
    await page.goto(f"{demo.base}/sign-in")
    await page.locator("#field-email").fill(PEOPLE["partner"])
    await press(page, "Send me a link")
    new = rf"{re.escape(demo.base)}/sign-in/(?!{'|'.join(seen) or '-'})\w+"
    link = await demo.mail_to(PEOPLE["partner"], new)
    seen.add(link.rpartition("/")[2])
    await page.goto(link)
    await press(page, "Sign in")


async def test_a_passkey_is_added_asked_for_and_replaced_by_a_code(chromium: Any, demo: Demo) -> None:
    await demo.ready()
    browser, page = await signed_in(chromium, demo, "Partner")
    await a_key(page)

    await page.get_by_role("link", name="Account").click()
    await browser.looked_at(page)
    await page.get_by_role("link", name="Add a passkey").click()
    await page.locator("#field-name").fill("Blue key")
    await browser.looked_at(page)
    await press(page, "Add the passkey")
    await page.wait_for_selector("#codes")
    codes = (await page.locator("#codes").inner_text()).split()
    assert len(codes) == 10
    await browser.looked_at(page)
    await page.get_by_role("link", name="I have kept them").click()
    assert await page.get_by_role("rowheader", name="Blue key").count() == 1
    await browser.looked_at(page)

    seen: set[str] = set()
    await press(page, "Sign out")
    await by_mail(page, demo, seen)
    assert "/confirm" in page.url
    await browser.looked_at(page)
    await press(page, "Use your passkey")
    await page.wait_for_url(f"{demo.base}/partner*")

    await press(page, "Sign out")
    await by_mail(page, demo, seen)
    await page.locator("summary", has_text="not at hand").click()
    await page.locator("#field-_code").fill(codes[4].lower())
    await press(page, "Use this code")
    await page.wait_for_url(f"{demo.base}/partner*")
    await demo.mail_to(PEOPLE["partner"], f"{demo.base}/account")
    assert browser.complaints == []


async def test_without_javascript_the_page_says_so_and_a_code_does(chromium: Any, demo: Demo) -> None:
    await demo.ready()
    browser = await person(chromium, demo)
    page = await browser.page()
    await page.goto(demo.link("Partner"))
    await press(page, "Sign in")
    context = await chromium.new_context(java_script_enabled=False, storage_state=await page.context.storage_state())
    plain = await context.new_page()

    await plain.goto(f"{demo.base}/account/passkeys/new")

    assert "A passkey needs JavaScript" in await plain.content()
    assert await plain.get_by_role("button", name="Add the passkey").is_disabled()
