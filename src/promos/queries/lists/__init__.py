"""The lists that a partner takes away, by the name they have in an address."""

from promos.queries.lists.base import List, Wish
from promos.queries.lists.passes import CHECK_INS, READERS, REDEMPTIONS
from promos.queries.lists.terms import CODES, EVENTS, OFFERS

LISTS: dict[str, List] = {
    "events": EVENTS,
    "offers": OFFERS,
    "codes": CODES,
    "redemptions": REDEMPTIONS,
    "check-ins": CHECK_INS,
    "readers": READERS,
}

__all__ = ["LISTS", "List", "Wish"]
