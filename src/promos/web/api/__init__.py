"""The JSON API under /api/v1; a file for each noun."""

from promos.web.api import checkins, claims, passes, redemptions

HANDLERS = [*claims.HANDLERS, *redemptions.HANDLERS, *passes.HANDLERS, *checkins.HANDLERS]
