"""The installation: its partners, publications and people, and how its mails stand."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import invitations, publications
from promos.models import Partner, Publication
from promos.queries import deliveries, pages
from promos.queries import people as staff
from promos.rendering.language import Language
from promos.rules import events as rules
from promos.rules.language import N_
from promos.rules.people import Actor, Role, Scope
from promos.rules.refusals import AddressInvalid, InvalidRequest, NotFound, Refusal, TextTaken
from promos.settings import Keys, Settings
from promos.web.access import allows, fresh
from promos.web.given import Reads, Writes
from promos.web.pages.partner.team import NAMES
from promos.web.pages.show import go, language_of, page
from promos.web.pages.typed import TO_MEND, Typed, to_mend, zones

READ, WRITE = allows(Role.ADMIN, scope=Scope.READ), allows(Role.ADMIN, scope=Scope.WRITE)
FIELDS = ("name", "slug", "language", "timezone", "audience")
PERSON = ("email", "person_name", "role", "publication_id")
ROLES = {Role.ADMIN: N_("Admin: the whole installation"), Role.EDITOR: N_("Editor: the issues of one publication")}
LANGUAGES = (("en", "English"), ("fr", "Français"))


@get("/admin", opt=READ)
async def overview(
    request: Request[Any, Any, Any],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
) -> Response[str]:
    async with reads() as session:
        return await _overview(request, session, actor, settings, now, dict.fromkeys(PERSON, ""), {})


@post("/admin/people", opt=fresh(WRITE))
async def invite(
    request: Request[Any, Any, Any],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
    keys: NamedDependency[Keys],
    now: NamedDependency[datetime],
) -> Response[Any]:
    typed = await Typed.of(request)
    language = language_of(request)

    async def effect(session: AsyncSession, now: datetime) -> None:
        if typed.text("role") not in list(ROLES):
            raise InvalidRequest({"role": N_("Choose a role.")})
        role = Role(typed.text("role"))
        await invitations.invite(
            session,
            typed.text("email"),
            role,
            name=typed.text("person_name"),
            publication_id=typed.id("publication_id") if role is Role.EDITOR else None,
            language=language.code,
            keys=keys,
            lifetime=timedelta(seconds=settings.invitation_lifetime),
            now=now,
            by=actor,
        )

    try:
        await writes.run(effect)
    except TO_MEND as refusal:
        errors, status = to_mend(refusal, language, fields={AddressInvalid: "email"})
        if "name" in errors:
            errors["person_name"] = errors.pop("name")
        async with reads() as session:
            return await _overview(request, session, actor, settings, now, typed.shown(PERSON), errors, status=status)
    return go("/admin", "invited")


@post("/admin/roles/{role_id:uuid}/remove", opt=fresh(WRITE))
async def remove_role(
    role_id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[Any]:
    async def effect(session: AsyncSession, now: datetime) -> None:
        await invitations.remove(session, role_id, now=now, by=actor)

    await writes.run(effect)
    return go("/admin", "removed")


@get("/admin/publications/new", opt=READ)
async def new_publication(request: Request[Any, Any, Any]) -> Response[str]:
    typed = dict.fromkeys(FIELDS, "") | {"language": "fr", "timezone": "Europe/Paris", "audience": "FR 100"}
    return _form(request, None, typed, {})


@post("/admin/publications/new", opt=WRITE)
async def create_publication(
    request: Request[Any, Any, Any], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[Any]:
    typed = await Typed.of(request)
    given: Any = _given(typed)
    if not given["slug"]:
        del given["slug"]

    async def effect(session: AsyncSession, now: datetime) -> None:
        await publications.create(session, now=now, by=actor, **given)

    try:
        typed.checked(rules.PUBLICATION, given)
        await writes.run(effect)
    except TO_MEND as refusal:
        return _again(request, None, typed, refusal)
    return go("/admin", "created")


@get("/admin/publications/{publication_id:uuid}", opt=READ)
async def publication_page(
    request: Request[Any, Any, Any], publication_id: FromPath[UUID], reads: NamedDependency[Reads]
) -> Response[str]:
    async with reads() as session:
        publication = await _publication(session, publication_id)
    typed = {name: getattr(publication, name) for name in FIELDS if name != "audience"}
    lines = [f"{part['country']} {round(part['share'] * 100, 2):g}" for part in publication.audience]
    return _form(request, publication, typed | {"audience": "\n".join(lines)}, {})


@post("/admin/publications/{publication_id:uuid}", opt=WRITE)
async def change_publication(
    request: Request[Any, Any, Any],
    publication_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    typed = await Typed.of(request)
    async with reads() as session:
        publication = await _publication(session, publication_id)
    given: Any = _given(typed)

    async def effect(session: AsyncSession, now: datetime) -> None:
        await publications.update(session, publication_id, now=now, by=actor, **given)

    try:
        typed.checked(rules.PUBLICATION, given)
        await writes.run(effect)
    except TO_MEND as refusal:
        return _again(request, publication, typed, refusal)
    return go("/admin", "saved")


@post("/admin/publications/{publication_id:uuid}/passkeys", opt=fresh(WRITE))
async def require_passkeys(
    request: Request[Any, Any, Any],
    publication_id: FromPath[UUID],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    required = (await Typed.of(request)).ticked("required")

    async def effect(session: AsyncSession, now: datetime) -> None:
        await publications.require_passkey(session, publication_id, required=required, now=now, by=actor)

    await writes.run(effect)
    return go(f"/admin/publications/{publication_id}", "saved")


async def _publication(session: AsyncSession, publication_id: UUID) -> Publication:
    found = await session.get(Publication, publication_id)
    if found is None:
        raise NotFound("publication")
    return found


def _given(typed: Typed) -> dict[str, Any]:
    return {name: typed.text(name) for name in FIELDS} | {"audience": _audience(typed)}


def _audience(typed: Typed) -> list[dict[str, Any]]:
    """`FR 80`, a country and its share in percent, one a line."""
    parts = []
    for line in typed.text("audience").splitlines():
        country, _, share = line.strip().replace(",", ".").partition(" ")
        number = share.strip().removesuffix("%").strip()
        if not country:
            continue
        if not number.replace(".", "", 1).isdecimal() or not number.isascii() or len(number) > 10:
            typed.errors["audience"] = N_("Write a country and its share on each line, such as FR 80.")
            continue
        parts.append({"country": country, "share": float(number) / 100})
    return parts


async def _overview(
    request: Request[Any, Any, Any],
    session: AsyncSession,
    actor: Actor,
    settings: Settings,
    now: datetime,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    status: int = 200,
) -> Response[str]:
    language = language_of(request)
    partners = list(await session.scalars(sa.select(Partner).order_by(Partner.name, Partner.id)))
    letters = list(await session.scalars(sa.select(Publication).order_by(Publication.name, Publication.id)))
    cursor = request.query_params.get("cursor")
    team, following = await pages.page(session, staff.roles(actor), staff.ROLES.id, cursor)
    mails = await deliveries.standing(session, now=now)
    return page(
        request,
        "admin/overview.html",
        status=status,
        mails=mails,
        oldest=_waited(mails.oldest, language) if mails.oldest else None,
        has_smtp=bool(settings.smtp_url),
        partners=partners,
        publications=letters,
        choices=[(str(each.id), each.name) for each in letters],
        reach={each.id: each.name for each in partners} | {each.id: each.name for each in letters},
        team=team,
        next_href=f"/admin?cursor={following}#people" if following else None,
        first_href="/admin#people" if cursor else None,
        names={name: language.gettext(word) for name, word in NAMES.items()},
        roles=[(str(role), language.gettext(word)) for role, word in ROLES.items()],
        typed=dict(typed),
        errors=dict(errors),
    )


def _waited(age: timedelta, language: Language) -> str:
    """How long, in the largest unit that fits."""
    seconds = max(int(age.total_seconds()), 0)
    if seconds < 120:
        return language.ngettext("%(count)s second", "%(count)s seconds", seconds) % {"count": seconds}
    if seconds < 2 * 3600:
        minutes = seconds // 60
        return language.ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}
    hours = seconds // 3600
    return language.ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}


def _again(
    request: Request[Any, Any, Any], publication: Publication | None, typed: Typed, refusal: Refusal
) -> Response[str]:
    errors, status = to_mend(refusal, language_of(request), fields={TextTaken: "slug"})
    return _form(request, publication, typed.shown(FIELDS), errors, status=status)


def _form(
    request: Request[Any, Any, Any],
    publication: Publication | None,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    status: int = 200,
) -> Response[str]:
    return page(
        request,
        "admin/publication_form.html",
        status=status,
        publication=publication,
        languages=LANGUAGES,
        zones=zones(),
        typed=dict(typed),
        errors=dict(errors),
    )


HANDLERS: list[Any] = [
    overview,
    invite,
    remove_role,
    new_publication,
    create_publication,
    publication_page,
    change_publication,
    require_passkeys,
]
