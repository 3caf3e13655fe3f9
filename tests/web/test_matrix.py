"""Every operation as everybody, about one's own things and about another partner's: `docs/reference/roles.md` holds."""

import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest

from promos.database import Database
from promos.rules.people import Role, Scope
from promos.settings import Keys
from tests.web import matrix
from tests.web.asking import Subject, asked, nobodys
from tests.web.sides import MARK, World, a_token

# What is not one partner's: everybody with the role may have it.
SHARED = frozenset(
    {"lint", "drawForKit", "getPublication", "checkCode", "submitClaim", "confirmClaim", "leaveWaitingList"}
) | {
    "drawForKit",
    "hearShop",
    "getPass",
    "giveBackPass",
    "handOnPass",
    "pairDevice",
    "resendPass",
    "stopSharing",
}
Ask = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def described(client: httpx.AsyncClient) -> Any:
    return client._transport.app.app.state.openapi()  # type: ignore[attr-defined]


@pytest.fixture
def ask(client: httpx.AsyncClient) -> Ask:
    """Ask one operation about something: `await ask(row, about, secret, role)`."""

    async def one(row: matrix.Row, about: Subject, secret: str | None, role: Role | None) -> httpx.Response:
        method, path = row[1].strip("`").split()
        address, given = asked(row[0], f"/api/v1{path}", about, role)
        headers = given.pop("headers", {}) | ({"Authorization": f"Bearer {secret}"} if secret else {})
        return await client.request(method, address, headers=headers, **given)

    return one


def may(row: matrix.Row, role: Role | str) -> bool:
    return row[2 + matrix.ROLES.index(role)] == matrix.YES


def operations() -> Iterator[matrix.Row]:
    """As documented; what ends something comes last, so that the others find it alive, and a correction after it."""
    last = (
        "cancelEvent",
        "deleteCode",
        "deleteOffer",
        "deletePassType",
        "deleteEvent",
        "leaveTool",
        "leaveShop",
        "removeBlock",
        "returnAllotment",
        "giveBackPass",
        "cancelRedemption",
        "publishIssue",
        "correctIssue",
        "findIssue",
        "removeEndpoint",
        "disableEndpoint",
        "removeRole",
        "revokeDevice",
        "revokeToken",
        "suspendPartner",
        "liftSuspension",
    )
    yield from sorted(matrix.documented(), key=lambda row: last.index(row[0]) if row[0] in last else -1)


def our(world: World) -> Subject:
    return Subject(world.a, world.ours)


def secret_of(world: World, role: Role) -> str:
    return {Role.ADMIN: world.admin, Role.EDITOR: world.editor}.get(role) or world.a.secrets[role]


def test_the_table_is_what_the_api_says_of_itself(described: dict[str, Any]) -> None:
    rows = matrix.described(described)

    assert matrix.documented() == rows, f"docs/reference/roles.md needs:\n{matrix.written(rows)}"


async def test_nobody_known_may_do_what_anyone_may(ask: Ask, world: World) -> None:
    for row in operations():
        answer = await ask(row, our(world), None, None)

        if may(row, "anyone"):
            assert answer.is_success, (row, answer.text)
        else:
            assert (answer.status_code, answer.json()["code"]) == (401, "sign-in-needed"), row


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_may_do_what_the_table_says_and_nothing_else(ask: Ask, world: World, role: Role) -> None:
    for row in operations():
        answer = await ask(row, our(world), secret_of(world, role), role)

        if may(row, role):
            assert answer.is_success, (row, answer.text)
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed"), row


async def test_another_partners_things_do_not_exist(ask: Ask, world: World) -> None:
    for role, secret in world.b.secrets.items():
        await _finds_nothing(ask, world, secret, role)


async def test_another_publications_things_do_not_exist(ask: Ask, world: World) -> None:
    await _finds_nothing(ask, world, world.elsewhere, Role.EDITOR)


async def _finds_nothing(ask: Ask, world: World, secret: str, role: Role) -> None:
    """Lists hold nothing of the first partner's, and what is asked for by id answers as what never was."""
    never_was = nobodys(our(world))
    for row in operations():
        if row[0] in SHARED:
            continue
        answer = await ask(row, our(world), secret, role)
        nothing = await ask(row, never_was, secret, role)

        about_one = "{" in row[1] or (row[1].startswith("`POST") and row[0] not in {"createPartner"})
        expected = 403 if not may(row, role) else 404 if about_one else 200
        assert answer.status_code == nothing.status_code == expected, (row, answer.text)
        if expected != 200:
            assert _plain(answer) == _plain(nothing), row
        assert MARK not in answer.text, row


def _plain(answer: httpx.Response) -> str:
    """Without the word that was asked for, which is given back."""
    return re.sub(r"NOSUCH\d|ZEPHYR\d", "CODE", answer.text)


async def test_a_token_needs_the_scope_of_the_operation(ask: Ask, world: World, database: Database, keys: Keys) -> None:
    async with database.writing() as session:
        without = {
            str(scope): await a_token(
                session, Role.OWNER, keys, partner_id=world.a.partner, scopes=frozenset(Scope) - {scope}
            )
            for scope in Scope
        }
    for row in operations():
        if may(row, Role.OWNER) and row[-1] in without:
            answer = await ask(row, our(world), without[row[-1]], Role.OWNER)

            assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing"), row
