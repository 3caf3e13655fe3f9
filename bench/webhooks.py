"""Webhooks: how late a healthy endpoint is told while five sick ones sit beside it and the worker is killed.

    python -m bench.webhooks [--events 10000] [--rate 100] [--workers 1] [--kills 3] [--on sqlite postgresql]

Every event is a redemption, told to all six. The first tenth is told to the healthy one alone, for comparison. A
delay is counted from the moment in the message to its first arrival; the worker looks once a second. Ends with 1 if a
message was lost, was signed wrongly, or arrived that tells of nothing.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import quantiles
from uuid import UUID

import sqlalchemy as sa
from standardwebhooks import Webhook, WebhookVerificationError

from bench.house import KINDS, House, Street
from promos import settings as configuration
from promos.actions import endpoints, redemptions
from promos.database import Database, connect
from promos.models import Message, PromoCode
from promos.rules.people import PROGRAM
from promos.rules.webhooks import message_id
from promos.settings import Settings
from tests import world

BATCH = 20  # redemptions in a transaction
PATIENCE = 120.0  # seconds for the last to arrive
SICK = ("silent", "dripping", "failing", "busy", "hanging up")


@dataclass
class Shop:
    """The programs of a partner: one takes everything, five are sick each in its way."""

    secret: str = ""
    arrived: dict[str, datetime] = field(default_factory=dict)
    told: dict[str, datetime] = field(default_factory=dict)
    copies: int = 0
    wrong: int = 0
    asked: Counter[str] = field(default_factory=Counter)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            lines = head.split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            name = lines[0].split()[1].strip("/").replace("-", " ")
            self.asked[name] += 1
            await self._answer(name, headers, body, writer)
        except (OSError, EOFError, asyncio.CancelledError):  # whoever asked is gone, or all of it is over
            pass
        finally:
            writer.close()

    async def _answer(self, name: str, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter) -> None:
        match name:
            case "well":
                self._take(headers, body)
                writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            case "silent":
                await asyncio.sleep(60)
            case "dripping":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
                for _ in range(120):
                    writer.write(b".")
                    await writer.drain()
                    await asyncio.sleep(0.5)
            case "failing":
                writer.write(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            case "busy":
                writer.write(b"HTTP/1.1 429 Later\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()

    def _take(self, headers: dict[str, str], body: bytes) -> None:
        try:
            Webhook(self.secret).verify(body, headers)
        except WebhookVerificationError:
            self.wrong += 1
            return
        id_ = headers["webhook-id"]
        if id_ in self.arrived:
            self.copies += 1
            return
        self.arrived[id_] = datetime.now(UTC)
        self.told[id_] = datetime.fromisoformat(json.loads(body)["timestamp"])

    def delays(self, since: datetime, until: datetime) -> list[float]:
        return sorted((self.arrived[id_] - at).total_seconds() for id_, at in self.told.items() if since <= at < until)


class Worker:
    """`promos worker` as a process; `kill` is a crash."""

    def __init__(self, settings: Settings, trusted: str) -> None:
        self._environ = {name: value for name, value in os.environ.items() if not name.startswith("PROMOS_")} | {
            "PROMOS_DATA_DIR": settings.data_dir,
            "PROMOS_DATABASE_URL": settings.url,
            "PROMOS_SECRET_KEYS": settings.secret_keys,
            "PROMOS_READER_KEY": settings.reader_key,
            "PROMOS_WEBHOOK_HOSTS": trusted,
            "PROMOS_LOG_LEVEL": "error",
        }
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "promos.cli", "worker"]
        self._process = subprocess.Popen(command, env=self._environ, start_new_session=True)  # noqa: S603 -- our own program

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


async def measure(house: House, events: int, rate: float, workers: int, kills: int) -> list[str]:
    """Lines of figures; raises `SystemExit` if something is wrong."""
    shop = Shop()
    server = await asyncio.start_server(shop.talk, "127.0.0.1", 0)
    place = "{}:{}".format(*server.sockets[0].getsockname())
    (text,) = await asyncio.to_thread(house.codes, "HOOK")
    database = connect(house.settings)
    working: list[Worker] = []
    try:
        well = await _endpoint(database, house, f"http://{place}/well", shop)
        working += [Worker(house.settings, place) for _ in range(workers)]
        await _redeem(database, text, range(1), rate)
        await _arrive(shop, 1)  # it has started
        began = datetime.now(UTC)
        await _redeem(database, text, range(1, events // 10), rate)
        await _arrive(shop, events // 10)
        alone_until = datetime.now(UTC)
        for name in SICK:
            await _endpoint(database, house, f"http://{place}/{name.replace(' ', '-')}", None)
        crashes = asyncio.create_task(_crash(working, kills, events * 0.9 / rate))
        await _redeem(database, text, range(events // 10, events), rate)
        await crashes
        await _arrive(shop, events)
        over = datetime.now(UTC)
        async with database.reading() as session:
            owed = set(map(message_id, await session.scalars(sa.select(Message.id).where(Message.endpoint_id == well))))
        lost, strange = len(owed - shop.arrived.keys()), len(shop.arrived.keys() - owed)
        alone, beside = shop.delays(began, alone_until), shop.delays(alone_until, over)
        lines = [
            _line("alone", alone),
            _line(f"beside {len(SICK)} sick ones, {kills} kills", beside),
            f"p95 beside by p95 alone: {_at(beside, 95) / _at(alone, 95):.2f}",
            f"events {events}, owed {len(owed)}, arrived {len(shop.arrived)}, lost {lost}, "
            f"of nothing {strange}, "
            f"again (same id) {shop.copies}, refused by the official library {shop.wrong}",
            "asked: " + ", ".join(f"{name} {number}" for name, number in sorted(shop.asked.items())),
        ]
        if lost or strange or shop.wrong or len(owed) != events:
            raise SystemExit("\n".join([*lines, "WRONG"]))
        return lines
    finally:
        for worker in working:
            worker.kill()
        server.close()
        await database.close()


async def _endpoint(database: Database, house: House, url: str, shop: Shop | None) -> UUID:
    keys = configuration.keys(house.settings)
    now = datetime.now(UTC)
    async with database.writing() as session:
        made, secret_id = await endpoints.create(session, house.partner_id, url=url, keys=keys, now=now, by=PROGRAM)
        if shop is not None:
            shop.secret = endpoints.secret(secret_id, keys)
        return made.id


async def _redeem(database: Database, text: str, readers: Sequence[int], rate: float) -> None:
    """One after the other, `rate` a second."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with database.reading() as session:
        code = (await session.scalars(sa.select(PromoCode).where(PromoCode.text == text))).one()
    for at in range(0, len(readers), BATCH):
        await asyncio.sleep(began + at / rate - loop.time())
        asks = [world.an_ask(code, f"reader{number}") for number in readers[at : at + BATCH]]
        async with database.writing() as session:
            await redemptions.redeem(session, asks, now=datetime.now(UTC))


