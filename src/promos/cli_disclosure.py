"""`promos lint` and `promos rules …`: an issue judged, the rules looked through, the label that readers need."""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from promos.app import rule_set
from promos.parsing import Unreadable
from promos.parsing.lint import lint, media_type_of
from promos.parsing.rules import RulesError, read_rules
from promos.rendering.language import language
from promos.rules.disclosure.label import spoken
from promos.rules.disclosure.ruleset import RuleSet
from promos.rules.disclosure.solver import GOOD, Gap, Proof, Solution, solve
from promos.settings import Settings


def add_to(commands: Any) -> None:
    """The commands and what they can do."""

    def command(
        under: Any, name: str, run: Callable[[Settings, argparse.Namespace], int], text: str
    ) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = under.add_parser(name, help=text, description=text)
        made.set_defaults(run=run)
        return made

    made = command(commands, "lint", lint_file, "Check the promo blocks of a newsletter issue, whoever wrote it.")
    made.add_argument("file", type=Path, help="text, Markdown, HTML or .eml")
    made.add_argument("--format", choices=["text", "json"], default="text")
    made.add_argument("--audience", type=_countries, help="countries of the readers, such as FR,DE")
    made.add_argument("--date", type=date.fromisoformat, help="the day whose rules are asked; today without it")
    made.add_argument("--language", choices=["en", "fr"], default="en", help="of the findings")
    rules = commands.add_parser("rules", help="Look through the disclosure rules, and ask them for a label.")
    rules.set_defaults(run=lambda _settings, _asked: rules.print_help())
    kinds = rules.add_subparsers(title="commands", metavar="")
    made = command(kinds, "check", check_rules, "Read the rules strictly, and say what is known of each country.")
    made.add_argument("folder", type=Path, nargs="?", help="rules of your own; without it, those that Promos ships")
    made = command(kinds, "label", find_label, "The smallest label that the countries of all readers accept, and why.")
    made.add_argument("audience", type=_countries, help="countries of the readers, such as FR,BE,CH")
    made.add_argument("--language", default=None, help="of the issue; without it, that of the first country")
    made.add_argument("--format", choices=["text", "json"], default="text")
    made.add_argument("--date", type=date.fromisoformat, help="the day whose rules are asked; today without it")


def lint_file(_settings: Settings, asked: argparse.Namespace) -> int:
    try:
        content = asked.file.read_bytes()
    except OSError as error:
        return _say(f"{asked.file}: {error.strerror}")
    try:
        report = lint(content, media_type_of(asked.file.name), rule_set(), audience=asked.audience, at=_day(asked))
    except (Unreadable, ValueError) as error:
        return _say(f"{asked.file}: {error}")
    speaks = language(asked.language).gettext
    if asked.format == "json":
        print(json.dumps(report.as_json(speaks), ensure_ascii=False, indent=2, default=str))
    else:
        print("\n".join(report.as_text(speaks)))
    return 1 if report.has_errors else 0


def check_rules(_settings: Settings, asked: argparse.Namespace) -> int:
    try:
        rules = read_rules(asked.folder) if asked.folder else rule_set()
    except RulesError as error:
        return _say(str(error))
    print(f"{'':2}  {'rules':>5} {'at the source':>13} {'signed off':>10}  labels that do")
    for code in rules.countries:
        own = [rule for rule in rules.rules if code in rule.countries]
        first_hand = sum(not rule.source.is_second_hand for rule in own)
        signed = sum(bool(rule.reviewed_by) for rule in own)
        labels = [label.text for label in rules.labels if label.standing(code) in GOOD]
        print(f"{code}  {len(own):5} {first_hand:13} {signed:10}  {', '.join(labels) or '-'}")
    everywhere = sum("*" in rule.countries for rule in rules.rules)
    print(f"{everywhere} rules hold everywhere; {len(rules.labels)} labels, words in {', '.join(rules.wording)}")
    return 0


def find_label(_settings: Settings, asked: argparse.Namespace) -> int:
    rules = rule_set().on(_day(asked))
    countries = [rules.country(typed) for typed in asked.audience]
    if None in countries:
        return _say(f"the rules know {', '.join(rules.countries)}; not all of {', '.join(asked.audience)}")
    audience = [country for country in countries if country]
    wanted = asked.language or rules.countries[audience[0]].language
    if spoken(rules, wanted) != wanted:
        return _say(f"Promos writes labels in {', '.join(rules.wording)}; not in {wanted}")
    solution = solve(rules, audience, wanted)
    if asked.format == "json":
        print(json.dumps(as_json(solution), ensure_ascii=False, indent=2))
    else:
        print("\n".join(as_text(rules, solution)))
    return 1 if solution.gaps else 0


def as_text(rules: RuleSet, solution: Solution) -> list[str]:
    """The label, then a line for each country."""
    lines = [solution.words, ""]
    for proof in solution.proofs:
        lines.append(f"{proof.country}  “{proof.label.text}” {_because(proof)}")
    for gap in solution.gaps:
        lines.append(f"{gap.country}  nothing in {solution.language} is known to do")
        if gap.nearest:
            lines.append(f"    nearest: “{gap.nearest.label.text}” {_because(gap.nearest)}")
        if gap.instead:
            there = f"“{gap.instead.label.text}” ({gap.instead.label.language})"
            lines.append(f"    what would: {there} beside it, or an issue of their own for these readers")
            lines.append(f"    as {_because(gap.instead)}")
        else:
            lines.append(f"    no label of any language is known to do in {rules.countries[gap.country].name}")
    return lines


def as_json(solution: Solution) -> dict[str, Any]:
    return {
        "language": solution.language,
        "label": solution.words,
        "proofs": [_proof(proof) for proof in solution.proofs],
        "gaps": [_gap(gap) for gap in solution.gaps],
    }


def _proof(proof: Proof | None) -> dict[str, Any] | None:
    if proof is None:
        return None
    source = proof.known.source
    return {
        "country": proof.country,
        "label": proof.label.text,
        "language": proof.label.language,
        "standing": str(proof.known.standing),
        "source": {"instrument": source.instrument, "code": source.code, "mark": str(source.mark)},
        "reviewed_by": proof.known.reviewed_by or None,
    }


def _gap(gap: Gap) -> dict[str, Any]:
    return {"country": gap.country, "nearest": _proof(gap.nearest), "instead": _proof(gap.instead)}


def _because(proof: Proof) -> str:
    known = proof.known
    signed = known.reviewed_by or "signed off by nobody"
    return f"is {known.standing}: {known.source.instrument} [{known.source.code}, {known.source.mark}; {signed}]"


def _countries(typed: str) -> list[str]:
    return [country.strip().upper() for country in typed.split(",")]


def _day(asked: argparse.Namespace) -> date:
    day: date | None = asked.date
    return day or datetime.now(UTC).date()


def _say(text: str) -> int:
    print(f"promos: {text}", file=sys.stderr)
    return 2
