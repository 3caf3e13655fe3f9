"""A real pretix on SQLite and loopback; its migrations run once and are kept in build/pretix."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

FOLDER = Path(os.environ.get("PROMOS_TEST_PRETIX", "build/pretix")).resolve()
PYTHON = FOLDER / "bin" / "python"
INSIDE = Path(__file__).parent / "inside.py"
STARTING = 120  # seconds, on a slow machine
MIGRATING = 900

CONFIG = """[pretix]
instance_name=Promos
url={url}
datadir={data}
registration=off
allow_http_to_private_networks=true
[database]
backend=sqlite3
[django]
secret=nobody-signs-in-here-0123456789abcdef
debug=off
[mail]
from=shop@pretix.example
host=127.0.0.1
port=9
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`make pretix` never skips; elsewhere the group is left out where no pretix is installed."""
    here = [item for item in items if Path(item.path).parent == Path(__file__).parent]
    is_missing = not PYTHON.exists() and not os.environ.get("PROMOS_TEST_PRETIX_NEEDED")
    for item in here:
        item.add_marker(pytest.mark.timeout(STARTING + MIGRATING))
        if is_missing:
            item.add_marker(pytest.mark.skip(reason="no pretix in build/pretix or PROMOS_TEST_PRETIX: make pretix"))


@dataclass
class Pretix:
    """`desk`: as who runs the shop. `made`: what there is, by number, and the two tokens."""

    folder: Path
    port: int
    made: dict[str, Any]
    process: "subprocess.Popen[bytes] | None" = None
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def event(self) -> str:
        return "organizers/genai/events/2027"

    def ask(self, method: str, path: str, **body: Any) -> Any:
        answer = httpx.request(
            method,
            f"{self.url}/api/v1/{path}",
            headers={"Authorization": f"Token {self.made['desk']}"},
            json=body or None,
            timeout=60,
        )
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def buy(self, code: str | None, *, is_free: bool = True) -> dict[str, Any]:
        """Somebody buys a pass, with this code, and pays what is left to pay."""
        position = {"positionid": 1, "item": self.made["item"], "voucher": code, "attendee_name": "Ada", "answers": []}
        order = {
            "email": "buyer@readers.example",
            "locale": "en",
            "sales_channel": "web",
            "status": "p",
            "payment_provider": "free" if code and is_free else "manual",
            "positions": [position],
        }
        return dict(self.ask("POST", f"{self.event}/orders/", **order))

    def cancel(self, order: dict[str, Any]) -> None:
        self.ask("POST", f"{self.event}/orders/{order['code']}/mark_canceled/", send_email=False)

    def scan(self, order: dict[str, Any]) -> str:
        secret = order["positions"][0]["secret"]
        scan = {"secret": secret, "source_type": "barcode", "lists": [self.made["door"]], "nonce": secret[:20]}
        return str(self.ask("POST", "organizers/genai/checkinrpc/redeem/", **scan)["status"])

    def tell(self, address: str) -> None:
        """Call this address for orders and scans, as pretix's own webhooks do."""
        types = ["pretix.event.order.placed", "pretix.event.order.canceled", "pretix.event.checkin"]
        hook = {"enabled": True, "target_url": address, "all_events": True, "limit_events": [], "action_types": types}
        self.ask("POST", "organizers/genai/webhooks/", **hook)

    def resize(self, size: int) -> None:
        self.ask("PATCH", f"{self.event}/quotas/{self.made['quota']}/", size=size)

    def vouchers(self, tag: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        path: str | None = f"{self.event}/vouchers/?page_size=50&tag={tag}"
        while path:
            page = self.ask("GET", path)
            found += page["results"]
            path = page["next"].partition("/api/v1/")[2] if page["next"] else None
        return found

    def count(self, what: str) -> int:
        """Rows of its own database, read beside it."""
        path = f"file:{self.folder / 'data' / 'db.sqlite3'}?mode=ro"
        with closing(sqlite3.connect(path, uri=True, timeout=30)) as database:
            return int(database.execute(f"SELECT count(*) FROM {what}").fetchone()[0])

    def revoke(self, *, again: bool = False) -> None:
        """Switch the token of Promos off, or on again, as its team's page does."""
        with sqlite3.connect(self.folder / "data" / "db.sqlite3", timeout=30) as database:
            database.execute(
                "UPDATE pretixbase_teamapitoken SET active = ? WHERE token = ?", (again, self.made["token"])
            )

    def start(self) -> None:
        began = time.monotonic()
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [PYTHON, INSIDE, "serve", str(self.port)], env=_environment(self.folder), stdout=log, stderr=log
            )
        while self.process.poll() is None and time.monotonic() < began + STARTING:
            with suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/api/v1/", timeout=30).status_code == 401:
                    self.seconds["start"] = time.monotonic() - began
                    return
            time.sleep(0.2)
        raise RuntimeError(f"pretix did not start: {(self.folder / 'log').read_text()[-2000:]}")

    def stop(self, *, at_once: bool = False) -> None:
        if self.process:
            self.process.send_signal(signal.SIGKILL if at_once else signal.SIGTERM)
            self.process.wait()
            self.process = None


@pytest.fixture
def kind() -> str:
    """What Promos does on each of its databases, `tests/test_stocking.py` tries; here pretix is what is tried."""
    return "sqlite"


@pytest.fixture(scope="session")
def migrated() -> Path:
    """The database after all of pretix's migrations, made once."""
    kept = FOLDER / "template.sqlite3"
    if not kept.exists():
        draft = FOLDER / f"draft-{os.getpid()}"
        _folder(draft, 0)
        command = [str(PYTHON), "-m", "pretix", "migrate", "--verbosity", "0"]
        subprocess.run(command, env=_environment(draft), check=True, timeout=MIGRATING, capture_output=True)
        (draft / "data" / "db.sqlite3").replace(kept)
        shutil.rmtree(draft)
    return kept


@pytest.fixture
def pretix(migrated: Path, tmp_path: Path) -> Iterator[Pretix]:
    """With nothing sold yet."""
    folder = tmp_path / "pretix"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    _folder(folder, port)
    shutil.copy(migrated, folder / "data" / "db.sqlite3")
    told = subprocess.run([PYTHON, INSIDE, "make"], env=_environment(folder), check=True, capture_output=True)
    running = Pretix(folder, port, json.loads(told.stdout.splitlines()[-1]))
    running.start()
    try:
        yield running
    finally:
        running.stop(at_once=True)


def _folder(folder: Path, port: int) -> None:
    (folder / "data").mkdir(parents=True)
    (folder / "pretix.cfg").write_text(CONFIG.format(url=f"http://127.0.0.1:{port}", data=folder / "data"))


def _environment(folder: Path) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PROMOS", "PRETIX"))}
    return {**ours, "PRETIX_CONFIG_FILE": str(folder / "pretix.cfg")}
