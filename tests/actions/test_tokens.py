"""Tokens: who makes them, what they may do, when they end."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import tokens
from promos.models import Entry, Partner, Token
from promos.rules.people import SCOPES, Actor, Grant, Role, Scope
from promos.rules.refusals import InvalidRequest, NotAllowed, NotFound, Refusal
from promos.rules.signing import fingerprint
from promos.settings import Keys
from tests.world import (
    ADMIN,
    DAY,
    NOW,
    a_partner,
    a_publication,
    an_event,
    door_of,
    editor_of,
    member_of,
    owner_of,
    whom,
)

KEYS = Keys((b"s" * 40,), b"r" * 40)


async def a_token(session: AsyncSession, by: Actor = ADMIN, **given: Any) -> tuple[Token, str]:
    asked: dict[str, Any] = {"name": "shop", "role": Role.ADMIN, "scopes": [Scope.READ]}
    return await tokens.create(session, **asked | given, keys=KEYS, now=NOW, by=by)


async def test_a_token_speaks_for_its_role_scopes_and_events(session: AsyncSession) -> None:
    partner = await a_partner(session)
    gala = await an_event(session, partner)

    token, secret = await a_token(
        session,
        name=" gate ",
        role=Role.DOOR,
        partner_id=partner.id,
        scopes={Scope.SCAN},
        event_ids=[gala.id],
        expires_at=NOW + DAY,
    )

    actor = await whom(session, secret, now=NOW)
    assert actor == Actor(
        "token",
        token.id,
        frozenset({Grant(Role.DOOR, partner_id=partner.id)}),
        frozenset({Scope.SCAN}),
        frozenset({gala.id}),
    )
    assert actor.name == "gate"
    assert await whom(session, secret, now=NOW + DAY) is None


async def test_a_token_without_events_or_end_reaches_all_of_its_role(session: AsyncSession) -> None:
    publication = await a_publication(session)

    _, secret = await a_token(session, role=Role.EDITOR, publication_id=publication.id, scopes=SCOPES[Role.EDITOR])

    actor = await whom(session, secret, now=NOW + 1000 * DAY)
    assert actor is not None
    assert (actor.event_ids, actor.publications) == (None, frozenset({publication.id}))


async def test_a_secret_is_stored_nowhere_and_can_be_shown_again(session: AsyncSession) -> None:
    token, secret = await a_token(session)

    assert secret.startswith("pk_")
    assert len(secret) == 3 + 32  # 160 bit
    assert tokens.secret(token.id, KEYS) == secret
    rows = (await session.execute(sa.select(*Token.__table__.columns))).all()
    entries = (await session.execute(sa.select(*Entry.__table__.columns))).all()
    assert fingerprint(secret) in repr(rows)
    assert secret.removeprefix("pk_") not in repr([rows, entries])


async def test_an_unknown_secret_speaks_for_nobody(session: AsyncSession) -> None:
    token, secret = await a_token(session)

    for wrong in ("", "pk_", secret.lower(), secret + "A", token.token_hash):
        assert await whom(session, wrong, now=NOW) is None


async def test_a_revoked_token_is_dead_at_the_next_look(session: AsyncSession) -> None:
    token, secret = await a_token(session)

    await tokens.revoke(session, token.id, now=NOW, by=ADMIN)
    await tokens.revoke(session, token.id, now=NOW + DAY, by=ADMIN)

    assert await whom(session, secret, now=NOW) is None
    assert token.revoked_at == NOW
    verbs = (await session.scalars(sa.select(Entry.verb).order_by(Entry.id))).all()
    assert list(verbs) == ["token.created", "token.revoked"]


async def test_an_owner_makes_and_revokes_tokens_of_the_own_partner_only(session: AsyncSession) -> None:
    own, foreign = await a_partner(session), await a_partner(session)
    mine, _ = await a_token(session, owner_of(own), role=Role.MEMBER, partner_id=own.id)
    theirs, _ = await a_token(session, role=Role.MEMBER, partner_id=foreign.id)
    house, _ = await a_token(session)

    await tokens.revoke(session, mine.id, now=NOW, by=owner_of(own))
    for hidden in (theirs.id, house.id, own.id):
        with pytest.raises(NotFound):
            await tokens.revoke(session, hidden, now=NOW, by=owner_of(own))
    refused: list[tuple[dict[str, Any], type[Refusal]]] = [
        ({"role": Role.MEMBER, "partner_id": foreign.id}, NotFound),
        ({"role": Role.MEMBER, "partner_id": UUID(int=9)}, NotFound),
        ({"role": Role.ADMIN}, NotAllowed),
        ({"role": Role.EDITOR, "publication_id": (await a_publication(session)).id}, NotAllowed),
    ]
    for given, refusal in refused:
        with pytest.raises(refusal):
            await a_token(session, owner_of(own), **given)


async def test_members_doors_and_editors_make_no_tokens(session: AsyncSession) -> None:
    partner, publication = await a_partner(session), await a_publication(session)

    for by in (member_of(partner), door_of(partner), editor_of(publication)):
        with pytest.raises(NotAllowed):
            await a_token(session, by, role=Role.MEMBER, partner_id=partner.id)


async def test_events_of_a_token_are_its_partners(session: AsyncSession) -> None:
    own, foreign = await a_partner(session), await a_partner(session)
    gala, theirs = await an_event(session, own, slug="gala"), await an_event(session, foreign, slug="theirs")

    for events in ([theirs.id], [gala.id, theirs.id], [UUID(int=9)]):
        with pytest.raises(NotFound):
            await a_token(session, owner_of(own), role=Role.MEMBER, partner_id=own.id, event_ids=events)
    token, _ = await a_token(session, role=Role.MEMBER, partner_id=own.id, event_ids=[gala.id, gala.id])

    assert token.event_ids == [str(gala.id)]


def limited(partner: Partner, **limits: Any) -> Actor:
    return Actor("token", UUID(int=7), frozenset({Grant(Role.OWNER, partner_id=partner.id)}), **limits)


async def test_a_limited_token_makes_no_wider_one(session: AsyncSession) -> None:
    partner = await a_partner(session)
    gala = await an_event(session, partner)
    token, _ = await a_token(session, role=Role.MEMBER, partner_id=partner.id)
    to_events = limited(partner, event_ids=frozenset({gala.id}))
    to_scopes = limited(partner, scopes=frozenset({Scope.READ, Scope.WRITE}))

    for by in (to_events, to_scopes):
        with pytest.raises(NotAllowed):
            await a_token(session, by, role=Role.MEMBER, partner_id=partner.id, scopes=list(Scope))
    with pytest.raises(NotAllowed):
        await tokens.revoke(session, token.id, now=NOW, by=to_events)


@pytest.mark.parametrize(
    "given",
    [
        {"name": "  "},
        {"name": "a" * 201},
        {"name": "a\x00b"},
        {"scopes": []},
        {"role": Role.DOOR, "scopes": [Scope.READ]},
        {"role": Role.DOOR, "scopes": [Scope.SCAN]},  # no events
        {"role": Role.MEMBER, "event_ids": []},
        {"role": Role.EDITOR, "event_ids": [UUID(int=9)]},
        {"role": Role.EDITOR, "scopes": [Scope.SCAN]},
        {"expires_at": NOW},
        {"expires_at": NOW - timedelta(seconds=1)},
    ],
)
async def test_senseless_tokens_are_refused(session: AsyncSession, given: dict[str, Any]) -> None:
    place = {
        Role.DOOR: {"partner_id": (await a_partner(session)).id},
        Role.EDITOR: {"publication_id": (await a_publication(session)).id},
    }
    place[Role.MEMBER] = place[Role.DOOR]

    with pytest.raises(InvalidRequest):
        await a_token(session, **given | place.get(given.get("role", Role.ADMIN), {}))


async def test_an_actor_is_found_with_one_statement(session: AsyncSession) -> None:
    _, secret = await a_token(session)
    statements: list[str] = []
    connection = (await session.connection()).sync_connection
    event.listen(connection, "before_cursor_execute", lambda *args: statements.append(args[2]))

    await whom(session, secret, now=NOW)

    assert len(statements) == 1
