"""Exports of ticket shops: whose they are is told by their heads, and each row says which code was used.

Heads of Eventbrite, Luma and Tito are those that organisers' exports of 2023 to 2026 bear; Weezevent names its columns
as the organiser's language does, and those here are the words of its own help pages. Whatever is not found, or found
wrongly, is said by who brings the file.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Final
from zoneinfo import ZoneInfo

from promos.parsing import Unreadable, tables
from promos.parsing.events import moment
from promos.rules.language import N_

FIELDS: Final = ("code", "order", "ticket", "email", "status", "arrived", "quantity")

# By shop: the heads of each field, the likeliest first. The generic ones come last and fill what is left.
SHOPS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "eventbrite": {
        "code": ("promo code", "promotional code", "discount code", "discount", "code promotionnel", "code promo"),
        "order": ("order #", "order id", "order no.", "n° de commande", "nº de commande", "commande n°"),
        "ticket": ("attendee #", "attendee no.", "barcode #", "n° de participant", "nº de participant"),
        "email": ("email", "buyer email", "adresse e-mail", "e-mail"),
        "status": ("attendee status", "order status", "statut du participant", "statut de la commande"),
        "arrived": ("checked in", "check-in date", "enregistré"),
        "quantity": ("quantity", "tickets", "ticket quantity", "quantité"),
    },
    "luma": {
        "code": ("coupon_code",),
        "order": (),
        "ticket": ("api_id", "guest_id"),
        "email": ("email",),
        "status": ("approval_status",),
        "arrived": ("checked_in_at",),
        "quantity": (),
    },
    "tito": {
        "code": ("order discount code", "ticket discount code", "discount code"),
        "order": ("order reference",),
        "ticket": ("ticket reference",),
        "email": ("ticket email", "order email"),
        "status": ("void status", "ticket state", "state"),
        "arrived": ("checked in", "checked in at", "check in"),
        "quantity": (),
    },
    "weezevent": {
        "code": ("code promo", "code promotionnel", "code de réduction", "promo code"),
        "order": ("numéro de commande", "n° commande", "n° de commande", "commande", "order number"),
        "ticket": ("code-barres", "code barre", "code barres", "numéro de billet", "n° billet", "barcode"),
        "email": ("e-mail", "email", "email acheteur", "e-mail acheteur", "email participant"),
        "status": ("statut", "statut du billet", "status"),
        "arrived": ("date de contrôle", "contrôlé", "composté", "scanné", "date de scan", "scanned"),
        "quantity": (),
    },
    "generic": {
        "code": ("code", "voucher", "voucher code", "coupon", "coupon code", "bon", "access code", "code d’accès"),
        "order": ("order", "order code", "order id", "commande", "référence", "reference"),
        "ticket": ("ticket", "ticket id", "ticket code", "position id", "billet", "badge"),
        "email": ("e-mail", "email", "mail", "adresse e-mail", "courriel", "attendee email"),
        "status": ("status", "state", "statut", "état"),
        "arrived": ("checked in", "checked_in", "check-in", "scanned", "arrived", "arrivée", "entrée", "présent"),
        "quantity": ("quantity", "tickets", "seats", "quantité", "nombre", "places"),
    },
}

NO_CODES = N_("No column of this file is known as the one with the codes. Say which one it is.")
NO_SUCH = N_("The file has no column of this name.")
TWICE = N_("Two columns of this file bear this name. Rename one of them.")
_BLANK = frozenset({"", "-", "–", "n/a", "none", "null"})
_NO = frozenset({"no", "non", "false", "faux", "0", "not checked in"})
_VOID = frozenset(
    "cancelled canceled refunded deleted void voided declined rejected waitlist waitlisted pending_approval pending"
    " invited transferred annulé annulée remboursé remboursée supprimé supprimée refusé".split()
) | {"not attending", "refunded/canceled", "en attente", "non payé"}
_IN = frozenset({"checked in", "checked-in", "enregistré", "composté", "contrôlé", "attended"})


@dataclass(frozen=True, slots=True)
class Columns:
    """Whose export it is, which head each field has, and all heads there are."""

    shop: str
    heads: Mapping[str, str]
    every: Sequence[str]


class ColumnWrong(Unreadable):
    """`field`: the one for which no column, or no single one, was found."""

    def __init__(self, field: str, why: str, every: Sequence[str]) -> None:
        super().__init__(why)
        self.field, self.every = field, every


@dataclass(frozen=True, slots=True)
class Sale:
    """A row of the export: one ticket, or an order of several. `at`: when they came, where it says so."""

    line: int
    code: str
    order: str
    ticket: str
    email: str
    tickets: int
    is_void: bool  # cancelled, refunded, not approved
    is_in: bool
    at: datetime | None


def columns(file: IO[bytes], said: Mapping[str, str] | None = None) -> Columns:
    """What the heads tell; `said`: heads by field, as who brings the file knows better.

    Raises `ColumnWrong` without a column of codes, and `Unreadable` for what is no table.
    """
    _, every = next(((line, cells) for line, cells in tables.listed(file) if any(cells)), (0, []))
    plain = [_plain(cell) for cell in every]
    shop = max((shop for shop in SHOPS if shop != "generic"), key=lambda shop: len(_found(plain, shop)))
    if len(_found(plain, shop)) < 3:
        shop = "generic"
    heads = _found(plain, "generic") | _found(plain, shop)
    for field, head in (said or {}).items():
        if head and _plain(head) not in plain:
            raise ColumnWrong(field, NO_SUCH, every)
        heads[field] = _plain(head)
    heads = {field: head for field, head in heads.items() if head}
    for field, head in heads.items():
        if plain.count(head) > 1:
            raise ColumnWrong(field, TWICE, every)
    if "code" not in heads:
        raise ColumnWrong("code", NO_CODES, every)
    return Columns(shop, {field: every[plain.index(head)] for field, head in heads.items()}, every)


def sales(file: IO[bytes], found: Columns, zone: ZoneInfo) -> Iterator[Sale]:
    """The rows below the heads; times without a zone are on the clocks of `zone`. Raises `Unreadable`."""
    places: dict[str, int] | None = None
    for line, cells in tables.listed(file):
        if not any(cells):
            continue
        if places is None:
            plain = [_plain(cell) for cell in cells]
            places = {field: plain.index(_plain(head)) for field, head in found.heads.items()}
            continue
        its = {field: _cell(cells, place) for field, place in places.items()}
        status, arrived = its.get("status", "").casefold(), its.get("arrived", "")
        at = moment(arrived, zone) if arrived else None
        quantity = its.get("quantity", "")
        yield Sale(
            line=line,
            code=its["code"],
            order=its.get("order", ""),
            ticket=its.get("ticket", ""),
            email=its.get("email", ""),
            tickets=int(quantity) if quantity.isascii() and quantity.isdigit() and len(quantity) < 5 else 1,
            is_void=status in _VOID,
            is_in=status in _IN or bool(arrived and arrived.casefold() not in _NO),
            at=at,
        )


def _found(plain: Sequence[str], shop: str) -> dict[str, str]:
    """The head of each field, where there is one."""
    found = ((field, next((head for head in heads if head in plain), "")) for field, heads in SHOPS[shop].items())
    return {field: head for field, head in found if head}


def _plain(head: str) -> str:
    return " ".join(head.casefold().replace("\u2019", "’").split())


def _cell(cells: Sequence[str], place: int) -> str:
    cell = cells[place] if place < len(cells) else ""
    return "" if cell.casefold() in _BLANK else cell
