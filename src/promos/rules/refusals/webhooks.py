"""Where partners' programs are told of what happens. No fact of these says anything of the network Promos stands in."""

from promos.rules.language import N_
from promos.rules.refusals.families import Blocked, Invalid


class EndpointAddressRefused(Invalid):
    """Not https, not open to the internet, or a name that nobody knows: always the same words."""

    slug = "endpoint-address-refused"
    title = N_(
        "Nothing is sent to this address. It has to begin with https:// and to be open to the whole internet, on the"
        " port 443 or 8443."
    )


class EndpointDisabled(Blocked):
    slug = "endpoint-disabled"
    title = N_("This endpoint is switched off. Switch it on first.")


class TooManyEndpoints(Blocked):
    slug = "too-many-endpoints"
    title = N_("An organisation has %(most)s endpoints at most. Remove one first.")

    def __init__(self, most: int) -> None:
        self.most = most


class TooManySecrets(Blocked):
    slug = "too-many-secrets"
    title = N_("So many secrets of this endpoint still sign that no more can be made. Wait until the old ones end.")
