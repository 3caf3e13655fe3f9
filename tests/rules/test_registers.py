import pytest

from promos.rules.registers import advice, luhn


@pytest.mark.parametrize(
    ("country", "form", "number"),
    [
        ("FR", "SAS", "RCS Paris 732 829 320"),
        ("FR", "SAS", "SIRET 732 829 320 00074"),
        ("FR", "Association loi 1901", "RNA W751 234 567"),
        ("DE", "GmbH", "Amtsgericht Charlottenburg, HRB 12345 B"),
        ("GB", "Ltd", "Companies House 01234567"),
        ("GB", "LP", "SC123456"),
        ("CH", "AG", "whatever is right there"),
        ("FR", "SAS", ""),
        ("FR", None, None),
    ],
)
def test_what_looks_right_or_is_not_known_is_let_be(country: str, form: str | None, number: str | None) -> None:
    assert advice(country, form, number) == ""


@pytest.mark.parametrize(
    ("country", "number", "word"),
    [
        ("FR", "RCS Paris 123 456 789", "digit"),
        ("FR", "RCS Paris", "nine digits"),
        ("FR", "W751234567", "digit"),
        ("DE", "12345", "court"),
        ("GB", "12", "eight digits"),
    ],
)
def test_what_looks_wrong_is_said_in_words(country: str, number: str, word: str) -> None:
    assert word in advice(country, "SAS", number)


def test_one_wrong_digit_or_two_that_changed_places_are_seen() -> None:
    assert luhn("732829320")
    assert not any(luhn(f"73282932{digit}") for digit in "123456789")
    assert not luhn("372829320")
