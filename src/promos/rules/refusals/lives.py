"""What becomes of things over time."""

from promos.rules.language import N_
from promos.rules.refusals.families import Blocked, NotYours, Over


class Archived(Blocked):
    """It, or what it belongs to."""

    slug = "archived"
    title = N_("This is archived. Restore it before you change it.")


class StillLive(Blocked):
    """`codes`: that readers can redeem. `passes`: for an event to come."""

    slug = "still-live"
    title = N_("Readers can still use this. Pause or end it first, then it can be put away.")

    def __init__(self, codes: int = 0, passes: int = 0) -> None:
        self.codes, self.passes = codes, passes


class HasHistory(Blocked):
    slug = "has-history"
    title = N_("This has been used, so it cannot be deleted. Archive it instead.")


class CodeUnavailable(Blocked):
    """Whose code it is, is suspended; readers need not know that."""

    slug = "code-unavailable"
    title = N_("This code is not available at the moment.")


class PartnerSuspended(NotYours):
    slug = "partner-suspended"
    title = N_("Your organisation is suspended: you can read everything, and change nothing for now.")


class WishSettled(Over):
    """`state`: approved, declined, withdrawn or overtaken."""

    slug = "wish-settled"
    title = N_("This was decided before.")

    def __init__(self, state: str) -> None:
        self.state = state


class EventCancelled(Over):
    slug = "event-cancelled"
    title = N_("This event was cancelled.")


class ReadersToTell(Blocked):
    """`readers`: hold passes or, where the event is cancelled, wait for one. With `tell_readers` it is done."""

    slug = "readers-to-tell"
    title = N_("Readers will be told of this by mail. Say that you want that.")

    def __init__(self, readers: int) -> None:
        self.readers = readers


class ReportLinkEnded(Over):
    """Over, revoked or never there: who opens it is told the same."""

    slug = "report-link-ended"
    title = N_("This link opens no report, or does so no longer. Ask whoever gave it to you for a new one.")
