"""Owners say yes at the same moment: the limit is raised once."""

import sqlalchemy as sa

from promos.models import PromoCode
from promos.rules.people import Role
from tests.race.conftest import House
from tests.race.together import Request, together


async def test_however_many_say_yes_at_once_the_limit_is_raised_once(crowded: House) -> None:
    code = await crowded.code(limit=None, code_limit=10)
    owners = [(await crowded.token(Role.OWNER, partner_id=code.partner_id))[1] for _ in range(2)]

    for number in range(1, 7):
        wish = {"code": code.text, "passes": 4}
        [asked] = await together([Request(crowded.port(0), "/api/v1/wishes", wish, owners[0])])
        path = f"/api/v1/wishes/{asked.document['id']}/approve"
        yes = [Request(crowded.port(each), path, {}, owners[each % 2]) for each in range(8)]

        answers = await together(yes)

        assert {answer.status for answer in answers} == {200}
        assert {(answer.document["state"], answer.document["given"]) for answer in answers} == {("approved", 4)}
        async with crowded.database.reading() as session:
            limit = await session.scalar(sa.select(PromoCode.limit).where(PromoCode.id == code.id))
        assert limit == 10 + 4 * number


async def test_a_yes_and_a_no_at_once_are_one_of_both(crowded: House) -> None:
    code = await crowded.code(limit=None, code_limit=10)
    _, owner = await crowded.token(Role.OWNER, partner_id=code.partner_id)
    limit = 10

    for _ in range(6):
        wish = {"code": code.text, "passes": 4}
        [asked] = await together([Request(crowded.port(0), "/api/v1/wishes", wish, owner)])
        path = f"/api/v1/wishes/{asked.document['id']}"
        verbs = ("approve", "decline", "withdraw")

        answers = await together(
            [
                Request(crowded.port(number), f"{path}/{verb}", {} if verb != "withdraw" else None, owner)
                for number, verb in enumerate(verbs)
            ]
        )

        states = {answer.document["state"] for answer in answers}  # of the wish, or why it is a refusal
        assert len(states) == 1
        assert sorted(answer.status for answer in answers) == [200, 410, 410]
        limit += 4 if states == {"approved"} else 0
        async with crowded.database.reading() as session:
            assert await session.scalar(sa.select(PromoCode.limit).where(PromoCode.id == code.id)) == limit
