"""A list on a page: what its address asks for, and the addresses of its headings, its filters and its next page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlencode

from litestar import Request

from promos.queries.pages import Sorted
from promos.rendering.language import Language
from promos.rules.finding import Asked
from promos.rules.refusals import InvalidRequest

Choice = tuple[str, str]  # value and word


@dataclass(frozen=True, slots=True)
class Filter:
    """One thing to choose by; the first of `choices` has no value and leaves everything in. Without any: a day."""

    name: str
    label: str
    choices: Sequence[Choice] = ()

    def fits(self, wish: str) -> bool:
        if self.choices:
            return wish in {value for value, _ in self.choices}
        try:
            return date.fromisoformat(wish).isoformat() == wish
        except ValueError:
            return False


@dataclass(slots=True)
class Listed:
    """`parts/tables.html` draws it. `prefix` keeps two lists of one page apart in its address."""

    path: str
    by: Sorted
    asked: Asked
    chosen: Mapping[str, str] = field(default_factory=dict)
    filters: Sequence[Filter] = ()
    prefix: str = ""
    anchor: str = ""
    following: str | None = None
    kept: Mapping[str, str] = field(default_factory=dict)  # what the address says beside

    @property
    def is_narrowed(self) -> bool:
        """Whether there may be rows that are left out: nothing found is not nothing there."""
        return bool(self.asked.words or any(self.chosen.values()))

    @property
    def order(self) -> tuple[str, bool]:
        return self.asked.order(self.by.names, self.by.first)

    def direction(self, name: str) -> str | None:
        """For `aria-sort`."""
        column, backwards = self.order
        if column != name:
            return None
        return "descending" if backwards else "ascending"

    def sort_href(self, name: str) -> str:
        """By this column, or the other way round if it is that already."""
        return self._href(sort=f"-{name}" if self.direction(name) == "ascending" else name)

    @property
    def first_href(self) -> str | None:
        return self._href() if self.asked.cursor else None

    @property
    def next_href(self) -> str | None:
        return self._href(cursor=self.following) if self.following else None

    @property
    def all_href(self) -> str:
        """Without words and filters."""
        return self._address({self.prefix + "sort": self.asked.sort})

    @property
    def narrowing(self) -> str:
        """Words and filters as the rest of another address, for a file of the same rows."""
        given = urlencode({name: value for name, value in {"q": self.asked.q, **self.chosen}.items() if value})
        return f"&{given}" if given else ""

    def name(self, field: str) -> str:
        return self.prefix + field

    def _href(self, **changed: str) -> str:
        given = {"q": self.asked.q, "sort": self.asked.sort, **self.chosen, **changed}
        return self._address({self.prefix + name: value for name, value in given.items()})

    def _address(self, given: Mapping[str, str]) -> str:
        query = urlencode({name: value for name, value in {**self.kept, **given}.items() if value})
        return (f"{self.path}?{query}" if query else self.path) + (f"#{self.anchor}" if self.anchor else "")


def told(language: Language, words: Mapping[str, str]) -> list[Choice]:
    """Choices in the page's language, from values and their messages."""
    return [(value, language.gettext(word)) for value, word in words.items()]


def listed(
    request: Request[Any, Any, Any],
    by: Sorted,
    *filters: Filter,
    path: str | None = None,
    prefix: str = "",
    anchor: str = "",
    kept: Mapping[str, str] | None = None,
    size: int = 50,
) -> Listed:
    """The list as this request asks for it.

    An order or a choice that there is not is left out, as an address may be older than this page.
    """
    query = request.query_params
    asked = Asked(
        query.get(f"{prefix}q", ""), query.get(f"{prefix}sort", ""), query.get(f"{prefix}cursor") or None, size
    )
    try:
        asked.order(by.names, by.first)
    except InvalidRequest:
        asked = Asked(asked.q, "", None, size)
    chosen = {}
    for each in filters:
        wish = query.get(prefix + each.name, "")
        chosen[each.name] = wish if each.fits(wish) else ""
    return Listed(path or request.url.path, by, asked, chosen, filters, prefix, anchor, kept=kept or {})
