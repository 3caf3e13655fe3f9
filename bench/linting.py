"""Goal G13: judging an issue of 100 KB, against what its parser alone needs for it, in this process."""

import time
from collections.abc import Callable
from datetime import date
from statistics import median

from selectolax.lexbor import LexborHTMLParser

from bench.rendering import BLOCK
from bench.scenes import Figure
from promos.app import rule_set
from promos.parsing.issues import HTML
from promos.parsing.lint import lint
from promos.rendering import blocks

SIZE = 100_000  # characters
TURNS = 9  # in each round
PARAGRAPH = (
    '<p style="color:#222222;font-size:16px">Une semaine calme : <a href="https://lettre.example/">trois articles</a>, '
    "un outil qui se laisse essayer, et la question d’une lectrice sur les modèles que l’on fait tourner.</p>\n"
)


def judgements(rounds: int) -> list[Figure]:
    block, rules = blocks.email_html(BLOCK), rule_set()
    half = PARAGRAPH * ((SIZE - len(block)) // len(PARAGRAPH) // 2)
    issue = f'<!doctype html><html lang="fr"><body>{half}{block}{half}</body></html>'
    day = date(2026, 11, 24)
    ratios = []
    for _ in range(rounds):
        parse = _took(lambda: LexborHTMLParser(issue))
        ratios.append(_took(lambda: lint(issue, HTML, rules, audience=["FR", "BE"], at=day)) / parse)
    return [Figure("G13", "lint of 100 KB of HTML / parsing it", tuple(ratios), most=3)]


def _took(work: Callable[[], object]) -> float:
    times = []
    for _ in range(TURNS):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return median(times)
