"""What a list is asked for: words to find, a column to order it by, a place to go on from."""

from collections.abc import Collection
from dataclasses import dataclass

from promos.rules.blocks import clean_line
from promos.rules.language import N_
from promos.rules.refusals import InvalidRequest

MOST_LETTERS = 100  # of a search; what is longer is cut
MOST_WORDS = 8
MADE = "made"  # every list has this order: when its things were made


@dataclass(frozen=True, slots=True)
class Asked:
    """`sort` is a column's name, `-name` from its end; empty: as the list stands by itself."""

    q: str = ""
    sort: str = ""
    cursor: str | None = None
    size: int = 50

    @property
    def words(self) -> list[str]:
        """Each has to be found somewhere in a row, in any case."""
        return clean_line(self.q[:MOST_LETTERS]).lower().split()[:MOST_WORDS]

    def order(self, names: Collection[str], otherwise: str) -> tuple[str, bool]:
        """The column, and whether from its end; raises `InvalidRequest` for one that is none of `names`."""
        wish = self.sort or otherwise
        name = wish.removeprefix("-")
        if name not in names:
            raise InvalidRequest({"sort": N_("This is not one of the possible choices.")})
        return name, wish.startswith("-")


AS_IT_STANDS = Asked()


def asked(q: str | None, sort: str | None, cursor: str | None, size: int) -> Asked:
    """The same from a request to the API."""
    return Asked(q or "", sort or "", cursor, size)
