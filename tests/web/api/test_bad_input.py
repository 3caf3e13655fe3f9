"""What makes no sense is refused in words, never with a 500, and nothing of it is stored."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from promos.database import Database
from promos.models import Base
from tests.web.asking import EVENT, PARTNER, PUBLICATION, WINDOW, WORTH, Subject, asked
from tests.web.matrix import documented
from tests.web.sides import World
from tests.web.test_matrix import our

BASE = "/api/v1"
NASTY: list[Any] = [
    None,
    True,
    -1,
    10**30,
    1.5,
    "",
    "a\x00b\x1b[2J",
    "\u202eevil\u200b",
    "é" * 5000,
    [None],
    {"a": 1},
    "2026-12-03T09:00:00",
    "0001-01-01T00:00:00+23:59",
    "../../etc/passwd' OR 1=1 --",
]
UNREADABLE = [
    b"",
    b"{",
    b"[1",
    b'"text"',
    b"null",
    b'{"name": NaN}',
    b"\xff\xfe",
    b'{"name": "\\ud800"}',  # half a pair
    b"[" * 100_000,
]
PAGES = {
    "size=0": 422,
    "size=101": 422,
    "size=-1": 422,
    f"size={10**30}": 422,
    "size=many": 400,
    "cursor=": 422,
    "cursor=%00": 422,
    "cursor=%C3%A9": 422,
    "cursor=%FF": 422,
    "cursor=AAAA": 422,
}
NOWHERE = {
    "/events/1": 404,
    "/events/00000000-0000-0000-0000-000000000000": 404,
    "/events/%00": 404,
    "/codes/%00": 404,
    "/codes/%FF": 404,
    "/codes/" + "A" * 5000: 404,
    "/codes/A%2FB": 404,
    "/passes/%00": 404,
    "/nothing": 404,
    "/offers/1/code-batches": 404,
    "/journal?verb=%00": 422,
    "/journal?subject=1": 400,
    "/redemptions?state=lost": 400,
    "/blocks?declaration=made": 400,
    "/events/{event}/funnel?by=reader": 400,
    "/issues/{draft}/render?surface=markdown": 400,
    "/issues/{draft}/render?surface=rich_paste": 400,
    "/issues/{draft}/render": 400,
}


@pytest.fixture
async def program(client: httpx.AsyncClient, world: World) -> httpx.AsyncClient:
    client.headers["Authorization"] = f"Bearer {world.admin}"
    return client


@pytest.fixture
async def stored(database: Database, world: World) -> AsyncIterator[dict[str, int]]:
    """How many rows each table has; the test fails if it is another number when it ends."""
    before = await _rows(database)
    yield before
    assert await _rows(database) == before


async def _rows(database: Database) -> dict[str, int]:
    async with database.reading() as session:
        return {
            table.name: await session.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }


def writes(about: Subject) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every operation that takes JSON: its method, its address and a good body."""
    for operation, called, *_ in documented():
        method, path = called.strip("`").split()
        address, given = asked(operation, BASE + path, about, None)
        if "json" in given:
            yield method, address, given["json"]


async def test_a_field_that_nobody_knows_is_refused(
    program: httpx.AsyncClient, world: World, stored: dict[str, int]
) -> None:
    for method, address, body in writes(our(world)):
        answer = await program.request(method, address, json=body | {"surprise": 1})

        assert (answer.status_code, answer.json()["code"]) == (400, "malformed-request"), address
        assert "surprise" in answer.text


async def test_a_field_of_the_address_that_nobody_knows_is_refused(
    program: httpx.AsyncClient, world: World, stored: dict[str, int]
) -> None:
    headers = {"Content-Type": "text/csv"}
    for name in ("dry-run", "dryrun", "x"):
        answer = await program.post(
            f"{BASE}/offers/{world.a.offer}/codes/import?{name}=true", content=b"code\nALPHA\n", headers=headers
        )
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, name)


