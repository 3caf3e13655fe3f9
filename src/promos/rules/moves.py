"""What of an event its readers have to hear when it changes, and how long one waits for the next change."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

FIELDS = ("starts_at", "ends_at", "timezone", "venue", "city")
QUIET = timedelta(minutes=5)  # without another change, before readers are told
LONGEST = timedelta(minutes=30)  # after the first change they are told in any case


def stored(values: Mapping[str, Any]) -> dict[str, str]:
    """As it is kept: instants as RFC 3339."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def kept(before: Mapping[str, Any]) -> dict[str, Any]:
    """The same, read again."""
    return {
        name: datetime.fromisoformat(value) if name in ("starts_at", "ends_at") else value
        for name, value in before.items()
    }


def differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """What is not as it was `before`: what was changed and changed back is nothing to tell."""
    return {name: value for name, value in kept(before).items() if now[name] != value}


def tell_at(first: datetime, now: datetime) -> datetime:
    """When readers are told of a change at `now`, if the `first` one was then."""
    return min(now + QUIET, max(first + LONGEST, now))
