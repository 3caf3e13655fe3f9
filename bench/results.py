"""Goal G14: what came of an event in a month of many visits, as its partner's page tells it.

`python -m bench.results` alone; a part of `make bench`.

The page is measured against the smallest page of the same desk, turn by turn, over one process of `promos serve`: each
is asked alone, so that nothing waits for anything else. The month has 10 000 passes, and 10^5 to 10^7 visits.
"""

import argparse
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median
from typing import Any
from uuid import UUID

import httpx
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from bench import table
from bench.house import KINDS, House, Street
from bench.scenes import Figure
from bench.serving import Serving, promos
from promos import settings as configuration
from promos.actions import sign_in
from promos.models import CheckIn, Claim, Partner, Pass, PromoBlock, PromoCode, Reader, Redemption, Visit, new_id
from promos.rules.people import Role
from tests import newsroom, world

VISITS = (100_000, 1_000_000, 10_000_000)
PASSES = 10_000
CLAIMS = 2  # for each pass, with its own
CODES, ISSUES, DAYS = 20, 12, 30
SMALLEST = ("/partner", "/partner/notices", "/partner/organisation", "/partner/team", "/partner/endpoints")
PIECE = 5000  # rows
TURNS = 20  # in each round
TAKEN = 30  # files, for the memory
MOST, FLAT, GROWN = 10.0, 1.5, 16.0  # times the smallest page; times with fewest visits; MiB


@dataclass(frozen=True, slots=True)
class Month:
    """One event and all that came of it."""

    visits: int
    event_id: UUID

    @property
    def page(self) -> str:
        return f"/partner/events/{self.event_id}/results"


def results(street: Street, rounds: int) -> tuple[list[Figure], list[str]]:
    """The figures of both databases, and where a page and the ledger disagree."""
    figures, faults = [], []
    for kind in KINDS:
        made, wrong = _of(street.house(kind), rounds)
        figures += made
        faults += wrong
    return figures, faults


def _of(house: House, rounds: int) -> tuple[list[Figure], list[str]]:
    name = "PostgreSQL" if house.kind == "postgresql" else "SQLite"
    months = [Month(visits, _Lot(house, visits).filled()) for visits in VISITS]
    cookie = house.do(lambda session: _a_cookie(session, house))
    house.rest()
    server = promos(house.settings)
    try:
        base = f"http://127.0.0.1:{server.port}"
        with httpx.Client(base_url=base, cookies={"promos": cookie}, timeout=60) as browser:
            faults = [fault for month in months for fault in _faults(browser, house, month)]
            smallest = _smallest(browser)
            times: dict[str, list[float]] = {}
            pages = [*(month.page for month in months), f"{months[-1].page}?by=day"]
            for _ in range(rounds):
                for path, took in _turns(browser, [smallest, *pages]).items():
                    times.setdefault(path, []).append(took)
            grown = _grown(browser, server, months[-1])
    finally:
        server.stop()
    few, _, many = (times[month.page] for month in months)
    named = [f"results of 10^{len(str(month.visits)) - 1} visits" for month in months]
    named.append(f"{named[-1]}, day by day")
    figures = [
        Figure("G14", f"{name}, {what} / the smallest page", ratio, most=MOST)
        for what, page in zip(named, pages, strict=True)
        if (ratio := tuple(one / other for one, other in zip(times[page], times[smallest], strict=True)))
    ]
    flat = tuple(one / other for one, other in zip(many, few, strict=True))
    return [
        *figures,
        Figure("G14", f"{name}, results of 10^7 visits / of 10^5", flat, most=FLAT),
        Figure("G14", f"{name}, memory that {TAKEN} exports leave behind", (grown,), unit="MiB", most=GROWN),
        Figure("G14", f"{name}, numbers that are not the ledger's", (float(len(faults)),), "faults", most=0),
    ], faults


