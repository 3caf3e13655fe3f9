"""What is archived is out of sight and stays as it is."""

from datetime import datetime

from promos.rules.refusals import Archived


def in_use(*archived: datetime | None) -> None:
    """Raise `Archived` if a thing, or what it belongs to, was put away at some time."""
    if any(each is not None for each in archived):
        raise Archived
