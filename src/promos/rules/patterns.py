"""Patterns of secret codes, and the drawing of codes that nobody can guess."""

import math
import re
import secrets
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from promos.rules.language import N_
from promos.rules.refusals import InvalidRequest, PatternGuessable, PatternInfeasible, PatternMalformed

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O and U
DIGITS = "0123456789"
DRAWN = {"*": LETTERS, "#": DIGITS}
LEAST_BITS = 64  # OWASP ASVS 5.0, 7.2.3: what a bearer token needs, and no rate limit can replace
DEFAULT = "****-****-****-****"
MOST = 1_000_000  # codes in one order
BLOCK = 100_000  # leads drawn in one go: no step of drawing holds a processor for long

_PATTERN = re.compile(r"[A-Z0-9*#](?:-?[A-Z0-9*#]){2,39}")

# Nobody wants to find these on a ticket. They are compared as they look: 5EX, FVCK and M3RDE are found, too.
_UNSEEMLY = """
ANAL ANUS ARSE ASS BASTARD BITCH COCK CUM CUNT DICK DYKE FAG FUCK HITLER JIZZ KKK NAZI NIGG PAKI PENIS PISS POOP PORN
PUSSY RAPE SEX SHIT SLUT SUCK TITS TWAT WANK WHORE BAISE BATARD BITE BOUGNOUL BRANL BURNE CHATTE CHIER CONARD CONNA
CONNE COUILL CUL ENCUL FDP FOUTRE GARCE GOUIN MERDE NEGRE NIQUE NTM PEDE PUTE PUTAIN SALOP SUCE TAPETTE TARLOUZ VIOL
YOUPIN ZIZI
"""
_LOOKS = bytes.maketrans(b"OILEASU", b"011345V")
_WORDS = tuple(word.encode().translate(_LOOKS) for word in _UNSEEMLY.split())


@dataclass(frozen=True, slots=True)
class Pattern:
    """`*` is a random letter or digit, `#` a random digit; all else stands in every code."""

    text: str

    @property
    def combinations(self) -> int:
        return math.prod(len(DRAWN[mark]) for mark in self.text if mark in DRAWN)

    @property
    def bits(self) -> int:
        """Whole bits of chance in one code."""
        return self.combinations.bit_length() - 1

    @property
    def places(self) -> list[int]:
        """Where the random symbols stand."""
        return [place for place, mark in enumerate(self.text) if mark in DRAWN]


def pattern(typed: str) -> Pattern:
    """The pattern in capitals; raises `PatternMalformed`."""
    text = typed.strip().upper()
    if not _PATTERN.fullmatch(text):
        raise PatternMalformed
    return Pattern(text)


def orderable(typed: str, count: int) -> Pattern:
    """The pattern for an order of `count` codes.

    Raises `InvalidRequest` for the count, then `PatternMalformed`, `PatternInfeasible` or `PatternGuessable`.
    """
    if isinstance(count, bool) or not 1 <= count <= MOST:
        raise InvalidRequest({"count": N_("Choose a whole number of codes between 1 and 1000000.")})
    wanted = pattern(typed)
    if wanted.combinations < count:
        raise PatternInfeasible(wanted.combinations, count)
    if wanted.bits < LEAST_BITS:
        raise PatternGuessable(wanted.bits, LEAST_BITS)
    return wanted


def drawn(wanted: Pattern, count: int, size: int) -> Iterator[list[str]]:
    """`count` different codes as they are shown, in order, up to `size` of them at a time; each drawn by itself.

    How many begin with which two symbols is drawn first and the rest of each later, which is as good as drawing all and
    sorting them; but the lot is never in memory whole, and comes in the order in which an index is written fastest.
    """
    leads = _leads(wanted, count)
    waiting: list[str] = []
    for lead in sorted(leads):
        waiting += _beginning(wanted, lead, leads[lead])
        while len(waiting) >= size:
            yield waiting[:size]
            del waiting[:size]
    if waiting:
        yield waiting


def _leads(wanted: Pattern, count: int) -> Counter[tuple[int, int]]:
    """How many of `count` codes begin with which two random symbols; never with two that make an unseemly word."""
    first, second = (DRAWN[wanted.text[place]] for place in wanted.places[:2])
    unseemly = {lead for lead in product(first.encode(), second.encode()) if not _begins_seemly(wanted, lead)}
    leads: Counter[tuple[int, int]] = Counter()
    while (lacking := count - leads.total()) > 0:
        more = min(BLOCK, lacking)
        leads.update(zip(_symbols(first, more), _symbols(second, more), strict=True))
        for lead in unseemly.intersection(leads):
            del leads[lead]
    return leads


def _begins_seemly(wanted: Pattern, lead: tuple[int, int]) -> bool:
    text = bytearray(wanted.text.encode())
    for place, symbol in zip(wanted.places, lead, strict=False):
        text[place] = symbol
    own, looks = wanted.text.encode().translate(_LOOKS, b"-"), text.translate(_LOOKS, b"-")
    return not any(word in looks and word not in own for word in _WORDS)


def _beginning(wanted: Pattern, lead: tuple[int, int], count: int) -> list[str]:
    """`count` seemly codes whose first two random symbols are `lead`, in order."""
    found: set[str] = set()
    while (lacking := count - len(found)) > 0:
        found.update(_seemly(wanted, _grid(wanted, lead, lacking)))
    return sorted(found)


def _grid(wanted: Pattern, lead: tuple[int, int], count: int) -> bytearray:
    """`count` lines of one code each, written column by column."""
    width = len(wanted.text) + 1
    grid = bytearray(f"{wanted.text}\n".encode() * count)
    for number, place in enumerate(wanted.places):
        column = bytes([lead[number]]) * count if number < 2 else _symbols(DRAWN[wanted.text[place]], count)
        grid[place::width] = column
    return grid


def _seemly(wanted: Pattern, grid: bytearray) -> Iterator[str]:
    """The codes of a grid without those that hold an unseemly word, dashes or not, which the pattern itself has not."""
    own = wanted.text.encode().translate(_LOOKS, b"-")
    width = len(own) + 1
    looks = grid.translate(_LOOKS, b"-")
    without = set()
    for word in _WORDS:
        at = looks.find(word) if word not in own else -1
        while at >= 0:
            without.add(at // width)
            at = looks.find(word, at + 1)
    for number, code in enumerate(grid.decode().splitlines()):
        if number not in without:
            yield code


def _symbols(alphabet: str, count: int) -> bytes:
    """`count` symbols, each as likely as the other: bytes that would favour some are thrown away."""
    even = 256 - 256 % len(alphabet)
    table = bytes(ord(alphabet[byte % len(alphabet)]) for byte in range(256))
    made = b""
    while len(made) < count:
        made += secrets.token_bytes(count - len(made)).translate(table, bytes(range(even, 256)))
    return made
