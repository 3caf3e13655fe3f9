"""PgBouncer in transaction mode stands between the servers and PostgreSQL."""

from collections.abc import Callable

import pytest

from tests.faults.crowd import Found, crowd_at
from tests.faults.house import LONG, Faulty
from tests.faults.pooler import Pooler

pytestmark = pytest.mark.timeout(600 if LONG else 120)

READERS, LIMIT = (1200, 800) if LONG else (60, 40)


async def test_a_crowd_through_a_pooler_is_exact_and_survives_its_end(
    pooled: Faulty, pooler: Pooler, tell: Callable[[Found], None]
) -> None:
    async with crowd_at(pooled, "three connections for all", tell, readers=READERS, limit=LIMIT) as there:
        await there.until(lambda crowd: crowd.are_done)
        assert set(await pooled.look(there.code.text, 10)) == {200}
    assert not there.unheard

    kills = 5 if LONG else 1
    async with crowd_at(pooled, f"PgBouncer stops at once, {kills}×", tell, readers=READERS, limit=LIMIT) as there:
        for number in range(kills):
            await there.reached(LIMIT * (number + 1) // (kills + 2))
            pooler.kill()
            await there.failed(10)
            assert await pooled.lives()
            pooler.run()
