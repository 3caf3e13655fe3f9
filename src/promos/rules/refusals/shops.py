"""The ticket shops that partners sell with.

No fact of these names an address, a port or a token: whoever asks learns nothing of the network that Promos stands in.
"""

from promos.rules.language import N_
from promos.rules.refusals.families import Blocked, Invalid, Unavailable


class ShopMissing(Blocked):
    slug = "shop-missing"
    title = N_("No ticket shop is connected to this event yet. An owner gives Promos its address and a token.")


class ShopAddressRefused(Invalid):
    slug = "shop-address-refused"
    title = N_("This address cannot be used. It has to begin with https:// and to be open to the whole internet.")


class ShopUnreachable(Unavailable):
    """No connection, no answer in time, too long an answer, or the shop says that it is busy: always the same words."""

    slug = "shop-unreachable"
    title = N_("The ticket shop cannot be reached at this moment. Nothing was lost; Promos asks again by itself.")

    def __init__(self, wait: int | None = None) -> None:
        self._wait = wait  # seconds that it asked for

    @property
    def wait(self) -> int | None:
        return self._wait


class ShopTokenRefused(Blocked):
    slug = "shop-token-refused"
    title = N_("The ticket shop does not know our token, or no longer. Make a new one there and connect again.")


class ShopNotAllowed(Blocked):
    """The shop does not tell an event that is not there from one that the token may not see."""

    slug = "shop-not-allowed"
    title = N_("The ticket shop has no such event, or our token may not do this. Look at both there.")


class ShopSeries(Blocked):
    slug = "shop-series"
    title = N_("This is a series of events in the ticket shop. Promos can be connected to a single event.")


class ShopFull(Blocked):
    """`left`: what the tightest quota of the product has left in the shop."""

    slug = "shop-full"
    title = N_("The quota in the ticket shop has too few tickets left for these codes. Raise it there.")

    def __init__(self, left: int) -> None:
        self.left = left


class ShopCodesLost(Blocked):
    slug = "shop-codes-lost"
    title = N_("Codes that readers have in hand were deleted in your ticket shop. They do not work there any more.")


class ShopCurrencyOther(Blocked):
    """`offer` and `shop`: ISO 4217."""

    slug = "shop-currency-other"
    title = N_("The offer counts in another currency than the ticket shop. Change the pass type or the benefit.")

    def __init__(self, offer: str, shop: str) -> None:
        self.offer, self.shop = offer, shop


class ShopDeclined(Blocked):
    slug = "shop-declined"
    title = N_("The ticket shop does not take the codes that we make. Look at the product and its quota there.")


class ShopMisunderstood(Unavailable):
    """`status`: of the answer over HTTP, if it came that far."""

    slug = "shop-misunderstood"
    title = N_("The ticket shop answered something that we cannot read. Is it the address of a pretix?")

    def __init__(self, status: int | None = None) -> None:
        if status:
            self.status = status


class ShopNotRead(Unavailable):
    """A mistake of ours; what it was stands in the log."""

    slug = "shop-not-read"
    title = N_("Promos could not read the ticket shop, by a mistake of its own that stands in its log. It tries again.")
