"""The tools that Promos speaks with, by the name under which a newsletter's own is kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from promos.outside.tools import Capabilities, Tool
from promos.outside.tools.brevo import Brevo
from promos.outside.tools.buttondown import Buttondown
from promos.outside.tools.ghost import Ghost
from promos.outside.tools.keila import Keila
from promos.outside.tools.kit import Kit
from promos.outside.tools.listmonk import Listmonk
from promos.outside.web import Web

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Access:
    """`base_url` and `user` only where the kind asks for them."""

    base_url: str
    user: str
    key: str


@dataclass(frozen=True, slots=True)
class Kind:
    name: str  # as people know it
    capabilities: Capabilities
    open: Callable[[Web, Access, Clock], Tool]
    has_address: bool = False  # it runs where its newsletter wants it to
    has_user: bool = False


KINDS: Final[Mapping[str, Kind]] = {
    "ghost": Kind(
        "Ghost", Ghost.capabilities, lambda web, to, now: Ghost(web, to.base_url, to.key, now), has_address=True
    ),
    "listmonk": Kind(
        "listmonk",
        Listmonk.capabilities,
        lambda web, to, _now: Listmonk(web, to.base_url, to.user, to.key),
        has_address=True,
        has_user=True,
    ),
    "buttondown": Kind("Buttondown", Buttondown.capabilities, lambda web, to, _now: Buttondown(web, to.key)),
    "kit": Kind("Kit", Kit.capabilities, lambda web, to, _now: Kit(web, to.key)),
    "keila": Kind("Keila", Keila.capabilities, lambda web, to, _now: Keila(web, to.base_url, to.key), has_address=True),
    "brevo": Kind("Brevo", Brevo.capabilities, lambda web, to, _now: Brevo(web, to.key)),
}
