"""A stranger's first two minutes, in a real browser: from the code to the person at the door, and the issue between."""

import asyncio
import re
from typing import Any

import httpx
import pytest

from tests.browser.house import CHROMIUM, Browser, Demo, person, press, signed_in

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    pytest.mark.timeout(300),
]
DECLARATION = "main form:has([name=kinds])"
READ = f"() => [...new FormData(document.querySelector('{DECLARATION}'))].filter(([name]) => !name.startsWith('_'))"
FILL = """(said) => { for (const [name, value] of said) for (const field of document.getElementsByName(name))
    if (field.type === 'checkbox' || field.type === 'radio') field.checked ||= field.value === value
    else field.value = value }"""


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
