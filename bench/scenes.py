"""What is measured against what: every goal of speed is a ratio of two scenes, taken turn by turn in one run."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.load import Seen

CONNECTIONS = (1, 8, 32, 128, 256)  # of the chart


@dataclass(frozen=True, slots=True)
class Scene:
    """`work` on a server: hello, nothing_done, hot, cold, one_offer, sold_out, check, click.

    `limit` is the database alone.
    """

    server: str  # hello | postgresql | sqlite, and these with "-single" (a transaction each), "-small", "-large"
    work: str
    connections: int = 128


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value beside its goal, which is `least` or `most`."""

    goal: str
    says: str
    values: tuple[float, ...]  # one a round
    unit: str = ""  # "%", "ms", "MiB", "/s"; none: times
    least: float | None = None
    most: float | None = None

    @property
    def value(self) -> float:
        return median(self.values)

    @property
    def is_met(self) -> bool:
        return (self.least is None or self.value >= self.least) and (self.most is None or self.value <= self.most)


Rounds = Sequence[Mapping[Scene, Seen]]


@dataclass(frozen=True, slots=True)
class Ratio:
    """`of` by `to`; both are rates unless said otherwise."""

    goal: str
    says: str
    of: Scene
    to: Scene
    least: float | None = None
    most: float | None = None
    unit: str = "%"
    measure: Callable[[Seen], float] = lambda seen: seen.rate
    by: Callable[[Seen], float] = lambda seen: seen.rate

    def figure(self, rounds: Rounds) -> Figure:
        scale = 100 if self.unit == "%" else 1
        values = tuple(scale * self.measure(each[self.of]) / self.by(each[self.to]) for each in rounds)
        return Figure(self.goal, self.says, values, self.unit, self.least, self.most)


HELLO = Scene("hello", "hello")
LIMIT = Scene("postgresql", "limit", 0)


def ratios(*, largest: str) -> list[Ratio]:
    """`largest`: how many redemptions the large house keeps, in words."""
    found = [
        Ratio("G1", "hot code, of hello", _hot("postgresql"), HELLO, least=50),
        Ratio("G1", "a redemption's request with nothing done, of hello", Scene("hello", "nothing_done"), HELLO),
        Ratio(
            "G1", "hot code, of the same request with nothing done", _hot("postgresql"), Scene("hello", "nothing_done")
        ),
        Ratio("G4", "hot code, of pgbench's batches of 128", _hot("postgresql"), LIMIT, least=20),
        Ratio("G6", "hot code, SQLite of PostgreSQL", _hot("sqlite"), _hot("postgresql"), least=50),
        Ratio("G6", "SQLite, batched by one by one", _hot("sqlite"), _hot("sqlite-single"), least=15, unit="×"),
        Ratio("G7", "check of a code, of hello", Scene("postgresql", "check"), HELLO, least=60),
        Ratio("G7", "click on a block, of hello", Scene("postgresql", "click"), HELLO, least=60),
    ]
    for kind, name in (("postgresql", "PostgreSQL"), ("sqlite", "SQLite")):
        hot = _hot(kind)
        single = f"{kind}-single"
        found += [
            Ratio("G2", f"{name}, batched by one by one, 128", hot, _hot(single), least=3, unit="×"),
            Ratio("G2", f"{name}, batched by one by one, 1", _hot(kind, 1), _hot(single, 1), least=0.9, unit="×"),
            Ratio("G3", f"{name}, hot by 10 000 codes", hot, Scene(kind, "cold"), least=1, unit="×"),
            Ratio("G3", f"{name}, hot by 10 000 codes of one offer", hot, Scene(kind, "one_offer"), least=1, unit="×"),
            *(_tail(name, _hot(kind, connections)) for connections in (32, 128)),
            Ratio("G5", f"{name}, sold out by a sale", Scene(kind, "sold_out"), hot, least=1, unit="×"),
        ]
    for kind, name in (("postgresql", "PostgreSQL"), ("sqlite", "SQLite")):
        for work, said in (("filled", "hot code"), ("check", "check")):
            of, to = Scene(f"{kind}-large", work), Scene(f"{kind}-small", work)
            says = f"{name}, {said}: {largest} stored, of 10 000"
            found.append(Ratio("G11", says, of, to, least=80))
    return sorted(found, key=lambda ratio: int(ratio.goal[1:]))


def charted() -> list[Scene]:
    """What the chart shows, over the number of connections."""
    lines = (("hello", "hello"), ("postgresql", "hot"), ("postgresql", "cold"))
    return [Scene(server, work, connections) for server, work in lines for connections in CONNECTIONS]


def needed(ratios: Iterable[Ratio]) -> list[Scene]:
    """Each scene once."""
    return list(dict.fromkeys(scene for ratio in ratios for scene in (ratio.to, ratio.of)))


def _hot(server: str, connections: int = 128) -> Scene:
    return Scene(server, "hot", connections)


def _tail(name: str, scene: Scene) -> Ratio:
    says = f"{name}, p99 by p50, {scene.connections} connections"
    return Ratio(
        "G5", says, scene, scene, most=3, unit="×", measure=lambda seen: seen.p99, by=lambda seen: seen.p50 or 1e-9
    )
