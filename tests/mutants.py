"""Takes the safeguards away, one at a time, on a copy of the sources; a test has to notice each.

    make mutants        python -m tests.mutants [--list] [--only NAME …]

Ends with 1 if nobody notices one, or if a text that is to be replaced is not there any more.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

HERE = Path(__file__).parents[1]
COPIED = ("src", "tests", "alembic", "alembic.ini", "pyproject.toml", "babel.cfg", "docs", "README.md", "env.example")
SAFE = "tests/actions/test_safeguards.py::test_"
MIGRATION = "alembic/versions/20261123_0400_first_tables.py"
ACTIONS, QUERIES = "src/promos/actions/", "src/promos/queries/"
PATIENCE = 180  # seconds for the tests of one mutant: a deadlock would last


@dataclass(frozen=True, slots=True)
class Mutant:
    """`old` stands in `path` once and becomes `new`; one of `tests` fails then."""

    name: str
    path: str
    old: str
    new: str
    tests: tuple[str, ...]


MUTANTS = (
    Mutant(
        "the guard in the counter's UPDATE",
        ACTIONS + "locks.py",
        "kind.used + more <= limit, ",
        "",
        (SAFE + "a_counter_is_moved_by_nobody_past_its_limit",),
    ),
    Mutant(
        "the guard of a code's counter",
        ACTIONS + "locks.py",
        "PromoCode.used + more >= 0, fits)",
        "PromoCode.used + more >= 0)",
        (SAFE + "a_counter_is_moved_by_nobody_past_its_limit",),
    ),
    Mutant(
        "the guard of a budget",
        ACTIONS + "locks.py",
        "Offer.spent + cost <= Offer.budget, ",
        "",
        (SAFE + "a_counter_is_moved_by_nobody_past_its_limit",),
    ),
    Mutant(
        "the CHECK of an offer's limit, less what is set aside",
        MIGRATION,
        '"used - allotted_used <= COALESCE(max_passes, 0) - allotted OR max_passes IS NULL"',
        '"used >= 0"',
        (SAFE + "the_database_keeps_parts_within_their_whole",),
    ),
    Mutant(
        "the CHECK of a code's limit",
        MIGRATION,
        '"used >= 0 AND (max_passes IS NULL OR used <= max_passes)", name=op.f("ck_promo_codes_within_limit")',
        '"used >= 0", name=op.f("ck_promo_codes_within_limit")',
        (SAFE + "the_database_counts_no_further_than_a_limit",),
    ),
    Mutant(
        "the CHECK of an event's capacity",
        MIGRATION,
        '"used >= 0 AND (capacity IS NULL OR used <= capacity)", name=op.f("ck_events_within_capacity")',
        '"used >= 0", name=op.f("ck_events_within_capacity")',
        (SAFE + "the_database_counts_no_further_than_a_limit",),
    ),
    Mutant(
        "the CHECK of a budget",
        MIGRATION,
        '"spent >= 0 AND (budget IS NULL OR spent <= budget)"',
        '"spent >= 0"',
        (SAFE + "the_database_counts_no_further_than_a_limit",),
    ),
    Mutant(
        "the CHECK of an allotment's use within the offer's",
        MIGRATION,
        '"allotted_used BETWEEN 0 AND allotted", name=op.f("ck_offers_within_allotted")',
        '"allotted_used >= 0", name=op.f("ck_offers_within_allotted")',
        (SAFE + "the_database_keeps_parts_within_their_whole",),
    ),
    Mutant(
        "the unique index: one live pass a reader",
        MIGRATION,
        '        ["event_id", "reader_key"],\n        unique=True,',
        '        ["id", "event_id", "reader_key"],\n        unique=True,',
        (SAFE + "the_database_stores_no_second_pass_of_a_reader_and_no_version_twice",),
    ),
    Mutant(
        "the unique version of a code",
        MIGRATION,
        'sa.UniqueConstraint("code_id", "version", name="uq_redemptions_code_id_version")',
        'sa.UniqueConstraint("id", "version", name="uq_redemptions_code_id_version")',
        (SAFE + "the_database_stores_no_second_pass_of_a_reader_and_no_version_twice",),
    ),
    Mutant(
        "the unique Idempotency-Key",
        MIGRATION,
        'sa.UniqueConstraint("principal", "key", name="uq_idempotency_records_principal_key")',
        'sa.UniqueConstraint("id", "principal", "key", name="uq_idempotency_records_principal_key")',
        (SAFE + "a_key_is_stored_once",),
    ),
    Mutant(
        "the one transaction, cut before passes and counters",
        ACTIONS + "redemptions.py",
        "    await grants.store(session, batch)\n    if some",
        "    await session.commit()\n    await grants.store(session, batch)\n    if some",
        (SAFE + "whatever_fails_on_the_way_to_a_pass_leaves_nothing_behind",),
    ),
    Mutant(
        "the key's record in the effect's transaction",
        "src/promos/group_commit.py",
        "                await idempotency.store(session, settled, now=now)",
        "                await session.commit()\n                await idempotency.store(session, settled, now=now)",
        (SAFE + "whatever_fails_on_the_way_to_a_pass_leaves_nothing_behind",),
    ),
    Mutant(
        "the mail in the transaction of its pass",
        ACTIONS + "grants.py",
        "((passes, Pass), (mails, Delivery))",
        "((passes, Pass), (mails[:0], Delivery))",
        (SAFE + "every_pass_is_stored_with_its_mail_and_its_version",),
    ),
    Mutant(
        "the step of a code's version",
        ACTIONS + "locks.py",
        "PromoCode.version + versions}",
        "PromoCode.version + 1}",
        (SAFE + "every_pass_is_stored_with_its_mail_and_its_version",),
    ),
    Mutant(
        "the fold of repeats",
        ACTIONS + "redemptions.py",
        "first.setdefault((ask.reader_key, ask.code_id), ask)",
        "first[ask.reader_key, ask.id] = ask",
        (SAFE + "one_reader_asking_twice_at_once_is_sent_to_the_database_once",),
    ),
    Mutant(
        "BEGIN IMMEDIATE on SQLite",
        "src/promos/database.py",
        '(writer, "BEGIN IMMEDIATE", False)',
        '(writer, "BEGIN", False)',
        (SAFE + "nobody_else_writes_while_a_redemption_is_decided",),
    ),
    Mutant(
        "the locks of limited rows on PostgreSQL",
        ACTIONS + "locks.py",
        '                await connection.execute(_LOCK[kind], {"ids": some})',
        "                pass",
        (
            SAFE + "nobody_else_writes_while_a_redemption_is_decided",
            SAFE + "two_who_meet_at_the_last_pass_are_decided_one_after_the_other",
        ),
    ),
    Mutant(
        "the order of the locks",
        ACTIONS + "locks.py",
        "for kind, ids in rows.items():",
        "for kind, ids in reversed(rows.items()):",
        (SAFE + "limited_rows_are_locked_widest_first",),
    ),
    Mutant(
        "the second look, behind the lock",
        ACTIONS + "holds.py",
        "    read = await terms_query.of_ways(session, ways, now=now)\n    locks.still_hold",
        "    read = dict(seen)\n    locks.still_hold",
        (
            SAFE + "what_was_seen_before_the_lock_decides_nothing",
            SAFE + "two_who_meet_at_the_last_pass_are_decided_one_after_the_other",
        ),
    ),
    Mutant(
        "the lock of all codes while a first limit is set",
        ACTIONS + "limits.py",
        "    elif before is None:\n        await lock_codes(session, row)\n",
        "    elif before is None:\n",
        (SAFE + "a_first_limit_keeps_everybody_below_it_waiting",),
    ),
    Mutant(
        "holds that end by time",
        QUERIES + "terms.py",
        "    if any(row.has_overdue for row in rows):",
        "    if not rows:",
        (SAFE + "a_hold_that_is_over_counts_for_nothing_though_nobody_wrote_so",),
    ),
    Mutant(
        "a use that returns once",
        ACTIONS + "passes.py",
        'if each.state in ("held", "confirmed")]',
        "]",
        (SAFE + "a_use_returns_once_however_often_it_is_ended",),
    ),
    Mutant(
        "the order of the waiting list",
        ACTIONS + "line.py",
        "waiting.order_by(has_room.desc(), Claim.settled_at, Claim.id)",
        "waiting.order_by(has_room.desc(), Claim.settled_at.desc(), Claim.id.desc())",
        ("tests/actions/test_line.py::test_places_that_free_go_to_who_waits_in_the_order_in_which_they_came",),
    ),
    Mutant(
        "the event's beginning, from which nobody is offered a place",
        ACTIONS + "line.py",
        "if not terms.is_waited_for or until <= now:",
        "if not terms.is_waited_for:",
        ("tests/actions/test_line.py::test_once_the_event_has_begun_nobody_is_offered_a_place",),
    ),
    Mutant(
        "the pause",
        "src/promos/rules/redemption.py",
        'CodePaused() if terms.status == "paused" else None',
        "None",
        ("tests/rules/test_redemption.py",),
    ),
    Mutant(
        "the comparison of a recount",
        QUERIES + "recount.py",
        ".where(counter != expected)",
        ".where(sa.false())",
        ("tests/queries/test_recount.py::test_a_counter_that_lies_is_found",),
    ),
    Mutant(
        "half up in a discount",
        "src/promos/rules/benefits.py",
        "rounding=ROUND_HALF_UP",
        'rounding="ROUND_DOWN"',
        ("tests/rules/test_benefits.py",),
    ),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=str(__doc__).splitlines()[0])
    parser.add_argument("--list", action="store_true", help="the safeguards, and nothing else")
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="those whose name contains one of these")
    asked = parser.parse_args()
    chosen = [each for each in MUTANTS if not asked.only or any(part in each.name for part in asked.only)]
    if asked.list:
        print(*(each.name for each in chosen), sep="\n")
        return 0
    if gone := [each.name for each in chosen if (HERE / each.path).read_text().count(each.old) != 1]:
        print("what they replace is not there, or more than once:", *gone, sep="\n  ")
        return 1
    with tempfile.TemporaryDirectory(prefix="promos-mutants-") as folder:
        return _run(Path(folder), chosen)


def _run(folder: Path, chosen: Sequence[Mutant]) -> int:
    for name in COPIED:
        copy = shutil.copytree if (HERE / name).is_dir() else shutil.copy
        copy(HERE / name, folder / name)
    red, seconds = _test(folder, sorted({test for each in chosen for test in each.tests}))
    if red:
        print(f"these fail with every safeguard in place: {red}")
        return 1
    print(
        f"all safeguards in place: green, {seconds:.0f} s\n\n| taken away | noticed by | s |\n|---|---|---|", flush=True
    )
    alive = 0
    for each in chosen:
        path = folder / each.path
        whole = path.read_text()
        path.write_text(whole.replace(each.old, each.new))
        red, seconds = _test(folder, each.tests)
        path.write_text(whole)
        alive += not red
        print(f"| {each.name} | {red or 'NOBODY'} | {seconds:.0f} |", flush=True)
    print(f"\n{len(chosen) - alive} of {len(chosen)} were noticed")
    return 1 if alive else 0


def _test(folder: Path, tests: Sequence[str]) -> tuple[str, float]:
    """The first test that failed, if one did."""
    began = perf_counter()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PROMOS_")}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--tb=no", *tests]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environ | {"PYTHONPATH": str(folder / "src"), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{tests[0]} (no end)", PATIENCE
    if done.returncode not in (0, 1):
        raise RuntimeError(f"the tests did not run: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    failed = [line.removeprefix("FAILED ").split(" - ")[0] for line in done.stdout.splitlines() if "FAILED" in line]
    return (failed[0] if failed else ""), perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
