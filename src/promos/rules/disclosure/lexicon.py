"""Looking for words in a text as a reader sees them: case, accents and typography make no difference."""

import re
import unicodedata
from functools import cache, lru_cache

from promos.rules.blocks import seen
from promos.rules.disclosure.ruleset import Lexicon

MOST = 50_000  # characters that are looked through; a promo block has some hundreds
_ENDS = re.compile(r"(?<=[.!?…])\s+|\n+")
_MARKS = str.maketrans("’‘ʼ‐‑", "'''--")


@lru_cache(512)
def folded(text: str) -> str:
    """Without case, accents and unseen characters; letters in costume (𝗣𝘂𝗯) are letters."""
    plain = unicodedata.normalize("NFKD", seen(text[:MOST]).translate(_MARKS))
    return "".join(each for each in plain if not unicodedata.combining(each)).casefold()


def contains(text: str, words: str) -> bool:
    """Whether these words stand in the text as words, with blanks or hyphens between them."""
    plain, (first, pattern) = folded(text), _sought(words)
    return first in plain and pattern.search(plain) is not None


def sentences(text: str) -> list[str]:
    return [sentence for sentence in _ENDS.split(text[:MOST]) if sentence.strip()]


def names_what_was_given(sentence: str, lexicon: Lexicon) -> bool:
    """`the organiser provides 5 passes`: who, that it was given, and what."""
    needed = (lexicon.parties, lexicon.gives, lexicon.things)
    return all(any(contains(sentence, word) for word in words) for words in needed)


def spans(text: str, words: str) -> list[tuple[int, int]]:
    """Where these words stand in the folded text."""
    return [match.span() for match in _sought(words)[1].finditer(folded(text))]


@cache
def _sought(words: str) -> tuple[str, re.Pattern[str]]:
    """The first of the words, which is looked for in no time, and the pattern of them all."""
    plain = folded(words).strip()
    parts = re.split(r"[\s-]+", plain)
    escaped = r"[\s-]{1,3}".join(map(re.escape, parts))
    pattern = re.compile(rf"(?<!\w){escaped}(?!\w)" if plain[-1:].isalnum() else rf"(?<!\w){escaped}")
    return parts[0], pattern
