"""What a register's number looks like, where that is known. Advice, not a wall: people know their own register."""

import re

from promos.rules.language import N_


def advice(country: str, legal_form: str | None, register_number: str | None) -> str:
    """What one may want to look at once more; empty for what looks right, or where nothing is known."""
    number = register_number or ""
    if not number.strip():
        return ""
    if country == "FR":
        return _french(number, is_association="association" in (legal_form or "").lower())
    if country == "DE" and not re.search(r"\b(HR[AB]|VR|GnR|PR)\s*\d", number):
        return N_("A German register’s number is written with its court, such as Amtsgericht Berlin, HRB 12345.")
    if country == "GB" and not re.search(r"\b([A-Z]{2}\d{6}|\d{8})\b", number):
        return N_("A British company’s number has eight digits, or two letters and six digits.")
    return ""


def _french(number: str, *, is_association: bool) -> str:
    """A SIREN has nine digits that satisfy Luhn's formula (INSEE); an association's RNA is W and nine digits."""
    compact = re.sub(r"[\s.]", "", number)
    if is_association and re.search(r"W\d{9}", compact):
        return ""
    found = re.search(r"\d{9,14}", compact)
    if found is None:
        return N_("A French company is found by its SIREN of nine digits, such as RCS Paris 732 829 320.")
    if not luhn(found[0][:9]):
        return N_("This SIREN has a digit that does not fit the others. Please compare it with the register.")
    return ""


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(each - 9 if each > 9 else each for each in doubled) % 10 == 0
