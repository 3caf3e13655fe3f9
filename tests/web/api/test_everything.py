"""All that is a partner's own in one file: whole, checked by its manifest, and nothing that is somebody else's."""

import csv
import hashlib
import io
import json
import zipfile
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from promos import schema
from promos.actions import consents
from promos.database import Database
from promos.models import Base, Entry, Pass, Reader, Redemption
from promos.queries import everything
from promos.rules.people import Role
from promos.settings import Keys
from tests.queries.test_results import agrees
from tests.web.api.test_codes import BASE, bearing
from tests.web.sides import MARK, Side, World, a_token
from tests.world import NOW

SECRETIVE = ("hash", "secret", "sealed", "mark", "key", "pairing", "hook")
HARMLESS = {"approved_hash", "file_hash", "requires_passkey"}  # of words that everybody reads, of their own file


async def taken(client: httpx.AsyncClient, side: Side) -> tuple[dict[str, bytes], dict[str, Any]]:
    answer = await client.get(f"{BASE}/partners/{side.partner}/everything", headers=bearing(side.secrets[Role.OWNER]))
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    return files, json.loads(files.pop("manifest.json"))


async def test_every_table_is_there_twice_and_as_the_manifest_says(
    client: httpx.AsyncClient, world: World, database: Database
) -> None:
    files, manifest = await taken(client, world.a)

    assert {each["name"] for each in manifest["files"]} == set(files)
    for each in manifest["files"]:
        assert (each["bytes"], each["sha256"]) == (
            len(files[each["name"]]),
            hashlib.sha256(files[each["name"]]).hexdigest(),
        )
    assert (manifest["schema"], manifest["partner"]["id"]) == (schema.head(), str(world.a.partner))
    counted = {each["name"]: each["rows"] for each in manifest["files"]}
    for table in everything.tables():
        rows = json.loads(files[f"{table.name}.json"])
        lines = list(csv.DictReader(io.StringIO(files[f"{table.name}.csv"].decode(), newline="")))
        async with database.reading() as session:
            of = table.columns["id" if table.name == "partners" else "partner_id"]
            number = await session.scalar(sa.select(sa.func.count()).select_from(table).where(of == world.a.partner))
        number = (number or 0) - (table.name == "journal")  # the entry of this export came after
        assert len(rows) - (table.name == "journal") == number, table.name
        assert len(lines) == len(rows) == counted[f"{table.name}.csv"], table.name
    assert json.loads(files["events.json"])[0]["name"].startswith(MARK)


async def test_no_secret_and_no_hash_leaves(client: httpx.AsyncClient, world: World, database: Database) -> None:
    files, _ = await taken(client, world.a)

    everything_told = b"".join(files.values()).decode()
    for table in everything.tables():
        left = [name for name in everything.columns(table) if any(word in name for word in SECRETIVE)]
        assert set(left) <= HARMLESS, table.name
        for name in everything.LEFT_OUT.get(table.name, ()):
            async with database.reading() as session:
                values = list(await session.scalars(sa.select(table.columns[name])))
            assert not [value for value in values if value and str(value) in everything_told], (table.name, name)
    assert world.a.pass_token not in everything_told
    assert not [each for each in world.a.secrets.values() if each in everything_told]


async def test_what_is_left_out_is_what_there_is(world: World) -> None:
    tables = {table.name: set(table.columns.keys()) for table in Base.metadata.sorted_tables}

    assert all(columns <= tables[name] for name, columns in everything.LEFT_OUT.items())


async def test_nothing_of_another_partner_is_in_it(client: httpx.AsyncClient, world: World) -> None:
    files, _ = await taken(client, world.b)

    assert MARK.lower() not in b"".join(files.values()).decode().lower()


async def test_readers_are_in_it_as_they_agree_at_this_moment(
    client: httpx.AsyncClient, world: World, database: Database
) -> None:
    async with database.writing() as session:
        addresses = list(await session.scalars(sa.select(Reader.email)))
        redemption = await session.get_one(Redemption, world.a.redemption)
        partner: Any = type("Of", (), {"id": world.a.partner})
        await agrees(session, redemption, partner, "email")
        email = await session.scalar(sa.select(Reader.email).where(Reader.id == redemption.reader_id))
        held = (await session.scalars(sa.select(Pass.id).where(Pass.redemption_id == redemption.id))).first()
    assert email
    assert held

    before, _ = await taken(client, world.a)
    async with database.writing() as session:
        await consents.withdraw(session, held, now=NOW)
    after, _ = await taken(client, world.a)

    [told] = json.loads(before["readers.json"])
    assert told["E-mail"] == email
    assert [name for name, content in before.items() if email.encode() in content] == ["readers.csv", "readers.json"]
    assert json.loads(after["readers.json"]) == []
    assert not [each for each in addresses for content in after.values() if each.encode() in content]


@pytest.mark.parametrize("role", [Role.MEMBER, Role.DOOR])
async def test_only_owners_take_it(client: httpx.AsyncClient, world: World, role: Role) -> None:
    answer = await client.get(f"{BASE}/partners/{world.a.partner}/everything", headers=bearing(world.a.secrets[role]))

    assert answer.status_code == 403


async def test_the_exact_address_is_nothing_for_another_partner(client: httpx.AsyncClient, world: World) -> None:
    address = f"{BASE}/partners/{world.a.partner}/everything"

    answer = await client.get(address, headers=bearing(world.b.secrets[Role.OWNER]))

    assert answer.status_code == 404


async def test_a_token_of_some_events_takes_not_everything(
    client: httpx.AsyncClient, world: World, database: Database, keys: Keys
) -> None:
    of = {"partner_id": world.a.partner, "event_ids": [world.a.event]}
    async with database.writing() as session:
        narrow = await a_token(session, Role.OWNER, keys, **of)

    answer = await client.get(f"{BASE}/partners/{world.a.partner}/everything", headers=bearing(narrow))

    assert answer.status_code == 404


async def test_who_took_it_is_written_down(client: httpx.AsyncClient, world: World, database: Database) -> None:
    _, manifest = await taken(client, world.a)

    async with database.reading() as session:
        entry = (await session.scalars(sa.select(Entry).where(Entry.verb == "everything.exported"))).one()
    tables = sum(each["rows"] for each in manifest["files"] if each["name"].endswith(".csv"))
    readers = next(each["rows"] for each in manifest["files"] if each["name"] == "readers.csv")
    assert (entry.partner_id, entry.facts["rows"]) == (world.a.partner, tables - readers - 1)
