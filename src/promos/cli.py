"""The program: thin shells over what the house can do. `promos` alone lists them."""

import argparse
import asyncio
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import msgspec
import uvloop
from granian.constants import Interfaces
from granian.server import Server
from sqlalchemy.exc import SQLAlchemyError

from promos import announcing, cli_codes, cli_disclosure, cli_evidence, crowd, demo, looking, schema
from promos import settings as configuration
from promos.actions import account, installation, people, sign_in, tokens
from promos.announcing import Announcing
from promos.clock import utc_now
from promos.database import Database, connect, is_lost
from promos.looking import Looking
from promos.models import Delivery, Message
from promos.outside.mail import post_of
from promos.outside.web import Web
from promos.parsing.rules import rule_set
from promos.queries import deliveries, recount
from promos.rules.people import PROGRAM, SCOPES, Role
from promos.rules.refusals import Refusal
from promos.settings import Settings, SettingsError
from promos.stocking import Stocking
from promos.worker import Worker

Result = TypeVar("Result")
PATIENCE = 60  # seconds that `migrate` waits for a database that is starting
STOPPED = 130  # as a shell says of who was interrupted


def main(arguments: Sequence[str] | None = None) -> int:
    """What the command line says; the exit status, 1 for a finding and 2 for a mistake of the caller's."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    if asked.run is None:
        parser.print_help()
        return 0
    try:
        settings = configuration.read(os.environ)
        logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
        logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells at each look what we never asked
        return int(asked.run(settings, asked) or 0)
    except KeyboardInterrupt:
        _say("stopped")
        return STOPPED
    except BrokenPipeError:  # whoever reads has enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return STOPPED
    except (SettingsError, Refusal, SQLAlchemyError, OSError) as error:
        return _say(_why(error))


def _why(error: Exception) -> str:
    if isinstance(error, SettingsError):
        return str(error)
    if isinstance(error, Refusal):
        facts = dict(error.facts)
        said = [f"{each['field']}: {each['message']}" for each in facts.pop("errors", [])]
        said += [f"{name.replace('_', ' ')}: {value}" for name, value in facts.items()]
        return f"{error.title} {'; '.join(said)}".strip()
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return f"the database cannot be used: {str(getattr(error, 'orig', None) or error).splitlines()[0]}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="promos", description="Free passes and codes for newsletters.")
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(title="commands", metavar="")

    def command(
        name: str, run: Callable[[Settings, argparse.Namespace], int | None], text: str
    ) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(run=run)
        return made

    for name, run, text in (
        ("serve", serve, "Serve the pages and the API."),
        ("demo", run_demo, "Load the demo world into the data directory and serve it."),
    ):
        made = command(name, run, text)
        made.add_argument("--host", default="127.0.0.1")
        made.add_argument("--port", type=int, default=8000)
    command("worker", work, "Send the mails that are owed, until stopped.")
    made = command("migrate", migrate, "Bring the database to the shape this program needs.")
    made.add_argument("revision", nargs="?", default="head")
    lost = command("forget-passkeys", forget_passkeys, "Take away the passkeys of somebody who lost them all.")
    lost.add_argument("email", help="after making sure that it is them who ask")
    made = command("admin", admin, "Make somebody an admin and print a link to sign in with.")
    made.add_argument("email")
    made = command("token", token, "Make a token for the API and print it, once.")
    made.add_argument("--role", required=True, choices=[role.value for role in Role])
    made.add_argument("--name", default="from the command line")
    made.add_argument("--partner", type=UUID)
    made.add_argument("--publication", type=UUID)
    made.add_argument("--event", type=UUID, action="append", help="limit it to this event; repeat for more")
    made.add_argument("--days", type=int, help="after which it ends")
    cli_disclosure.add_to(commands)
    cli_evidence.add_to(commands)
    made = command("crowd", run_crowd, "Send a crowd of invented readers to a test code, and check what each was told.")
    made.epilog = (
        "Passes are really given, and cancelled again in the end. The readers' addresses end in .invalid, so nobody "
        "gets a mail. What is left are rows: take a code of an event that is there for tests."
    )
    made.add_argument("code")
    made.add_argument("--url", default="http://127.0.0.1:8000", help="where the installation is; %(default)s")
    made.add_argument(
        "--token", required=True, help="of its partner or an admin: pk_… (promos token makes one); - reads it"
    )
    made.add_argument("--readers", type=_at_least(1), default=500, help="how many; %(default)s")
    made.add_argument("--connections", type=_at_least(1), default=64, help="at once; %(default)s")
    made.add_argument(
        "--cancels", type=_share, default=0.2, help="part of the passes cancelled on the way; %(default)s"
    )
    made.add_argument("--limit-changes", type=_at_least(0), default=5, help="down and up again; %(default)s")
    made.add_argument("--keep", action="store_true", help="do not cancel the passes in the end")
    made.add_argument("--json", action="store_true", help="the whole report, for programs")
    cli_codes.add_to(commands)
    made = command("doctor", doctor, "Look whether the installation is well.")
    made.add_argument("--recount", action="store_true", help="compare every counter with the ledger")
    return parser


def serve(settings: Settings, asked: argparse.Namespace) -> None:
    async def look(database: Database) -> None:
        """Refuse a wrong reader key here, in a sentence; a database that is not there yet is waited for later."""
        with suppress(SQLAlchemyError, OSError):
            if await schema.current(database) == schema.head():
                async with database.writing() as session:
                    await installation.know_reader_key(session, configuration.keys(settings).reader, now=utc_now())

    try:
        asyncio.run(_with(settings, look))
    except installation.WrongReaderKey as wrong:
        raise SettingsError(str(wrong)) from None
    Server(
        "promos.app:served",
        address=socket.gethostbyname(asked.host),
        port=asked.port,
        interface=Interfaces.ASGI,
        workers=settings.workers,
        factory=True,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=30,
        log_level=settings.log_level,  # type: ignore[arg-type]
    ).serve()


def run_demo(settings: Settings, asked: argparse.Namespace) -> None:
    base_url = f"http://{asked.host}:{asked.port}"
    os.environ["PROMOS_BASE_URL"] = base_url
    os.environ.setdefault("PROMOS_LOG_LEVEL", "warning")
    settings = configuration.read(os.environ)
    keys = configuration.keys(settings)

    async def prepare(database: Database) -> demo.Links:
        await demo.load(database, keys, utc_now)
        return await demo.links(database, keys, settings, utc_now)

    asyncio.run(schema.upgrade(settings))
    links = asyncio.run(_with(settings, prepare))
    ways = {
        "Reader": f"{base_url}/c/{demo.CODE}",
        "All gone": f"{base_url}/c/{demo.SOLD_OUT}",
        **{name.capitalize(): address for name, address in links.sign_in.items()},
        "Mailbox": f"{base_url}/admin/mailbox (as admin)",
        "API": f"{base_url}/docs",
    }
    print("\nThe demo world is ready. Sign-in links work once; start again for new ones.\n")
    for name, address in ways.items():
        print(f"  {name:14} {address}")
    print("\nCtrl-C stops it.\n", flush=True)
    serve(settings, asked)


def work(settings: Settings, _asked: argparse.Namespace) -> None:
    async def until_stopped(database: Database) -> None:
        stop = asyncio.Event()
        for one in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(one, stop.set)
        keys = configuration.keys(settings)
        looks = Looking(database, looking.web_of(settings), rule_set(), settings, keys, utc_now)
        telling = Announcing(database, announcing.web_of(settings), settings, keys, utc_now)
        stocking = Stocking(database, Web(trusted=settings.trusted_shops), settings, keys, utc_now)
        rounds = looks.round, looks.read_mailbox, telling.round, stocking.round
        await Worker(database, post_of(settings), settings, keys, utc_now, *rounds).run(stop)
        await telling.close()

    uvloop.run(_with(settings, until_stopped))


def migrate(settings: Settings, asked: argparse.Namespace) -> None:
    asyncio.run(_when_there(schema.upgrade, settings, asked.revision))
    print(f"The database is at {asked.revision}.")


def admin(settings: Settings, asked: argparse.Namespace) -> None:
    keys = configuration.keys(settings)
    lifetime = timedelta(seconds=settings.sign_in_link_lifetime)

    async def make(database: Database) -> str:
        async with database.writing() as session:
            now = utc_now()
            person = await people.give(session, asked.email, Role.ADMIN, now=now, by=PROGRAM)
            return await sign_in.link_for(session, person, keys=keys, now=now, lifetime=lifetime)

    secret = asyncio.run(_with(settings, make))
    minutes = settings.sign_in_link_lifetime // 60
    print(f"{settings.base_url}/sign-in/{secret}\nIt works once, for {minutes} minutes.")


def forget_passkeys(settings: Settings, asked: argparse.Namespace) -> None:
    async def forget(database: Database) -> int | None:
        async with database.writing() as session:
            person = await people.person_by_email(session, asked.email)
            return await account.forget_passkeys(session, person.id, now=utc_now(), by=PROGRAM) if person else None

    held = asyncio.run(_with(settings, forget))
    if held is None:
        raise SystemExit(f"Nobody here has the address {asked.email}.")
    print(f"{held} passkeys of {asked.email} are gone; a link by mail signs them in.")


def token(settings: Settings, asked: argparse.Namespace) -> None:
    role = Role(asked.role)

    async def make(database: Database) -> str:
        async with database.writing() as session:
            now = utc_now()
            _, secret = await tokens.create(
                session,
                name=asked.name,
                role=role,
                partner_id=asked.partner,
                publication_id=asked.publication,
                scopes=SCOPES[role],
                event_ids=asked.event,
                expires_at=now + timedelta(days=asked.days) if asked.days else None,
                keys=configuration.keys(settings),
                now=now,
                by=PROGRAM,
            )
            return secret

    print(asyncio.run(_with(settings, make)))


def run_crowd(_settings: Settings, asked: argparse.Namespace) -> int:
    def progress(done: int, of: int) -> None:
        if sys.stderr.isatty() and (done % 10 == 0 or done == of):
            print(f"\r{done} of {of} answers", end="", file=sys.stderr, flush=True)

    if asked.token == "-":  # noqa: S105 -- not a secret but where it is
        asked.token = sys.stdin.readline().strip()
    names = ("code", "url", "token", "readers", "connections", "cancels", "limit_changes", "keep")
    try:
        report = asyncio.run(crowd.run(crowd.Plan(**{name: getattr(asked, name) for name in names}), progress))
    except (crowd.NotPossible, ValueError) as no:
        return _say(f"{asked.code} at {asked.url}: {no}")
    except KeyboardInterrupt:
        _say(
            "stopped; the limit is as it was" + ("" if asked.keep else ", and so are the passes, as far as it answered")
        )
        return STOPPED
    finally:
        if sys.stderr.isatty():
            print(file=sys.stderr)
    print(json.dumps(report.as_json(), indent=2) if asked.json else "\n".join(report.as_text()))
    return 0 if report.is_well else 1


def doctor(settings: Settings, asked: argparse.Namespace) -> int:
    async def look(database: Database) -> tuple[str | None, list[object], list[object]]:
        found = await schema.current(database)
        async with database.reading() as session:
            queues: list[object] = [None, None]
            if found == schema.head():
                queues = [await deliveries.standing(session, of, now=utc_now()) for of in (Delivery, Message)]
            differences = list(await recount.differences(session)) if asked.recount else []
        return found, queues, list(differences)

    found, (queue, webhooks), differences = asyncio.run(_with(settings, look))
    said = {"schema": found, "needed": schema.head(), "mails": queue, "webhooks": webhooks, "differences": differences}
    print(msgspec.json.format(msgspec.json.encode(said)).decode())
    return 1 if differences or found != schema.head() else 0


def _at_least(least: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"a whole number from {least} on")
        return int(text)

    return whole


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError("a number from 0 to 1")
    return share


async def _when_there(work: Callable[[Settings, str], Awaitable[None]], settings: Settings, revision: str) -> None:
    """Do `work` as soon as the database answers, which may still be starting; give up after a minute."""
    for attempt in range(PATIENCE + 1):
        try:
            return await work(settings, revision)
        except Exception as error:
            if not is_lost(error) or attempt == PATIENCE:
                raise
            if attempt == 0:
                print("Waiting for the database.", flush=True)
        await asyncio.sleep(1)
    return None


async def _with(settings: Settings, work: Callable[[Database], Awaitable[Result]]) -> Result:
    database = connect(settings)
    try:
        return await work(database)
    finally:
        await database.close()


def _say(text: str) -> int:
    print(f"promos: {text}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
