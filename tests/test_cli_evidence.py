"""`promos evidence …` as somebody at a terminal uses it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from promos import cli
from promos.actions import evidence
from promos.database import connect
from promos.settings import Settings
from tests.world import NOW, a_publication

Said = pytest.CaptureFixture[bytes]


@pytest.fixture
def at(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The command line works on this test's database."""
    for name in ("data_dir", "database_url", "secret_keys", "reader_key"):
        if value := getattr(settings, name):
            monkeypatch.setenv(f"PROMOS_{name.upper()}", value)
    return settings


@pytest.fixture
def exported(at: Settings, capfdbinary: Said, tmp_path: Path) -> Path:
    async def make() -> None:
        database = connect(at)
        async with database.writing() as session:
            publication = await a_publication(session)
            for number in range(evidence.PIECE + 3):
                await evidence.append(session, publication.id, "test.made", {"label": f"Publicité {number}"}, now=NOW)
        await database.close()

    asyncio.run(make())
    assert cli.main(["evidence", "export", "freea"]) == 0
    file = tmp_path / "freea.jsonl"
    file.write_bytes(capfdbinary.readouterr().out)
    return file


def test_a_chain_is_exported_and_verified(exported: Path, capfdbinary: Said) -> None:
    assert cli.main(["evidence", "verify", str(exported)]) == 0

    said = capfdbinary.readouterr().out.decode()
    assert said.startswith(f"{evidence.PIECE + 3} entries, whole.")
    kept = said.split()[-1]
    assert cli.main(["evidence", "verify", str(exported), "--hash", kept]) == 0
    assert cli.main(["evidence", "verify", str(exported), "--hash", "0" * 64]) == 1


def test_one_byte_is_enough(exported: Path, capfdbinary: Said) -> None:
    whole = exported.read_bytes()
    ends = [at for at, byte in enumerate(whole) if byte == 10]
    for at in (5, ends[0] + 20, ends[250] + 30, ends[-2] + 3, len(whole) - 1):
        altered = bytearray(whole)
        altered[at] ^= 1
        exported.write_bytes(altered)

        assert cli.main(["evidence", "verify", str(exported)]) == 1, at
        line = whole[:at].count(b"\n") + 1
        assert f":{line}: " in capfdbinary.readouterr().out.decode()


@pytest.mark.parametrize("kept", [0, 1, 3, -1])
def test_a_file_without_its_end_is_not_whole(exported: Path, kept: int, capfdbinary: Said) -> None:
    lines = exported.read_bytes().splitlines(keepends=True)[:kept]
    exported.write_bytes(b"".join(lines))

    assert cli.main(["evidence", "verify", str(exported)]) == 1
    assert f":{len(lines) + 1}: the end is missing" in capfdbinary.readouterr().out.decode()


def test_what_is_no_chain_is_told_as_such(tmp_path: Path, at: Settings, capfdbinary: Said) -> None:
    (tmp_path / "a").write_bytes(b"[[[[" * 100_000 + b"\n\xff\xfe\n")

    assert cli.main(["evidence", "verify", str(tmp_path / "a")]) == 1
    assert cli.main(["evidence", "verify", str(tmp_path / "none")]) == 2
    assert cli.main(["evidence", "export", "nobody"]) == 2
    said = capfdbinary.readouterr()
    assert b":1: this is no line of a chain" in said.out
    assert b"publication" in said.err


def test_a_stranger_needs_no_promos_to_verify(exported: Path) -> None:
    page = (Path(__file__).parents[1] / "docs" / "explanation" / "evidence.md").read_text(encoding="utf-8")
    given: dict[str, Any] = {}
    exec(page.split("```python\n")[1].split("```")[0], given)
    lines = exported.read_bytes().splitlines()

    assert given["holds"](lines)
    lines[7] = lines[7].replace(b"6", b"7", 1)
    assert not given["holds"](lines)
