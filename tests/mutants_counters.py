"""What is taken away of the counters: the guards in their statements, the database's own word, what is counted."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """`old` stands in `path` once and becomes `new`; one of `tests` fails then."""

    name: str
    path: str
    old: str
    new: str
    tests: tuple[str, ...]


def alone(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/actions/test_safeguards.py::test_{name}" for name in names)


def counted(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/actions/test_safeguards_counting.py::test_{name}" for name in names)


MIGRATION = "alembic/versions/20261123_0400_first_tables.py"
RECOUNT = "src/promos/queries/recount.py"
LOCKS = "src/promos/actions/locks.py"

PAST = alone("a_counter_is_moved_by_nobody_past_its_limit")
BELOW = counted("nothing_comes_back_that_was_not_counted")
EACH = counted("each_row_above_a_pass_counts_it")
CHECK = alone("the_database_counts_no_further_than_a_limit")
PARTS = alone("the_database_keeps_parts_within_their_whole")
KEPT = counted("the_database_keeps_what_is_promised")
FLOOR = counted("the_database_counts_nothing_below_nothing")
TWICE = counted("the_database_stores_nothing_twice_that_stands_alone")
SECOND = alone("the_database_stores_no_second_pass_of_a_reader_and_no_version_twice")
STORED = alone("every_pass_is_stored_with_its_mail_and_its_version")
LIES = counted("a_recount_tells_each_lie_from_the_truth")
LIMITED = "kind.used + more <= limit, "
CAPACITY = "(capacity IS NULL OR used <= capacity)"
ASIDE = "allotted_used BETWEEN 0 AND allotted"
LIMIT = "(max_passes IS NULL OR used <= max_passes)"
BUDGET = "(budget IS NULL OR spent <= budget)"


def check(of: str, name: str, rule: str, less: str, tests: tuple[str, ...]) -> Mutant:
    """A CHECK of the database that says less."""
    end = f'", name=op.f("ck_{name}")'
    return Mutant(f"the CHECK of {of}", MIGRATION, f"{rule}{end}", f"{less}{end}", tests)


def unique(of: str, name: str, columns: str, tests: tuple[str, ...]) -> Mutant:
    """A unique constraint that nothing can break."""
    end = f'{columns}, name="{name}"'
    return Mutant(
        f"the unique {of}", MIGRATION, f"sa.UniqueConstraint({end}", f'sa.UniqueConstraint("id", {end}', tests
    )


def index(of: str, columns: str, tests: tuple[str, ...], *, on: str = "") -> Mutant:
    """A unique index that nothing can break; `on` its table, where another one has an index of the same columns."""
    begin, end = f'"{on}",\n        ' if on else "", f"{columns}],\n        unique=True,"
    return Mutant(f"the unique index: {of}", MIGRATION, f"{begin}[{end}", f'{begin}["id", {end}', tests)


def unnoticed(what: str) -> Mutant:
    """A recount that passes over a part of what it compares."""
    return Mutant(f"the recount of {what}", RECOUNT, f"    found += await _{what}(session)\n", "", LIES)


COUNTERS = (
    # The guards in the counters' statements.
    *(
        Mutant(f"the guard of {of}", LOCKS, LIMITED, f"sa.true() if kind is {kind} else {LIMITED}", tests)
        for of, kind, tests in (
            ("an event's capacity", "Event", PAST),
            ("a pass type's capacity", "PassType", PAST),
            ("an offer's limit", "Offer", PAST),
            ("an allotment", "Allotment", counted("a_part_is_counted_no_further_than_it_goes")),
        )
    ),
    Mutant("the guard of a code's limit", LOCKS, "more >= 0, fits)", "more >= 0)", PAST),
    Mutant("the guard of a budget", LOCKS, "Offer.spent + cost <= Offer.budget, ", "", PAST),
    Mutant("the guard below nothing", LOCKS, "limit, kind.used + more >= 0)", "limit)", BELOW),
    Mutant("the guard below nothing, of a budget", LOCKS, ", Offer.spent + cost >= 0)", ")", BELOW),
    Mutant("the guard below nothing, of a code", LOCKS, " PromoCode.used + more >= 0, fits)", " fits)", BELOW),
    # What is counted at all.
    *(
        Mutant(f"the counting of {of}", LOCKS, f"{counter} += change.{by}", f"{counter} += 0", EACH)
        for of, counter, by in (
            ("an event's passes", "uses[Event, each.event_id]", "uses"),
            ("a pass type's passes", "uses[PassType, each.pass_type_id]", "uses"),
            ("an offer's passes", "uses[Offer, each.offer_id]", "uses"),
            ("an allotment's passes", "uses[Allotment, part]", "uses"),
            ("a budget", "costs[each.offer_id]", "cost"),
        )
    ),
    Mutant("the counting of what an offer's parts used", LOCKS, "change.uses if change.path else 0", "0", EACH),
    Mutant("the counting of a code's passes", LOCKS, '{"used": PromoCode.used + more', '{"used": PromoCode.used', EACH),
    Mutant("the step of a code's version", LOCKS, "PromoCode.version + versions}", "PromoCode.version + 1}", STORED),
    # The database's own word.
    check("an event's capacity", "events_within_capacity", f"used >= 0 AND {CAPACITY}", "used >= 0", CHECK),
    check("a pass type's capacity", "pass_types_within_capacity", f"used >= 0 AND {CAPACITY}", "used >= 0", CHECK),
    check("a code's limit", "promo_codes_within_limit", f"used >= 0 AND {LIMIT}", "used >= 0", CHECK),
    check("a budget", "offers_within_budget", f"spent >= 0 AND {BUDGET}", "spent >= 0", CHECK),
    check("what an offer's parts used", "offers_within_allotted", ASIDE, "allotted_used >= 0", PARTS),
    Mutant(
        "the CHECK of an offer's limit, less what is set aside",
        MIGRATION,
        "used - allotted_used <= COALESCE(max_passes, 0) - allotted OR max_passes IS NULL",
        "used >= 0",
        PARTS,
    ),
    Mutant(
        "the CHECK of an allotment, less what is set aside of it",
        MIGRATION,
        '"used - allotted_used <= max_passes - allotted"',
        '"used >= 0"',
        KEPT,
    ),
    check("an event, below nothing", "events_within_capacity", f"used >= 0 AND {CAPACITY}", CAPACITY, FLOOR),
    check("a pass type, below nothing", "pass_types_within_capacity", f"used >= 0 AND {CAPACITY}", CAPACITY, FLOOR),
    check("an offer, below nothing", "offers_within_limit", f"used >= 0 AND {LIMIT}", LIMIT, FLOOR),
    check("a code, below nothing", "promo_codes_within_limit", f"used >= 0 AND {LIMIT}", LIMIT, FLOOR),
    check("a budget, below nothing", "offers_within_budget", f"spent >= 0 AND {BUDGET}", BUDGET, FLOOR),
    check(
        "an allotment, below nothing",
        "allotments_within_limit",
        "used >= 0 AND used <= max_passes",
        "used <= max_passes",
        FLOOR,
    ),
    check(
        "what an offer's parts used, below nothing", "offers_within_allotted", ASIDE, "allotted_used <= allotted", FLOOR
    ),
    check("what an allotment's parts used", "allotments_within_allotted", ASIDE, "allotted_used >= 0", KEPT),
    check("a limit of which parts are set aside", "offers_allots_of_a_limit", "max_passes IS NOT NULL", "1 = 1", KEPT),
    check("a live redemption's use", "redemptions_live_is_counted", ") OR counted", ") OR 1 = 1", KEPT),
    index("one live redemption a reader and event", '"event_id", "reader_key"', SECOND),
    index("one live pass a redemption", '"redemption_id"', TWICE, on="passes"),
    index("one place in line a reader", '"offer_id", "reader_key"', TWICE),
    index("who is inside, once", '"pass_id"', TWICE),
    index("one part of an offer for a code", '"offer_id", "code_id"', TWICE),
    unique("version of a code", "uq_redemptions_code_id_version", '"code_id", "version"', SECOND),
    unique("version in a code's history", "uq_journal_code_id_version", '"code_id", "version"', TWICE),
    unique(
        "Idempotency-Key", "uq_idempotency_records_principal_key", '"principal", "key"', alone("a_key_is_stored_once")
    ),
    # The recount.
    Mutant("the recount of counters", RECOUNT, ".where(counter != expected)", ".where(sa.false())", LIES),
    *map(unnoticed, ("allotments", "versions", "passes", "copies")),
)
