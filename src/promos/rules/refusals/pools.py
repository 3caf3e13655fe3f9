"""A partner's own ticket shop: the pool of its codes."""

from promos.rules.language import N_
from promos.rules.refusals.families import Blocked, Invalid, Taken


class PoolCodeMalformed(Invalid):
    slug = "pool-code-malformed"
    title = N_("A shop’s code has 1 to 200 letters, digits and signs, no blanks, and begins with a letter or a digit.")


class PoolCodeElsewhere(Taken):
    slug = "pool-code-elsewhere"
    title = N_("Another offer of this event hands this code out already.")


class PoolMissing(Blocked):
    slug = "pool-missing"
    title = N_("This offer hands out no codes of your own shop. Choose that in the offer first.")


class PoolEmpty(Taken):
    """Of a pass that shall go on: the next holder needs a code that nobody has seen."""

    slug = "pool-empty"
    title = N_("No code of the ticket shop is left for another person, so this pass stays with its holder.")


class PoolCodeUsed(Blocked):
    slug = "pool-code-used"
    title = N_("The code of this pass was used in the ticket shop: only the ticket that came for it can be handed on.")
