"""Who came, as another scanner tells it: a pass by its number, its QR token or its redemption, and when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO
from uuid import UUID
from zoneinfo import ZoneInfo

from promos.parsing import tables
from promos.parsing.events import NO_TIME, moment
from promos.rules.language import N_

HEADS = {
    "pass number": "number", "pass": "number", "number": "number", "numéro du laissez-passer": "number",
    "laissez-passer": "number", "numéro": "number", "badge": "number", "pass_number": "number",
    "token": "token", "qr": "token", "qr code": "token", "code qr": "token",
    "redemption": "redemption", "id": "redemption", "identifiant": "redemption",
    "time": "at", "at": "at", "scanned": "at", "arrived": "at", "date": "at", "heure": "at", "scanné": "at",
    "entrée": "at", "arrivée": "at", "gate": "gate", "porte": "gate",
}  # fmt: skip

NO_PASS = N_("Say which pass: its number, its QR code or the id of its redemption.")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A row: one of `number` (eight hexadecimal digits), `token` and `redemption`; or why not, by field."""

    line: int
    shown: str
    number: str | None
    token: str | None
    redemption: UUID | None
    at: datetime | None
    gate: str | None
    wrong: dict[str, str]


def rows(file: IO[bytes], zone: ZoneInfo) -> Iterator[Arrival]:
    """The rows of a table; times without a zone are on the clocks of `zone`. Raises `Unreadable`."""
    for row in tables.rows(file, HEADS):
        cells = row.cells
        wrong = {}
        number = "".join(sign for sign in cells.get("number", "").lower() if sign.isalnum())
        is_number = len(number) == 8 and all(sign in "0123456789abcdef" for sign in number)
        redemption = _id(cells.get("redemption", ""))
        token = cells.get("token") or None
        if not (is_number or redemption or token):
            wrong["number"] = NO_PASS
        at = moment(cells.get("at", ""), zone)
        if at is None:
            wrong["at"] = NO_TIME
        shown = next((cells[name] for name in ("number", "redemption") if cells.get(name)), "")[:40]
        gate = cells.get("gate", "")[:60] or None
        yield Arrival(row.line, shown, number if is_number else None, token, redemption, at, gate, wrong)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
