"""A real PgBouncer in transaction mode: fewer connections to PostgreSQL than servers want."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from sqlalchemy import URL

CONNECTIONS = 3  # for all servers together; each would take fifteen
CONFIGURATION = """
[databases]
{name} = host={host} port={target} user={user} pool_size={connections}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
max_client_conn = 200
"""


class Pooler:
    """Before one database; `kill` and `run` as one likes, `remove` at the end."""

    def __init__(self, program: str, target: URL) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        self.url = target.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
        self._program, self._port = program, port
        self._folder = Path(tempfile.mkdtemp(prefix="promos-pgbouncer-"))
        self._log = self._folder / "log"
        self._user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None  # it refuses to run as root
        if self._user is not None:
            os.chown(self._folder, self._user, -1)
        text = CONFIGURATION.format(
            name=target.database,
            host=target.host,
            target=target.port,
            user=target.username,
            connections=CONNECTIONS,
            port=port,
        )
        (self._folder / "ini").write_text(text)
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self.run()
        except BaseException:
            self.remove()
            raise

    def run(self) -> None:
        """Start, and wait until it listens."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, str(self._folder / "ini")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=self._user,
            )
        for _ in range(500):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.01)
        raise RuntimeError(f"PgBouncer did not start: {self._log.read_text(errors='replace')}")

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self._folder)
