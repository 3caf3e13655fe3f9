"""The one place where Promos is configured: `PROMOS_…` variables of the environment, all listed in `Settings`."""

import os
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

PREFIX = "PROMOS_"
LEAST_KEY = 32  # characters


class SettingsError(Exception):
    """A setting is missing, unknown or senseless; the text says which and why."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Every setting, named `PROMOS_` and its name here in capitals. Times are seconds."""

    data_dir: str = "data"  # SQLite database, installation keys and, without SMTP, the mailbox
    database_url: str = ""  # empty: SQLite in the data directory; else postgresql+asyncpg://…
    owner_database_url: str = ""  # who migrates, where the application's role may not; empty: database_url
    base_url: str = "http://127.0.0.1:8000"
    smtp_url: str = ""  # smtp://user:password@host:587; empty: mails are kept in the data directory's mailbox
    mail_from: str = "Promos <promos@localhost>"
    secret_keys: str = ""  # comma-separated, newest first; empty: made once and kept in the data directory
    reader_key: str = ""  # one reader, one pass rests on it: never rotated; empty: kept in the data directory
    workers: int = 1  # processes of `promos serve`
    embedded_worker: bool = True  # whether `serve` also does what `worker` does
    trusted_proxies: str = ""  # comma-separated addresses whose X-Forwarded-For is believed
    tool_hosts: str = ""  # comma-separated host:port of newsletter tools within our own network
    webhook_hosts: str = ""  # comma-separated host:port of endpoints within our own network
    shop_hosts: str = ""  # comma-separated host:port of partners' ticket shops within our own network
    seed_mailbox: str = ""  # imaps://name:password@host/folder: it subscribes, and what arrives is looked at
    log_level: str = "info"

    session_lifetime: int = 14 * 24 * 3600
    sign_in_link_lifetime: int = 15 * 60
    invitation_lifetime: int = 7 * 24 * 3600  # in which somebody who is invited has to sign in
    fresh_for: int = 10 * 60  # after which somebody confirms who they are before secrets, people or passkeys change
    claim_link_lifetime: int = 60 * 60  # ASVS says 10 minutes; mail is slower than that for too many readers
    label_grace: int = 24 * 3600  # for which a code works on whose label is gone from what was sent
    hold_longest: int = 60 * 60  # for which a partner's shop may hold a place
    idempotency_retention: int = 48 * 3600
    batch_size: int = 128  # claims decided in one transaction
    batch_wait: float = 10.0  # a claim that would wait longer gets 503 and Retry-After
    shop_sync: int = 300  # between two readings of a partner's ticket shop
    worker_poll: float = 1.0
    mail_lease: int = 60
    mail_retries: str = "30,120,600,3600,14400,43200"  # pauses after each failed try
    webhook_retries: str = "5,300,1800,7200,18000,36000,50400,72000,86400"  # likewise, a fifth more or less
    webhook_failing: int = 5 * 24 * 3600  # an endpoint that fails for so long, whatever it is told, is switched off
    claims_per_address_a_day: int = 3
    claims_per_network_an_hour: int = 60
    claims_per_domain_an_hour: int = 1000
    sign_ins_per_address: int = 5  # in a quarter of an hour: for longer nobody is kept out by who asks in their name
    sign_ins_per_network: int = 30  # likewise, and as many more presses of links
    sign_ins_a_minute: int = 120  # of everybody together
    database_pool: int = 10  # connections of a process that read
    database_writers: int = 5  # and that write; SQLite has one
    database_connect_timeout: float = 4.0  # to each of its hosts
    database_pool_timeout: float = 5.0  # for a connection of this process to come free
    database_lock_timeout: float = 5.0  # for somebody else's transaction to end
    database_timeout: float = 8.0  # one statement
    database_idle_timeout: float = 30.0  # a transaction that does nothing or (PostgreSQL 17) writes so long is ended
    database_pooler: bool = False  # PgBouncer or its like, in transaction mode, stands before the database
    answer_timeout: float = 12.0  # later it is a 503, 2 s at most after that: a connection is let go first

    @property
    def data(self) -> Path:
        return Path(self.data_dir)

    @property
    def url(self) -> str:
        """Where the database is, as SQLAlchemy writes it."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data / 'promos.sqlite3'}"

    @property
    def trusted_tools(self) -> frozenset[str]:
        """Where requests may go though the internet does not reach it."""
        return _hosts(self.tool_hosts)

    @property
    def trusted_endpoints(self) -> frozenset[str]:
        """Where webhooks may go though the internet does not reach it."""
        return _hosts(self.webhook_hosts)

    @property
    def trusted_shops(self) -> frozenset[str]:
        """Where ticket shops may be though the internet does not reach it."""
        return _hosts(self.shop_hosts)

    @property
    def is_secure(self) -> bool:
        """Whether readers reach this installation by https."""
        return self.base_url.startswith("https://")

    @property
    def retry_pauses(self) -> list[int]:
        return _seconds(self.mail_retries)

    @property
    def webhook_pauses(self) -> list[int]:
        return _seconds(self.webhook_retries)


def _seconds(said: str) -> list[int]:
    return [int(pause) for pause in said.split(",") if pause.strip()]


def _hosts(said: str) -> frozenset[str]:
    return frozenset(host.strip().lower() for host in said.split(",") if host.strip())


def read(environ: Mapping[str, str]) -> Settings:
    """Settings from `environ`; raises `SettingsError` for what is unknown, of the wrong type or unsafe."""
    found = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environ.items()
        if name.startswith(PREFIX) and not name.startswith(f"{PREFIX}TEST_")
    }
    try:
        settings = msgspec.convert(found, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"PROMOS_… settings: {error}") from None
    if not settings.base_url.startswith(("http://", "https://")) or settings.base_url.endswith("/"):
        raise SettingsError("PROMOS_BASE_URL begins with http:// or https:// and ends without a slash")
    for name, key in (("SECRET_KEYS", settings.secret_keys), ("READER_KEY", settings.reader_key)):
        if any(len(part.strip()) < LEAST_KEY for part in key.split(",") if key):
            raise SettingsError(f"PROMOS_{name}: each key has at least 32 characters")
    return settings


class Keys(msgspec.Struct, frozen=True):
    """The installation's secrets: `signing` newest first, `reader` for good."""

    signing: tuple[bytes, ...]
    reader: bytes


def keys(settings: Settings) -> Keys:
    """The keys from the settings, or those of the data directory, made (mode 0600) when there are none yet."""
    signing = settings.secret_keys or _kept(settings.data / "secret-key")
    reader = settings.reader_key or _kept(settings.data / "reader-key")
    return Keys(tuple(part.strip().encode() for part in signing.split(",")), reader.encode())


def _kept(path: Path) -> str:
    """The key kept in `path`, made when there is none: whole or not at all, whoever else begins at this moment."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mode 0600
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
        os.unlink(draft)
    key = path.read_text(encoding="ascii").strip()
    if len(key) < LEAST_KEY:
        raise SettingsError(f"{path} holds no whole key; put it back from your backup")
    return key
