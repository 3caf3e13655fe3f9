"""Events and arrivals brought as files: tried, taken in, brought again."""

import io
from typing import Any

import httpx
import openpyxl
import pytest
import sqlalchemy as sa

from promos.database import Database
from promos.models import CheckIn, Entry, Event, Pass
from promos.rules import pseudonyms
from promos.rules.people import Role
from promos.web.downloads import XLSX
from tests.web.api.test_codes import BASE, bearing
from tests.web.sides import World

HEAD = "Nom;Début;Fin;Fuseau horaire;Lieu;Ville;Page web"
SALON = "Salon;03/12/2026 09:00;03/12/2026 18:00;Europe/Paris;Palais;Paris;https://third.example/"
CALENDAR = """BEGIN:VCALENDAR\r
BEGIN:VEVENT\r
UID:salon@third.example\r
SUMMARY:Salon\r
DTSTART;TZID=Europe/Paris:20261203T090000\r
DTEND;TZID=Europe/Paris:20261203T180000\r
LOCATION:{venue}\\, Paris\r
URL:https://third.example/\r
END:VEVENT\r
END:VCALENDAR\r
"""


@pytest.fixture
def owner(world: World) -> dict[str, str]:
    return bearing(world.a.secrets[Role.OWNER])


async def bring(
    client: httpx.AsyncClient,
    world: World,
    owner: dict[str, str],
    content: str | bytes,
    kind: str = "text/csv",
    **how: Any,
) -> dict[str, Any]:
    address = f"{BASE}/partners/{world.a.partner}/events/import"
    answer = await client.post(address, content=content, headers={**owner, "Content-Type": kind}, params=how)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def named(database: Database, name: str = "Salon") -> list[Event]:
    async with database.reading() as session:
        return list(await session.scalars(sa.select(Event).where(Event.name == name)))


def counts(came: dict[str, Any]) -> tuple[int, ...]:
    return tuple(came[what] for what in ("new", "changed", "same", "refused"))


async def test_a_table_is_tried_taken_in_and_brought_again(
    client: httpx.AsyncClient, world: World, owner: dict[str, str], database: Database
) -> None:
    tried = await bring(client, world, owner, f"{HEAD}\n{SALON}\n", dry_run=True)
    assert (counts(tried), await named(database)) == ((1, 0, 0, 0), [])

    taken = await bring(client, world, owner, f"{HEAD}\n{SALON}\n")
    again = await bring(client, world, owner, f"{HEAD}\n{SALON}\n")
    other = await bring(client, world, owner, f"{HEAD}\n{SALON.replace('Palais', 'Grand Palais')}\n")

    assert [counts(each) for each in (taken, again, other)] == [(1, 0, 0, 0), (0, 0, 1, 0), (0, 1, 0, 0)]
    assert other["rows"][0]["changed"] == ["venue"]
    [event] = await named(database)
    assert (event.venue, event.country, event.starts_at.isoformat()) == (
        "Grand Palais",
        "FR",
        "2026-12-03T08:00:00+00:00",
    )


async def test_good_rows_are_taken_in_and_bad_ones_told_by_line_and_column(
    client: httpx.AsyncClient, world: World, owner: dict[str, str], database: Database
) -> None:
    bad = "Foire;soon;03/12/2026;Europe/Paris;Palais;;no address"

    came = await bring(client, world, owner, f"{HEAD}\n{SALON}\n{bad}\n{SALON}\n")

    assert counts(came) == (1, 0, 0, 2)
    wrong = {each["field"]: each["column"] for each in came["rows"][1]["wrong"]}
    assert (came["rows"][1]["line"], wrong) == (3, {"starts_at": "Début", "city": "Ville", "url": "Page web"})
    assert came["rows"][2]["wrong"][0]["message"] == "This event stands in the list twice."
    assert len(await named(database)) == 1


async def test_a_calendar_brought_again_changes_the_event_of_its_uid(
    client: httpx.AsyncClient, world: World, owner: dict[str, str], database: Database
) -> None:
    for venue in ("Palais", "Grand Palais"):
        await bring(client, world, owner, CALENDAR.format(venue=venue), "text/calendar")

    [event] = await named(database)
    assert (event.venue, event.city, event.timezone) == ("Grand Palais", "Paris", "Europe/Paris")


async def test_an_event_that_was_deleted_can_be_brought_again(
    client: httpx.AsyncClient, world: World, owner: dict[str, str], database: Database
) -> None:
    first = await bring(client, world, owner, CALENDAR.format(venue="Palais"), "text/calendar")
    gone = await client.delete(f"{BASE}/events/{first['rows'][0]['event']}", headers=owner)

    again = await bring(client, world, owner, CALENDAR.format(venue="Palais"), "text/calendar")

    assert (gone.status_code, counts(again)) == (200, (1, 0, 0, 0))


async def test_an_export_is_an_import_in_either_language(
    client: httpx.AsyncClient, world: World, owner: dict[str, str]
) -> None:
    for kind, media in (("csv", "text/csv"), ("csv-excel", "text/csv"), ("xlsx", XLSX)):
        for language in ("en", "fr"):
            how = {"format": kind, "language": language}
            file = await client.get(f"{BASE}/partners/{world.a.partner}/exports/events", headers=owner, params=how)

            came = await bring(client, world, owner, file.content, media)

            assert counts(came) == (0, 0, came["same"], 0), (kind, language, came)
            assert came["same"] > 0


