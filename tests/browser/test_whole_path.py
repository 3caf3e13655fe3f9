"""A stranger's first two minutes, in a real browser: from the code to the person at the door, and the issue between."""

import asyncio
import email
import email.policy
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    pytest.mark.timeout(300),
]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
FLAGS += ["--disable-background-networking", "--disable-component-update"]
PERSON = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Safari/537.36"


DECLARATION = "main form:has([name=kinds])"
READ = f"() => [...new FormData(document.querySelector('{DECLARATION}'))].filter(([name]) => !name.startsWith('_'))"
FILL = """(said) => { for (const [name, value] of said) for (const field of document.getElementsByName(name))
    if (field.type === 'checkbox' || field.type === 'radio') field.checked ||= field.value === value
    else field.value = value }"""


class Demo:
    """`promos demo` in a folder of its own."""

    def __init__(self, folder: Path, host: str = "127.0.0.1") -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.base, self.mailbox, self._log = f"http://{host}:{port}", folder / "mailbox", folder / "log"
        environ = {name: value for name, value in os.environ.items() if not name.startswith("PROMOS_")}
        environ["PROMOS_DATA_DIR"] = str(folder)
        command = [sys.executable, "-m", "promos.cli", "demo", "--host", host, "--port", str(port)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, env=environ, stdout=log, stderr=log, start_new_session=True)

    def link(self, who: str) -> str:
        found = re.search(rf"^  {who}\s+(\S+)", self._log.read_text(), re.MULTILINE)
        assert found, self._log.read_text()
        return found[1]

    async def ready(self) -> None:
        async with httpx.AsyncClient() as client, asyncio.timeout(60):
            while True:
                with suppress(httpx.TransportError):
                    if (await client.get(f"{self.base}/health/ready")).status_code == 200:
                        return
                assert self._process.poll() is None, self._log.read_text()
                await asyncio.sleep(0.1)

    async def mail_to(self, address: str, pattern: str) -> str:
        """What `pattern` finds in the first mail to `address` that has it; the worker needs a moment."""
        async with asyncio.timeout(30):
            while True:
                for path in sorted(self.mailbox.glob("*.eml")):
                    mail: Any = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                    if mail["To"] == address and (found := re.search(pattern, mail.get_body(("plain",)).get_content())):
                        return found[0]
                await asyncio.sleep(0.2)

    def stop(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(20)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    started = Demo(tmp_path)
    try:
        yield started
    finally:
        started.stop()


OVERLAPPING = """() => {
    const shown = [...document.querySelectorAll("main :is(button, .button, summary, input, select, textarea)")]
        .filter((each) => each.checkVisibility() && !each.closest(".unseen") && each.type !== "hidden")
        .map((each) => [each, each.getBoundingClientRect()])
    return shown.flatMap(([one, a], at) => shown.slice(at + 1)
        .filter(([other, b]) => !one.contains(other) && Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
            && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1)
        .map(([other]) => `${one.innerText || one.name} and ${other.innerText || other.name}`)) }"""


class Browser:
    """One person's browser. It complains of whatever a console, a foreign request or axe complains of."""

    def __init__(self, context: Any, base: str) -> None:
        self.context, self.base = context, base
        self.complaints: list[str] = []

    async def page(self) -> Any:
        page = await self.context.new_page()
        page.on("console", lambda said: self._said(said.type, said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda asked: self._foreign(asked.url))
        return page

    def _said(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)

    def _foreign(self, url: str) -> None:
        if not url.startswith((self.base, "data:", "about:")):
            self.complaints.append(f"asks {url}")

    async def looked_at(self, page: Any) -> None:
        """axe finds nothing, no control lies over another, nothing runs out of a phone's or a desk's width."""
        from axe_playwright_python.async_playwright import Axe

        found = (await Axe().run(page)).response["violations"]
        self.complaints += [f"{page.url}: {each['id']}" for each in found]
        for width in (390, 1280):
            await page.set_viewport_size({"width": width, "height": 900})
            root = "document.documentElement"
            if await page.evaluate(f"{root}.scrollWidth > {root}.clientWidth + 1"):
                self.complaints.append(f"{page.url}: wider than {width} pixels")
            over = await page.evaluate(OVERLAPPING)
            self.complaints += [f"{page.url}: {each} lie over each other at {width} pixels" for each in over]


@pytest.fixture
async def chromium() -> AsyncIterator[Any]:
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


async def person(chromium: Any, demo: Demo) -> Browser:
    context = await chromium.new_context(user_agent=PERSON, locale="en-GB", viewport={"width": 390, "height": 844})
    return Browser(context, demo.base)


async def signed_in(chromium: Any, demo: Demo, who: str) -> tuple[Browser, Any]:
    browser = await person(chromium, demo)
    page = await browser.page()
    await page.goto(demo.link(who))
    await page.get_by_role("button", name="Sign in").click()
    return browser, page


async def press(page: Any, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).first.click()


async def test_from_the_code_to_the_door_and_the_issue_between(chromium: Any, demo: Demo) -> None:
    await demo.ready()
    browsers: list[Browser] = []

    # The editor pasted an issue; its old block is refused, and replaced by one of ours.
    editing, editor = await signed_in(chromium, demo, "Editor")
    browsers.append(editing)
    await editor.get_by_role("link", name=re.compile("FreeA 128")).click()
    issue = editor.url
    await press(editor, "Publish")
    assert await editor.get_by_text("Not published").count() == 1
    await editing.looked_at(editor)
    await editor.get_by_role("link", name="Replace it by ours").first.click()
    await editor.locator("#field-heading").fill("Retrouvez-nous à GenerationAI")
    await editor.locator("#field-body").fill("Le rendez-vous de l'IA revient à Paris.")
    await editor.locator("#field-call_to_action").fill("Demander un accès")
    await editing.looked_at(editor)
    await press(editor, "Insert the block")
    await editor.goto(issue)
    await press(editor, "Publish")
    assert await editor.get_by_text("Not published").count() == 1

    # Both declare, apart from each other.
    partnering, partner = await signed_in(chromium, demo, "Partner")
    browsers.append(partnering)
    await partner.locator("a[href$='/declaration']").first.click()
    await partnering.looked_at(partner)
    await partner.locator("#field-editorial_control").select_option("fact_check")
    await partner.locator("#field-obligation").select_option("informal")
    said = await partner.evaluate(READ)
    await press(partner, "Declare this")
    assert await partner.get_by_text("Your declaration is stored.").count() == 1, await partner.inner_text("main")
    declaration = await partner.evaluate("location.pathname")
    await editor.goto(demo.base + declaration.replace("/partner/", "/editor/"))
    await editor.evaluate(FILL, said)
    await editing.looked_at(editor)
    await press(editor, "Declare this")
    assert await editor.get_by_text("Your declaration is stored.").count() == 1, await editor.inner_text("main")
    await editor.goto(issue)
    await press(editor, "Publish")
    assert await editor.get_by_text("This issue is published").count() == 1, await editor.inner_text("main")
    await editing.looked_at(editor)

    # A reader follows the block's link from the published mail.
    await editor.goto(f"{issue}/preview?surface=email_text")
    block = re.search(rf"{demo.base}/go/[0-9a-f-]+", await editor.content())
    assert block
    reading = await person(chromium, demo)
    browsers.append(reading)
    reader = await reading.page()
    await reader.goto(block[0])
    await reading.looked_at(reader)
    await reader.get_by_label("Your e-mail address").fill("ada@readers.example")
    await press(reader, "Send me the link to my pass")
    await reading.looked_at(reader)
    link = await demo.mail_to("ada@readers.example", rf"{demo.base}/claim/\S+")
    await reader.goto(link)
    await reader.goto(link)  # looking twice gives nothing
    await reading.looked_at(reader)
    await press(reader, "Yes, give me the pass")
    assert "/p/" in reader.url
    assert await reader.locator("svg[role=img]").count() == 1
    await reading.looked_at(reader)

    # The pass is scanned twice at the event's door.
    async with httpx.AsyncClient() as client:
        held = (await client.get(reader.url.replace("/p/", "/api/v1/passes/"))).json()
    await partner.goto(demo.base + "/door")  # the only one is opened at once
    for answer in ("Admitted", "Already in"):
        await partner.locator("input[name=token]").fill(held["token"])
        await partner.locator("input[name=token]").press("Enter")
        await partner.wait_for_selector(f"h1:has-text('{answer}')")
    await partnering.looked_at(partner)

    # The funnel moved: a visit and no machine's, a claim, nobody who found nothing, a pass, none back, an arrival.
    await partner.goto(demo.base + "/partner")
    await partner.get_by_role("link", name="GenerationAI").first.click()
    by_issue = partner.url.split("?")[0] + "/results?by=issue"
    async with asyncio.timeout(20):  # clicks are counted within half a second
        while "FreeA" not in await (await partner.goto(by_issue)).text():  # noqa: ASYNC110 -- another process writes it
            await asyncio.sleep(0.2)
    row = partner.locator("tr", has_text="FreeA").first
    heads = await partner.locator("table", has=row).first.locator("thead th").all_text_contents()
    told = dict(zip([head.strip() for head in heads[1:]], await row.locator("td").all_inner_texts(), strict=True))
    asked = ("Visits", "By programs", "Claims", "Not served", "Passes", "Given back", "Arrivals")
    assert [told[name] for name in asked] == ["1", "0", "1", "0", "1", "0", "1"]
    await partnering.looked_at(partner)

    assert [complaint for browser in browsers for complaint in browser.complaints] == []
