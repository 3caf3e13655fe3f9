import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import consents
from promos.actions import exports as actions
from promos.models import CheckIn, Entry, Offer, Partner, Pass
from promos.queries import exports
from promos.queries.lists import LISTS, Wish
from promos.queries.lists.words import WORDS
from promos.rendering import sheets
from promos.rendering.language import language
from promos.rules.people import Actor
from promos.rules.refusals import InvalidRequest, NotFound
from tests.queries.test_results import agrees, redeem
from tests.world import (
    ADMIN,
    NOW,
    a_code,
    a_partner,
    a_pass_type,
    a_publication,
    add,
    an_event,
    an_offer,
    door_of,
    editor_of,
    member_of,
    owner_of,
)

Rows = list[dict[str, str]]


async def taken(session: AsyncSession, name: str, wish: Wish, by: Actor, words: str | None = None) -> Rows:
    """The list as a program reads it."""
    chosen = await exports.chosen(session, name, wish, by)

    @asynccontextmanager
    async def reading() -> AsyncIterator[AsyncSession]:
        yield session

    pieces = sheets.csv(exports.sheet(reading, chosen, language(words) if words else None))
    text = b"".join([piece async for piece in pieces]).decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == chosen.number
    return rows


async def test_a_list_is_what_its_partner_sees_and_each_reader_agreed_to(session: AsyncSession) -> None:
    code = await a_code(session)
    partner = await session.get_one(Partner, code.partner_id)
    ada, _ = await redeem(session, code, "ada", "bo")
    await agrees(session, ada, partner, "email")

    rows = await taken(session, "redemptions", Wish(partner.id), owner_of(partner))

    assert [(row["E-mail"], row["Name"], row["Code"], row["State"]) for row in rows] == [
        ("ada@readers.example", "", "FREEAGENAI", "confirmed"),
        ("", "", "FREEAGENAI", "confirmed"),
    ]
    assert rows[0]["Given"] == "2026-11-23T13:00:00+01:00"  # Paris


async def test_what_a_reader_takes_back_while_the_list_leaves_is_not_in_it(session: AsyncSession) -> None:
    code = await a_code(session)
    partner = await session.get_one(Partner, code.partner_id)
    [ada] = await redeem(session, code, "ada")
    await agrees(session, ada, partner, "email")
    held = (await session.scalars(sa.select(Pass))).one()
    chosen = await exports.chosen(session, "redemptions", Wish(partner.id), owner_of(partner))

    await consents.withdraw(session, held.id, now=NOW)

    @asynccontextmanager
    async def reading() -> AsyncIterator[AsyncSession]:
        yield session

    sheet = exports.sheet(reading, chosen, language("en"))
    text = b"".join([piece async for piece in sheets.csv(sheet)]).decode()
    assert "ada@" not in text
    assert text.count("\r\n") == 2


@pytest.mark.parametrize("name", sorted(LISTS))
async def test_every_list_has_a_cell_below_each_head_in_both_languages(session: AsyncSession, name: str) -> None:
    code = await a_code(session)
    partner = await session.get_one(Partner, code.partner_id)
    [ada] = await redeem(session, code, "ada")
    held = (await session.scalars(sa.select(Pass))).one()
    given = {"scan_id": "s", "token_hash": "t", "result": "admitted", "at": NOW, "pass_id": held.id}
    await add(session, CheckIn(partner_id=partner.id, event_id=code.event_id, **given))
    await agrees(session, ada, partner, "email")

    plain, english, french = [
        (await taken(session, name, Wish(partner.id), member_of(partner), words))[0] for words in (None, "en", "fr")
    ]

    assert None not in plain
    assert None not in plain.values()
    assert list(plain) == list(english) != list(french)
    for (head, stored), in_english, in_french in zip(plain.items(), english.values(), french.values(), strict=True):
        word = WORDS.get(head, {}).get(stored)
        assert (in_english, in_french) == ((word, language("fr").gettext(word)) if word else (stored, stored))
        assert bool(word) == (head in WORDS and stored != "")


async def test_a_list_can_be_of_one_event_offer_code_and_state(session: AsyncSession) -> None:
    code = await a_code(session)
    partner = await session.get_one(Partner, code.partner_id)
    other = await a_code(session, await _another_offer(session, partner), "OTHER")
    await redeem(session, code, "ada")
    await redeem(session, other, "bo")

    async def codes_in(**part: object) -> list[str]:
        rows = await taken(session, "redemptions", Wish(partner.id, **part), ADMIN)  # type: ignore[arg-type]
        return [row["Code"] for row in rows]

    assert await codes_in() == ["FREEAGENAI", "OTHER"]
    assert await codes_in(event_id=other.event_id) == await codes_in(offer_id=other.offer_id) == ["OTHER"]
    assert await codes_in(code="free-agenai") == ["FREEAGENAI"]
    assert await codes_in(state="cancelled") == []
    with pytest.raises(InvalidRequest):
        await codes_in(state="gone")


