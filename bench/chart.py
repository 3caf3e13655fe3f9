"""The chart: rates over the number of connections, as an SVG drawn here.

Lines differ by dashes and marks and carry their names, so that colour tells nothing that form does not.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 76, 190, 46, 56
INK, PAPER = "#1b1f27", "#fff"
STYLES = (("", "circle"), ("9 5", "square"), ("2 4", "diamond"))
Point = tuple[float, float]
Place = Callable[[int, float], Point]


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    rates: Mapping[int, float]  # by connections


def drawn(title: str, lines: Sequence[Line]) -> str:
    """Both axes are logarithmic; the description says every number."""
    across = sorted({connections for line in lines for connections in line.rates})
    rates = [rate for line in lines for rate in line.rates.values()]
    low, high = 10 ** math.floor(math.log10(min(rates))), 10 ** math.ceil(math.log10(max(rates)))

    def place(connections: int, rate: float) -> Point:
        x = LEFT + (WIDTH - LEFT - RIGHT) * math.log(connections / across[0]) / math.log(across[-1] / across[0])
        y = HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * math.log(rate / low) / math.log(high / low)
        return round(x, 1), round(y, 1)

    told = "; ".join(
        f"{line.name}: " + ", ".join(f"{rate:.0f} at {at}" for at, rate in line.rates.items()) for line in lines
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" lang="en" '
        f'font-family="system-ui, sans-serif" font-size="14" fill="{INK}">',
        f"<title>{escape(title)}</title>",
        f"<desc>Answers a second by connections. {escape(told)}.</desc>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>',
        f'<text x="{LEFT}" y="22" font-weight="600">{escape(title)}</text>',
        *_grid(across, low, high, place),
    ]
    ends = _apart([place(max(line.rates), line.rates[max(line.rates)])[1] for line in lines])
    for line, (dashes, mark), end in zip(lines, STYLES, ends, strict=False):
        points = [place(at, rate) for at, rate in line.rates.items()]
        path = " ".join(f"{x},{y}" for x, y in points)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{INK}" stroke-width="2" stroke-dasharray="{dashes}"/>'
        )
        parts += [_mark(mark, point) for point in points]
        parts.append(f'<text x="{WIDTH - RIGHT + 14}" y="{end + 5}">{escape(line.name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _grid(across: Sequence[int], low: float, high: float, place: Place) -> list[str]:
    parts = []
    rate = low
    while rate <= high:
        x, y = place(across[0], rate)
        parts.append(f'<path d="M{x} {y}H{WIDTH - RIGHT}" stroke="{INK}" stroke-opacity=".25"/>')
        parts.append(f'<text x="{x - 8}" y="{y + 5}" text-anchor="end">{rate:,.0f}</text>'.replace(",", "\u202f"))
        rate *= 10
    for at in across:
        x, y = place(at, low)
        parts.append(f'<text x="{x}" y="{y + 20}" text-anchor="middle">{at}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 12}" text-anchor="middle">connections</text>')
    return parts


def _mark(shape: str, at: Point) -> str:
    x, y = at
    if shape == "circle":
        return f'<circle cx="{x}" cy="{y}" r="4.5"/>'
    turned = f' transform="rotate(45 {x} {y})"' if shape == "diamond" else ""
    hollow = f' fill="{PAPER}" stroke="{INK}" stroke-width="2"' if shape == "square" else ""
    return f'<rect x="{x - 4.5}" y="{y - 4.5}" width="9" height="9"{hollow}{turned}/>'


def _apart(heights: Sequence[float]) -> list[float]:
    """Heights of names, moved so far that none covers another."""
    placed = list(heights)
    order = sorted(range(len(placed)), key=lambda at: placed[at])
    for above, below in pairwise(order):
        placed[below] = max(placed[below], placed[above] + 18)
    return placed
