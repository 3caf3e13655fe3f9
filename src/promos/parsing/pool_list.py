"""The codes of a ticket shop, as it exports them: a table with a column of codes, or one code a line."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from promos.parsing import tables

HEADS = frozenset(
    (
        *("code", "codes", "voucher", "vouchers", "voucher code", "coupon", "coupon code", "discount code"),
        *("access code", "promo code", "promotional code", "promotion code", "ticket code", "barcode"),
        *("code promo", "code promotionnel", "code de réduction", "code de reduction", "code d'accès", "code d’accès"),
        *("bon", "code du bon", "code barre", "code-barres", "code barres"),
    )
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A code as it was typed. `line` counts from 1."""

    line: int
    code: str


def rows(file: IO[bytes]) -> Iterator[Listed]:
    """Of a table, the column that is called codes, else the first; raises `Unreadable`."""
    place = None
    for line, cells in tables.listed(file):
        if not any(cells):
            continue
        if place is None:
            place = next((at for at, cell in enumerate(cells) if cell.casefold() in HEADS), None)
            if place is not None:
                continue
            place = 0
        if code := cells[place] if place < len(cells) else "":
            yield Listed(line, code)
