"""Whether all that a crowd was told about one code can be true: whether some order of what happened explains it.

Every change of a code answers the code's `version`, which gives the order of the changes away. They are replayed in
that order against the clocks of those who asked, and each answer that changed nothing (a refusal, the same pass again,
a look) has to fit some moment between its question and its arrival. That is exact, and takes O(n log n) but for changes
whose outcome nobody heard: those are tried in every gap of the versions that they could fill.
"""

from collections.abc import Iterable

from promos.rules.histories.asked import Asked, Code, Done, Finding, Refused, Unknown
from promos.rules.histories.lives import lives, misnumbered, out_of_order
from promos.rules.histories.moments import EXHAUSTED, unexplained

__all__ = ["EXHAUSTED", "Asked", "Code", "Done", "Finding", "Refused", "Unknown", "findings"]

FILLINGS = 1000  # ways to fill the gaps that are tried before giving up


def findings(
    before: Code, asked: Iterable[Asked], *, ceiling: int | None = None, returns: bool = True
) -> tuple[Finding, ...]:
    """What cannot be explained; empty when all is well.

    `before` is the code before the first request, `ceiling` how far the wider limits let its `used` go, `returns`
    whether a cancelled use is free again. Where an outcome is unknown, a last look has to say how things ended; raises
    `ValueError` where too much is unknown to tell.
    """
    history = sorted(asked, key=lambda each: each.start)
    best: tuple[Finding, ...] | None = None
    for number, life in enumerate(lives(history, before, ceiling, returns)):
        if number == FILLINGS:
            raise ValueError("too many outcomes are unknown to tell")
        found = (*life.findings, *out_of_order(life), *misnumbered(life, history), *unexplained(life, history))
        if best is None or len(found) < len(best):
            best = found
        if not best:
            break
    return best or ()
