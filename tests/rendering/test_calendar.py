import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promos.rendering.calendar import Appointment, ics

CONCERT = Appointment(
    uid="0192f5c4@promos.example",
    stamp=datetime(2027, 1, 5, 8, tzinfo=UTC),
    starts_at=datetime(2027, 3, 12, 9, 30, tzinfo=timezone(timedelta(hours=1))),
    ends_at=datetime(2027, 3, 12, 18, tzinfo=UTC),
    summary="Orgues, claviers ; et \\ordinateurs",
    location="Salle Molière, 18 quai de Bondy, Lyon",
    url="https://promos.example/p/abc?x=1,2;3",
    description="Votre accès :\nhttps://promos.example/p/abc\n\nÀ bientôt",
)


def test_a_calendar_reads_times_in_utc_and_the_words_as_written() -> None:
    read = _read(ics(CONCERT))

    assert read["UID"] == "0192f5c4@promos.example"
    assert (read["DTSTAMP"], read["DTSTART"], read["DTEND"]) == (
        "20270105T080000Z",
        "20270312T083000Z",
        "20270312T180000Z",
    )
    assert read["SUMMARY"] == CONCERT.summary
    assert read["LOCATION"] == CONCERT.location
    assert read["DESCRIPTION"] == CONCERT.description
    assert "\r\nURL:https://promos.example/p/abc?x=1,2;3\r\n" in ics(CONCERT).decode()


def test_the_same_pass_gives_the_same_file() -> None:
    assert ics(CONCERT) == ics(CONCERT)


def test_it_opens_and_closes_as_a_calendar_does() -> None:
    lines = ics(CONCERT).decode().split("\r\n")

    assert lines[:2] == ["BEGIN:VCALENDAR", "VERSION:2.0"]
    assert lines[-3:] == ["END:VEVENT", "END:VCALENDAR", ""]


@given(st.text(max_size=400))
def test_no_line_is_longer_than_75_octets_and_none_is_torn_inside_a_letter(words: str) -> None:
    file = ics(replace(CONCERT, summary=words, description=words))

    for line in file.split(b"\r\n"):
        assert len(line) <= 75
        line.decode()
    assert b"\n" not in file.replace(b"\r\n", b"")
    assert b"\r" not in file.replace(b"\r\n", b"")


def test_words_cannot_add_a_line_of_their_own() -> None:
    hostile = "x\r\nATTENDEE:mailto:a@b.example\nEND:VEVENT"
    file = ics(replace(CONCERT, summary=hostile, url=hostile, uid=hostile, location=hostile))

    assert [line.split(b":")[0] for line in file.split(b"\r\n") if line[:1].isalpha()].count(b"ATTENDEE") == 0
    assert file.count(b"\r\nEND:VEVENT") == 1


def test_a_time_without_a_zone_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        ics(replace(CONCERT, starts_at=datetime(2027, 3, 12)))


def _read(file: bytes) -> dict[str, str]:
    """Property → value, unfolded and unescaped as RFC 5545 says."""
    lines = file.decode().replace("\r\n ", "").split("\r\n")
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    return {name: re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], value) for name, value in pairs}
