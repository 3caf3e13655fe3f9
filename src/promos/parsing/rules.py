"""The folder of disclosure rules, read strictly: a mistake in it stops the program with the place named."""

import hashlib
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from promos.rules import disclosure
from promos.rules.disclosure.checks import CHECKS
from promos.rules.disclosure.ruleset import Country, Known, LabelEntry, Lexicon, Rule, RuleSet, Source, Wording
from promos.rules.disclosure.vocabulary import Mark, Severity, Standing

SHIPPED = Path(disclosure.__file__).parent / "data"

# Without these, an issue could go out and nobody be told.
_NEVER_LEFT_OUT = ("LBL-1", "VIS-1")


class RulesError(ValueError):
    """A file of the rules cannot be used; the text names the file and the entry."""


class _Rule(msgspec.Struct, forbid_unknown_fields=True):
    check: str
    severity: Severity
    countries: list[str]
    instrument: str
    article: str
    code: str
    mark: Mark
    reviewed_by: str
    valid_from: date | None = None
    valid_to: date | None = None


class _Standing(msgspec.Struct, forbid_unknown_fields=True):
    standing: Standing
    instrument: str
    code: str
    mark: Mark
    reviewed_by: str = ""
    valid_from: date | None = None
    valid_to: date | None = None


class _Country(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    language: str
    also: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


def rule_set() -> RuleSet:
    """The disclosure rules that Promos ships."""
    return read_rules(SHIPPED)


def read_rules(folder: Path) -> RuleSet:
    """All rules of `folder`; raises `RulesError`."""
    countries = {
        code: Country(code, one.name, one.language, one.also, one.groups)
        for code, one in _read(folder, "countries.toml", dict[str, _Country]).items()
    }
    rules = tuple(_rule(one, number, countries) for number, one in enumerate(_entries(folder, "rule", _Rule), 1))
    read = [(one.pop("own_event", False), one) for one in _entries(folder, "label", dict[str, Any])]
    labels = tuple(_label(one, countries) for is_own, one in read if is_own is False)
    owners = tuple(_label(one, countries) for is_own, one in read if is_own is True)
    if len(labels) + len(owners) < len(read):
        raise RulesError("labels.toml: own_event is true or false")
    for check in _NEVER_LEFT_OUT:
        if not any(rule.check == check and "*" in rule.countries and rule.valid_to is None for rule in rules):
            raise RulesError(f'rules.toml: {check} needs an entry without an end for countries = ["*"]')
    wording = _read(folder, "wording.toml", dict[str, Wording])
    if "en" not in wording:
        raise RulesError("wording.toml: English is missing, and every other language falls back to it")
    for language, words in wording.items():
        if not any((label.language, label.text) == (language, words.first) for label in labels):
            raise RulesError(f"wording.toml: {language}: “{words.first}” is no label of that language in labels.toml")
        if not any((label.language, label.text) == (language, words.own_first) for label in owners):
            raise RulesError(f"wording.toml: {language}: “{words.own_first}” is no label of own events in labels.toml")
    version = hashlib.sha256(b"".join(file.read_bytes() for file in sorted(folder.glob("*.toml")))).hexdigest()
    return RuleSet(countries, labels, rules, wording, _read(folder, "lexicon.toml", Lexicon), version, owners)


def _read(folder: Path, name: str, kind: Any) -> Any:
    try:
        return msgspec.convert(tomllib.loads((folder / name).read_text(encoding="utf-8")), kind)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise RulesError(f"{name}: {error}") from None


def _entries(folder: Path, key: str, kind: Any) -> list[Any]:
    entries: list[Any] = _read(folder, f"{key}s.toml", dict[str, list[kind]]).get(key, [])
    if not entries:
        raise RulesError(f"{key}s.toml: there is no [[{key}]]")
    return entries


def _rule(one: _Rule, number: int, countries: dict[str, Country]) -> Rule:
    if one.check not in CHECKS:
        raise RulesError(f"rules.toml: rule {number}: there is no check {one.check}")
    groups = {group: {each.code for each in countries.values() if group in each.groups} for group in one.countries}
    within = frozenset(code for name in one.countries for code in groups[name] or {name})
    unknown = within - set(countries) - {"*"}
    if unknown or not one.countries:
        raise RulesError(f"rules.toml: rule {number} ({one.check}): unknown countries {sorted(unknown)}")
    if _is_never(one):
        raise RulesError(f"rules.toml: rule {number} ({one.check}): it ends before it begins")
    source = Source(one.instrument, one.article, one.code, one.mark)
    return Rule(
        one.check,
        one.severity,
        within,
        source,
        one.valid_from,
        one.valid_to,
        one.reviewed_by,
    )


def _label(one: dict[str, Any], countries: dict[str, Country]) -> LabelEntry:
    text, language = one.get("text"), one.get("language")
    if not isinstance(text, str) or not text.strip() or not isinstance(language, str):
        raise RulesError(f"labels.toml: a label without text or language: {one}")
    known = {}
    for country, said in one.items():
        if country in ("text", "language"):
            continue
        if country not in countries:
            raise RulesError(f"labels.toml: {text}: unknown country {country}")
        try:
            one_known = msgspec.convert(said, _Standing)
        except msgspec.ValidationError as error:
            raise RulesError(f"labels.toml: {text}, {country}: {error}") from None
        if _is_never(one_known):
            raise RulesError(f"labels.toml: {text}, {country}: it ends before it begins")
        source = Source(one_known.instrument, "", one_known.code, one_known.mark)
        dates = one_known.valid_from, one_known.valid_to
        known[country] = Known(one_known.standing, source, *dates, one_known.reviewed_by)
    return LabelEntry(language, text, known)


def _is_never(one: _Rule | _Standing) -> bool:
    return one.valid_from is not None and one.valid_to is not None and one.valid_to <= one.valid_from
