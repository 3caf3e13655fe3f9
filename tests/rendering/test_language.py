from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from promos.rendering.language import Language, direction, language

MIDNIGHT_MINUS_ONE = datetime(2026, 12, 1, 22, 59, tzinfo=UTC)  # 23:59 in Paris
CATALOGUE = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Language: fr\\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\\n"

msgid "Give it back"
msgstr "Rendre la place"

#, fuzzy
msgid "Nobody has looked at this one"
msgstr "Quelque chose"

msgid "%(count)s pass"
msgid_plural "%(count)s passes"
msgstr[0] "%(count)s accès"
msgstr[1] "%(count)s accès en tout"
"""


@pytest.fixture
def french(tmp_path: Path) -> Language:
    catalogue = tmp_path / "fr.po"
    catalogue.write_text(CATALOGUE, "utf-8")
    return Language("fr", catalogue)


@pytest.mark.parametrize(
    ("tag", "spoken"),
    [("fr", "fr"), ("fr-BE", "fr"), ("fr_FR", "fr"), ("FR", "fr"), ("en", "en"), ("de", "en"), ("", "en")],
)
def test_a_language_tag_leads_to_a_language_we_speak(tag: str, spoken: str) -> None:
    assert language(tag).code == spoken
    assert language(tag) is language(tag)


def test_a_sentence_is_translated_and_a_missing_or_doubtful_one_stays_english(french: Language) -> None:
    assert french.gettext("Give it back") == "Rendre la place"
    assert french.gettext("Never seen") == "Never seen"
    assert french.gettext("Nobody has looked at this one") == "Nobody has looked at this one"
    assert french.gettext("") == ""


def test_zero_is_singular_in_french_and_plural_in_english(french: Language) -> None:
    assert french.ngettext("%(count)s pass", "%(count)s passes", 0) == "%(count)s accès"
    assert french.ngettext("%(count)s pass", "%(count)s passes", 2) == "%(count)s accès en tout"
    assert Language("en").ngettext("%(count)s pass", "%(count)s passes", 0) == "%(count)s passes"


def test_a_language_without_catalogue_speaks_english_sentences(tmp_path: Path) -> None:
    assert Language("fr", tmp_path / "none.po").gettext("Give it back") == "Give it back"


@pytest.mark.parametrize(
    ("minor_units", "currency", "english", "french"),
    [
        (99900, "EUR", "€999", "999\xa0€"),
        (83250, "EUR", "€832.50", "832,50\xa0€"),
        (120000000, "EUR", "€1,200,000", "1\u202f200\u202f000\xa0€"),
        (0, "EUR", "€0", "0\xa0€"),
        (500, "JPY", "JP¥500", "500\xa0JPY"),
        (12345, "TND", "TND12.345", "12,345\xa0TND"),
    ],
)
def test_money_is_written_with_its_own_precision_and_no_empty_cents(
    minor_units: int, currency: str, english: str, french: str
) -> None:
    assert language("en").money(minor_units, currency).replace("\xa0", "") == english
    assert language("fr").money(minor_units, currency) == french


def test_an_instant_is_told_on_the_clocks_of_the_event() -> None:
    assert language("en").instant(MIDNIGHT_MINUS_ONE, "Europe/Paris") == "Tuesday 1 December 2026, 23:59 (Paris)"
    assert language("en").instant(MIDNIGHT_MINUS_ONE, "Asia/Kolkata") == "Wednesday 2 December 2026, 04:29 (Kolkata)"
    assert language("en").instant(MIDNIGHT_MINUS_ONE, "UTC") == "Tuesday 1 December 2026, 22:59 (UTC)"


def test_french_dates_have_an_ordinal_first_and_spaces_that_do_not_break() -> None:
    french = language("fr")

    assert french.instant(MIDNIGHT_MINUS_ONE, "Europe/Paris") == "mardi 1er\xa0décembre 2026 à 23\xa0h\xa059 (Paris)"
    nine_on_the_31st = datetime(2026, 8, 31, 7, tzinfo=UTC)
    assert french.instant(nine_on_the_31st, "Europe/Paris") == "lundi 31\xa0août 2026 à 9\xa0h (Paris)"
    assert french.instant(MIDNIGHT_MINUS_ONE, "Europe/London") == "mardi 1er\xa0décembre 2026 à 22\xa0h\xa059 (Londres)"


def test_a_day_is_the_day_of_the_zone() -> None:
    assert language("en").day(MIDNIGHT_MINUS_ONE, "Europe/Paris") == "Tue 1 Dec 2026"
    assert language("en").day(MIDNIGHT_MINUS_ONE, "Asia/Kolkata") == "Wed 2 Dec 2026"
    assert language("fr").day(MIDNIGHT_MINUS_ONE, "Europe/Paris") == "mar. 1er\xa0déc. 2026"


def test_a_time_without_a_zone_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        language("en").instant(datetime(2026, 12, 1, 12), "Europe/Paris")


def test_numbers_and_shares() -> None:
    assert language("en").number(1200) == "1,200"
    assert language("fr").number(1200) == "1\u202f200"
    assert language("en").percent(Decimal("0.055")) == "5.5%"
    assert language("fr").percent(0.2) == "20\xa0%"
    assert language("en").percent(1 / 3) == "33.33%"


def test_the_twenty_first_is_no_first() -> None:
    assert language("fr").day(datetime(2021, 1, 21, 12, tzinfo=UTC), "Europe/Paris") == "jeu. 21\xa0janv. 2021"


def test_direction_follows_the_script() -> None:
    assert (direction("fr"), direction("ar-EG"), direction("he")) == ("ltr", "rtl", "rtl")


@pytest.mark.parametrize("code", ["en", "fr"])
@pytest.mark.parametrize("count", [0, 9, 999, 1000, -1000, 128_000, 10**9])
def test_whole_numbers_are_written_as_cldr_has_them(code: str, count: int) -> None:
    assert language(code).number(count) == language(code).number(Decimal(count))
