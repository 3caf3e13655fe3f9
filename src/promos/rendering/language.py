"""One language: its sentences, and how it writes money, times and numbers (CLDR)."""

import gettext
import io
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime, get_timezone_location
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent, get_group_symbol

from promos.rules.language import LANGUAGES
from promos.rules.money import digits

CATALOGUES = Path(__file__).parents[1] / "locale"

_LOCALES = {"en": "en_GB"}  # readers of English here are all over Europe: days before months, 24 hours
_MOMENTS = {"en": "EEEE d MMMM y, HH:mm", "fr": "EEEE d\xa0MMMM y 'à' H\xa0'h'\xa0mm"}
_DAYS = {"en": "EEE d MMM y", "fr": "EEE d\xa0MMM y"}
_RIGHT_TO_LEFT = {"ar", "fa", "he", "ur", "yi"}


@cache
def language(code: str) -> "Language":
    """The language of a tag such as `fr` or `fr-BE`; English where it is none of ours."""
    short = code.replace("_", "-").split("-")[0].lower()
    return Language(short) if short in LANGUAGES else Language("en")


def direction(code: str) -> str:
    """`ltr` or `rtl`, as HTML's `dir` has it."""
    return "rtl" if code.replace("_", "-").split("-")[0].lower() in _RIGHT_TO_LEFT else "ltr"


class Language:
    """Sentences that `catalogue` lacks stay English."""

    def __init__(self, code: str, catalogue: Path | None = None) -> None:
        self.code = code
        self._locale = Locale.parse(_LOCALES.get(code, code))
        self._group = get_group_symbol(self._locale)
        self._sentences = _compiled(catalogue or CATALOGUES / f"{code}.po")

    def gettext(self, message: str) -> str:
        return self._sentences.gettext(message) if message else ""  # the empty key holds the catalogue's header

    def ngettext(self, one: str, many: str, count: int) -> str:
        return self._sentences.ngettext(one, many, count)

    def money(self, minor_units: int, currency: str) -> str:
        """`99900` in EUR → `€999`, `999 €`; digits after the point only where they are not all zero."""
        places = digits(currency)
        amount = Decimal(minor_units).scaleb(-places)
        pattern = self._locale.currency_formats["standard"].pattern
        fraction = "" if amount == amount.to_integral_value() else "." + "0" * places
        pattern = pattern.replace(".00", fraction)
        return format_currency(amount, currency, pattern, self._locale, currency_digits=False)

    def instant(self, when: datetime, zone: str) -> str:
        """`Tuesday 1 December 2026, 23:59 (Paris)`: the moment `when` on the clocks of the IANA zone `zone`."""
        said = format_datetime(_aware(when), _MOMENTS[self.code], ZoneInfo(zone), self._locale)
        if self.code == "fr":
            said = said.removesuffix("\xa000")  # 9 h, not 9 h 00
        return f"{self._first(said)} ({self.place(zone)})"

    def day(self, when: datetime, zone: str) -> str:
        """`Tue 1 Dec 2026`: the day it is in `zone` at `when`."""
        return self._first(format_datetime(_aware(when), _DAYS[self.code], ZoneInfo(zone), self._locale))

    def place(self, zone: str) -> str:
        """The city by which people know an IANA zone: `Europe/Paris` → `Paris`."""
        if "/" not in zone or zone.startswith("Etc/"):
            return zone.removeprefix("Etc/") if zone.endswith("UTC") else zone  # Etc/GMT+3 is three hours *behind*
        return get_timezone_location(ZoneInfo(zone), self._locale, return_city=True)

    def country(self, code: str) -> str:
        """`BE` → `Belgium`, `Belgique`; a code that CLDR does not know stays as it is."""
        return str(self._locale.territories.get(code, code))

    def tongue(self, tag: str) -> str:
        """`de` → `German`, `allemand`."""
        return str(self._locale.languages.get(tag, tag))

    def number(self, count: int | float | Decimal) -> str:
        if isinstance(count, int):  # a page of results has hundreds of them
            return f"{count:,}".replace(",", self._group)
        return format_decimal(count, locale=self._locale)

    def percent(self, share: float | Decimal) -> str:
        """`0.055` → `5.5%`, `5,5 %`; two digits after the point at most."""
        pattern = self._locale.percent_formats[None].pattern
        return format_percent(share, pattern.replace("#,##0", "#,##0.##"), self._locale)

    def _first(self, date: str) -> str:
        """French says *1er décembre*, which CLDR does not know."""
        return date.replace(" 1\xa0", " 1er\xa0", 1) if self.code == "fr" else date


def _aware(when: datetime) -> datetime:
    if when.tzinfo is None:
        raise ValueError(f"an instant without a zone: {when}")
    return when.astimezone(UTC)


@cache
def _compiled(catalogue: Path) -> gettext.NullTranslations:
    if not catalogue.exists():
        return gettext.NullTranslations()
    with catalogue.open("rb") as source:
        sentences = read_po(source, locale=catalogue.stem)
    binary = io.BytesIO()
    write_mo(binary, sentences)
    binary.seek(0)
    return gettext.GNUTranslations(binary)
