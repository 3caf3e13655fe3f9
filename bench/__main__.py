"""`python -m bench`: a table of goals and figures, and a chart. Run it on a machine that does nothing else.

Codes in bulk (G8) are measured by `python -m bench.codes`; what the time of an answer tells, by `bench.enumeration`.
"""

import argparse
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import chart, crowd, linting, rendering, results, scenes, starting, table
from bench.chart import Line
from bench.house import KINDS, Street
from bench.load import Seen
from bench.scenes import CONNECTIONS, Figure, Scene
from bench.stage import Stage


@dataclass(frozen=True, slots=True)
class Extent:
    """`large`: redemptions stored in the large house of G11."""

    rounds: int
    seconds: float  # of each turn
    large: int
    says: str


USUAL = Extent(3, 5, 1_000_000, "1 000 000")
QUICK = Extent(3, 2, 100_000, "100 000")
FULL = Extent(5, 10, 10_000_000, "10 000 000")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    extents = parser.add_mutually_exclusive_group()
    extents.add_argument("--quick", action="store_const", dest="extent", const=QUICK, help="minutes, 10^5 stored")
    extents.add_argument("--full", action="store_const", dest="extent", const=FULL, help="an hour, 10^7 stored")
    parser.add_argument("--only", default="", help="goals: G1,G5; chart counts as one")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder of table, chart and figures")
    parser.set_defaults(extent=USUAL)
    asked = parser.parse_args()
    only = set(asked.only.split(",")) if asked.only else {"chart", *(f"G{number}" for number in range(1, 15))}
    asked.out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    figures, faults = [], []
    with Street() as street:
        if "G9" in only:
            figures += rendering.drawings(asked.extent.rounds)
        if "G13" in only:
            figures += linting.judgements(asked.extent.rounds)
        if "G10" in only:
            figures += starting.starts(street.house("sqlite"), asked.extent.rounds)
        if "G14" in only:
            made, wrong = results.results(street, asked.extent.rounds)
            figures += made
            faults += wrong
        if "G12" in only:
            for kind in KINDS:
                say(f"crowds on {kind}")
                made, wrong = crowd.crowds(street.house(kind))
                figures += made
                faults += wrong
        with Stage(street, seconds=asked.extent.seconds, large=asked.extent.large) as stage:
            played = play(stage, asked.extent, only)
            figures += played[0]
            faults += stage.faults
    if played[1]:
        (asked.out / "speed.svg").write_text(picture(played[1]), encoding="utf-8")
    figures.append(Figure("G12", "in all turns: wrong", (float(len(faults)),), "faults", most=0))
    figures.sort(key=lambda figure: int(figure.goal[1:]))
    text = table.written(figures)
    (asked.out / "speed-table.md").write_text(text + "\n", encoding="utf-8")
    print(text)
    print(f"\n{platform.platform()}, Python {platform.python_version()}, {(time.monotonic() - began) / 60:.0f} minutes")
    for fault in faults:
        print("WRONG", fault)
    return 1 if faults else 0


def play(stage: Stage, extent: Extent, only: set[str]) -> tuple[list[Figure], list[dict[Scene, Seen]]]:
    """Every scene in each round, so that whatever else the machine does falls on all of them."""
    ratios = [ratio for ratio in scenes.ratios(largest=extent.says) if ratio.goal in only]
    wanted = [*scenes.needed(ratios), *(scenes.charted() if "chart" in only else [])]
    wanted = list(dict.fromkeys(wanted))
    for scene in wanted:
        stage.prepare(scene)
    rounds: list[dict[Scene, Seen]] = []
    for number in range(extent.rounds):
        rounds.append({})
        for at, scene in enumerate(wanted, 1):
            seen = rounds[-1][scene] = stage.play(scene)
            say(
                f"round {number + 1}, {at} of {len(wanted)}: {scene.server} {scene.work} {scene.connections}: "
                f"{seen.rate:.0f}/s, p50 {seen.p50:.1f} ms, p99 {seen.p99:.1f} ms"
            )
    stage.recount()
    return [ratio.figure(rounds) for ratio in ratios], rounds if "chart" in only else []


def picture(rounds: Sequence[dict[Scene, Seen]]) -> str:
    named = (
        ("hello, no database", "hello", "hello"),
        ("one hot code", "postgresql", "hot"),
        ("10 000 codes", "postgresql", "cold"),
    )
    lines = [
        Line(name, {at: median(each[Scene(server, work, at)].rate for each in rounds) for at in CONNECTIONS})
        for name, server, work in named
    ]
    return chart.drawn("Redemptions a second on PostgreSQL, and hello of the same server", lines)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
