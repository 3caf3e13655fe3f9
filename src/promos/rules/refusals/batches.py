"""Codes in bulk: ordered by a pattern, or brought as a list."""

from promos.rules.language import N_
from promos.rules.refusals.families import Blocked, Invalid


class PatternMalformed(Invalid):
    slug = "pattern-malformed"
    title = N_("A pattern has 3 to 40 letters A–Z, digits, stars (*) and hashes (#), with single dashes between them.")


class PatternInfeasible(Invalid):
    """`combinations` are all codes that the pattern can make, `count` were ordered."""

    slug = "pattern-infeasible"
    title = N_("This pattern cannot make that many different codes. Add stars, each is 32 times as many.")

    def __init__(self, combinations: int, count: int) -> None:
        self.combinations = combinations
        self.count = count


class PatternGuessable(Invalid):
    """`bits` of chance are in a code of this pattern, `least` are needed."""

    slug = "pattern-guessable"
    title = N_("Codes of this pattern could be guessed. Thirteen stars make codes that nobody guesses.")

    def __init__(self, bits: int, least: int) -> None:
        self.bits = bits
        self.least = least


class BatchDone(Blocked):
    slug = "batch-done"
    title = N_("All codes of this order are made.")


class TooManyOrders(Blocked):
    """`most` orders of a partner may wait or be under way."""

    slug = "too-many-orders"
    title = N_("You have as many orders waiting as one may. Wait until one is done, or stop one.")

    def __init__(self, most: int) -> None:
        self.most = most


class ListTooLong(Invalid):
    """`most` lines may a list have."""

    slug = "list-too-long"
    title = N_("This list has more lines than we take in at once. Bring it in parts.")

    def __init__(self, most: int) -> None:
        self.most = most


class ListUnreadable(Invalid):
    slug = "list-unreadable"
    title = N_(
        "This is not a list of codes as UTF-8 text, one code a line, with its limit behind a comma or semicolon."
    )