def spoilt(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The body with each nasty value in each place, one at a time."""
    for field, good in body.items():
        yield from ({**body, field: bad} for bad in NASTY)
        if isinstance(good, dict):
            yield from ({**body, field: inner} for inner in spoilt(good))
        elif isinstance(good, list):
            yield from ({**body, field: [bad]} for bad in NASTY)
            yield from ({**body, field: [inner]} for each in good if isinstance(each, dict) for inner in spoilt(each))


async def test_no_value_of_any_field_breaks_anything(program: httpx.AsyncClient, world: World) -> None:
    for method, address, body in writes(our(world)):
        for bad in spoilt(body):
            answer = await program.request(method, address, json=bad)

            assert answer.status_code < 500, (address, bad, answer.text)
            assert answer.is_success or answer.headers["Content-Type"] == "application/problem+json"


def senseless(world: World) -> dict[str, tuple[str, dict[str, Any], int]]:
    """Address, body and the status it deserves, by what is wrong."""
    side, room = world.a, world.ours
    offer = {**WINDOW, "event_id": str(side.event), "pass_type_id": str(side.pass_type)}
    event = {**EVENT, "partner_id": str(side.partner)}
    kind = {"name": "Evening", "face_value": WORTH}
    issue = {
        "publication_id": str(room.publication),
        "number": "9",
        "title": "Nine",
        "planned_at": "2026-12-01T06:00:00Z",
    }
    block = {"code": side.codes[2], "heading": "Two days", "body": "", "call_to_action": "Ask"}
    kinds, types, codes = "/offers", f"/events/{side.event}/pass-types", f"/offers/{side.offer}/codes"
    return {
        "a day that is in no calendar": ("/events", event | {"starts_at": "2026-02-30T09:00:00Z"}, 400),
        "a time without its zone": ("/events", event | {"starts_at": "2026-12-03T09:00:00"}, 422),
        "an event that ends before it begins": (
            "/events",
            event | {"ends_at": "2026-12-03T07:00:00Z"},
            422,
        ),
        "a zone that is nowhere": ("/events", event | {"timezone": "Europe/Atlantis"}, 422),
        "an address that runs a script": ("/events", event | {"url": "javascript:alert(1)"}, 422),
        "a country that is none": ("/partners", PARTNER | {"country": "ZZ"}, 422),
        "a name nobody can see": ("/partners", PARTNER | {"name": "\u200b"}, 422),
        "a name with a NUL": ("/partners", PARTNER | {"name": "a\x00b"}, 422),
        "more readers than there are": (
            "/publications",
            PUBLICATION | {"audience": [{"country": "FR", "share": 2}]},
            422,
        ),
        "a language Promos does not speak": ("/publications", PUBLICATION | {"language": "tlh"}, 422),
        "a window that ends before it opens": (kinds, offer | {"ends_at": "2026-11-19T00:00:00Z"}, 422),
        "a limit below one": (kinds, offer | {"limit": -1}, 422),
        "a limit of nobody's size": (kinds, offer | {"limit": 10**12}, 422),
        "a benefit that is none": (kinds, offer | {"benefit": {"kind": "gift"}}, 400),
        "a percentage of nothing": (kinds, offer | {"benefit": {"kind": "percent"}}, 422),
        "a percentage above all": (kinds, offer | {"benefit": {"kind": "percent", "percent": "100.01"}}, 422),
        "a percentage too fine": (kinds, offer | {"benefit": {"kind": "percent", "percent": "12.345"}}, 422),
        "an amount too fine": (
            kinds,
            offer | {"benefit": {"kind": "amount", "amount": "9.995", "currency": "EUR"}},
            422,
        ),
        "an amount in other money": (
            kinds,
            offer | {"benefit": {"kind": "fixed_price", "amount": "99.00", "currency": "USD"}},
            422,
        ),
        "a budget below nothing": (kinds, offer | {"budget": {"amount": "-1.00", "currency": "EUR"}}, 422),
        "a place kept for two months": (kinds, offer | {"place_hours": 1440}, 422),
        "a hold of two hours": (
            "/redemptions",
            {"code": side.codes[0], "reader": {"email": "a@b.example"}, "hold_for": 7200},
            422,
        ),
        "a hold of no time": (
            "/redemptions",
            {"code": side.codes[0], "reader": {"email": "a@b.example"}, "hold_for": 0},
            422,
        ),
        "a part of more than the whole": (
            f"/offers/{side.offer}/allotments",
            {"limit": 100, "publication_id": str(room.publication)},
            409,
        ),
        "a part for nobody": (f"/offers/{side.offer}/allotments", {"limit": 1}, 422),
        "a part for two": (
            f"/offers/{side.offer}/allotments",
            {"limit": 1, "publication_id": str(room.publication), "code": side.codes[0]},
            422,
        ),
        "a proof that is not asked here": (kinds, offer | {"proof": "subscriber_link"}, 400),
        "a fulfilment by post": (kinds, offer | {"fulfilment": "post"}, 400),
        "a negative amount": (types, kind | {"face_value": WORTH | {"amount": "-1"}}, 422),
        "half a cent": (types, kind | {"face_value": WORTH | {"amount": "9.995"}}, 422),
        "an amount that is no number": (types, kind | {"face_value": WORTH | {"amount": "NaN"}}, 422),
        "money of no country": (types, kind | {"face_value": WORTH | {"currency": "XXX"}}, 422),
        "a rate above the whole": (types, kind | {"face_value": WORTH | {"vat_rate": "200"}}, 422),
        "a code with an accent": (codes, {"code": "GÉNÉRATION"}, 422),
        "a code of two letters": (codes, {"code": "AB"}, 422),
        "a code that is taken": (codes, {"code": side.codes[0].lower()}, 409),
        "a hold for no number of seconds": (
            "/redemptions",
            {"code": side.codes[0], "reader": {"email": "a@b.example"}, "hold_for": "an hour"},
            400,
        ),
        "an address that is none": ("/redemptions", {"code": side.codes[0], "reader": {"email": "noor"}}, 422),
        "an issue in no form": ("/issues", issue, 422),
        "an issue in two forms": ("/issues", issue | {"text": "Hello", "html": "<p>Hello"}, 422),
        "an issue without a word": ("/issues", issue | {"html": "<style>p{}</style>"}, 422),
        "an issue's number again": ("/issues", issue | {"number": "1", "text": "Hello"}, 409),
        "a block behind nothing": (f"/issues/{room.draft}/blocks", block | {"after": "s99"}, 422),
        "a block twice": (f"/issues/{room.draft}/blocks", block | {"code": side.codes[0]}, 409),
        "a role for nobody's partner": ("/roles", {"email": "a@b.example", "role": "owner"}, 422),
        "a role that is none": ("/roles", {"email": "a@b.example", "role": "king"}, 400),
        "a token that is over": (
            "/tokens",
            {"name": "Shop", "role": "admin", "expires_at": "2026-11-22T00:00:00Z"},
            422,
        ),
        "a door that may write": (
            "/tokens",
            {
                "name": "Gate",
                "role": "door",
                "partner_id": str(side.partner),
                "scopes": ["write"],
                "event_ids": [str(side.event)],
            },
            422,
        ),
    }


async def test_what_makes_no_sense_is_refused_and_not_stored(
    program: httpx.AsyncClient, world: World, stored: dict[str, int]
) -> None:
    for what, (path, body, status) in senseless(world).items():
        answer = await program.post(BASE + path, json=body)

        assert answer.status_code == status, (what, answer.text)
        assert answer.headers["Content-Type"] == "application/problem+json", what


async def test_a_body_that_cannot_be_read_is_refused(
    program: httpx.AsyncClient, world: World, stored: dict[str, int]
) -> None:
    for content in UNREADABLE:
        for method, address, _ in writes(our(world)):
            if address.endswith(("/check", "/cancel")) and content in {b"", b"null"}:
                continue  # it needs no body
            answer = await program.request(method, address, content=content)

            assert (answer.status_code, answer.json()["code"]) == (400, "malformed-request"), (address, content[:20])


async def test_ten_megabytes_are_too_many(program: httpx.AsyncClient, world: World, stored: dict[str, int]) -> None:
    much = b'{"name": "' + b"x" * 10_000_000 + b'"}'
    for path in ("/partners", "/issues", "/lint", "/claims"):
        answer = await program.post(BASE + path, content=much, headers={"Content-Type": "text/plain"})

        assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large"), path


ELSEWHERE = {"listDrafts", "listShopProducts", "listReconciledCodes"}  # they have no pages of a size to be chosen


async def test_a_list_is_asked_for_in_pages_that_there_are(program: httpx.AsyncClient, world: World) -> None:
    for operation, called, *_ in documented():
        if (operation.startswith("list") and operation not in ELSEWHERE) or operation == "readJournal":
            about = world.ours.draft if operation == "listObservations" else world.a.offer
            path = called.strip("`").split()[1]
            path = path.format(id=world.a.event if path.startswith("/events/") else about)
            for query, status in PAGES.items():
                answer = await program.get(f"{BASE}{path}?{query}")

                assert answer.status_code == status, (path, query, answer.text)


async def test_an_address_that_leads_nowhere_says_so(program: httpx.AsyncClient, world: World) -> None:
    places = {"event": world.a.event, "draft": world.ours.draft}
    for path, status in NOWHERE.items():
        answer = await program.get(BASE + path.format(**places))

        assert answer.status_code == status, (path, answer.text)
        assert answer.headers["Content-Type"] == "application/problem+json"
