"""Goal G13: judging an issue of 100 KB, against what its parser alone needs for it, in this process."""

import time
from collections.abc import Callable
from datetime import date
from statistics import median

from selectolax.lexbor import LexborHTMLParser

from bench.rendering import BLOCK
from bench.scenes import Figure
from promos.parsing.issues import HTML, read_issue
from promos.parsing.lint import lint
from promos.parsing.rules import rule_set
from promos.rendering import blocks

SIZE = 100_000  # characters
TURNS = 25  # in each round
PARAGRAPH = (
    '<p style="color:#222222;font-size:16px">Semaine {number}, calme : <a href="https://lettre.example/{number}">trois '
    "articles</a>, un outil qui se laisse essayer, et la question d’une lectrice sur les modèles que l’on "
    "fait tourner.</p>\n"
)


def judgements(rounds: int) -> list[Figure]:
    """The whole, and the part of it that reads the HTML; the rest finds the promo block and judges it."""
    rules, day = rule_set(), date(2026, 11, 24)
    issue = _issue()
    whole, reading = [], []
    for _ in range(rounds):
        parse = _took(lambda: LexborHTMLParser(issue))
        whole.append(_took(lambda: lint(issue, HTML, rules, audience=["FR", "BE"], at=day)) / parse)
        reading.append(_took(lambda: read_issue(issue, HTML, keeps_markup=False)) / parse)
    return [
        Figure("G13", "lint of 100 KB of HTML / parsing it", tuple(whole), most=3),
        Figure("G13", "of it reading what is shown, and how / parsing it", tuple(reading)),
    ]


def _issue() -> str:
    """One promo block among paragraphs of which no two are the same."""
    block = blocks.email_html(BLOCK)
    count = (SIZE - len(block)) // len(PARAGRAPH)
    paragraphs = [PARAGRAPH.format(number=number) for number in range(count)]
    half = count // 2
    body = "".join([*paragraphs[:half], block, *paragraphs[half:]])
    return f'<!doctype html><html lang="fr"><body>{body}</body></html>'


def _took(work: Callable[[], object]) -> float:
    times = []
    for _ in range(TURNS):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return median(times)
