"""Events that a partner brings: as a table, or as a calendar (`agendas`); each as actions take it, or why not."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import IO, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from promos.parsing import tables
from promos.parsing.tables import Row
from promos.rules import texts
from promos.rules.language import N_
from promos.rules.refusals import InvalidRequest

HEADS = {
    "id": "id", "identifiant": "id", "uid": "uid",
    "name": "name", "event": "name", "title": "name", "nom": "name", "événement": "name", "titre": "name",
    "edition": "edition", "édition": "edition",
    "begins": "starts_at", "begin": "starts_at", "start": "starts_at", "starts": "starts_at", "starts_at": "starts_at",
    "début": "starts_at", "debut": "starts_at", "commence": "starts_at",
    "ends": "ends_at", "end": "ends_at", "ends_at": "ends_at", "fin": "ends_at",
    "time zone": "timezone", "timezone": "timezone", "fuseau horaire": "timezone", "fuseau": "timezone",
    "venue": "venue", "place": "venue", "lieu": "venue",
    "city": "city", "ville": "city", "country": "country", "pays": "country",
    "web page": "url", "url": "url", "page web": "url", "site web": "url", "adresse web": "url", "site": "url",
    "highlights": "highlights", "points forts": "highlights",
    "asks for names": "asks_name", "asks_name": "asks_name", "demande le nom": "asks_name",
    "capacity": "capacity", "capacité": "capacity", "jauge": "capacity",
}  # fmt: skip
NEEDED = ("name", "starts_at", "ends_at", "venue", "city", "country", "url")
_YES = {"yes", "oui", "true", "vrai", "1", "x"}
_NO = {"no", "non", "false", "faux", "0", ""}
_FRENCH = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?:\s*(?:à|,)?\s*(\d{1,2})\s*[h:]\s*(\d{2})?(?::\d{2})?)?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}|\d{1,2}[/.]\d{1,2}[/.]\d{4}")

TWICE = N_("This event stands in the list twice.")
MISSING = N_("Write something here.")
NO_TIME = N_("Write a day and a time, such as 2026-12-03 09:00 or 03/12/2026 09:00.")
NO_ZONE = N_("Say in which time zone this is.")
NO_CHOICE = N_("Write yes or no.")
NO_NUMBER = N_("Write a whole number, or leave this empty.")
NO_ID = N_("This is no id of ours. Leave it empty for a new event.")


@dataclass(frozen=True, slots=True)
class Brought:
    """`given` is what can be read, `wrong` what cannot, by field; `heads` how the file calls its columns.

    What is not there at all is missing of a new event only.
    """

    line: int
    name: str
    given: dict[str, Any]
    wrong: dict[str, str] = field(default_factory=dict)
    heads: Mapping[str, str] = field(default_factory=dict)
    id: UUID | None = None
    uid: str | None = None

    @property
    def called(self) -> tuple[str, str]:
        """Name and edition."""
        return self.given.get("name", ""), self.given.get("edition") or ""

    @property
    def missing(self) -> dict[str, str]:
        return {name: MISSING for name in NEEDED if name not in self.given and name not in self.wrong}


def mark_repeated(rows: Iterable[Brought]) -> None:
    """Say it of rows whose event stands in the list already."""
    seen: set[Any] = set()
    for row in rows:
        mark = row.id or row.uid or row.called
        if mark in seen:
            row.wrong[""] = TWICE
        seen.add(mark)


def rows(file: IO[bytes], others: Mapping[str, str]) -> Iterator[Brought]:
    """The events of a table. `others`: what is meant where a cell or column is not there, such as the time zone.

    Raises `Unreadable`.
    """
    for row in tables.rows(file, HEADS):
        yield _brought(row, others)


def moment(text: str, zone: ZoneInfo, *, is_end: bool = False) -> datetime | None:
    """The instant that is written here, on the clocks of `zone` where it does not say; `None` if none is.

    A day alone begins at midnight and, as an end, lasts to the next one. Days come before months, as in Europe. Of an
    hour that comes twice the first is meant; one that the clocks skip moves on by what they skip. Only days of 2000 to
    2100 are any.
    """
    if found := _FRENCH.fullmatch(text):
        day, month, year, hour, minute = (int(part) if part else 0 for part in found.groups())
        numbers = (year, month, day, hour, minute)
    else:
        numbers = None
    try:
        read = datetime(*numbers) if numbers else datetime.fromisoformat(text)  # noqa: DTZ001 -- its zone comes next
        if is_end and _DAY.fullmatch(text):
            read += timedelta(days=1)
        return texts.instant(read if read.tzinfo else read.replace(tzinfo=zone), "")
    except (ValueError, OverflowError, InvalidRequest):
        return None


def _brought(row: Row, others: Mapping[str, str]) -> Brought:
    cells = {name: text for name, text in {**others, **_filled(row.cells)}.items() if text}
    given: dict[str, Any] = {name: cells[name] for name in ("name", "venue", "city", "country", "url") if name in cells}
    wrong: dict[str, str] = {}
    if "edition" in row.cells:
        given["edition"] = row.cells["edition"]
    if "highlights" in row.cells:
        given["highlights"] = [line for line in re.split(r"[\n|]", row.cells["highlights"]) if line.strip()]
    zone = _zone(cells.get("timezone", ""), wrong)
    given |= {"timezone": zone.key} if zone else {}
    for name in ("starts_at", "ends_at"):
        if zone and name in cells:
            if (read := moment(cells[name], zone, is_end=name == "ends_at")) is None:
                wrong[name] = NO_TIME
            else:
                given[name] = read
    for name, read_cell, why in (("asks_name", _choice, NO_CHOICE), ("capacity", _whole, NO_NUMBER)):
        if name in row.cells:
            try:
                given[name] = read_cell(row.cells[name])
            except ValueError:
                wrong[name] = why
    id_ = None
    if cells.get("id"):
        try:
            id_ = UUID(cells["id"])
        except ValueError:
            wrong["id"] = NO_ID
    return Brought(
        row.line, cells.get("name", "")[:200], given, wrong, row.heads, id_, cells.get("uid", "")[:500] or None
    )


def _filled(cells: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in cells.items() if text}


def _zone(name: str, wrong: dict[str, str]) -> ZoneInfo | None:
    try:
        return ZoneInfo(texts.timezone(name, "timezone"))
    except InvalidRequest as refusal:
        wrong["timezone"] = refusal.errors[0]["message"] if name else NO_ZONE
    return None


def _choice(text: str) -> bool:
    if (word := text.casefold()) in _YES | _NO:
        return word in _YES
    raise ValueError(text)


def _whole(text: str) -> int | None:
    digits = "".join(text.split())
    if not digits:
        return None
    if digits.isascii() and digits.isdigit() and len(digits) < 10:
        return int(digits)
    raise ValueError(text)
