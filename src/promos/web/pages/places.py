"""Where one can go: the parts of the house in the head of each page, below them the places of the partner's desk."""

from collections.abc import Sequence
from typing import Any

from promos.rendering.language import Language
from promos.rules.language import N_
from promos.rules.people import Actor, Role

Place = tuple[str, str]  # address and word
LED: Sequence[Place] = (("/partner/team", N_("People and tokens")), ("/partner/endpoints", N_("Endpoints")))
DESK: Sequence[Place] = (
    ("/partner", N_("Events")),
    ("/partner/offers", N_("Offers")),
    ("/partner/codes", N_("Codes")),
    ("/partner/readers", N_("Readers")),
    ("/partner/devices", N_("Phones at the door")),
    ("/partner/wishes", N_("Requests")),
    ("/partner/activity", N_("Activity")),
    *LED,
    ("/partner/notices", N_("Your mails")),
)
WITHIN = {  # the place to which a page belongs that stands elsewhere
    "/partner/offers/": "/partner",
    "/partner/codes/": "/partner",
    "/partner/organisation/": "/partner/team",
}


def parts(actor: Actor, path: str, language: Language) -> list[dict[str, Any]]:
    """Of the house, those that are for this actor."""
    found: list[Place] = []
    if actor.is_admin or actor.roles & {Role.OWNER, Role.MEMBER}:
        found.append(("/partner", N_("Partner")))
    if actor.is_admin or Role.EDITOR in actor.roles:
        found.append(("/editor", N_("Editor")))
    if actor.is_admin or actor.roles & {Role.OWNER, Role.MEMBER, Role.DOOR}:
        found.append(("/door", N_("Door")))
    if actor.is_admin:
        found.append(("/admin", N_("Installation")))
    return _links(found, language, next((href for href, _ in found if _is_in(path, href)), ""))


def desk(actor: Actor, path: str, language: Language) -> list[dict[str, Any]]:
    """Of the partner's desk, for who runs one and is at it."""
    if not _is_in(path, "/partner") or not (actor.is_admin or actor.roles & {Role.OWNER, Role.MEMBER}):
        return []
    is_leading = actor.is_admin or Role.OWNER in actor.roles
    found = [place for place in DESK if is_leading or place not in LED]
    here = next((home for part, home in WITHIN.items() if path.startswith(part)), path)
    inside = [href for href, _ in found if _is_in(here, href)]
    return _links(found, language, max(inside, key=len, default=""))


def _is_in(path: str, part: str) -> bool:
    return path == part or path.startswith(f"{part}/")


def _links(found: Sequence[Place], language: Language, here: str) -> list[dict[str, Any]]:
    return [{"href": href, "label": language.gettext(word), "current": href == here} for href, word in found]
