"""A partner's people, and the tokens of its programs and scanners. Owners and admins decide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import invitations, tokens
from promos.models import Event, Partner, Token
from promos.queries import pages
from promos.queries import people as staff
from promos.rendering.language import Language
from promos.rules.language import N_
from promos.rules.people import SCOPES, Actor, Role, Scope
from promos.rules.refusals import AddressInvalid, InvalidRequest, NotAllowed, NotFound, Refusal
from promos.settings import Keys, Settings
from promos.web.access import allows, fresh
from promos.web.given import Reads, Writes
from promos.web.pages import lists
from promos.web.pages.partner.desk import partners_of
from promos.web.pages.show import go, language_of, page
from promos.web.pages.typed import TO_MEND, Typed, to_mend

READ = allows(Role.ADMIN, Role.OWNER, scope=Scope.READ)
WRITE = allows(Role.ADMIN, Role.OWNER, scope=Scope.WRITE)
ROLES: dict[Role, str] = {
    Role.OWNER: N_("Owner: everything, people and tokens too"),
    Role.MEMBER: N_("Member: events, offers and codes"),
    Role.DOOR: N_("Door: scanning passes, nothing else"),
}
NAMES: dict[str, str] = {
    Role.ADMIN: N_("admin"),
    Role.EDITOR: N_("editor"),
    Role.OWNER: N_("owner"),
    Role.MEMBER: N_("member"),
    Role.DOOR: N_("door"),
}
SCOPE_WORDS: dict[Scope, str] = {
    Scope.READ: N_("read: see what there is"),
    Scope.WRITE: N_("write: create and change"),
    Scope.REDEEM: N_("redeem: give passes to readers it vouches for"),
    Scope.SCAN: N_("scan: let people in at the door"),
}
PERSON = ("email", "name", "role")
TOKEN = ("token_name", "token_role", "expires_at")


@dataclass(frozen=True, slots=True)
class Forms:
    """The two forms of the page, as they were typed."""

    typed: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys((*PERSON, *TOKEN), ""))
    scopes: Sequence[str] = ()
    events: Sequence[str] = ()
    errors: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


@get("/partner/team", opt=READ)
async def choose(
    request: Request[Any, Any, Any], reads: NamedDependency[Reads], actor: NamedDependency[Actor]
) -> Response[Any]:
    """The partners whose people this is to decide about; the only one is opened at once."""
    async with reads() as session:
        partners = await partners_of(session, actor, Role.OWNER)
    if len(partners) == 1:
        return go(f"/partner/team/{partners[0].id}")
    return page(request, "partner/teams.html", partners=partners)


@get("/partner/team/{partner_id:uuid}", opt=READ)
async def team_page(
    request: Request[Any, Any, Any],
    partner_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
) -> Response[str]:
    async with reads() as session:
        return await _shown(request, session, partner_id, actor)


@post("/partner/team/{partner_id:uuid}/people", opt=fresh(WRITE))
async def invite(
    request: Request[Any, Any, Any],
    partner_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
    keys: NamedDependency[Keys],
) -> Response[Any]:
    typed = await Typed.of(request)
    language = language_of(request)
    lifetime = timedelta(seconds=settings.invitation_lifetime)

    async def effect(session: AsyncSession, now: datetime) -> None:
        await invitations.invite(
            session,
            typed.text("email"),
            _role(typed, "role"),
            name=typed.text("name"),
            partner_id=partner_id,
            language=language.code,
            keys=keys,
            lifetime=lifetime,
            now=now,
            by=actor,
        )

    try:
        await writes.run(effect)
    except TO_MEND as refusal:
        return await _again(request, reads, partner_id, actor, typed, refusal)
    return go(f"/partner/team/{partner_id}", "invited")


@post("/partner/team/roles/{role_id:uuid}/send-again", opt=fresh(WRITE))
async def send_again(
    role_id: FromPath[UUID],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
) -> Response[Any]:
    lifetime = timedelta(seconds=settings.invitation_lifetime)

    async def effect(session: AsyncSession, now: datetime) -> UUID | None:
        return (await invitations.send_again(session, role_id, lifetime=lifetime, now=now, by=actor)).partner_id

    partner_id = await writes.run(effect)
    return go(f"/partner/team/{partner_id}" if partner_id else "/admin", "invited")


@post("/partner/team/roles/{role_id:uuid}/remove", opt=fresh(WRITE))
async def remove(
    request: Request[Any, Any, Any],
    role_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    async with reads() as session:
        partner_id = (await staff.role(session, role_id, actor)).partner_id
    if partner_id is None:
        raise NotFound("role")

    async def effect(session: AsyncSession, now: datetime) -> None:
        await invitations.remove(session, role_id, now=now, by=actor)

    try:
        await writes.run(effect)
    except NotAllowed:
        last = language_of(request).gettext(
            N_("A partner keeps one owner at least; only an admin can remove the last.")
        )
        async with reads() as session:
            return await _shown(request, session, partner_id, actor, Forms(errors={"": last}, status=403))
    return go(f"/partner/team/{partner_id}", "removed")


@post("/partner/team/{partner_id:uuid}/tokens", opt=fresh(WRITE), status_code=200)
async def create_token(
    request: Request[Any, Any, Any],
    partner_id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
) -> Response[Any]:
    """The secret is on this one page and nowhere else."""
    typed = await Typed.of(request)

    async def effect(session: AsyncSession, now: datetime) -> tuple[Token, str]:
        ends = typed.moment_or_none("expires_at", "UTC")
        role = _role(typed, "token_role")
        if typed.errors:
            raise InvalidRequest(typed.errors)
        return await tokens.create(
            session,
            name=typed.text("token_name"),
            role=role,
            partner_id=partner_id,
            scopes=[Scope(each) for each in typed.all("scopes") if each in list(Scope)],
            event_ids=typed.ids("event_ids") or None,
            expires_at=ends,
            keys=keys,
            now=now,
            by=actor,
        )

    try:
        token, secret = await writes.run(effect)
    except TO_MEND as refusal:
        return await _again(request, reads, partner_id, actor, typed, refusal)
    return page(request, "partner/token.html", partner_id=partner_id, token=token, secret=secret)


@post("/partner/team/tokens/{token_id:uuid}/revoke", opt=WRITE)
async def revoke_token(
    token_id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]
) -> Response[Any]:
    async def effect(session: AsyncSession, now: datetime) -> UUID | None:
        return (await tokens.revoke(session, token_id, now=now, by=actor)).partner_id

    partner_id = await writes.run(effect)
    return go(f"/partner/team/{partner_id}" if partner_id else "/partner/team", "removed")


async def _again(
    request: Request[Any, Any, Any],
    reads: Reads,
    partner_id: UUID,
    actor: Actor,
    typed: Typed,
    refusal: Refusal,
) -> Response[str]:
    errors, status = to_mend(refusal, language_of(request), fields={AddressInvalid: "email"})
    if typed.text("token_role") and "name" in errors:
        errors["token_name"] = errors.pop("name")
    forms = Forms(typed.shown((*PERSON, *TOKEN)), typed.all("scopes"), typed.all("event_ids"), errors, status)
    async with reads() as session:
        return await _shown(request, session, partner_id, actor, forms)


async def _shown(
    request: Request[Any, Any, Any], session: AsyncSession, partner_id: UUID, actor: Actor, forms: Forms | None = None
) -> Response[str]:
    forms = forms or Forms()
    led = await partners_of(session, actor, Role.OWNER)
    partner = next((each for each in led if each.id == partner_id), None)
    if partner is None:
        raise NotFound("partner")
    language = language_of(request)
    here = f"/partner/team/{partner.id}"
    whole_team = lists.listed(request, staff.ROLES, path=here)
    keys = lists.listed(request, replace(staff.TOKENS, first="-made"), path=here, prefix="token-", anchor="tokens")
    team, whole_team.following = await pages.listed(
        session, staff.roles(actor, partner_id=partner.id), whole_team.by, whole_team.asked
    )
    held, keys.following = await pages.listed(session, staff.keys(actor, partner.id), keys.by, keys.asked)
    return page(
        request,
        "partner/team.html",
        status=forms.status,
        partner=partner,
        team=team,
        people=whole_team,
        tokens=held,
        keys=keys,
        events=await _events(session, partner),
        roles=_told(ROLES, language),
        names={name: language.gettext(word) for name, word in NAMES.items()},
        scopes=_told({scope: word for scope, word in SCOPE_WORDS.items() if scope in SCOPES[Role.OWNER]}, language),
        has_many=len(led) > 1,
        forms=forms,
    )


async def _events(session: AsyncSession, partner: Partner) -> list[tuple[str, str]]:
    found = sa.select(Event).where(Event.partner_id == partner.id).order_by(Event.starts_at.desc()).limit(100)
    return [(str(each.id), f"{each.name} {each.edition or ''}".strip()) for each in await session.scalars(found)]


def _told(words: Mapping[Any, str], language: Language) -> list[tuple[str, str]]:
    return [(str(value), language.gettext(word)) for value, word in words.items()]


def _role(typed: Typed, name: str) -> Role:
    """One of a partner's roles; raises `InvalidRequest`."""
    wanted = typed.text(name)
    if wanted not in list(ROLES):
        raise InvalidRequest({name: N_("Choose a role.")})
    return Role(wanted)


HANDLERS: list[Any] = [choose, team_page, invite, send_again, remove, create_token, revoke_token]
