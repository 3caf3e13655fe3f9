"""How many passes more one would ask for, and what a wish is made of."""

from collections.abc import Mapping
from datetime import timedelta

from promos.rules import texts
from promos.rules.texts import Reader

LIFETIME = timedelta(days=7)  # for which a wish waits for its answer
FEW = 5

WISH: Mapping[str, Reader] = {
    "passes": texts.limit,
    "why": texts.optional(texts.up_to(500, texts.paragraph)),
}


def sensible(limit: int) -> int:
    """A quarter of what there was, and five at least."""
    return max(FEW, (limit + 3) // 4)


def is_low(limit: int | None, left: int | None) -> bool:
    """Whether somebody would ask for more: a tenth is left, or less."""
    return limit is not None and left is not None and left <= limit // 10
