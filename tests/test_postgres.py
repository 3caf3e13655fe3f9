"""The PostgreSQL of the tests is a real one, and leaves nothing behind."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server.start(durable=True) as started:
        yield started


def test_a_copy_of_a_template_has_its_tables_and_is_another_database(server: Server) -> None:
    server.create_database("original")
    server.execute("CREATE TABLE passes (holder text); INSERT INTO passes VALUES ('ada');", database="original")

    server.create_database("copy", template="original")
    server.execute("DELETE FROM passes", database="copy")

    assert server.execute("SELECT holder FROM passes", database="original") == [("ada",)]
    assert server.execute("SELECT holder FROM passes", database="copy") == []


def test_an_address_can_name_another_role(server: Server) -> None:
    assert server.url("copy", user="promos_web").startswith("postgresql+asyncpg://promos_web@127.0.0.1:")


def test_a_database_is_dropped_whoever_is_connected_and_may_be_missing(server: Server) -> None:
    server.create_database("brief")
    server.drop_database("brief")
    server.drop_database("brief")

    assert server.execute("SELECT 1 FROM pg_database WHERE datname = 'brief'") == []


def test_what_was_acknowledged_survives_a_kill(server: Server) -> None:
    server.create_database("kept")
    server.execute("CREATE TABLE passes (holder text); INSERT INTO passes VALUES ('bo');", database="kept")

    server.kill()
    with pytest.raises(ConnectionError):
        server.execute("SELECT 1")
    server.restart()

    assert server.execute("SELECT holder FROM passes", database="kept") == [("bo",)]


def test_a_test_run_that_dies_takes_its_server_with_it() -> None:
    told = "print(server.execute('SHOW data_directory')[0][0], server.execute('SHOW port')[0][0], flush=True)"
    run = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"from tests.postgres import Server; server = Server.start(durable=True); {told}; input()",
        ],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with run:
        assert run.stdout is not None
        folder, port = run.stdout.readline().split()

        run.kill()
        run.stdout.read()  # ends when the guard, who shares it, has tidied up

    assert not Path(folder).parent.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(port)))
