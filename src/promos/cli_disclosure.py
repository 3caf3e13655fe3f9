"""`promos lint` and `promos rules …`: an issue judged, the rules looked through, the label that readers need."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from promos.outside import pages
from promos.outside.browser import BrowserFailed, BrowserMissing, measured
from promos.outside.web import Web
from promos.parsing import Unreadable
from promos.parsing.lint import Report, lint, media_type_of
from promos.parsing.rules import RulesError, read_rules, rule_set
from promos.parsing.sarif import as_sarif
from promos.rendering.language import language
from promos.rules.disclosure.label import spoken
from promos.rules.disclosure.ruleset import RuleSet
from promos.rules.disclosure.solver import GOOD, Gap, Proof, Solution, solve
from promos.rules.disclosure.vocabulary import Verdict
from promos.rules.refusals import PageUnreadable
from promos.settings import Settings


def add_to(commands: Any) -> None:
    """The commands and what they can do."""

    def command(
        under: Any, name: str, run: Callable[[Settings, argparse.Namespace], int], text: str
    ) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = under.add_parser(name, help=text, description=text)
        made.set_defaults(run=run)
        return made

    made = command(commands, "lint", lint_files, "Check the promo blocks of a newsletter issue, whoever wrote it.")
    made.add_argument(
        "files", nargs="+", metavar="FILE", help="text, Markdown, HTML, .eml or an https:// address; - reads one"
    )
    made.add_argument("--stdin-name", type=Path, default=Path("stdin.txt"), help="what - is: its ending tells")
    made.add_argument("--format", choices=["text", "json", "sarif"], default="text")
    made.add_argument("--browser", action="store_true", help="look at HTML in Chromium too; needs promos[browser]")
    made.add_argument("--audience", type=_countries, help="countries of the readers, such as FR,DE")
    made.add_argument(
        "--as-of",
        "--date",
        dest="date",
        type=date.fromisoformat,
        help="the day whose rules are asked; today without it",
    )
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


def lint_files(_settings: Settings, asked: argparse.Namespace, web: Web | None = None) -> int:
    """0: nothing fails; 1: something does; 2: a file could not be read, whatever the others say.

    `web`: another way to pages than the internet.
    """
    rules, speaks = rule_set(), language(asked.language).gettext
    measure = measured if asked.browser else None
    reports: list[tuple[str, Report]] = []
    lines: list[str] = []
    status = 0
    for file in asked.files:
        name = str(asked.stdin_name) if file == "-" else file if _is_address(file) else _relative(Path(file)).as_posix()
        try:
            content, media_type = _brought(file, name, web)
            judged = partial(lint, content, media_type, rules, audience=asked.audience, measure=measure)
            report = judged(at=_day(asked))
            today = judged(at=datetime.now(UTC).date()) if asked.date and asked.format == "text" else report
        except BrowserMissing as missing:
            return _say(f"--browser: {missing}")
        except BrowserFailed:
            status = _say(f"{name}: the browser could not draw it in time")
            continue
        except (OSError, Unreadable, ValueError, PageUnreadable) as error:
            said = error.title if isinstance(error, PageUnreadable) else getattr(error, "strerror", None) or error
            status = _say(f"{name}: {said}")
            continue
        for line in report.unmeasured:
            print(f"promos: {name}: the browser did not find “{line[:60]}”; its source is judged", file=sys.stderr)
        reports.append((name, report))
        lines += [*([f"== {name}"] if len(asked.files) > 1 else []), *report.as_text(speaks), *_today(report, today)]
    if asked.format == "text":
        print("\n".join(lines))
    elif asked.format == "sarif":
        print(_json(as_sarif(reports, rules, speaks, version=version("promos"))))
    elif len(asked.files) > 1:
        print(_json([{"file": name, **report.as_json(speaks)} for name, report in reports]))
    elif reports:
        print(_json(reports[0][1].as_json(speaks)))
    return status or int(any(report.has_errors for _, report in reports))


def _brought(file: str, name: str, web: Web | None) -> tuple[str | bytes, str]:
    if _is_address(file):
        return asyncio.run(pages.fetched(web or Web(), file))
    content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    return content, media_type_of(name)


def _is_address(file: str) -> bool:
    return file.startswith(("https://", "http://"))


def _today(report: Report, today: Report) -> list[str]:
    """What has changed since the day that was asked, if anything has."""
    then, now = _failing(report), _failing(today)
    if then == now and report.verdict is today.verdict:
        return []
    changes = [*(f"+{check}" for check in sorted(now - then)), *(f"-{check}" for check in sorted(then - now))]
    return [f"today's rules would say: {today.verdict} ({', '.join(changes) or 'of another weight'})"]


def _failing(report: Report) -> set[str]:
    return {finding.check for finding in report.findings if finding.verdict is Verdict.FAIL}


def _relative(file: Path) -> Path:
    """As one types it from here; of a file elsewhere its name, as nobody else has our folders."""
    if not file.is_absolute():
        return file
    return file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else Path(file.name)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


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
