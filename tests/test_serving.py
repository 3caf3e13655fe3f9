"""What is over is settled, what is free is offered in order, and whom it concerns is told by mail."""

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from promos.actions import claims, events, handing, passes, redemptions
from promos.database import Database
from promos.models import Claim, Pass, PromoCode, Redemption
from promos.queries import recount
from promos.rules import signing
from promos.rules.refusals import NotEligible
from promos.settings import Settings
from promos.worker import Worker
from tests.test_worker import KEYS, SECOND, Clock, Network
from tests.world import ADMIN, NOW, a_claim, a_code, an_ask, an_offer, proof_of


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def offered(database: Database, **facts: Any) -> PromoCode:
    async with database.writing() as session:
        return await a_code(session, await an_offer(session, **facts))


async def sold_out(database: Database) -> None:
    """The only pass of its offer is with di."""
    code = await offered(database, limit=1)
    async with database.writing() as session:
        await redemptions.redeem(session, [an_ask(code, "di")], now=NOW)


async def ask(database: Database, name: str, *, waits: bool, presses: bool = True) -> None:
    async with database.writing() as session:
        email = f"{name}@readers.example"
        want = claims.wanted("FREEAGENAI", email, name=None, shares=[], block_id=None, language="en", waits=waits)
        given: dict[str, Any] = {"signing_key": KEYS.signing[0], "reader_key": KEYS.reader, "lifetime": 3600}
        claim = await claims.submit(session, want, **given, now=NOW)
        if presses:
            await redemptions.redeem(session, [proof_of(claim, waits=waits)], now=NOW)


async def give_back(database: Database) -> None:
    async with database.writing() as session:
        held = (await session.scalars(sa.select(Pass.id).where(Pass.state == "live"))).one()
        await passes.give_back(session, held, now=NOW)


def told(network: Network) -> dict[str, str]:
    """What each mail says in its subject, by its reader."""
    return {message["To"]: str(message["Subject"]) for message in network.given}


def text(network: Network, reader: str) -> str:
    """What the mail to this reader says."""
    [message] = [message for message in network.given if message["To"] == reader]
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def states(database: Database) -> list[str]:
    async with database.reading() as session:
        return list(await session.scalars(sa.select(Claim.state).order_by(Claim.id)))


@pytest.mark.parametrize(
    ("waits", "said"),
    [(True, "Confirm your place on the waiting list for"), (False, "Confirm your pass for")],
)
async def test_the_mail_of_a_claim_says_whether_it_is_for_a_place_in_line(
    database: Database, settings: Settings, clock: Clock, waits: bool, said: str
) -> None:
    await offered(database)
    await ask(database, "ada", waits=waits, presses=False)
    network = Network()

    await Worker(database, network, settings, KEYS, clock).round()

    assert told(network) == {"ada@readers.example": f"{said} GenerationAI"}


async def test_who_is_next_in_line_gets_the_mail_with_the_link_to_the_place(
    database: Database, settings: Settings, clock: Clock
) -> None:
    await sold_out(database)
    await ask(database, "ada", waits=True)
    await give_back(database)
    network = Network()

    await Worker(database, network, settings, KEYS, clock).round()

    assert told(network)["ada@readers.example"] == "A place is free for you: GenerationAI"
    found = re.search(rf"{settings.base_url}/claim/(\w+)", text(network, "ada@readers.example"))
    assert found is not None
    async with database.reading() as session:
        assert (await claims.opened(session, found[1], now=NOW)).claim.state == "offered"


async def test_a_place_that_went_by_is_not_told_of_any_more(
    database: Database, settings: Settings, clock: Clock
) -> None:
    await sold_out(database)
    await ask(database, "ada", waits=True)
    await give_back(database)
    clock.go_on(24 * 3600)
    network = Network()

    await Worker(database, network, settings, KEYS, clock).round()

    assert "ada@readers.example" not in told(network)


