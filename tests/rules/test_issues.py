"""Promo blocks are found in what anybody wrote, and nothing else is taken for one."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promos.rules.issues import FoundBlock, Segment, find_blocks, is_footnote


def issue(*texts: str, **kinds: str) -> list[Segment]:
    """Paragraphs, where `_3="heading"` says that the third is none."""
    return [
        Segment(f"s{number}", kinds.get(f"_{number}", "paragraph"), text, f"<p>{text}</p>")
        for number, text in enumerate(texts, 1)
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Un accès gratuit : utilisez le code PRINTEMPS.", "PRINTEMPS"),
        ("Un accès offert avec le code promo « PRINTEMPS »", "PRINTEMPS"),
        ("-20 % avec le code PRINTEMPS-24", "PRINTEMPS-24"),
        ("Use code SPRING24 for free tickets", "SPRING24"),
        ("Free passes with promo code: **SPRING**", "SPRING"),
        ("Mit dem Code FRUEHLING gibt es Freikarten", "FRUEHLING"),
        ("Freikarten mit dem Gutscheincode FRUEHLING", "FRUEHLING"),
    ],
)
def test_a_code_that_a_text_names_as_one_is_found(text: str, code: str) -> None:
    assert [block.code for block in find_blocks(issue(text))] == [code]


@pytest.mark.parametrize(
    "text",
    [
        "Le code source de GPT-4 est gratuit.",
        "Notre code HTML est gratuit.",
        "Le code PYTHON est offert avec le livre.",
        "The free server answers with code HTTP-404.",
        "The code is free as in freedom.",
        "The code ALPHA was broken in 1943.",
    ],
)
def test_other_codes_are_no_promo(text: str) -> None:
    assert find_blocks(issue(text)) == []


def test_a_code_in_large_letters_below_its_announcement_is_found() -> None:
    (block,) = find_blocks(issue("Un accès gratuit avec votre code :", "PRINTEMPS", "La suite"))

    assert (block.code, block.code_at) == ("PRINTEMPS", 1)


def test_a_block_reaches_from_its_heading_to_its_footnote() -> None:
    segments = issue(
        "Article", "About things.", "Meet us*", "The code SPRING24 opens free passes.", "Until soon!", "*Ad", "Next",
        _1="heading", _3="heading", _7="heading",
    )  # fmt: skip

    assert find_blocks(segments) == [FoundBlock(2, 5, "SPRING24", 3, "Meet us*")]


def test_a_block_without_a_footnote_ends_where_the_talk_of_it_ends() -> None:
    article = "Last week we looked at watering cans, and at what they write home about when nobody is watching. " * 2
    segments = issue("Meet us", "Free passes with the code SPRING24.", "Until soon!", article, article, _1="heading")

    (block,) = find_blocks(segments)

    assert (block.first, block.last) == (0, 2)


def test_a_known_code_needs_no_announcement() -> None:
    segments = issue("Free passes: say Spring-24, or SPRING24, at the door.")

    assert find_blocks(segments) == []
    assert [block.code for block in find_blocks(segments, ["SPRING-24"])] == ["SPRING24"]


def test_two_promos_are_two_blocks() -> None:
    segments = issue(
        "Spring", "Free passes with the code SPRING24.", "*Ad", "Autumn", "Free passes with the code AUTUMN24.", "*Ad",
        _1="heading", _4="heading",
    )  # fmt: skip

    assert [(block.code, block.first, block.last) for block in find_blocks(segments)] == [
        ("SPRING24", 0, 2),
        ("AUTUMN24", 3, 5),
    ]


def test_a_promo_ends_where_another_code_begins() -> None:
    segments = issue("Free passes with the code SPRING24.", "With the code SPRING24!", "A discount with code AUTUMN24.")

    assert [(block.code, block.first, block.last) for block in find_blocks(segments)] == [
        ("SPRING24", 0, 1),
        ("AUTUMN24", 2, 2),
    ]


@pytest.mark.parametrize(("text", "is_note"), [("*Ad", True), ("† Ad", True), ("**Ad**", False), ("Ad*", False)])
def test_a_footnote_begins_with_its_mark(text: str, is_note: bool) -> None:
    assert is_footnote(text) is is_note


KINDS = st.sampled_from(["heading", "paragraph", "list", "rule", "image"])
TEXTS = st.sampled_from(["", "*Ad", "Free passes with the code SPRING24", "Your code:", "AUTUMN24", "Prose.", "A line"])


@given(st.lists(st.builds(Segment, st.just("s1"), KINDS, TEXTS, st.just("")), max_size=30))
def test_blocks_stand_in_order_and_never_overlap(segments: list[Segment]) -> None:
    blocks = find_blocks(segments)

    ends = [end for block in blocks for end in (block.first, block.last)]
    assert ends == sorted(ends)
    assert all(one.last < other.first for one, other in pairwise(blocks))
    assert all(block.first <= block.code_at <= block.last < len(segments) for block in blocks)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    ["code " * 20_000, "A-" * 50_000, "code:" * 20_000, "*" * 100_000, "code " + "A" * 100_000, "x" * 100_000 + "code"],
)
def test_long_texts_are_searched_in_a_moment(text: str) -> None:
    find_blocks(issue(text, "free passes", text))


@pytest.mark.timeout(20)
def test_many_codes_without_an_offer_are_searched_in_a_moment() -> None:
    assert find_blocks(issue(*["CODE ABCD " * 200] * 2000)) == []


def test_a_price_in_two_parts_is_an_offer() -> None:
    (block,) = find_blocks(issue("With the code SPRING24 you pay 99", "€ at the door."))

    assert (block.first, block.last) == (0, 1)


@pytest.mark.parametrize("letter", ["\N{KELVIN SIGN}", "İ"])
def test_a_capital_that_only_looks_like_one_of_ours_belongs_to_its_code(letter: str) -> None:
    (block,) = find_blocks(issue(f"Free passes with the code {letter}ABC"))

    assert block.code == f"{letter}ABC"
