"""Events of a calendar file (iCalendar, RFC 5545): each VEVENT once, with the UID by which it is known again."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import IO, Any
from zoneinfo import ZoneInfo

from icalendar import Calendar

from promos.parsing import Unreadable
from promos.parsing.events import NO_TIME, NO_ZONE, Brought
from promos.rules import texts
from promos.rules.language import N_
from promos.rules.refusals import InvalidRequest

BEGINS = b"BEGIN:VCALENDAR"
EVENT = b"BEGIN:VEVENT"
_PIECE = 64 * 1024  # bytes

NO_CALENDAR = N_("This calendar cannot be read.")
REPEATS = N_("This event repeats. Bring each of its dates as an event of its own.")
CANCELLED = N_("This event is cancelled in the calendar. Nothing is deleted here: cancel its passes, or change it.")
NO_UID = N_("An event of a calendar needs a UID, so that bringing it again changes it.")


def is_calendar(file: IO[bytes]) -> bool:
    begin = file.read(200)
    file.seek(0)
    return begin.lstrip(b"\xef\xbb\xbf \r\n").upper().startswith(BEGINS)


def number(file: IO[bytes]) -> int:
    """How many events there are in the file, found without reading what they say."""
    found, rest = 0, b""
    while piece := file.read(_PIECE):
        text = rest + piece.upper()
        found += text.count(EVENT)
        rest = text[-len(EVENT) + 1 :]
    file.seek(0)
    return found


def rows(file: IO[bytes], others: Mapping[str, str]) -> Iterator[Brought]:
    """The events of a calendar. `others`: the zone of floating times and of whole days, and what a calendar cannot say.

    `line` is the place of the event in the file, from 1. Raises `Unreadable`.
    """
    content = file.read()
    if b"\0" in content:  # no text has one, and no database takes it
        raise Unreadable(NO_CALENDAR)
    try:
        calendar: Any = Calendar.from_ical(content)
        events = calendar.walk("VEVENT")
    except Exception:  # whatever a broken one makes the library stumble over
        raise Unreadable(NO_CALENDAR) from None
    named = _text(calendar, "X-WR-TIMEZONE") or others.get("timezone", "")
    for place, event in enumerate(events, 1):
        yield _brought(place, event, others, named)


def _brought(place: int, event: Any, others: Mapping[str, str], named: str) -> Brought:
    wrong: dict[str, str] = {}
    given: dict[str, Any] = {
        "name": _text(event, "SUMMARY"),
        "url": _text(event, "URL") or others.get("url", ""),
        "country": others.get("country", ""),
    }
    given["venue"], given["city"] = _place(_text(event, "LOCATION"), others.get("city", ""))
    given = {name: value for name, value in given.items() if value}
    if any(name in event for name in ("RRULE", "RDATE", "RECURRENCE-ID")):
        wrong["starts_at"] = REPEATS
    elif _text(event, "STATUS").upper() == "CANCELLED":
        wrong[""] = CANCELLED
    else:
        _times(event, named, given, wrong)
    uid = _text(event, "UID").strip()[:500]
    if not uid:
        wrong["uid"] = NO_UID
    heads = {"name": "SUMMARY", "url": "URL", "venue": "LOCATION", "city": "LOCATION", "starts_at": "DTSTART"}
    heads |= {"ends_at": "DTEND", "timezone": "TZID", "uid": "UID"}
    return Brought(place, given.get("name", "")[:200], given, wrong, heads, uid=uid or None)


def _text(of: Any, name: str) -> str:
    """What is said under this name; the first of several."""
    said = of.get(name, "")
    return str(said[0] if isinstance(said, list) else said)


def _times(event: Any, named: str, given: dict[str, Any], wrong: dict[str, str]) -> None:
    """Beginning, end and zone: of the event itself, else of its calendar, else as was said beside the file."""
    try:
        begin = event["DTSTART"].dt
        end = event["DTEND"].dt if "DTEND" in event else begin + _length(event, begin)
    except (KeyError, ValueError, AttributeError, TypeError, OverflowError):
        begin = end = None
    if not (isinstance(begin, date) and isinstance(end, date)):  # a length, a period, a time of no day
        wrong["starts_at"] = NO_TIME
        return
    zone = _zone(getattr(getattr(begin, "tzinfo", None), "key", ""), named)
    if zone is None:
        wrong["timezone"] = NO_ZONE
        return
    given["timezone"] = zone.key
    for name, value in (("starts_at", begin), ("ends_at", end)):
        if not isinstance(value, datetime):
            value = datetime(value.year, value.month, value.day)  # noqa: DTZ001, PLW2901 -- its zone comes next
        try:
            given[name] = (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
        except (ValueError, OverflowError):
            wrong[name] = NO_TIME


def _length(event: Any, begin: date) -> timedelta:
    """As long as it says, else the day, else no time at all (RFC 5545, 3.6.1)."""
    if "DURATION" in event:
        length: timedelta = event["DURATION"].dt
        return length
    return timedelta(0) if isinstance(begin, datetime) else timedelta(days=1)


def _zone(own: str, named: str) -> ZoneInfo | None:
    for name in (own, named):
        if name and name != "UTC":
            try:
                return ZoneInfo(texts.timezone(name, "timezone"))
            except InvalidRequest:
                continue
    return ZoneInfo("UTC") if own == "UTC" or named == "UTC" else None


def _place(location: str, city: str) -> tuple[str, str]:
    """`Palais des congrès, 2 place X, 75017 Paris` → venue and city; `city` where none is written."""
    parts = [part.strip() for part in location.replace("\n", ",").split(",") if part.strip()]
    if len(parts) < 2:
        return location.strip()[:200], city
    written = parts[-1].lstrip("0123456789 -").strip()
    return ", ".join(parts[:-1])[:200], (written or city)[:200]
