"""What is offered, and by whom."""

import re
from collections.abc import Iterator
from functools import cache

from promos.rules.disclosure.checks.case import FAIL, PASS, Answer, Case
from promos.rules.disclosure.lexicon import contains, folded
from promos.rules.disclosure.ruleset import Lexicon
from promos.rules.language import N_


def id_1(case: Case) -> Iterator[Answer]:
    block = case.block
    if block.facts is not None:
        is_named = block.facts.advertiser.casefold() in block.text.casefold()
    else:
        is_named = names_a_company(block.text, case.rules.lexicon)
    if is_named:
        yield (PASS, N_("The advertiser is named with legal form."), "", {})
    else:
        why = N_("On whose behalf this is advertised is not said: the registered name is missing.")
        yield (FAIL, why, N_("Name the organiser as registered, such as “Generation Events SAS”."), {})


def names_a_company(text: str, lexicon: Lexicon) -> bool:
    """Whether a registered name stands in it: `Generation Events SAS`."""
    return _company(lexicon.legal_forms).search(text) is not None


@cache
def _company(legal_forms: tuple[str, ...]) -> re.Pattern[str]:
    forms = "|".join(map(re.escape, legal_forms))
    return re.compile(rf"(?:[A-ZÀ-Þ][\w&.’'-]{{0,40}},? )(?:{forms})(?![\w-])")


def off_1(case: Case) -> Iterator[Answer]:
    text, lexicon = case.block.text, case.rules.lexicon
    lacking = {
        N_("how many"): _counted(lexicon.things).search(text) is None,
        N_("whether VAT is included"): not any(contains(text, word) for word in lexicon.vat),
        N_("until when"): not any(contains(text, word) for word in lexicon.deadline),
        N_("the conditions"): not any(contains(text, word) for word in lexicon.conditions),
    }
    missing = tuple(name for name, lacks in lacking.items() if lacks)
    if missing:
        why = N_("The offer does not say: %(missing)s.")
        fix = N_("Say how many, worth what with or without VAT, until when and on which conditions.")
        yield (FAIL, why, fix, {"missing": missing})
    else:
        yield (PASS, N_("The offer says how many, worth what, until when and on which conditions."), "", {})


@cache
def _counted(things: tuple[str, ...]) -> re.Pattern[str]:
    named = "|".join(map(re.escape, things))
    return re.compile(rf"(?<![\w,.])\d[\d  ]{{0,8}}\s?(?:\w{{1,20}}\s){{0,3}}(?:{named})", re.IGNORECASE)


def off_2(case: Case) -> Iterator[Answer]:
    lexicon, text = case.rules.lexicon, case.block.text
    found = _vague(lexicon.vague, lexicon.things).search(text)
    if found:
        why = N_("“%(words)s”: whoever gives passes away knows how many.")
        yield (FAIL, why, N_("Say the number."), {"words": " ".join(found[0].split())})
    else:
        yield (PASS, N_("No number is left vague."), "", {})


@cache
def _vague(words: tuple[str, ...], things: tuple[str, ...]) -> re.Pattern[str]:
    vague, named = "|".join(map(re.escape, words)), "|".join(map(re.escape, things))
    return re.compile(rf"\b(?:{vague})\s(?:\w{{1,20}}\s){{0,2}}(?:{named})\b", re.IGNORECASE)


def off_3(case: Case) -> Iterator[Answer]:
    found = _claim(case.rules.lexicon.claimed).search(folded(case.block.text))
    if found:
        why = N_("“%(words)s” is a claim, and nothing here says what it rests on.")
        yield (FAIL, why, N_("Keep the evidence, or leave the number out."), {"words": " ".join(found[0].split())})
    else:
        yield (PASS, N_("No number is claimed without evidence."), "", {})


@cache
def _claim(claimed: tuple[str, ...]) -> re.Pattern[str]:
    things = "|".join(re.escape(folded(thing)) for thing in claimed)
    return re.compile(rf"(?<![\w.,])\d(?:[\s.,]?\d){{0,8}}\+?(?:\s[^\W\d_]{{1,20}}){{0,3}}?\s+(?:{things})(?!\w)")


def off_4(case: Case) -> Iterator[Answer]:
    code = case.block.facts.redeemable if case.block.facts else None
    if code is None:
        return
    exceeds = {
        N_("the day that readers are told"): code.told_until is not None
        and (code.until is None or code.until > code.told_until),
        N_("the number that readers are told"): code.told_quantity is not None
        and (code.quantity is None or max(code.quantity, code.used) > code.told_quantity),
    }
    over = tuple(name for name, holds in exceeds.items() if holds)
    if over:
        why = N_("The code opens the offer beyond what is said: %(what)s.")
        yield (FAIL, why, N_("Let the code end with the offer, or say what it does."), {"what": over})
    else:
        yield (PASS, N_("The code ends with the offer."), "", {})


_HALTED = {
    "cancelled": (
        N_("The event was cancelled, so the code gives nothing."),
        N_("Take the block out."),
    ),
    "suspended": (
        N_("Its partner is suspended, so the code gives nothing at the moment."),
        N_("Take the block out, or wait until the suspension is lifted."),
    ),
}


def off_5(case: Case) -> Iterator[Answer]:
    halted = case.block.facts.halted if case.block.facts else None
    if halted is None:
        return
    if halted:
        yield (FAIL, *_HALTED[halted], {})
    else:
        yield (PASS, N_("Nothing keeps the code from opening."), "", {})
