import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promos.rules.blocks import BlockContent, clean_line, clean_text, is_web_address

BLOCK = BlockContent(
    language="fr",
    label="Publicité",
    advertiser="Harmonie Congrès SAS",
    given="Pas de paiement.",
    heading="Venez",
    body="Un texte.",
    call_to_action="Réserver",
    code="JAZZ2026",
    url="https://promos.example/go/1",
    terms=("20 accès",),
    conditions_url=None,
    block_id="1",
)
UNSEEN = (
    "\x00\x07\x1b\x7f\xad\u061c\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2060\u2066\u2069\ufeff\ud800\U000e0041\u3164"
)


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)
    assert clean_line(clean_line(text)) == clean_line(text)


@given(st.text(alphabet=st.sampled_from(UNSEEN + "ab \n\u0301")))
def test_nothing_unseen_is_left_and_a_line_is_one_line(text: str) -> None:
    assert not set(UNSEEN) & set(clean_text(text))
    assert not set(UNSEEN + "\n\r\t\u2028") & set(clean_line(text))


def test_a_text_reversed_by_an_override_reads_as_it_is_stored() -> None:
    assert clean_line("\u202eéticilbuP\u202c") == "éticilbuP"


def test_typographic_spaces_and_accents_stay() -> None:
    assert clean_line("  1\u202f200 participants\xa0! \n Cafe\u0301 ") == "1\u202f200 participants\xa0! Café"


def test_emoji_stay_joined_and_words_do_not() -> None:
    engineer = "\N{WOMAN}\u200d\N{PERSONAL COMPUTER}"

    assert clean_line(f"{engineer} Publi\u200dcité \u200d\u200d") == f"{engineer} Publicité"


def test_line_ends_of_every_kind_become_one_kind() -> None:
    assert clean_text("a\r\nb\rc\u2028d\x85e\n\n\n\n\nf  ") == "a\nb\nc\nd\ne\n\nf"


def test_accents_do_not_pile_up_over_the_label() -> None:
    piled = clean_line("o" + "\u0301\u0302\u0303" * 20)

    assert sum(unicodedata.combining(mark) > 0 for mark in piled) <= 4


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("https://promos.example/go/1?a=b#c", True),
        ("http://127.0.0.1:8000/go/1", True),
        ("HTTPS://EXAMPLE.ORG", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//example.org", False),
        ("/go/1", False),
        ("https://", False),
        ("https://ok.example@evil.example/", False),
        ('https://example.org/"onclick=', False),
        ("https://example.org/ x", False),
        ("https://exämple.org", False),
        ("https://[::1", False),
        ("", False),
    ],
)
def test_a_web_address_is_absolute_and_plain(address: str, good: bool) -> None:
    assert is_web_address(address) is good


def test_a_block_cannot_hold_what_is_unseen() -> None:
    block = replace(
        BLOCK, label="\u202ePublicité\n", heading="Ve\u200bnez\r\nici", terms=("a\u2066", " ", "b"), body="a\r\nb"
    )

    assert (block.label, block.heading, block.terms, block.body) == ("Publicité", "Venez ici", ("a", "b"), "a\nb")


def test_conditions_that_are_no_address_are_dropped_and_ours_has_to_be_one() -> None:
    assert replace(BLOCK, conditions_url="javascript:alert(1)").conditions_url is None
    assert replace(BLOCK, conditions_url="https://example.org/terms").conditions_url == "https://example.org/terms"
    with pytest.raises(ValueError, match="absolute"):
        replace(BLOCK, url="/go/1")


@pytest.mark.parametrize(
    ("label", "word"),
    [
        ("Publicité", "Publicité"),
        ("Publicité – collaboration commerciale", "Publicité"),
        ("Publicité - collaboration commerciale", "Publicité"),
        ("Publicité\xa0: collaboration", "Publicité"),
        ("Collaboration commerciale", "Collaboration commerciale"),
        ("Advertisement: free passes", "Advertisement"),
        ("– ", "–"),
        ("", ""),
    ],
)
def test_the_short_word_of_a_label_ends_at_its_dash_or_colon(label: str, word: str) -> None:
    assert replace(BLOCK, label=label).word == word


def test_the_label_line_names_the_advertiser_once() -> None:
    assert BLOCK.label_line == "Publicité – Harmonie Congrès SAS"
    named = replace(BLOCK, label="Publicité – collaboration commerciale avec Harmonie Congrès SAS")
    assert named.label_line == named.label
