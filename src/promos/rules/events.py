"""What makes sense as a partner, a publication, an event and a pass type."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from promos.rules import texts
from promos.rules.language import N_
from promos.rules.refusals import InvalidRequest
from promos.rules.texts import Reader, line, one_of, optional, paragraph, up_to

MOST_HIGHLIGHTS = 12
VAT = ("included", "excluded", "unknown")
WORTH = frozenset({"face_value", "currency", "vat", "vat_rate"})  # of a pass type, as readers were told

# ISO 4217, currencies that one can be paid in
_CURRENCIES = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY
COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS
INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP
MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR
SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND
VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(_CURRENCIES.split())


def highlights(value: Sequence[str], field: str) -> list[str]:
    """A few lines that say why one comes; empty ones are left out."""
    lines = [line(text, field) for text in value if text.strip()]
    if len(lines) > MOST_HIGHLIGHTS:
        raise InvalidRequest({field: N_("Twelve highlights are enough.")})
    return lines


def currency(value: str, field: str) -> str:
    if value not in CURRENCIES:
        raise InvalidRequest({field: N_("Write a currency as three letters, such as EUR.")})
    return value


def face_value(value: int, field: str) -> int:
    """Minor units."""
    if isinstance(value, bool) or not 0 <= value <= 10**12:
        raise InvalidRequest({field: N_("Write an amount such as 999.00, not negative.")})
    return value


def vat_rate(value: Decimal, field: str) -> Decimal:
    """Percent, with at most two digits after the point."""
    if not value.is_finite() or not 0 <= value <= 100 or value != round(value, 2):
        raise InvalidRequest({field: N_("Write a percentage between 0 and 100, such as 20 or 5.5.")})
    return round(value, 2)


PARTNER: Mapping[str, Reader] = {
    "name": line,
    "legal_name": line,
    "legal_form": optional(up_to(60, line)),
    "register_number": optional(line),
    "address": optional(up_to(500, paragraph)),
    "country": texts.country,
}
PUBLICATION: Mapping[str, Reader] = {
    "name": line,
    "slug": texts.slug,
    "language": texts.language,
    "timezone": texts.timezone,
    "audience": texts.audience,
}
EVENT: Mapping[str, Reader] = {
    "name": line,
    "edition": optional(up_to(60, line)),
    "starts_at": texts.instant,
    "ends_at": texts.instant,
    "timezone": texts.timezone,
    "venue": line,
    "city": line,
    "country": texts.country,
    "url": texts.url,
    "highlights": highlights,
    "asks_name": texts.yes_or_no,
    "asks_company": texts.yes_or_no,
    "capacity": optional(texts.limit),
}
PASS_TYPE: Mapping[str, Reader] = {
    "name": line,
    "face_value": face_value,
    "currency": currency,
    "vat": one_of(*VAT),
    "vat_rate": optional(vat_rate),
    "capacity": optional(texts.limit),
}


def lasts(starts_at: datetime, ends_at: datetime) -> None:
    """Raise `InvalidRequest` for an event that ends before it begins."""
    if ends_at <= starts_at:
        raise InvalidRequest({"ends_at": N_("The end comes after the beginning.")})
