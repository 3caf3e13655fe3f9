"""Codes that nobody guesses, in patterns that can be ordered."""

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promos.rules import codes, patterns
from promos.rules.patterns import LETTERS, Pattern
from promos.rules.refusals import InvalidRequest, PatternGuessable, PatternInfeasible, PatternMalformed

THIRTEEN = "GENAI-****-****-****-*"

# The value that chi-square passes once in a million flat draws, for 31 degrees of freedom.
ONCE_IN_A_MILLION = 85.0


def every(pattern: str, count: int, size: int = 1000) -> list[str]:
    return [code for some in patterns.drawn(patterns.pattern(pattern), count, size) for code in some]


@pytest.mark.parametrize(
    "text", ["", "*", "**", "A--*", "-***", "***-", "****_***", "É***", "*" * 41, "***\n***", "А**"]
)
def test_a_pattern_of_other_signs_is_malformed(text: str) -> None:
    with pytest.raises(PatternMalformed):
        patterns.orderable(text, 1)


def test_a_pattern_with_fewer_combinations_than_codes_is_refused_with_the_number() -> None:
    with pytest.raises(PatternInfeasible) as refused:
        patterns.orderable("GENAI-#", 1000)

    assert refused.value.facts == {"combinations": 10, "count": 1000}


@pytest.mark.parametrize(("text", "bits"), [("******", 30), ("****-****-****", 60), ("#" * 19, 63)])
def test_a_pattern_that_can_be_guessed_is_refused_with_its_bits(text: str, bits: int) -> None:
    with pytest.raises(PatternGuessable) as refused:
        patterns.orderable(text, 1000)

    assert refused.value.facts == {"bits": bits, "least": 64}


@pytest.mark.parametrize("text", [THIRTEEN, "*************", "#" * 20, patterns.DEFAULT, "****-****-****-##"])
def test_sixty_four_bits_are_enough_and_make_a_text_as_long_as_secrets_are(text: str) -> None:
    pattern = patterns.orderable(text, patterns.MOST)

    assert math.log2(pattern.combinations) >= 64
    assert all(codes.may_be_secret(codes.normal(code)) for code in every(text, 20))


@pytest.mark.parametrize("count", [0, -1, patterns.MOST + 1, True])
def test_an_order_is_for_one_to_a_million_codes(count: int) -> None:
    with pytest.raises(InvalidRequest):
        patterns.orderable(patterns.DEFAULT, count)


def test_what_is_no_star_and_no_hash_stands_in_every_code() -> None:
    for code in every("genai-****-####-****-****", 200):
        word, *rest = code.split("-")
        assert word == "GENAI"
        assert [len(part) for part in rest] == [4, 4, 4, 4]
        assert rest[1].isdigit()
        assert set("".join(rest)) <= set(LETTERS)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 3000), st.integers(1, 700), st.sampled_from([THIRTEEN, "#" * 20, "A*#-****-****-****"]))
def test_an_order_comes_whole_in_order_and_in_parts_of_the_size_that_is_asked(count: int, size: int, text: str) -> None:
    parts = list(patterns.drawn(Pattern(text), count, size))
    drawn = [code for part in parts for code in part]

    assert len(drawn) == len(set(drawn)) == count
    assert drawn == sorted(drawn)
    assert all(len(part) == size for part in parts[:-1])


@pytest.mark.parametrize("place", range(13))
def test_every_symbol_is_as_likely_as_any_other_at_every_place(place: int) -> None:
    counted = Counter(code.replace("-", "")[place] for code in every("****-****-****-*", 10_000))
    expected = 10_000 / len(LETTERS)

    assert sum((counted[symbol] - expected) ** 2 / expected for symbol in LETTERS) < ONCE_IN_A_MILLION


def test_two_draws_have_nothing_in_common() -> None:
    assert not set(every(THIRTEEN, 10_000)) & set(every(THIRTEEN, 10_000))


def test_no_code_holds_an_unseemly_word_however_it_is_written() -> None:
    unseemly = ["SEX", "5EX", "FVCK", "PVTE", "MERDE", "M3RD3", "A55", "N4Z1"]
    everything = "\n".join(every("****-****-****-****", 30_000)).replace("-", "")

    assert not [word for word in unseemly if word in everything]


def test_a_word_of_the_pattern_itself_may_stand() -> None:
    assert all(code.startswith("SEXPO-") for code in every("SEXPO-****-****-****-*", 50))


def test_a_pattern_next_to_an_unseemly_word_is_drawn_around_it() -> None:
    drawn = [code.replace("-", "") for code in every("A*#-****-****-****", 3000)]

    assert len(drawn) == 3000
    assert not [code for code in drawn if code.startswith(("AS5", "A55"))]
