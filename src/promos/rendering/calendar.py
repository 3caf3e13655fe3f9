"""An event as a calendar file (RFC 5545) that every calendar takes: one VEVENT, times in UTC, so no zone to explain."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from promos.rules.blocks import clean_line, clean_text

_OCTETS = 75  # a line's greatest length, its end not counted


@dataclass(frozen=True, slots=True)
class Appointment:
    uid: str  # the same for the same pass at all times, so that a second import changes the first
    stamp: datetime  # when this was made
    starts_at: datetime
    ends_at: datetime
    summary: str
    location: str
    url: str
    description: str
    sequence: int = 0  # of what it says: a greater one takes the place of a smaller
    is_cancelled: bool = False
    organizer: str = ""  # a mail address; programs ask for one where an entry is taken out


def ics(appointment: Appointment) -> bytes:
    """Times have to be aware (`ValueError`)."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Promos//EN",
        "CALSCALE:GREGORIAN",
        f"METHOD:{method_of(appointment)}",
        "BEGIN:VEVENT",
        f"UID:{_text(appointment.uid)}",
        f"DTSTAMP:{_utc(appointment.stamp)}",
        f"SEQUENCE:{appointment.sequence}",
        *([f"ORGANIZER:mailto:{clean_line(appointment.organizer)}"] if appointment.organizer else []),
        f"DTSTART:{_utc(appointment.starts_at)}",
        f"DTEND:{_utc(appointment.ends_at)}",
        f"SUMMARY:{_text(appointment.summary)}",
        f"LOCATION:{_text(appointment.location)}",
        f"DESCRIPTION:{_text(appointment.description)}",
        f"URL:{clean_line(appointment.url)}",
        f"STATUS:{'CANCELLED' if appointment.is_cancelled else 'CONFIRMED'}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return b"".join(_folded(line.encode()) + b"\r\n" for line in lines)


def method_of(appointment: Appointment) -> str:
    """RFC 5546: what a calendar does with it."""
    return "CANCEL" if appointment.is_cancelled else "PUBLISH"


def _text(value: str) -> str:
    return re.sub(r"([\\,;])", r"\\\1", clean_text(value)).replace("\n", "\\n")


def _utc(when: datetime) -> str:
    if when.tzinfo is None:
        raise ValueError(f"an instant without a zone: {when}")
    return f"{when.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _folded(line: bytes) -> bytes:
    """Broken between characters; what goes on begins with a blank, which counts."""
    pieces: list[bytes] = []
    start = 0
    while len(line) - start > (room := _OCTETS - bool(pieces)):
        end = start + room
        while line[end] & 0xC0 == 0x80:  # inside a character
            end -= 1
        pieces.append(line[start:end])
        start = end
    return b"\r\n ".join([*pieces, line[start:]])
