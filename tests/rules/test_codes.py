import pytest
from hypothesis import given
from hypothesis import strategies as st

from promos.rules import codes
from promos.rules.refusals import CodeMalformed

letters = st.text(alphabet="ABCXYZabcxyz0189", min_size=3, max_size=20)


@given(letters, st.data())
def test_dashes_blanks_and_case_make_no_other_code(word: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(1, len(word) - 1))
    between = data.draw(st.sampled_from(["-", " ", ""]))

    assert codes.normal(f" {word[:place].lower()}{between}{word[place:].upper()} ") == word.upper()


@given(letters)
def test_what_is_shown_reads_like_what_was_typed(word: str) -> None:
    assert codes.spelled(word) == word.upper()
    assert codes.normal(codes.spelled(word)) == codes.normal(word)


@given(st.text(max_size=60))
def test_a_code_that_is_kept_has_letters_and_digits_only(text: str) -> None:
    try:
        normal = codes.normal(text)
    except CodeMalformed:
        return

    assert normal.isascii()
    assert normal.isalnum()
    assert normal == normal.upper()
    assert 3 <= len(normal) <= 40
    assert codes.normal(normal) == normal


@pytest.mark.parametrize(
    "text",
    ["", "AB", "A" * 41, "-ABC", "ABC-", "A--BC", "A_BC", "CODÉ", "ⅧABC", "ABC²", "ＡＢＣ", "A\nBC", "ABC\x00", "А123"],
)
def test_nothing_else_is_a_code(text: str) -> None:
    with pytest.raises(CodeMalformed):
        codes.spelled(text)


def test_dashes_are_shown_where_they_were_put() -> None:
    assert codes.spelled("free-a-GenAI") == "FREE-A-GENAI"
    assert codes.normal("free-a-GenAI") == "FREEAGENAI"


def test_a_secret_code_reads_the_same_with_its_look_alikes() -> None:
    assert (
        codes.mended(codes.normal("genai-7ko2-il0v"))
        == codes.mended(codes.normal("GENA1-7K02-110V"))
        == "GENA17K02110V"
    )


@given(letters)
def test_what_is_mended_stays_as_it_is(word: str) -> None:
    assert codes.mended(codes.mended(word.upper())) == codes.mended(word.upper())


def test_thirteen_symbols_may_be_a_secret_and_twelve_are_none() -> None:
    assert codes.may_be_secret("A" * 13)
    assert not codes.may_be_secret("A" * 12)
