"""The goals, each beside its figure."""

from collections.abc import Sequence

from bench.scenes import Figure

HEAD = ("goal", "what", "figure", "from", "to", "goal is", "")


def written(figures: Sequence[Figure]) -> str:
    """A table in Markdown: the median, the least and the most of all rounds, and whether the goal is met."""
    rows = [HEAD, *(_row(figure) for figure in figures)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEAD))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _row(figure: Figure) -> tuple[str, ...]:
    bound = figure.least if figure.least is not None else figure.most
    sign = "≥" if figure.least is not None else "≤"
    goal = "" if bound is None else f"{sign} {_number(bound, figure.unit)}"
    verdict = "" if bound is None else "met" if figure.is_met else "SHORT"
    values = [_number(value, figure.unit) for value in (figure.value, min(figure.values), max(figure.values))]
    return (figure.goal, figure.says, *values, goal, verdict)


def _number(value: float, unit: str) -> str:
    digits = 0 if value >= 100 or value == int(value) else 1 if value >= 10 else 2
    space = "" if unit in ("%", "/s") else " " if unit else ""
    return f"{value:,.{digits}f}".replace(",", " ") + space + unit