async def test_a_pass_handed_on_is_mailed_to_the_new_holder_and_the_farewell_to_the_old(
    database: Database, settings: Settings, clock: Clock
) -> None:
    code = await offered(database)
    network = Network()
    worker = Worker(database, network, settings, KEYS, clock)
    async with database.writing() as session:
        await redemptions.redeem(session, [an_ask(code, "ada")], now=NOW)
        held = (await session.scalars(sa.select(Pass.id))).one()
        to = an_ask(code, "bo").asker
        assert to is not None
        claim = await handing.hand_on(session, held, to, signing_key=KEYS.signing[0], lifetime=3600, now=NOW)
    await worker.round()
    before, network.given = told(network), []
    async with database.writing() as session:
        new = await handing.accept(session, claim.id, now=NOW)

    await worker.round()

    assert before == {
        "ada@readers.example": "Your pass for GenerationAI",
        "bo@readers.example": "A pass for GenerationAI is handed on to you",
    }
    assert told(network) == {
        "ada@readers.example": "Your pass for GenerationAI was handed on",
        "bo@readers.example": "Your pass for GenerationAI",
    }
    link = f"/p/{signing.link(KEYS.signing, 'pass', new.pass_id)}"
    assert link in text(network, "bo@readers.example")
    assert "/p/" not in text(network, "ada@readers.example")


async def test_who_is_declined_after_a_review_hears_of_it(database: Database, settings: Settings, clock: Clock) -> None:
    await offered(database, review=True)
    await ask(database, "ada", waits=False)
    async with database.writing() as session:
        held = (await session.scalars(sa.select(Redemption))).one()
        assert (held.state, held.held_for) == ("held", "review")
        await passes.cancel(session, [held.id], now=NOW, by=ADMIN)
    network = Network()

    await Worker(database, network, settings, KEYS, clock).round()

    assert told(network) == {"ada@readers.example": "No pass for GenerationAI this time"}
    async with database.reading() as session:
        claim = (await session.scalars(sa.select(Claim))).one()
        with pytest.raises(NotEligible):
            await claims.opened(session, signing.secret_of(KEYS.signing[0], "claim", claim.id), now=NOW)


async def test_places_freed_by_time_are_offered_though_nobody_asks(
    database: Database, settings: Settings, clock: Clock
) -> None:
    code = await offered(database, limit=1, place_hours=1)
    async with database.writing() as session:
        until = NOW + timedelta(minutes=30)
        await redemptions.redeem(session, [an_ask(code, "di", held_for="shop", held_until=until)], now=NOW)
    for name in ("ada", "bo"):
        await ask(database, name, waits=True)
    worker = Worker(database, Network(), settings, KEYS, clock)

    done = [(await worker.serve(), await states(database))]
    for seconds in (1800, 3599, 1, 3600):
        clock.go_on(seconds)
        done.append((await worker.serve(), await states(database)))

    assert done == [
        (0, ["waiting", "waiting"]),
        (2, ["offered", "waiting"]),  # the shop's hold is over, and ada is next
        (0, ["offered", "waiting"]),
        (2, ["lapsed", "offered"]),
        (1, ["lapsed", "lapsed"]),
    ]
    async with database.reading() as session:
        assert await recount.differences(session) == []


async def test_four_workers_offer_a_freed_place_once(database: Database, settings: Settings, clock: Clock) -> None:
    code = await offered(database, limit=3)
    async with database.writing() as session:
        asks = [an_ask(code, f"di{number}", held_for="shop", held_until=NOW + SECOND) for number in range(3)]
        await redemptions.redeem(session, asks, now=NOW)
    for number in range(9):
        await ask(database, f"reader{number}", waits=True)
    clock.go_on(1)

    await asyncio.gather(*(Worker(database, Network(), settings, KEYS, clock).serve() for _ in range(4)))

    assert await states(database) == ["offered"] * 3 + ["waiting"] * 6
    async with database.reading() as session:
        assert await recount.differences(session) == []


async def test_a_worker_with_nothing_to_serve_writes_nothing(
    database: Database, settings: Settings, clock: Clock
) -> None:
    await sold_out(database)
    await ask(database, "ada", waits=True)
    said: list[str] = []
    event.listen(database.writer.sync_engine, "before_cursor_execute", lambda *given: said.append(given[2]))

    assert await Worker(database, Network(), settings, KEYS, clock).serve() == 0

    assert said == []


async def test_who_waits_for_the_partners_word_hears_that_the_event_is_cancelled(
    database: Database, settings: Settings, clock: Clock
) -> None:
    async with database.writing() as session:
        code = await a_code(session, await an_offer(session, limit=9, review=True))
        await redemptions.redeem(session, [proof_of(await a_claim(session, code, "ada"))], now=NOW)
        await events.cancel(session, code.event_id, tell_readers=True, now=NOW, by=ADMIN)
    network = Network()
    worker = Worker(database, network, settings, KEYS, clock)

    done = await worker.serve(), await worker.serve()
    await worker.round()

    assert done == (1, 0)
    assert told(network) == {"ada@readers.example": "GenerationAI\xa0: l’événement est annulé"}
