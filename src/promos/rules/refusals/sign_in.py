"""Who people are, and whether they showed it well enough and lately enough."""

from promos.rules.language import N_
from promos.rules.refusals.families import NotYours, Unauthenticated


class FreshSignInNeeded(Unauthenticated):
    slug = "fresh-sign-in-needed"
    title = N_("Please confirm first that it is you: your last sign-in is too long ago for this.")


class LinkElsewhere(NotYours):
    slug = "link-elsewhere"
    title = N_("This link works only in the browser in which you asked for it.")
