"""What people type into one field: read strictly, kept in one form, refused in words that help.

A reader takes a value and the name of its field, and returns what is kept or raises `InvalidRequest`. `read` asks one
reader for each field and tells everything that is wrong at once.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from promos.rules.blocks import clean_line, clean_text, is_web_address, seen
from promos.rules.language import LANGUAGES, N_
from promos.rules.refusals import InvalidRequest

Reader = Callable[[Any, str], Any]

MOST_PASSES = 1_000_000

_TOO_LONG = {
    60: N_("Write at most 60 characters."),
    200: N_("Write at most 200 characters."),
    500: N_("Write at most 500 characters."),
    2000: N_("Write at most 2000 characters."),
}
_EMPTY = N_("Write something here.")
ONE_PLACE = N_("Write {code} once at most, where the shop’s address takes the code.")
_UNSEEN = N_("There are characters in this that nobody can see. Type it instead of pasting it.")

# ISO 3166-1 alpha-2
_COUNTRIES = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC
CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD
GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH
KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW
MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC
SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY
UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
COUNTRIES = frozenset(_COUNTRIES.split())


def read(readers: Mapping[str, Reader], given: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of each given field; raises `InvalidRequest` with every field that is wrong."""
    kept: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for field, value in given.items():
        try:
            kept[field] = readers[field](value, field)
        except InvalidRequest as refusal:
            errors |= {error["field"]: error["message"] for error in refusal.errors}
    if errors:
        raise InvalidRequest(errors)
    return kept


def optional(reader: Reader) -> Reader:
    """`reader`, for a field that may be left empty: `None` and blank text are kept as `None`."""

    def read_or_none(value: Any, field: str) -> Any:
        blank = value is None or (isinstance(value, str) and not value.strip())
        return None if blank else reader(value, field)

    return read_or_none


def up_to(most: int, reader: Callable[[str, str, int], str]) -> Reader:
    """`line` or `paragraph` of another greatest length."""
    return lambda value, field: reader(value, field, most)


def line(value: str, field: str, most: int = 200) -> str:
    """One line, NFC, without anything unseen; blanks between words are single."""
    if len(value) > 10 * most:
        raise InvalidRequest({field: _too_long(most)})
    text = _visible(value, field)
    if any(mark in text for mark in "\n\r\x85\u2028\u2029"):
        raise InvalidRequest({field: N_("Write this on one line.")})
    return _sized(clean_line(text), field, most)


def paragraph(value: str, field: str, most: int = 2000) -> str:
    """Lines that end in `\\n`, NFC, without anything unseen."""
    if len(value) > 10 * most:
        raise InvalidRequest({field: _too_long(most)})
    return _sized(clean_text(_visible(value, field)), field, most)


def url(value: str, field: str) -> str:
    """An absolute http or https address without user name, blanks or anything that ends a quoted attribute."""
    text = value.strip()
    if len(text) > 2000:
        raise InvalidRequest({field: _too_long(2000)})
    if not is_web_address(text):
        raise InvalidRequest({field: N_("Write a whole web address, such as https://example.org/event.")})
    return text


def country(value: str, field: str) -> str:
    code = value.strip().upper()
    if code not in COUNTRIES:
        raise InvalidRequest({field: N_("Write the country as two letters, such as FR.")})
    return code


def language(value: str, field: str) -> str:
    if value not in LANGUAGES:
        raise InvalidRequest({field: N_("Choose one of the languages that Promos speaks: en or fr.")})
    return value


def timezone(value: str, field: str) -> str:
    """A name of the IANA data base; `Factory` and links to the machine's own settings are none."""
    wrong = InvalidRequest({field: N_("Write a time zone such as Europe/Paris.")})
    if not re.fullmatch(r"UTC|[A-Z][A-Za-z]+(/[A-Za-z0-9_+-]+){1,2}", value):
        raise wrong
    try:
        ZoneInfo(value)
    except (ValueError, LookupError, OSError):  # OSError: a folder of zones, such as America/Argentina
        raise wrong from None
    return value


def slug(value: str, field: str) -> str:
    text = value.strip()
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text) or len(text) > 80:
        raise InvalidRequest({field: N_("Write small letters a–z, digits and single dashes, such as freea-daily.")})
    return text


def slug_of(name: str) -> str:
    """A slug made from a name: `Génération IA – 2026` → `generation-ia-2026`; what leaves nothing gives `x`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].rstrip("-") or "x"


def instant(value: datetime, field: str) -> datetime:
    """A moment of the years 2000 to 2100, in UTC."""
    if value.tzinfo is None:
        raise InvalidRequest({field: N_("Say in which time zone: 2026-12-03T09:00:00+01:00.")})
    try:
        moment = value.astimezone(UTC)
    except OverflowError:
        moment = None
    if moment is None or not 2000 <= moment.year <= 2100:
        raise InvalidRequest({field: N_("Choose a day between the years 2000 and 2100.")})
    return moment


def limit(value: int, field: str) -> int:
    """A number of passes."""
    if isinstance(value, bool) or not 1 <= value <= MOST_PASSES:
        raise InvalidRequest({field: N_("Choose a whole number between 1 and 1000000, or none at all.")})
    return value


def one_of(*allowed: str) -> Reader:
    def choose(value: str, field: str) -> str:
        if value not in allowed:
            raise InvalidRequest({field: N_("This is not one of the possible choices.")})
        return value

    return choose


def yes_or_no(value: bool, _field: str) -> bool:
    return value


def audience(value: Sequence[Mapping[str, Any]], field: str) -> list[dict[str, Any]]:
    """Countries with their share of the readers, the largest first; shares may leave a rest, never exceed the whole."""
    shares = {country(str(part["country"]), field): float(part["share"]) for part in value}
    if not shares or len(shares) != len(value):
        raise InvalidRequest({field: N_("Name each country once, and at least one.")})
    if not all(0 < share <= 1 for share in shares.values()) or sum(shares.values()) > 1.0001:
        raise InvalidRequest({field: N_("Each share is above 0, and together they are at most 1.")})
    return [
        {"country": code, "share": share} for code, share in sorted(shares.items(), key=lambda one: (-one[1], one[0]))
    ]


def _visible(value: str, field: str) -> str:
    text = unicodedata.normalize("NFC", value).strip()
    if seen(text) != text:
        raise InvalidRequest({field: _UNSEEN})
    return text


def _sized(text: str, field: str, most: int) -> str:
    if not text:
        raise InvalidRequest({field: _EMPTY})
    if len(text) > most:
        raise InvalidRequest({field: _too_long(most)})
    return text


def _too_long(most: int) -> str:
    return _TOO_LONG[most]
