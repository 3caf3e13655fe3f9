"""Every sentence a person sees is there in French."""

import re
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from promos.rules.refusals import every_refusal

ROOT = Path(__file__).parents[1]
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}


def _said() -> set[str | tuple[str, ...]]:
    """The sentences of the program and its pages, as `make messages` finds them."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    found = extract_from_dir(ROOT, method_map=methods, options_map=options, keywords=KEYWORDS)
    return {_frozen(message) for _, _, message, _, _ in found}


def _french() -> dict[str | tuple[str, ...], str | tuple[str, ...]]:
    with (ROOT / "src" / "promos" / "locale" / "fr.po").open("rb") as file:
        catalogue = read_po(file, locale="fr")
    assert not catalogue.obsolete
    assert not [message.id for message in catalogue if message.id and message.fuzzy]
    return {_frozen(message.id): _frozen(message.string) for message in catalogue if message.id}


def _forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else text


def _frozen(text: str | list[str] | tuple[str, ...] | None) -> str | tuple[str, ...]:
    return tuple(text) if isinstance(text, list | tuple) else text or ""


def test_every_sentence_has_its_french_and_nothing_more() -> None:
    said, french = _said(), _french()

    assert sorted(map(str, said - set(french))) == []
    assert sorted(map(str, set(french) - said)) == []
    empty = [
        source for source, told in french.items() if not all(_forms(told)) or len(_forms(told)) != len(_forms(source))
    ]
    assert sorted(map(str, empty)) == []


def test_places_for_facts_are_the_same_in_both_languages() -> None:
    def places(text: str | tuple[str, ...]) -> list[set[str]]:
        return [set(re.findall(r"%\((\w+)\)s", form)) for form in _forms(text)]

    assert {str(source): told for source, told in _french().items() if places(source) != places(told)} == {}


def test_french_has_its_spaces_quotes_and_words() -> None:
    """A narrow blank before ; ! ? and a wide one before : and inside « », none of which breaks a line."""
    spaces = r"""[^\u202f][;!?]|(?<!\xa0):(?=\s|$)|\xa0:(?=[^\s])|«[^\xa0]|[^\xa0]»|['"“”]|\.\.\."""
    words = r"""\b(coupon|voucher|email|courriel|(?<!e-)mail)s?\b|\bQR code\b"""
    wrong = re.compile(f"{spaces}|{words}", re.IGNORECASE)
    shown = {told: re.sub(r"%\(\w+\)s|<[^>]+>", "x", told) for forms in _french().values() for told in _forms(forms)}

    assert {told: found[0] for told, text in shown.items() if (found := wrong.search(text))} == {}


def test_every_refusal_can_be_told_in_french() -> None:
    french = _french()

    assert [kind.slug for kind in every_refusal() if kind.title not in french] == []
