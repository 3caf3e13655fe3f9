"""What a use in a partner's ticket shop is, by what became of the code here."""

from typing import Final

WHAT: Final = {
    "given": "used",
    "burnt": "ended",  # its pass was cancelled, given back or handed on, and the code used all the same
    "free": "outside",  # we had given it to nobody
    "reserved": "outside",
    "spent": "outside",
}


def what(state: str) -> str:
    return WHAT[state]
