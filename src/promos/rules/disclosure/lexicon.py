"""Looking for words in a text, whole ones and in any case."""

import re
from functools import cache

from promos.rules.disclosure.ruleset import Lexicon

_ENDS = re.compile(r"(?<=[.!?…])\s+|\n+")


def contains(text: str, words: str) -> bool:
    """Whether these words stand in the text as words, typographic apostrophes or not."""
    return _pattern(words).search(text.replace("’", "'").replace("\xa0", " ")) is not None


def sentences(text: str) -> list[str]:
    return [sentence for sentence in _ENDS.split(text) if sentence.strip()]


def names_what_was_given(sentence: str, lexicon: Lexicon) -> bool:
    """`the organiser provides 5 passes`: somebody gives, and what."""
    gives = any(contains(sentence, word) for word in lexicon.gives)
    return gives and any(contains(sentence, word) for word in lexicon.things)


@cache
def _pattern(words: str) -> re.Pattern[str]:
    escaped = re.escape(words.replace("’", "'").strip())
    return re.compile(rf"(?<!\w){escaped}(?!\w)" if words[-1].isalnum() else rf"(?<!\w){escaped}", re.IGNORECASE)
