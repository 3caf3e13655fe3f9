from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promos.rules import codes, editions


@pytest.mark.parametrize(
    ("name", "edition", "then"),
    [
        ("GenerationAI", "2026", ("GenerationAI", "2027")),
        ("GenerationAI", "12e édition", ("GenerationAI", "13e édition")),
        ("GenerationAI 2026", None, ("GenerationAI 2027", None)),
        ("Web2Day", None, ("Web2Day", "2027")),
        ("Salon", "édition d’automne", ("Salon", "édition d’automne")),
        ("Salon", "09", ("Salon", "10")),
    ],
)
def test_the_number_goes_up_where_the_edition_is_counted(name: str, edition: str, then: tuple[str, str]) -> None:
    assert editions.named(name, edition, 2027) == then


def test_a_year_later_it_begins_on_the_same_day_of_the_week_at_the_same_time() -> None:
    zone = "Europe/Paris"
    before = datetime(2026, 3, 28, 9, 0, tzinfo=ZoneInfo(zone))  # a Saturday, the day before the clocks go forward

    then = editions.shifted(before, zone, timedelta(days=editions.A_YEAR))

    local = then.astimezone(ZoneInfo(zone))
    assert (local.strftime("%A %H:%M"), local.date().isoformat()) == ("Saturday 09:00", "2027-03-27")


def test_an_hour_that_the_clocks_skip_moves_on() -> None:
    zone = "Europe/Paris"
    before = datetime(2027, 3, 27, 2, 30, tzinfo=ZoneInfo(zone))

    then = editions.shifted(before, zone, timedelta(days=1))

    assert then.astimezone(ZoneInfo(zone)).strftime("%d %H:%M") == "28 03:30"


@given(st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)), st.integers(-400, 400))
def test_the_clocks_show_the_same_unless_they_skip_that_hour(local: datetime, days: int) -> None:
    zone = ZoneInfo("Europe/Paris")
    before = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    shown = before.astimezone(zone)

    then = editions.shifted(before, zone.key, timedelta(days=days)).astimezone(zone)

    wanted = shown.replace(tzinfo=None, fold=0) + timedelta(days=days)
    is_skipped = wanted.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wanted
    assert is_skipped or then.replace(tzinfo=None, fold=0) == wanted


@pytest.mark.parametrize(
    ("word", "then"),
    [
        ("FREEAGENAI", ["FREEAGENAI27", "FREEAGENAI27-2", "FREEAGENAI27-3"]),
        ("FREEAGENAI26", ["FREEAGENAI27", "FREEAGENAI27-2", "FREEAGENAI27-3"]),
        ("GENAI-2026", ["GENAI27", "GENAI27-2", "GENAI27-3"]),
        ("SAVE20", ["SAVE2027", "SAVE2027-2", "SAVE2027-3"]),
        ("A26", ["A2627", "A2627-2", "A2627-3"]),
    ],
)
def test_the_word_of_a_code_bears_the_year_of_its_edition(word: str, then: list[str]) -> None:
    assert list(islice(editions.texts(word, 2026, 2027), 3)) == then


@given(st.from_regex(r"[A-Z0-9](?:-?[A-Z0-9]){2,39}", fullmatch=True))
def test_every_word_that_is_proposed_is_a_code(word: str) -> None:
    for text in editions.texts(word, 2026, 2027):
        assert codes.spelled(text) == text