@pytest.mark.parametrize("name", ["codes", "redemptions", "check-ins", "readers"])
async def test_a_state_that_there_is_not_is_refused(session: AsyncSession, name: str) -> None:
    partner = await a_partner(session)

    for state in ("gone", "\0"):
        with pytest.raises(InvalidRequest):
            await exports.chosen(session, name, Wish(partner.id, state=state), owner_of(partner))


async def test_another_partners_list_does_not_exist(session: AsyncSession) -> None:
    code = await a_code(session)
    partner = await session.get_one(Partner, code.partner_id)
    stranger = await a_partner(session, name="Quartz")

    for by in (owner_of(stranger), door_of(partner), editor_of(await a_publication(session))):
        with pytest.raises(NotFound):
            await exports.chosen(session, "codes", Wish(partner.id), by)
    with pytest.raises(NotFound):
        await exports.chosen(session, "secrets", Wish(partner.id), owner_of(partner))
    with pytest.raises(NotFound):
        await exports.chosen(session, "codes", Wish(uuid4()), ADMIN)
    assert await taken(session, "codes", Wish(stranger.id, event_id=code.event_id), owner_of(stranger)) == []


async def test_a_token_of_one_event_takes_that_events_rows_only(session: AsyncSession) -> None:
    code = await a_code(session)
    partner = await session.get_one(Partner, code.partner_id)
    other = await a_code(session, await _another_offer(session, partner), "OTHER")
    owner = owner_of(partner)
    narrow = Actor("token", owner.id, owner.grants, event_ids=frozenset({other.event_id}))

    for name in ("events", "offers", "codes"):
        assert len(await taken(session, name, Wish(partner.id), narrow)) == 1, name
        assert len(await taken(session, name, Wish(partner.id), owner)) == 2, name


async def test_who_took_what_and_how_much_is_written_down(session: AsyncSession) -> None:
    code = await a_code(session)
    partner = await session.get_one(Partner, code.partner_id)
    await redeem(session, code, "ada", "bo")
    owner = owner_of(partner)

    chosen = await exports.chosen(session, "redemptions", Wish(partner.id, code.event_id), owner)
    await actions.record(session, chosen, "xlsx", now=NOW, by=owner)

    entry = (await session.scalars(sa.select(Entry).where(Entry.verb == "list.exported"))).one()
    assert (entry.actor_id, entry.partner_id, entry.event_id) == (owner.id, partner.id, code.event_id)
    assert entry.facts == {"list": "redemptions", "rows": 2, "format": "xlsx"}


async def test_a_list_longer_than_a_piece_is_whole_and_in_order(
    session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PIECE", 2)
    code = await a_code(session, await _another_offer(session, await a_partner(session), limit=None))
    await redeem(session, code, *(f"reader{number}" for number in range(5)))

    rows = await taken(session, "redemptions", Wish(code.partner_id), ADMIN)

    assert len({row["Id"] for row in rows}) == 5
    assert [row["Id"] for row in rows] == sorted(row["Id"] for row in rows)


async def _another_offer(session: AsyncSession, partner: Partner, **facts: Any) -> Offer:
    event = await an_event(session, partner, name="Second", slug=f"second-{uuid4()}")
    return await an_offer(session, await a_pass_type(session, event), **facts)


async def test_a_file_in_french_has_french_words_in_it_and_one_for_programs_has_those_of_the_api(
    session: AsyncSession,
) -> None:
    code = await a_code(session)
    partner = await session.get_one(Partner, code.partner_id)
    await redeem(session, code, "ada")

    async def told(name: str, words: str | None, *heads: str) -> list[str]:
        [row] = await taken(session, name, Wish(partner.id), owner_of(partner), words)
        return [row[head] for head in heads]

    assert await told("redemptions", None, "State", "Pass") == ["confirmed", "live"]
    assert await told("redemptions", "fr", "État", "Laissez-passer") == ["confirmé", "valable"]
    assert await told("codes", None, "Kind", "State") == ["vanity", "active"]
    assert await told("codes", "fr", "Genre", "État") == ["code public", "actif"]
    assert await told("offers", "en", "Benefit", "You decide") == ["free pass", "no"]
    assert await told("offers", "fr", "Avantage", "Vous décidez") == ["laissez-passer gratuit", "non"]


def test_every_head_that_has_words_is_one_of_a_list() -> None:
    assert WORDS.keys() <= {head for each in LISTS.values() for head in each.columns}
