"""One partner's people ask for all that another one has, by every id: nothing is there, and nothing changes."""

from typing import Any

import httpx
import pytest

from promos.database import Database
from promos.rules.people import Role
from promos.settings import Keys
from tests.web.foreign import Asking, forms_of, ids_in, ids_of, operations, rows_of
from tests.web.sides import World
from tests.web.walls import somebody


@pytest.mark.timeout(600)
@pytest.mark.parametrize("role", [Role.OWNER, Role.DOOR])
async def test_what_is_somebody_elses_does_not_exist_by_any_id(
    role: Role, client: httpx.AsyncClient, world: World, database: Database, keys: Keys
) -> None:
    """A member may nothing that an owner may not."""
    app: Any = client._transport.app.app  # type: ignore[attr-defined]
    who = await somebody(role, world.b.secrets[role], database, keys, partner_id=world.b.partner)
    async with database.reading() as session:
        ids, before = await ids_of(session, world.a.partner), await rows_of(session, world.a.partner)
        own = ids_in(await rows_of(session, world.b.partner))
    asking = Asking(client, world, ids)

    for operation in operations(app, app.state.openapi()):
        await asking.everything(operation, who)
    forms = await forms_of(client, who, "/partner" if role is Role.OWNER else "/door")
    for form in forms:
        await asking.form(form, who, own)

    async with database.reading() as session:
        after = await rows_of(session, world.a.partner)
    assert asking.wrong == []
    assert len(forms) > (20 if role is Role.OWNER else 1)
    assert after == before
    assert len(ids) >= 19  # so many tables hold something of theirs
