"""The demo and the browser that all these tests share."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.house import CHROMIUM, FLAGS, Demo


@pytest.fixture
def host() -> str:
    """By which the demo goes."""
    return "127.0.0.1"


@pytest.fixture
def demo(tmp_path: Path, host: str) -> Iterator[Demo]:
    started = Demo(tmp_path, host)
    try:
        yield started
    finally:
        started.stop()


@pytest.fixture
async def chromium() -> AsyncIterator[Any]:
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()
