"""The disk under SQLite fills up, fails to sync, or a file may not grow; then all is well again, without a restart."""

import resource
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import pytest

from tests.faults.conftest import Gather
from tests.faults.disk import Disk
from tests.faults.house import LONG, Faulty

pytestmark = [
    pytest.mark.parametrize("standing", ["sqlite"], indirect=True),
    pytest.mark.timeout(600 if LONG else 120),
]

READERS, LIMIT = (1200, 800) if LONG else (60, 40)
TIMES = 5 if LONG else 1
SMALL = 64 * 1024  # bytes, all that a file may have


@pytest.fixture
def disk(house: Faulty) -> Disk:
    return house.disk or pytest.skip("no C compiler (cc) to make a failing disk with")


async def test_a_full_disk_is_told_and_works_on_when_there_is_room(house: Faulty, crowd: Gather, disk: Disk) -> None:
    async with same(house), crowd(f"no room left on the disk, {TIMES}×", readers=READERS, limit=LIMIT) as there:
        for number in range(TIMES):
            await there.reached(LIMIT * (number + 1) // (TIMES + 2))
            disk.fill()
            await there.failed(50 if LONG else 10)
            assert set(await house.look(there.code.text, 20)) == {200}
            disk.mend()

    assert set(there.unheard) == {"disk-full"}


async def test_a_disk_that_fails_to_sync_makes_nobody_believe_in_a_pass(
    house: Faulty, crowd: Gather, disk: Disk
) -> None:
    async with same(house), crowd(f"fsync fails, {TIMES}×", readers=READERS, limit=LIMIT) as there:
        for number in range(TIMES):
            await there.reached(LIMIT * (number + 1) // (TIMES + 2))
            disk.fall_deaf()
            await there.failed(50 if LONG else 10)
            assert set(await house.look(there.code.text, 20)) == {200}
            disk.mend()

    assert set(there.unheard) == {"outcome-unknown"}


async def test_servers_killed_on_a_disk_that_fails_to_sync_give_nothing_twice(
    house: Faulty, crowd: Gather, disk: Disk
) -> None:
    async with crowd("fsync fails, then kill -9", readers=READERS, limit=LIMIT) as there:
        await there.reached(LIMIT // 4)
        disk.fall_deaf()
        await there.failed(10)
        for port in house.ports[: None if LONG else 1]:
            house.kill(port)
        disk.mend()
    assert integrity(house) == ["ok"]


async def test_files_that_may_not_grow_are_told_and_grow_again(house: Faulty, crowd: Gather) -> None:
    async with same(house), crowd("no file may grow (RLIMIT_FSIZE)", readers=READERS, limit=LIMIT) as there:
        await there.reached(LIMIT // 4)
        try:
            may_have(house, SMALL)
            await there.failed(50 if LONG else 10)
            assert await house.lives()
        finally:
            may_have(house, resource.RLIM_INFINITY)


def may_have(house: Faulty, size: int) -> None:
    for port in house.ports:
        for process in house.processes(port):
            resource.prlimit(process, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@asynccontextmanager
async def same(house: Faulty) -> AsyncIterator[None]:
    """The same processes in the end, and a file without a fault."""
    before = [house.processes(port) for port in house.ports]
    yield
    assert [house.processes(port) for port in house.ports] == before
    assert integrity(house) == ["ok"]


def integrity(house: Faulty) -> list[str]:
    with closing(sqlite3.connect(house.database.writer.url.database or "")) as file:
        return [row[0] for row in file.execute("PRAGMA integrity_check")]
