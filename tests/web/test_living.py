"""The picture of a promo block says at once how much is left, to whoever asks, and counts nobody."""

import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
import zxingcpp
from PIL import Image

from promos.actions import redemptions
from promos.database import Database
from promos.models import Offer, PromoCode, Visit, table
from promos.rendering import blocks, living
from promos.rendering.language import language
from promos.settings import Settings
from tests.newsroom import a_block, a_placeable_code, an_issue
from tests.web.conftest import running
from tests.world import NOW, a_publication, an_ask

CODE, CLOCK = table(PromoCode), [NOW]


@pytest.fixture
async def client(settings: Settings, database: Database) -> AsyncIterator[httpx.AsyncClient]:
    CLOCK[0] = NOW
    async with running(settings, clock=lambda: CLOCK[0]) as app:
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url=settings.base_url) as client:
            yield client


async def a_block_of(database: Database, **offer: Any) -> tuple[UUID, PromoCode]:
    async with database.writing() as session:
        publication = await a_publication(session)
        code = await a_placeable_code(session, publication, **offer)
        return (await a_block(session, await an_issue(session, publication), code)).id, code


async def said(client: httpx.AsyncClient, block: UUID) -> str:
    answer = await client.get(f"/b/{block}.svg")
    assert answer.headers["Content-Type"].startswith("image/svg+xml")
    return answer.text.partition("<title>")[2].partition("</title>")[0]


async def test_it_tells_the_truth_at_once(client: httpx.AsyncClient, database: Database) -> None:
    block, code = await a_block_of(database, limit=2, waiting_list=False)
    told = [await said(client, block)]

    async def then(work: Any) -> None:
        async with database.writing() as session:
            await work(session)
        told.append(await said(client, block))

    await then(lambda session: redemptions.redeem(session, [an_ask(code, "ada")], now=NOW))
    await then(lambda session: redemptions.redeem(session, [an_ask(code, "bo")], now=NOW))
    await then(lambda session: session.execute(sa.update(table(Offer)).values(waiting_list=True)))
    await then(lambda session: session.execute(sa.update(CODE).values(status="paused")))
    await then(lambda session: session.execute(sa.update(CODE).values(status="revoked")))

    assert told == [
        "2 laissez-passer restants",
        "1 laissez-passer restant",
        "Tout est pris",
        "Tout est pris\xa0: inscrivez-vous sur la liste d’attente",
        "Cette offre est suspendue pour le moment",
        "Cette offre a été retirée",
    ]


@pytest.mark.parametrize(
    ("away", "words"),
    [
        (timedelta(days=-30), "Cette offre n’est pas encore ouverte"),
        (timedelta(days=60), "Le temps de cette offre est passé"),
    ],
)
async def test_before_and_after_it_says_so(
    client: httpx.AsyncClient, database: Database, away: timedelta, words: str
) -> None:
    block, _ = await a_block_of(database)
    CLOCK[0] = NOW + away

    assert await said(client, block) == words


async def test_mails_get_a_small_png_that_may_be_kept_for_a_minute(
    client: httpx.AsyncClient, database: Database
) -> None:
    block, _ = await a_block_of(database, limit=20)

    first = await client.get(f"/b/{block}.png")
    again = await client.get(f"/b/{block}.png", headers={"If-None-Match": first.headers["ETag"]})
    picture = Image.open(io.BytesIO(first.content))

    assert (first.headers["Content-Type"], picture.size) == ("image/png", (800, 88))
    assert len(first.content) < 3000
    assert first.headers["Cache-Control"] == "public, max-age=60"
    assert (again.status_code, again.content) == (304, b"")
    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(Visit.id))) == 0


async def test_a_phone_scans_the_address_of_the_block_from_a_small_picture(
    client: httpx.AsyncClient, database: Database, settings: Settings
) -> None:
    block, _ = await a_block_of(database)

    drawn = await client.get(f"/b/{block}-qr.png")
    again = await client.get(f"/b/{block}-qr.png", headers={"If-None-Match": drawn.headers["ETag"]})
    picture = Image.open(io.BytesIO(drawn.content)).convert("L")
    as_shown = picture.resize((blocks.QR, blocks.QR), Image.Resampling.BILINEAR)

    for seen in (picture, as_shown):
        assert [found.text for found in zxingcpp.read_barcodes(seen)] == [f"{settings.base_url}/go/{block}"]
    assert (drawn.headers["Content-Type"], drawn.headers["Cache-Control"]) == ("image/png", "public, max-age=86400")
    assert len(drawn.content) < 1500
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("ending", [".png", ".svg", "-qr.png"])
async def test_a_picture_knows_nothing_of_who_asks(client: httpx.AsyncClient, database: Database, ending: str) -> None:
    block, _ = await a_block_of(database)
    asked = [{}, {"Cookie": "promos=x", "User-Agent": "Mail/1", "Referer": "https://mail.example/ada"}]

    answers = [await client.get(f"/b/{block}{ending}", headers=headers) for headers in asked]

    assert answers[0].content == answers[1].content
    assert all("Set-Cookie" not in answer.headers and "Vary" not in answer.headers for answer in answers)
    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(Visit.id))) == 0


@pytest.mark.parametrize(
    "name",
    [
        "00000000-0000-0000-0000-000000000000-qr.png",
        "00000000-0000-0000-0000-000000000000.png",
        "x.png",
        "%00.svg",
        "a",
        ".png",
    ],
)
async def test_what_is_no_block_has_no_picture(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.get(f"/b/{name}")).status_code == 404


@pytest.mark.parametrize("code", ["en", "fr"])
def test_every_sentence_fits_and_has_all_its_letters(code: str) -> None:
    speak = language(code)
    missing = living.ink("\uffff")
    for words in living.SENTENCES:
        text = speak.gettext(words)
        assert missing not in {living.ink(letter) for letter in text if letter.strip()}, text
        picture = Image.open(io.BytesIO(living.png(text))).convert("L")
        assert min(picture.crop((4, 4, 12, 84)).tobytes()) > 200, text
        assert min(picture.crop((788, 4, 796, 84)).tobytes()) > 200, text
