import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from promos.parsing import Unreadable, agendas, events
from promos.parsing.events import Brought

PARIS = ZoneInfo("Europe/Paris")
HEAD = "Nom;Début;Fin;Fuseau horaire;Lieu;Ville;Pays;Page web;Points forts;Demande le nom;Capacité"


def read(table: str, **others: str) -> list[Brought]:
    return list(events.rows(io.BytesIO(table.encode()), others))


def calendar(*lines: str, of: str = "") -> list[Brought]:
    text = "\r\n".join(["BEGIN:VCALENDAR", *lines, "END:VCALENDAR", ""])
    return list(agendas.rows(io.BytesIO(text.encode()), {"timezone": of, "country": "FR", "url": "https://x.example/"}))


def an_event(*lines: str) -> list[str]:
    return ["BEGIN:VEVENT", "UID:1@x", "SUMMARY:Salon", "LOCATION:Palais\\, 75017 Paris", *lines, "END:VEVENT"]


@pytest.mark.parametrize(
    ("typed", "instant"),
    [
        ("2026-12-03T09:00:00+01:00", datetime(2026, 12, 3, 8, tzinfo=UTC)),
        ("2026-12-03 09:00", datetime(2026, 12, 3, 8, tzinfo=UTC)),
        ("03/12/2026 09:00", datetime(2026, 12, 3, 8, tzinfo=UTC)),
        ("3/7/2026 à 9 h 30", datetime(2026, 7, 3, 7, 30, tzinfo=UTC)),
        ("3.7.2026, 9h", datetime(2026, 7, 3, 7, tzinfo=UTC)),
        ("2026-12-03", datetime(2026, 12, 2, 23, tzinfo=UTC)),
        ("2026-03-29 02:30", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),  # clocks skip it
        ("2026-10-25 02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # it comes twice
        ("31/02/2026", None),
        ("soon", None),
        ("0001-01-01 09:00", None),
        ("31/12/1999 09:00", None),
        ("9999-12-31", None),
        ("", None),
    ],
)
def test_a_time_is_read_as_it_is_written_in_europe(typed: str, instant: datetime | None) -> None:
    assert events.moment(typed, PARIS) == instant


def test_a_row_is_an_event_as_actions_take_it() -> None:
    [row] = read(
        f"{HEAD}\nSalon;03/12/2026 09:00;03/12/2026 18:00;Europe/Paris;Palais;Paris;FR;https://x.example/;a|b;oui;1 200"
    )

    assert (row.line, row.wrong, row.missing) == (2, {}, {})
    assert row.given == {
        "name": "Salon",
        "venue": "Palais",
        "city": "Paris",
        "country": "FR",
        "url": "https://x.example/",
        "highlights": ["a", "b"],
        "timezone": "Europe/Paris",
        "starts_at": datetime(2026, 12, 3, 8, tzinfo=UTC),
        "ends_at": datetime(2026, 12, 3, 17, tzinfo=UTC),
        "asks_name": True,
        "capacity": 1200,
    }
    assert row.heads["starts_at"] == "Début"


def test_all_that_is_wrong_with_a_row_is_said_by_its_columns() -> None:
    [row] = read(f"{HEAD}\nSalon;soon;;Mars/City;Palais;;FR;;;maybe;many")

    assert set(row.wrong) == {"timezone", "asks_name", "capacity"}
    assert {"starts_at", "ends_at", "city", "url"} <= set(row.missing)


def test_a_day_alone_lasts_to_the_next_midnight_of_its_place() -> None:
    [row] = read("name,begins,ends\nSalon,2026-10-24,2026-10-25", timezone="Europe/Paris")

    assert row.given["starts_at"] == datetime(2026, 10, 23, 22, tzinfo=UTC)
    assert row.given["ends_at"] == datetime(2026, 10, 25, 23, tzinfo=UTC)  # the clocks went back


def test_an_event_of_a_calendar_is_in_its_own_zone() -> None:
    [row] = calendar(
        *an_event("DTSTART;TZID=America/New_York:20260703T090000", "DTEND:20260703T140000Z"), of="Europe/Paris"
    )

    assert (row.uid, row.wrong, row.missing) == ("1@x", {}, {})
    assert row.given["timezone"] == "America/New_York"
    assert (row.given["venue"], row.given["city"]) == ("Palais", "Paris")
    assert row.given["starts_at"] == datetime(2026, 7, 3, 13, tzinfo=UTC)
    assert row.given["ends_at"] == datetime(2026, 7, 3, 14, tzinfo=UTC)


def test_floating_times_and_whole_days_ask_for_a_zone() -> None:
    floating = an_event("DTSTART:20260703T090000", "DURATION:PT2H")
    days = an_event("DTSTART;VALUE=DATE:20261024", "DTEND;VALUE=DATE:20261026")

    for event in (floating, days):
        [row] = calendar(*event)
        assert row.wrong == {"timezone": events.NO_ZONE}
    [row] = calendar(*floating, of="Europe/Paris")
    assert row.given["ends_at"] == datetime(2026, 7, 3, 9, tzinfo=UTC)
    [row] = calendar("X-WR-TIMEZONE:Europe/Paris", *days)
    assert (row.given["starts_at"], row.given["ends_at"]) == (
        datetime(2026, 10, 23, 22, tzinfo=UTC),
        datetime(2026, 10, 25, 23, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("line", "field", "why"),
    [
        ("RRULE:FREQ=SECONDLY", "starts_at", agendas.REPEATS),
        ("STATUS:CANCELLED", "", agendas.CANCELLED),
        ("DTSTART:2026", "starts_at", events.NO_TIME),
        ("DTSTART:P1D\r\nDTEND:20260703T110000Z", "starts_at", events.NO_TIME),
        ("DTSTART:101010\r\nDTEND:20260703T110000Z", "starts_at", events.NO_TIME),
        (
            "DTSTART;VALUE=PERIOD:20260703T090000Z/20260703T110000Z\r\nDTEND:20260703T110000Z",
            "starts_at",
            events.NO_TIME,
        ),
        ("DTEND:P1D", "starts_at", events.NO_TIME),
    ],
)
def test_what_is_no_single_event_is_said(line: str, field: str, why: str) -> None:
    begins = [] if line.startswith("DTSTART") else ["DTSTART:20260703T090000Z"]
    [row] = calendar(*an_event(*begins, line))

    assert row.wrong[field] == why


def test_of_what_is_said_twice_the_first_counts() -> None:
    [row] = calendar(*an_event("DTSTART:20260703T090000Z", "SUMMARY:Foire", "UID:2@x"))

    assert (row.given["name"], row.uid) == ("Salon", "1@x")


def test_a_calendar_with_a_sign_that_no_text_has_is_none() -> None:
    with pytest.raises(Unreadable):
        calendar(*an_event("DTSTART:20260703T090000Z", "UID:\0"))


def test_events_are_counted_before_a_calendar_is_read() -> None:
    many = b"BEGIN:VCALENDAR\r\n" + b"begin:vevent\r\nEND:VEVENT\r\n" * 100_000

    assert agendas.is_calendar(io.BytesIO(many))
    assert agendas.number(io.BytesIO(many)) == 100_000
