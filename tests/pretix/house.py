"""Promos beside a real pretix: its API over HTTP, its worker's rounds by hand, its clock five minutes on each time."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import sqlalchemy as sa

from promos.actions import pools
from promos.database import Database
from promos.models import Claim, Delivery, Pass, PoolCode, Redemption
from promos.queries import recount
from promos.rules import signing
from promos.settings import Keys
from promos.stocking import Stocking
from tests.pretix.conftest import Pretix


@dataclass
class House:
    client: httpx.AsyncClient
    database: Database
    stocking: Stocking
    keys: Keys
    pretix: Pretix
    late: list[timedelta]  # how much later it is here than there: one, that the clock reads
    event: UUID
    offer: UUID
    token: str
    seconds: dict[str, float] = field(default_factory=dict)

    async def ask(self, method: str, path: str, **body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = await self.client.request(method, f"/api/v1/{path}", headers=headers, json=body or None)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def connect(self) -> None:
        access = {"base_url": self.pretix.url, "organizer": "genai", "event": "2027"}
        await self.ask("PUT", f"events/{self.event}/shop", **access, token=self.pretix.made["token"])

    async def fill(self, **terms: Any) -> None:
        await self.ask("PUT", f"offers/{self.offer}/supply", item=self.pretix.made["item"], **terms)

    async def read(self, name: str = "read") -> None:
        """The next round of a worker."""
        self.late[0] += timedelta(minutes=20)
        with self.timed(name):
            assert await self.stocking.round() == 1

    async def claim(self, reader: str) -> str:
        """A reader asks, proves the mailbox by a press, and has a code of the shop."""
        await self.ask("POST", "claims", code="ORGUE-12", email=f"{reader}@readers.example")
        return await self.press()

    async def hand_on(self, code: str, reader: str) -> str:
        """The reader who has this code hands the pass on; the code that the other one has then."""
        async with self.database.reading() as session:
            held = sa.select(Pass.id).join(PoolCode, PoolCode.redemption_id == Pass.redemption_id)
            mine = held.where(PoolCode.mark == pools.Scribe(self.keys).mark(code), Pass.state == "live")
            link = signing.link(self.keys.signing, "pass", (await session.scalars(mine)).one())
        await self.ask("POST", f"passes/{link}/hand-on", email=f"{reader}@readers.example")
        return await self.press()

    async def press(self) -> str:
        """Whoever was written to last presses the button; the code that they have then."""
        async with self.database.reading() as session:
            claim = await session.scalar(sa.select(Claim.id).order_by(Claim.id.desc()).limit(1))
            assert claim is not None
        secret = signing.secret_of(self.keys.signing[0], "claim", claim)
        redemption = UUID((await self.ask("POST", f"claims/{secret}/confirm"))["id"])
        async with self.database.reading() as session:
            held = sa.select(PoolCode.sealed).where(PoolCode.redemption_id == redemption, PoolCode.state == "given")
            sealed = await session.scalar(held)
        return pools.shown(sealed or "", self.keys) or ""

    async def shop(self) -> dict[str, Any]:
        """As its partner sees it; and every counter of ours agrees with its rows."""
        async with self.database.reading() as session:
            assert await recount.differences(session) == []
        return dict(await self.ask("GET", f"events/{self.event}/shop"))

    async def tally(self, *names: str) -> tuple[int, ...]:
        [supply] = (await self.shop())["supplies"]
        return tuple(supply[name] for name in names)

    async def there(self) -> list[str]:
        """The codes of our tag in the shop."""
        found = await asyncio.to_thread(self.pretix.vouchers, f"promos-{self.offer}")
        return sorted(each["code"] for each in found)

    async def worth(self) -> list[tuple[str, str, datetime]]:
        """What those codes are worth, and until when, each kind once."""
        found = await asyncio.to_thread(self.pretix.vouchers, f"promos-{self.offer}")
        kinds = {(each["price_mode"], each["value"], each["valid_until"]) for each in found}
        return sorted((mode, value, datetime.fromisoformat(until)) for mode, value, until in kinds)

    async def pool(self) -> list[str]:
        async with self.database.reading() as session:
            return sorted(
                pools.shown(each, self.keys) or "" for each in await session.scalars(sa.select(PoolCode.sealed))
            )

    async def mails(self) -> int:
        async with self.database.reading() as session:
            told = sa.select(sa.func.count()).where(Delivery.kind == "shop_troubled")
            return await session.scalar(told) or 0

    async def passes(self) -> int:
        async with self.database.reading() as session:
            return await session.scalar(sa.select(sa.func.count()).where(Redemption.counted)) or 0

    def clock(self) -> datetime:
        return datetime.now(UTC) + self.late[0]

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - began, 2)
