"""Processes under measurement: `promos serve`, and the hello application under the same server."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from promos.settings import Settings

PATIENCE = 60  # seconds to start in
MEBIBYTE = 1024 * 1024


class Serving:
    """One server with its workers, under a port of its own."""

    def __init__(self, module: str, arguments: Sequence[str], port: int, path: str, environ: dict[str, str]) -> None:
        self.port, self._address = port, f"http://127.0.0.1:{port}{path}"
        began = time.perf_counter()
        self._process = subprocess.Popen(  # noqa: S603 -- our own program
            [sys.executable, "-m", module, *arguments],
            env={name: value for name, value in os.environ.items() if not name.startswith("PROMOS_")} | environ,
            start_new_session=True,
        )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise
        self.started = time.perf_counter() - began  # seconds

    @property
    def workers(self) -> list[int]:
        """The processes that answer."""
        parent = self._process.pid
        return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]

    @property
    def memory(self) -> float:
        """MiB of the largest worker."""
        pages = (int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.workers)
        return max(pages) * os.sysconf("SC_PAGE_SIZE") / MEBIBYTE

    def kill_one(self) -> None:
        os.kill(self.workers[0], signal.SIGKILL)

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)

    def _wait(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            with suppress(URLError, OSError), urlopen(self._address, timeout=5) as answer:  # noqa: S310 -- our own
                if answer.status == 200:
                    return
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self._address} does not answer")
            time.sleep(0.005)


def promos(settings: Settings, **more: str) -> Serving:
    """`promos serve`; mails stay owed, so that nothing but the crowd is measured. `more`: of its environment."""
    port = free_port()
    environ = {
        "PROMOS_DATA_DIR": settings.data_dir,
        "PROMOS_DATABASE_URL": settings.url,
        "PROMOS_SECRET_KEYS": settings.secret_keys,
        "PROMOS_READER_KEY": settings.reader_key,
        "PROMOS_WORKERS": str(settings.workers),
        "PROMOS_BATCH_SIZE": str(settings.batch_size),
        "PROMOS_BATCH_WAIT": str(settings.batch_wait),
        "PROMOS_BASE_URL": f"http://localhost:{port}",
        "PROMOS_EMBEDDED_WORKER": "0",
        "PROMOS_LOG_LEVEL": "error",
        **more,
    }
    return Serving("promos.cli", ["serve", "--port", str(port)], port, "/health/ready", environ)


def hello() -> Serving:
    port = free_port()
    return Serving("bench.hello", [str(port)], port, "/", {})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
