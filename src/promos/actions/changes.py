"""What differs between a row and what somebody wants it to say."""

from collections.abc import Mapping
from typing import Any

from promos.models import Base


def apply(row: Base, wanted: Mapping[str, Any]) -> list[str]:
    """Set what differs on `row`, and name it; a repeat of the same change names nothing."""
    changed = sorted(field for field, value in wanted.items() if getattr(row, field) != value)
    for field in changed:
        setattr(row, field, wanted[field])
    return changed