class _Lot:
    """Rows of one month, drawn by lot with a seed of their own."""

    def __init__(self, house: House, visits: int) -> None:
        self.house, self.visits = house, visits
        self.random = random.Random(visits)  # noqa: S311 -- a world, not a secret
        self.now = datetime.now(UTC)
        self.begin = self.now - timedelta(days=DAYS)
        self.pass_type_id: UUID

    def filled(self) -> UUID:
        """The event; its rows are written some at a time, as no transaction may take for ever."""
        event_id, rows = self.house.do(self._draw)
        for model, its_rows in rows.items():
            for at in range(0, len(its_rows), PIECE):
                self.house.do(partial(_insert, model, its_rows[at : at + PIECE]))
        return event_id

    async def _draw(self, session: AsyncSession) -> tuple[UUID, dict[type[Any], list[Any]]]:
        partner = await session.get_one(Partner, self.house.partner_id)
        event = await world.an_event(
            session,
            partner,
            name=f"Month of {self.visits}",
            slug=f"month-{self.visits}",
            starts_at=self.now - timedelta(days=2),
            ends_at=self.now - timedelta(days=1),
            created_at=self.begin - timedelta(days=9),
        )
        offer = await world.an_offer(session, await world.a_pass_type(session, event), limit=None)
        self.pass_type_id = offer.pass_type_id
        codes = [await world.a_code(session, offer, f"M{self.visits}X{number}") for number in range(CODES)]
        letter = await world.a_publication(session, name=f"Letter {self.visits}", slug=f"letter-{self.visits}")
        blocks: list[PromoBlock | None] = [None]
        for number in range(ISSUES):
            issue = await newsroom.an_issue(session, letter, number=str(number), planned_at=self.begin)
            blocks += [await newsroom.a_block(session, issue, code) for code in self.random.sample(codes, 2)]
        return event.id, self._rows(codes, blocks)

    def _rows(self, codes: Sequence[PromoCode], blocks: Sequence[PromoBlock | None]) -> dict[type[Any], list[Any]]:
        """In the order in which they refer to each other."""
        rows: dict[type[Any], list[Any]] = {Reader: [], Claim: [], Redemption: [], Pass: [], CheckIn: [], Visit: []}
        for number in range(PASSES * CLAIMS):
            self._a_reader(number, self.random.choice(codes), self.random.choice(blocks), rows)
        sources = [(code, None) for code in codes] + [(None, block) for block in blocks if block]
        places = [(code, block, day) for code, block in sources for day in range(DAYS)]
        for at, (code, block, day) in enumerate(places):
            share = self.visits // len(places) + (at < self.visits % len(places))
            of: Any = block or code
            rows[Visit].append(
                self._whose(of)
                | {"id": new_id(), "code_id": block.code_id if block else of.id, "block_id": block and block.id}
                | {"source_id": of.id, "day": (self.begin + timedelta(days=day)).date()}
                | {"human": share, "machine": share // 3, "refused": share // 50}
            )
        return rows

    def _whose(self, of: Any) -> dict[str, Any]:
        return {"partner_id": of.partner_id, "event_id": of.event_id}

    def _a_reader(
        self, number: int, code: PromoCode, block: PromoBlock | None, rows: dict[type[Any], list[Any]]
    ) -> None:
        """One in two gets a pass, and six of ten of those come."""
        reader, key = new_id(), f"{self.visits}-{number}"
        at = self.begin + timedelta(minutes=self.random.randrange(DAYS * 1440))
        whose = self._whose(code) | {"offer_id": code.offer_id, "code_id": code.id, "block_id": block and block.id}
        whose |= {"reader_id": reader, "reader_key": key}
        rows[Reader].append(
            {"id": reader, "reader_key": key, "email": f"{key}@readers.example", "language": "fr", "created_at": at}
        )
        rows[Claim].append(
            whose
            | {"id": new_id(), "state": "refused", "token_hash": key, "shares": [], "language": "fr"}
            | {"created_at": at, "expires_at": at}
        )
        if number % CLAIMS:
            return
        redemption, held = new_id(), new_id()
        kind = self.pass_type_id
        rows[Redemption].append(
            whose
            | {"id": redemption, "pass_type_id": kind, "state": "confirmed", "counted": True, "version": number}
            | {"list_price": 99900, "reduction": 99900, "currency": "EUR", "created_at": at}
        )
        of = self._whose(code)
        rows[Pass].append(
            of
            | {"id": held, "pass_type_id": kind, "redemption_id": redemption, "reader_id": reader}
            | {"state": "live", "issued_at": at}
        )
        if self.random.random() < 0.6:
            rows[CheckIn].append(
                of
                | {"id": new_id(), "pass_id": held, "scan_id": str(number), "token_hash": "", "result": "admitted"}
                | {"at": self.now - timedelta(days=2)}
            )


async def _insert(model: type[Any], rows: list[Any], session: AsyncSession) -> None:
    await session.execute(sa.insert(model), rows)


async def _a_cookie(session: AsyncSession, house: House) -> str:
    """Of a member who is signed in."""
    keys, now, hour = configuration.keys(house.settings), datetime.now(UTC), timedelta(hours=9)
    person = await world.a_person(session, "claire@partner.example", Role.OWNER, partner_id=house.partner_id)
    secret = await sign_in.link_for(session, person, keys=keys, now=now, lifetime=hour)
    _, cookie = await sign_in.enter(session, secret, now=now, lifetime=hour)
    return cookie


def _smallest(browser: httpx.Client) -> str:
    """The page of the desk that takes least."""
    there = [path for path in SMALLEST if browser.get(path).status_code == 200]
    times = _turns(browser, there)
    return min(there, key=times.__getitem__)


def _turns(browser: httpx.Client, paths: Sequence[str]) -> dict[str, float]:
    """Milliseconds of each, in the middle of `TURNS`."""
    times: dict[str, list[float]] = {path: [] for path in paths}
    for _ in range(TURNS):
        for path in paths:
            began = time.perf_counter()
            answer = browser.get(path)
            times[path].append((time.perf_counter() - began) * 1000)
            if answer.status_code != 200:
                raise RuntimeError(f"{path}: {answer.status_code}")
    return {path: median(took) for path, took in times.items()}


def _grown(browser: httpx.Client, server: Serving, month: Month) -> float:
    """MiB that the process has more when the results, and every pass, were taken away many times."""
    files = (f"{month.page}/export?by=day&format=csv",)

    def take() -> None:
        for file in files:
            if browser.get(file).status_code != 200:
                raise RuntimeError(file)

    take()
    before = server.memory
    for _ in range(TAKEN):
        take()
    return max(server.memory - before, 0.0)


def _faults(browser: httpx.Client, house: House, month: Month) -> list[str]:
    """Where the API's totals are not what the rows of the ledgers add up to."""
    headers = {"Authorization": f"Bearer {house.token}"}
    path = f"/api/v1/events/{month.event_id}/funnel"
    ledger = house.do(lambda session: _ledger(session, month.event_id))
    found = []
    for split in ("offer", "code", "issue", "publication", "day"):
        seen = browser.get(path, params={"by": split}, headers=headers).json()
        told = {name: seen["total"][name] for name in ledger}
        lines = {name: sum(line["counts"][name] for line in seen["lines"]) for name in ledger}
        found += [f"by {split}: {one}, not {ledger}" for one in (told, lines) if one != ledger]
    return found


async def _ledger(session: AsyncSession, event_id: UUID) -> dict[str, int]:
    """Row by row, without a join."""
    visits = await session.execute(
        sa.select(sa.func.sum(Visit.human), sa.func.sum(Visit.machine)).where(Visit.event_id == event_id)
    )
    human, machine = visits.one()
    counted = {
        name: await session.scalar(sa.select(sa.func.count()).select_from(model).where(model.event_id == event_id)) or 0
        for name, model in (("claims", Claim), ("passes", Redemption), ("arrivals", CheckIn))
    }
    no_shows = counted["passes"] - counted["arrivals"]
    return {"visits": int(human), "machines": int(machine), **counted, "no_shows": no_shows}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.results", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with Street() as street:
        figures, faults = results(street, asked.rounds)
    print(table.written(figures))
    for fault in faults:
        print("WRONG", fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
