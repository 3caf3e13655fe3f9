"""What was typed into a form: kept as it was for the page, and read into what actions take."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import IO, Any
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from litestar import Request
from litestar.datastructures import UploadFile

from promos.rendering.language import Language
from promos.rules import money, texts
from promos.rules.language import N_
from promos.rules.refusals import Blocked, Invalid, InvalidRequest, LimitBelowUsed, NotFound, Over, Refusal, Taken
from promos.rules.texts import Reader
from promos.web import problems
from promos.web.pages.show import errors_of

MOST = 20_000  # characters kept of one field
TO_MEND = (Invalid, Taken, Blocked, Over)  # what a form comes back with; anything else is a page of its own
_CONTINENTS = ("Europe", "Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Indian", "Pacific")
_WORTH = ("currency", "vat", "vat_rate")  # stand in the field of the amount


class Typed:
    """The fields of one form. What cannot be read is noted in `errors`, and `checked` tells all of it at once."""

    def __init__(self, fields: Mapping[str, Sequence[str]]) -> None:
        self._fields = fields
        self.errors: dict[str, str] = {}

    @classmethod
    async def of(cls, request: Request[Any, Any, Any]) -> "Typed":
        form = await request.form()
        fields: dict[str, list[str]] = {}
        for name, value in form.multi_items():
            if isinstance(value, str):
                fields.setdefault(name, []).append(value[:MOST])
        return cls(fields)

    def shown(self, names: Iterable[str]) -> dict[str, str]:
        """These fields as they were typed, for the form that comes back."""
        return {name: self.text(name) for name in names}

    def text(self, name: str) -> str:
        return next(iter(self._fields.get(name, ())), "").strip()

    def all(self, name: str) -> list[str]:
        return [value for value in self._fields.get(name, ()) if value]

    def ticked(self, name: str) -> bool:
        return bool(self.text(name))

    def whole(self, name: str) -> int | None:
        """A whole number; `None` for an empty field."""
        text = "".join(self.text(name).split())
        if not text:
            return None
        if text.isascii() and text.isdigit() and len(text) < 10:
            return int(text)
        self.errors[name] = N_("Write a whole number, or leave this empty.")
        return None

    def moment(self, name: str, zone: str, kept: datetime | None = None) -> datetime:
        """A local time of `zone` as an instant; `kept` comes back to the second if it is what stood in the field.

        Of an hour that comes twice the first is meant; one that the clocks skip moves on by what they skip.
        """
        text = self.text(name)
        clock = _zone(zone)
        if kept is not None and text == local(kept, clock.key):
            return kept
        try:
            return datetime.fromisoformat(text).replace(tzinfo=clock, fold=0).astimezone(UTC)
        except (ValueError, OverflowError):
            self.errors[name] = N_("Choose a day and a time.")
        return datetime(2000, 1, 1, tzinfo=UTC)

    def moment_or_none(self, name: str, zone: str) -> datetime | None:
        return self.moment(name, zone) if self.text(name) else None

    def amount(self, name: str, currency: str) -> int:
        """Minor units of what stands in `name`_amount, with a point or a comma."""
        try:
            return money.minor(_sum(self.text(f"{name}_amount"), currency), currency)
        except InvalidRequest:
            self.errors[name] = N_("Write an amount such as 999.00, not negative, and its currency as three letters.")
        return 0

    def price(self, name: str, currency: str) -> str | None:
        """Major units as the API takes them, with a point; `None` for an empty field."""
        text = _sum(self.text(name), currency)
        if not text:
            return None
        try:
            money.minor(text, currency)
        except InvalidRequest:
            self.errors[name] = N_("Write an amount such as 49.90, no finer than its currency.")
        return text

    def percent(self, name: str, field: str) -> Decimal | None:
        """A rate; what is wrong with it is said at `field`."""
        text = _number(self.text(name)).removesuffix("%")
        if not text:
            return None
        try:
            return Decimal(text) if len(text) <= 10 else Decimal("NaN")
        except InvalidOperation:
            self.errors[field] = N_("Write a percentage between 0 and 100, such as 20 or 5.5.")
        return None

    def id(self, name: str) -> UUID | None:
        return _id(self.text(name))

    def ids(self, name: str) -> list[UUID]:
        """Those that are chosen; raises `NotFound` for what is no id."""
        found = [_id(text) for text in self.all(name)]
        if None in found:
            raise NotFound
        return [each for each in found if each]

    def checked(self, readers: Mapping[str, Reader], given: Mapping[str, Any]) -> None:
        """Raise `InvalidRequest` with everything that is wrong: what could not be read, and what makes no sense."""
        wrong = dict(self.errors)
        fine = {field: value for field, value in given.items() if field in readers and field not in wrong}
        try:
            texts.read(readers, fine)
        except InvalidRequest as refusal:
            wrong |= {each["field"]: each["message"] for each in refusal.errors}
        if wrong:
            raise InvalidRequest(wrong)


def chosen(sent: object, field: str = "file") -> IO[bytes]:
    """The file that came with a form; raises `InvalidRequest`, beside this field, where none was chosen."""
    if not isinstance(sent, UploadFile) or not sent.filename:
        raise InvalidRequest({field: N_("Choose a file.")})
    return sent.file


def to_mend(
    refusal: Refusal, language: Language, *, fields: Mapping[type[Refusal], str] | None = None, worth: str = ""
) -> tuple[dict[str, str], int]:
    """The refusal as errors of a form, and the answer's status.

    `fields` says beside which field a kind of refusal belongs, `worth` where currency and VAT are typed.
    """
    errors = errors_of(refusal, language)
    field = (fields or {}).get(type(refusal))
    if field and set(errors) == {""}:
        errors = {field: errors[""]}
    if worth:
        for name in _WORTH:
            if name in errors:
                errors.setdefault(worth, errors.pop(name))
    return errors, problems.status_of(type(refusal))


def at_limit(field: str) -> dict[type[Refusal], str]:
    return {LimitBelowUsed: field}


def local(instant: datetime, zone: str) -> str:
    """As `datetime-local` writes it: `2026-12-01T23:59` on the clocks of `zone`."""
    return instant.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")


@cache
def zones() -> list[tuple[str, str]]:
    """Every time zone that can be chosen, Europe first."""
    known = sorted(name for name in available_timezones() if name.startswith(tuple(f"{each}/" for each in _CONTINENTS)))
    known.sort(key=lambda name: not name.startswith("Europe/"))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in known)]


def _zone(name: str) -> ZoneInfo:
    """The zone, or UTC for what is none: that it is wrong is said beside its own field."""
    try:
        return ZoneInfo(texts.timezone(name, "timezone"))
    except InvalidRequest:
        return ZoneInfo("UTC")


def _number(typed: str) -> str:
    return "".join(typed.split()).replace(",", ".")


def _sum(typed: str, currency: str) -> str:
    """An amount with a point; `5,000` in euros may be meant as five thousand or as five, so it is no number."""
    compact = "".join(typed.split())
    is_ambiguous = re.fullmatch(r"\d{1,3}[.,]\d{3}", compact) and money.digits(currency) != 3
    return "?" if is_ambiguous else _number(typed)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
