"""`promos demo`, and people who look at it with browsers of their own."""

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
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
FLAGS += ["--disable-background-networking", "--disable-component-update"]
PERSON = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Safari/537.36"


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
