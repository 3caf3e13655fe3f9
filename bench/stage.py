"""Plays scenes: starts what they need when they first need it, and lets the crowd come."""

from types import TracebackType
from uuid import uuid4

import msgspec

from bench import filling, limit, load, serving
from bench.house import House, Street
from bench.load import Orders, Seen
from bench.scenes import Scene
from bench.serving import Serving

MANY = 10_000  # codes
SMALL = 10_000  # redemptions
REDEEM = "/api/v1/redemptions"


class Stage:
    """Every server of one run; `large` redemptions are stored in the houses that are called so."""

    def __init__(self, street: Street, *, seconds: float, large: int) -> None:
        self.street, self.seconds, self.large = street, seconds, large
        self.faults: list[str] = []
        self._houses: dict[str, House] = {}
        self._servers: dict[str, Serving] = {}
        self._codes: dict[tuple[str, str], list[str]] = {}
        self._limit: limit.Limit | None = None

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for server in self._servers.values():
            server.stop()

    def prepare(self, scene: Scene) -> None:
        """Whatever takes time, before the first round."""
        if scene.work == "limit":
            self._limit = self._limit or limit.Limit(self.street.server)
            return
        self._server(scene.server)
        if scene.server != "hello":
            self._known(scene)

    def play(self, scene: Scene) -> Seen:
        """One turn of a scene; whatever is wrong with what was told and stored is added to `faults`."""
        if scene.work == "limit":
            self.prepare(scene)
            return self._limit.run(self.seconds) if self._limit else self.play(scene)
        orders, house = self._orders(scene), self._houses.get(_house(scene.server))
        seen = load.run(orders)
        wrong = house.faults(orders.readers, seen) if house else seen.wrong
        self.faults += [f"{scene}: {fault}" for fault in wrong]
        return seen

    def recount(self) -> None:
        """Every house's counters against its ledger."""
        for name, house in self._houses.items():
            self.faults += [f"{name}: {difference}" for difference in house.differences()]

    def _orders(self, scene: Scene) -> Orders:
        asked = Orders(
            port=self._server(scene.server).port,
            connections=scene.connections,
            path="/",
            readers=f"r{uuid4().hex[:12]}",
            seconds=self.seconds,
            warm=self.seconds / 4,
        )
        if scene.work == "hello":
            return msgspec.structs.replace(asked, method="GET", expected=(200,))
        if scene.work == "nothing_done":
            return msgspec.structs.replace(asked, path="/redemptions", codes=["CODE"])
        codes = self._known(scene)
        if scene.work == "check":
            return msgspec.structs.replace(asked, path=f"/api/v1/codes/{codes[0]}/check", expected=(200,))
        if scene.work == "click":
            return msgspec.structs.replace(asked, path=f"/go/{codes[0]}", method="GET", expected=(303,))
        expected = (409,) if scene.work == "sold_out" else (201,)
        token = self._houses[_house(scene.server)].token
        return msgspec.structs.replace(asked, path=REDEEM, codes=codes, token=token, expected=expected)

    def _known(self, scene: Scene) -> list[str]:
        """The codes of a scene, or its block: a hot code is new each time, all others are made once."""
        house = self._house(scene.server)
        if scene.work == "hot":
            return house.codes(f"HOT{uuid4().hex[:12].upper()}")
        key = house.settings.data_dir, scene.work
        if key not in self._codes:
            self._codes[key] = self._made(house, scene)
        return self._codes[key]

    def _made(self, house: House, scene: Scene) -> list[str]:
        name = f"{scene.work.replace('_', '')}{uuid4().hex[:8]}".upper()
        if scene.work in ("cold", "one_offer"):
            return house.codes(name, MANY, is_one_offer=scene.work == "one_offer")
        if scene.work == "click":
            return [str(house.block(house.codes(name)[0]))]
        if scene.work == "filled" or scene.server.endswith(("-small", "-large")):
            return [filling.CODE]
        codes = house.codes(name, limit=1 if scene.work == "sold_out" else 1000)
        if scene.work == "sold_out":
            server = self._server(scene.server)
            last = Orders(port=server.port, connections=1, path=REDEEM, codes=codes, token=house.token, people=1)
            load.run(last)
        return codes

    def _house(self, server: str) -> House:
        name = _house(server)
        if name not in self._houses:
            kind, _, size = name.partition("-")
            house = self._houses[name] = self.street.house(kind)
            if size:
                filling.fill(house, SMALL if size == "small" else self.large)
        return self._houses[name]

    def _server(self, name: str) -> Serving:
        if name not in self._servers:
            if name == "hello":
                self._servers[name] = serving.hello()
            else:
                settings = self._house(name).settings
                if name.endswith("-single"):
                    settings = msgspec.structs.replace(settings, batch_size=1, batch_wait=600)
                self._servers[name] = serving.promos(settings)
        return self._servers[name]


def _house(server: str) -> str:
    """Those who decide one by one share the house of those who decide together."""
    return server.removesuffix("-single")
