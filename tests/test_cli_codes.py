"""`promos codes …` as somebody at a terminal uses it."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from promos import cli
from promos.actions import batches
from promos.database import Database, connect
from promos.models import CodeBatch, PromoCode
from promos.settings import Settings
from tests.world import ADMIN, DAY, NOW, an_offer

PATTERN = "GENAI-****-****-****-*"


@pytest.fixture
def at(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The command line works on this test's database."""
    for name in ("data_dir", "database_url", "secret_keys", "reader_key"):
        if value := getattr(settings, name):
            monkeypatch.setenv(f"PROMOS_{name.upper()}", value)
    return settings


def on(settings: Settings, work: Callable[[Database], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        database = connect(settings)
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())


def offer_of(settings: Settings) -> UUID:
    async def make(database: Database) -> UUID:
        async with database.writing() as session:
            return (await an_offer(session)).id

    found: UUID = on(settings, make)
    return found


def codes_of(settings: Settings) -> list[str]:
    async def look(database: Database) -> list[str]:
        async with database.reading() as session:
            return list(await session.scalars(sa.select(PromoCode.spelled)))

    found: list[str] = on(settings, look)
    return found


def test_codes_are_made_and_taken_out(at: Settings, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    offer = offer_of(at)

    made = cli.main(["codes", "make", "--offer", str(offer), "--count", "30", "--pattern", PATTERN])
    said = capfdbinary.readouterr().out.decode()
    batch = re.findall(r"batch (\S+)", said)[0]
    again = cli.main(["codes", "make", "--resume", batch])
    capfdbinary.readouterr()
    out = cli.main(["codes", "export", batch])
    head, *lines = capfdbinary.readouterr().out.decode().splitlines()

    assert (made, again, out) == (0, 0, 0)
    assert "30 of 30 codes are there." in said
    assert head == "code,limit,used,status"
    assert sorted(line.split(",")[0] for line in lines) == sorted(codes_of(at))
    assert len(lines) == 30


def test_an_order_that_was_cut_off_is_gone_on_with(at: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    offer = offer_of(at)

    async def begin(database: Database) -> UUID:
        async with database.writing() as session:
            batch = await batches.order(session, offer, 50, pattern=PATTERN, now=NOW, by=ADMIN)
            taken = await batches.claim(session, now=NOW)
            assert taken
            await batches.make_some(session, taken, batches.words_again(PATTERN, 20, NOW), seen=0, now=NOW)
            await session.execute(sa.update(CodeBatch).values(leased_until=NOW - 30 * DAY))
            return batch.id

    batch = on(at, begin)

    assert cli.main(["codes", "make", "--resume", str(batch)]) == 0
    assert "50 of 50" in capsys.readouterr().out
    assert len(set(codes_of(at))) == 50


def test_a_list_is_tried_and_brought(at: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    offer, file = offer_of(at), tmp_path / "list.csv"
    file.write_text("\ufeffCode;Limite\r\nALPHA;5\r\nÉTÉ;1\r\n", encoding="utf-8")
    command = ["codes", "import", str(file), "--offer", str(offer)]

    tried = cli.main([*command, "--dry-run"]), capsys.readouterr().out
    before = codes_of(at)
    taken = cli.main(command), capsys.readouterr().out

    assert tried[0] == taken[0] == 1
    assert "line 3: ÉTÉ: A code has 3 to 40" in tried[1]
    assert "2 rows: 1 would be taken in, 0 there already, 1 bad." in tried[1]
    assert "2 rows: 1 taken in, 0 there already, 1 bad." in taken[1]
    assert (before, codes_of(at)) == ([], ["ALPHA"])


@pytest.mark.parametrize(
    "arguments",
    [
        ["make", "--offer", str(UUID(int=7)), "--count", "3"],
        ["make", "--resume", str(UUID(int=7))],
        ["export", str(UUID(int=7))],
    ],
)
def test_what_does_not_exist_is_said_in_a_sentence(
    at: Settings, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["codes", *arguments]) == 2
    assert "There is nothing here" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_told_by_its_name(
    at: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "missing.csv"

    assert cli.main(["codes", "import", str(missing), "--offer", str(offer_of(at))]) == 2
    assert f"{missing}: No such file or directory" in capsys.readouterr().err


def test_a_list_may_be_piped_in_and_tells_the_terminal_nothing_to_do(at: Settings) -> None:
    offer = offer_of(at)
    command = [sys.executable, "-m", "promos.cli", "codes", "import", "-", "--offer", str(offer)]

    run = subprocess.run(command, input=b"code\nALPHA\n\x1b[2JX\n", capture_output=True, check=False)

    assert run.returncode == 1, run.stderr
    assert "line 3: \N{REPLACEMENT CHARACTER}[2JX: A code has" in run.stdout.decode()
    assert codes_of(at) == ["ALPHA"]


def test_whoever_reads_only_the_head_of_a_file_is_no_fault(at: Settings) -> None:
    async def begin(database: Database) -> UUID:
        async with database.writing() as session:
            return (await batches.order(session, offer, 8000, pattern=PATTERN, now=NOW, by=ADMIN)).id

    offer = offer_of(at)
    batch = on(at, begin)
    assert cli.main(["codes", "make", "--resume", str(batch)]) == 0

    run = subprocess.Popen(
        [sys.executable, "-m", "promos.cli", "codes", "export", str(batch)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert run.stdout
    assert run.stderr
    assert run.stdout.readline() == b"code,limit,used,status\r\n"
    run.stdout.close()

    assert run.stderr.read() == b""
    assert run.wait(30) == cli.STOPPED
    run.stderr.close()


def test_what_goes_on_is_not_ordered_anew(at: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["codes", "make", "--resume", str(UUID(int=7)), "--count", "9"])

    assert "leave out --count" in capsys.readouterr().err


def test_a_refusal_is_a_sentence_with_its_facts(at: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--offer", str(offer_of(at)), "--count", "1000", "--pattern", "FREE-#"]

    assert cli.main(["codes", "make", *arguments]) == 2
    said = capsys.readouterr().err
    assert "cannot make that many different codes" in said
    assert "combinations: 10; count: 1000" in said
