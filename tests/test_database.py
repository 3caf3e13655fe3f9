"""How the databases are reached."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from promos.database import connect, is_lost
from promos.settings import Settings
from tests.postgres import Server


@pytest.fixture
def reading_only(postgres: Server) -> Iterator[sa.URL]:
    """A database that takes no writes, as a standby does."""
    postgres.create_database("reading_only")
    url = sa.make_url(postgres.url("reading_only"))
    postgres.execute(f'ALTER DATABASE "{url.database}" SET default_transaction_read_only = on')
    yield url
    postgres.drop_database("reading_only")


@pytest.mark.parametrize("hosts", [1, 2])
async def test_hosts_of_which_none_leads_are_out_of_reach(reading_only: sa.URL, hosts: int) -> None:
    among = tuple(f"{reading_only.host}:{reading_only.port}" for _ in range(hosts))
    url = reading_only.set(host=None, port=None).update_query_dict(
        {"host": among, "target_session_attrs": "read-write"}
    )
    database = connect(Settings(database_url=url.render_as_string(hide_password=False)))
    try:
        with pytest.raises(ConnectionError) as caught:
            async with database.writing() as session:
                await session.execute(sa.text("SELECT 1"))
    finally:
        await database.close()
    assert is_lost(caught.value)


async def test_the_host_that_leads_is_found_behind_one_that_is_gone(postgres: Server) -> None:
    there = sa.make_url(postgres.url("postgres"))
    url = there.set(host=None, port=None).update_query_dict(
        {"host": ("127.0.0.1:1", f"{there.host}:{there.port}"), "target_session_attrs": "read-write"}
    )
    database = connect(Settings(database_url=url.render_as_string(hide_password=False)))
    try:
        async with database.writing() as session:
            assert await session.scalar(sa.text("SELECT 1")) == 1
    finally:
        await database.close()
