"""Goal G12: whatever happens, what was told is what is stored."""

import time

import msgspec

from bench import load, serving
from bench.house import House
from bench.load import Orders, Seen
from bench.scenes import Figure
from bench.serving import Serving

LIMIT = 1_000
PEOPLE = 3_000
REPEATS = 0.1  # of them ask twice at once
CONNECTIONS = 128


def crowds(house: House) -> tuple[list[Figure], list[str]]:
    """More readers than passes, and fewer, with 1, 2 and 4 workers; then once more while workers are killed."""
    figures, faults = [], []
    for workers in (1, 2, 4):
        server = serving.promos(msgspec.structs.replace(house.settings, workers=workers))
        try:
            for limit in (LIMIT, 2 * PEOPLE):
                says = f"{house.kind}, {workers} workers, {PEOPLE} readers for {limit}: "
                wrong = _crowd(house, server, limit, f"w{workers}l{limit}")
                figures.append(_figure(says, wrong))
                faults += [says + fault for fault in wrong]
            if workers == 4:
                says = f"{house.kind}, {workers} workers, kill -9 of one, three times: "
                wrong = _crowd(house, server, PEOPLE - LIMIT, "killed", kills=3)
                figures.append(_figure(says, wrong))
                faults += [says + fault for fault in wrong]
        finally:
            server.stop()
    faults += [f"{house.kind}: {difference}" for difference in house.differences()]
    return figures, faults


def _crowd(house: House, server: Serving, limit: int, name: str, *, kills: int = 0) -> list[str]:
    orders = Orders(
        port=server.port,
        connections=CONNECTIONS,
        path="/api/v1/redemptions",
        expected=(200, 201, 409, 503) if kills else (200, 201, 409),
        codes=house.codes(name.upper(), limit=limit),
        token=house.token,
        readers=name,
        people=PEOPLE,
        repeats=REPEATS,
    )
    crowd = load.begin(orders)
    for _ in range(kills):
        time.sleep(1)
        if crowd.poll() is None:
            server.kill_one()
    seen = load.ended(crowd)
    return [*house.faults(name, seen), *_untold(house, seen, name, min(limit, PEOPLE))]


def _untold(house: House, seen: Seen, name: str, expected: int) -> list[str]:
    """Whether as many passes are stored as there could be, and everybody heard yes or no."""
    told = sum(number for status, number in seen.statuses.items() if status != 503)
    wrong = []
    if (stored := house.sold(name)) != expected:
        wrong.append(f"sold {stored} of {expected}")
    if told != PEOPLE + int(PEOPLE * REPEATS):
        wrong.append(f"{told} were told")
    return wrong


def _figure(says: str, wrong: list[str]) -> Figure:
    return Figure("G12", f"{says}wrong", (float(len(wrong)),), "faults", most=0)
