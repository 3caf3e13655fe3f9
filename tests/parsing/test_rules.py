"""A mistake in the rule data stops the program and says where it is."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

import promos
from promos.parsing.rules import RulesError, read_rules
from promos.rules.disclosure.checks import CHECKS
from promos.rules.disclosure.label import label_for
from promos.rules.disclosure.vocabulary import Mark, Severity

CITED = "valid_from = 2021-09-02"  # the first day of a ruling
SHIPPED = Path(promos.__file__).parent / "rules" / "disclosure" / "data"
Change = Callable[[str, str, str], Path]


@pytest.fixture
def changed(tmp_path: Path) -> Change:
    """A copy of the rules that Promos ships, with one passage of one file written otherwise."""

    def change(name: str, old: str, new: str) -> Path:
        folder = tmp_path / "rules"
        shutil.copytree(SHIPPED, folder)
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
        return folder

    return change


def test_the_rules_that_are_shipped_can_be_read_and_nobody_has_signed_them_off() -> None:
    rule_set = read_rules(SHIPPED)

    assert {rule.check for rule in rule_set.rules} <= set(CHECKS)
    assert {rule.reviewed_by for rule in rule_set.rules} == {""}
    assert {"FR", "DE", "GB", "US"} <= set(rule_set.countries)


def test_what_is_known_second_hand_never_blocks() -> None:
    second_hand = [rule for rule in read_rules(SHIPPED).rules if rule.source.mark in (Mark.SECOND_HAND, Mark.KNOWN)]

    assert second_hand
    assert {rule.weight for rule in second_hand} <= {Severity.WARN, Severity.INFO}


@pytest.mark.parametrize(("language", "country"), [("fr", "FR"), ("en", "GB"), ("de", "DE")])
def test_the_label_of_each_language_is_accepted_at_home(language: str, country: str) -> None:
    label = label_for(read_rules(SHIPPED), [country], language, "Salon SAS")

    assert "Salon SAS" in label.text
    assert (label.language, label.unmet) == (language, ())


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match=r"countries\.toml"):
        read_rules(tmp_path)


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("rules.toml", 'severity = "BLOCK"', 'severity = "FATAL"', r"rules\.toml.*FATAL"),
        ("rules.toml", 'countries = ["GB"]', 'countries = ["XX"]', r"rules\.toml.*REL-2.*XX"),
        ("rules.toml", 'countries = ["GB"]', "countries = []", r"rules\.toml.*REL-2"),
        ("rules.toml", 'mark = "S"', 'mark = "S9"', r"rules\.toml.*S9"),
        ("rules.toml", "reviewed_by", "signed_by", r"rules\.toml.*signed_by"),
        (
            "rules.toml",
            "valid_from = 2021-09-02",
            "valid_from = 2021-09-02\nvalid_to = 2020-01-01",
            "REL-2.*ends before",
        ),
        ("rules.toml", "[[rule]]", "[[rule", r"rules\.toml"),
        ("labels.toml", 'standing = "accepted"', 'standing = "liked"', r"labels\.toml.*Publicité.*FR.*liked"),
        ("labels.toml", "FR = {", "XX = {", r"labels\.toml.*Publicité.*XX"),
        ("labels.toml", 'text = "Publicité"', 'text = " "', r"labels\.toml.*without text"),
        ("lexicon.toml", "unpaid = [", "unwaged = [", r"lexicon\.toml.*unpaid"),
        ("wording.toml", "[en]", "[eo]", r"wording\.toml.*English"),
        ("countries.toml", 'name = "France"', "", r"countries\.toml.*name"),
    ],
)
def test_a_mistake_is_told_with_its_file_and_entry(changed: Change, name: str, old: str, new: str, told: str) -> None:
    with pytest.raises(RulesError, match=told):
        read_rules(changed(name, old, new))


def test_a_rule_that_has_ended_is_not_asked_any_more(changed: Change) -> None:
    rule_set = read_rules(changed("rules.toml", CITED, f"{CITED}\nvalid_to = 2024-01-01"))

    days = [date(2021, 9, 1), date(2021, 9, 2), date(2023, 12, 31), date(2024, 1, 1)]

    assert [rule_set.rule("REL-2", ["FR"], day) is not None for day in days] == [False, True, True, False]