async def test_a_partner_cannot_change_anothers_event_by_its_id(
    client: httpx.AsyncClient, world: World, owner: dict[str, str], database: Database
) -> None:
    async with database.reading() as session:
        theirs = await session.get_one(Event, world.b.event)

    came = await bring(client, world, owner, f"id,name,venue\n{theirs.id},Mine now,Elsewhere\n")

    assert counts(came) == (0, 0, 0, 1)
    [row] = came["rows"]
    assert row["event"] is None
    assert "id" in {each["field"] for each in row["wrong"]}


async def test_too_many_events_are_refused_before_any_is_read(
    client: httpx.AsyncClient, world: World, owner: dict[str, str]
) -> None:
    many = "BEGIN:VCALENDAR\r\n" + "BEGIN:VEVENT\r\nEND:VEVENT\r\n" * 100_000 + "END:VCALENDAR\r\n"
    address = f"{BASE}/partners/{world.a.partner}/events/import"
    for content, kind in ((many, "text/calendar"), ("name\n" + "x\n" * 2001, "text/csv")):
        answer = await client.post(address, content=content, headers={**owner, "Content-Type": kind})

        assert (answer.status_code, answer.json()["code"], answer.json()["most"]) == (422, "list-too-long", 2000)
    large = await client.post(address, content=b"x" * (9 << 20), headers={**owner, "Content-Type": "text/csv"})
    assert large.status_code == 413
    word = await client.post(address, content=b"x", headers={**owner, "Content-Type": "application/msword"})
    assert word.status_code == 415


async def test_a_file_that_is_no_table_is_refused_in_words(
    client: httpx.AsyncClient, world: World, owner: dict[str, str]
) -> None:
    address = f"{BASE}/partners/{world.a.partner}/events/import"
    answer = await client.post(address, content=b"PK\x03\x04zip", headers={**owner, "Content-Type": XLSX})

    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"field": "file", "message": "This workbook cannot be read. Save it as XLSX, or as CSV."}
    ]


async def a_pass(database: Database, world: World) -> Pass:
    async with database.reading() as session:
        held = sa.select(Pass).where(Pass.redemption_id == world.a.spare_redemption)
        return (await session.scalars(held)).one()


async def test_arrivals_of_another_scanner_are_stored_once(
    client: httpx.AsyncClient, world: World, owner: dict[str, str], database: Database
) -> None:
    held = await a_pass(database, world)
    number = pseudonyms.pass_number(held.id)
    table = (
        f"Numéro du laissez-passer;Heure;Porte\n{number};23/11/2026 10:00;Nord\n{number};23/11/2026 10:05;Sud\n"
        "0000-0000;23/11/2026 10:00;\n;;\n" + f"{number};2027-01-01;\n"
    )
    address = f"{BASE}/events/{world.a.event}/check-ins/import"

    async def brought(**how: Any) -> dict[str, Any]:
        params = {"source": "North hall", **how}
        answer = await client.post(address, content=table, headers={**owner, "Content-Type": "text/csv"}, params=params)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    tried = await brought(dry_run=True)
    first = await brought()
    again = await brought()

    what = ("rows", "new", "again", "same", "refused")
    assert tuple(tried[each] for each in what) == tuple(first[each] for each in what) == (4, 2, 1, 0, 2)
    assert tuple(again[each] for each in what) == (4, 0, 0, 2, 2)
    assert [each["line"] for each in first["wrong"]] == [4, 6]
    async with database.reading() as session:
        mine = sa.select(CheckIn).where(CheckIn.pass_id == held.id).order_by(CheckIn.at)
        stored = list(await session.scalars(mine))
        told = await session.scalar(sa.select(sa.func.count()).where(Entry.verb == "arrivals.imported"))
    assert [(each.result, each.gate) for each in stored] == [("admitted", "Nord"), ("already", "Sud")]
    assert stored[0].scan_id == f"North hall {number} 2026-11-23T09:00:00Z"
    assert told == 1


async def test_an_arrival_may_name_its_redemption_or_its_qr_code(
    client: httpx.AsyncClient, world: World, owner: dict[str, str], database: Database
) -> None:
    book, file = openpyxl.Workbook(), io.BytesIO()
    book.active.append(("Redemption", "QR code", "Time"))
    book.active.append((str(world.a.spare_redemption), None, "2026-11-23 10:00"))
    book.active.append((None, world.a.pass_token, "2026-11-23 10:01"))
    book.active.append((str(world.b.redemption), world.b.pass_token, "2026-11-23 10:02"))
    book.save(file)

    answer = await client.post(
        f"{BASE}/events/{world.a.event}/check-ins/import",
        content=file.getvalue(),
        headers={**owner, "Content-Type": XLSX},
        params={"source": "hall"},
    )

    assert (answer.json()["new"], answer.json()["refused"]) == (2, 1)