async def _crash(working: Sequence[Worker], kills: int, within: float) -> None:
    for number in range(kills):
        await asyncio.sleep(within / (kills + 1))
        worker = working[number % len(working)]
        worker.kill()
        worker.start()


async def _arrive(shop: Shop, number: int) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE
    while len(shop.arrived) < number and loop.time() < until:  # noqa: ASYNC110 -- a tenth of a second is nothing here
        await asyncio.sleep(0.1)


def _line(says: str, delays: Sequence[float]) -> str:
    return f"{says}: p50 {_at(delays, 50):.2f} s, p95 {_at(delays, 95):.2f} s, last {delays[-1]:.2f} s"


def _at(delays: Sequence[float], percent: int) -> float:
    return quantiles(delays, n=100)[percent - 1]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.webhooks", description=str(__doc__).splitlines()[0])
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=100.0, help="events a second")
    parser.add_argument("--workers", type=int, default=1, help="processes that tell, and write the readers' mails")
    parser.add_argument("--kills", type=int, default=3, help="kill -9 of a worker")
    parser.add_argument("--on", nargs="+", choices=KINDS, default=KINDS)
    asked = parser.parse_args()
    with Street() as street:
        for kind in asked.on:
            house, how = street.house(kind), (asked.events, asked.rate, asked.workers, asked.kills)
            print(f"{kind}:", *asyncio.run(measure(house, *how)), sep="\n  ")


if __name__ == "__main__":
    main()
