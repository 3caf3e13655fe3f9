"""Who loses a role, a session or a passkey is refused at the next request, in every process."""

import sqlalchemy as sa

from promos.actions import account, people, sign_in
from promos.database import Database
from promos.models import StaffRole
from promos.rules.people import PROGRAM, Role
from promos.settings import Keys, Settings
from tests.web.test_sign_in_rates import a_process
from tests.world import ADMIN, DAY, NOW, a_partner, a_person


async def a_cookie(database: Database, keys: Keys) -> tuple[StaffRole, str]:
    """An owner's role, and the cookie of a browser in which they are signed in."""
    async with database.writing() as session:
        partner = await a_partner(session)
        person = await a_person(session, "claire@partner.example", Role.OWNER, partner_id=partner.id)
        secret = await sign_in.link_for(session, person, keys=keys, now=NOW, lifetime=DAY)
        _, cookie = await sign_in.enter(session, secret, now=NOW, lifetime=DAY)
        return (await session.scalars(sa.select(StaffRole))).one(), cookie


async def test_a_role_that_is_taken_away_is_gone_in_every_process(
    settings: Settings, database: Database, keys: Keys
) -> None:
    role, cookie = await a_cookie(database, keys)
    cookies = {"Cookie": f"promos={cookie}"}
    async with a_process(settings) as one, a_process(settings) as two:
        assert [(await each.get("/partner", headers=cookies)).status_code for each in (one, two)] == [200, 200]
        async with database.writing() as session:
            await people.remove_role(session, role.id, now=NOW, by=ADMIN)

        left = [(await each.get("/partner", headers=cookies)).headers["Location"] for each in (one, two)]
    assert left == ["/sign-in?next=/partner"] * 2


async def test_a_session_that_is_ended_elsewhere_is_over_in_every_process(
    settings: Settings, database: Database, keys: Keys
) -> None:
    role, cookie = await a_cookie(database, keys)
    cookies = {"Cookie": f"promos={cookie}"}
    async with a_process(settings) as one, a_process(settings) as two:
        assert (await one.get("/account", headers=cookies)).status_code == 200
        async with database.writing() as session:
            await account.forget_passkeys(session, role.person_id, now=NOW, by=PROGRAM)

        left = [(await each.get("/account", headers=cookies)).status_code for each in (one, two)]
    assert left == [303, 303]
