"""Goal G10: from the start of a process to its first answer, and what it holds while nobody asks."""

import time

from bench import serving
from bench.house import House
from bench.scenes import Figure
from bench.serving import Serving

IDLE = 2  # seconds of quiet before memory is looked at


def starts(house: House, rounds: int) -> list[Figure]:
    ratios, seconds, memory = [], [], []
    for _ in range(rounds):
        plain = _started(serving.hello())
        server = serving.promos(house.settings)
        time.sleep(IDLE)
        memory.append(server.memory)
        seconds.append(_started(server))
        ratios.append(seconds[-1] / plain)
    return [
        Figure("G10", "start to ready on SQLite, by hello", tuple(ratios), "×", most=1.5),
        Figure("G10", "start to ready on SQLite", tuple(1000 * one for one in seconds), "ms"),
        Figure("G10", "an idle process", tuple(memory), "MiB", most=120),
    ]


def _started(server: Serving) -> float:
    server.stop()
    return server.started
