"""The JSON API under /api/v1; a file for each noun."""

from promos.web.api import (
    blocks,
    checkins,
    claims,
    codes,
    events,
    issues,
    journal,
    lint,
    offers,
    partners,
    pass_types,
    passes,
    people,
    publications,
    redemptions,
    tokens,
)

HANDLERS = [
    *partners.HANDLERS,
    *publications.HANDLERS,
    *events.HANDLERS,
    *pass_types.HANDLERS,
    *offers.HANDLERS,
    *codes.HANDLERS,
    *claims.HANDLERS,
    *redemptions.HANDLERS,
    *passes.HANDLERS,
    *checkins.HANDLERS,
    *issues.HANDLERS,
    *blocks.HANDLERS,
    *lint.HANDLERS,
    *people.HANDLERS,
    *tokens.HANDLERS,
    *journal.HANDLERS,
]
