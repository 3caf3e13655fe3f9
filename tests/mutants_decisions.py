"""What is taken away of a decision: the transaction, the locks, the second look, holds, the line, the rule."""

from tests.mutants_counters import LOCKS, STORED, Mutant, alone, counted

DATABASE = "src/promos/database.py"
COMMIT = "src/promos/group_commit.py"
RULE = "src/promos/rules/redemption.py"
TERMS = "src/promos/queries/terms.py"
GRANTS = "src/promos/actions/grants.py"
HOLDS = "src/promos/actions/holds.py"
LIMITS = "src/promos/actions/limits.py"
LINE = "src/promos/actions/line.py"
OUTCOMES = "src/promos/actions/outcomes.py"
PASSES = "src/promos/actions/passes.py"
REDEMPTIONS = "src/promos/actions/redemptions.py"


def met(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/actions/test_safeguards_meeting.py::test_{name}" for name in names)


def told(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/rules/test_redemption.py::test_{name}" for name in names)


WHOLE = alone("whatever_fails_on_the_way_to_a_pass_leaves_nothing_behind")
ALONE = alone("nobody_else_writes_while_a_redemption_is_decided")
FILE = counted("sqlite_writes_through_keeps_references_and_lets_no_reader_write")
ANEW = counted("a_limit_that_came_before_the_lock_begins_anew")
FIRST_NO = told("the_first_rule_that_says_no_is_the_answer")


DECISIONS = (
    # The transaction.
    Mutant(
        "the one transaction, cut behind the redemptions",
        REDEMPTIONS,
        "    await grants.store(session, batch)\n    if some.is_waited_for",
        "    await session.commit()\n    await grants.store(session, batch)\n    if some.is_waited_for",
        WHOLE,
    ),
    Mutant(
        "the one transaction, cut before the counters",
        GRANTS,
        "    await locks.count(session, changes)",
        "    await session.commit()\n    await locks.count(session, changes)",
        WHOLE,
    ),
    Mutant(
        "the key's record in the effect's transaction",
        COMMIT,
        "                await idempotency.store(session, settled, now=now)",
        "                await session.commit()\n                await idempotency.store(session, settled, now=now)",
        WHOLE,
    ),
    Mutant("the mail in the transaction of its pass", GRANTS, "(mails, Delivery))", "(mails[:0], Delivery))", STORED),
    Mutant(
        "the fold of repeats",
        REDEMPTIONS,
        "first.setdefault((ask.reader_key, ask.code_id), ask)",
        "first[ask.reader_key, ask.id] = ask",
        alone("one_reader_asking_twice_at_once_is_sent_to_the_database_once"),
    ),
    Mutant(
        "the answer to who got a pass elsewhere this moment",
        GRANTS,
        '.on_conflict_do_nothing(\n        index_elements=["event_id", "reader_key"], index_where=sa.text(LIVE)\n    )',
        "",
        met("one_reader_at_two_offers_of_an_event_gets_one_pass"),
    ),
    Mutant(
        "the request that belongs to a key",
        "src/promos/actions/idempotency.py",
        "is_same = row.fingerprint == key.fingerprint",
        "is_same = True",
        counted("a_key_gives_its_answer_to_the_same_request_alone"),
    ),
    Mutant(
        "one request a key, in one batch",
        COMMIT,
        "is_same = member.key is None or keys.setdefault(member.key.name, member.key) == member.key",
        "is_same = True",
        ("tests/test_group_commit.py::test_a_key_used_twice_in_a_batch_costs_only_the_second_request",),
    ),
    Mutant(
        "another attempt where a limit came meanwhile",
        COMMIT,
        "isinstance(error, IntegrityError | LimitsMoved)",
        "isinstance(error, IntegrityError)",
        met("whose_transaction_has_to_begin_anew_hears_nothing_of_it"),
    ),
    Mutant(
        "who went away, decided never",
        COMMIT,
        "members = [member for member in members if not member.decided.done()]",
        "members = list(members)",
        met("who_goes_away_before_a_second_attempt_gets_nothing"),
    ),
    # The locks, and the second look behind them.
    Mutant(
        "BEGIN IMMEDIATE on SQLite",
        DATABASE,
        '(writer, "BEGIN IMMEDIATE", False)',
        '(writer, "BEGIN", False)',
        ALONE,
    ),
    *(
        Mutant(f"{of} on SQLite", DATABASE, old, new, FILE)
        for of, old, new in (
            ("the full write-through", "synchronous = FULL", "synchronous = NORMAL"),
            ("the references", "foreign_keys = ON", "foreign_keys = OFF"),
            ("readers who cannot write", "query_only = {'ON' if only_reads else 'OFF'}", "query_only = OFF"),
        )
    ),
    *(
        Mutant(
            f"the lock of {of} on PostgreSQL",
            LOCKS,
            "portions(sorted(ids))",
            f"portions(sorted(ids if kind is not {kind} else ()))",
            ALONE,
        )
        for of, kind in (
            ("an event", "Event"),
            ("a pass type", "PassType"),
            ("an offer", "Offer"),
            ("a code", "PromoCode"),
        )
    ),
    Mutant(
        "the order of the locks",
        LOCKS,
        "for kind, ids in rows.items():",
        "for kind, ids in reversed(rows.items()):",
        alone("limited_rows_are_locked_widest_first"),
    ),
    Mutant(
        "the order of the locks, within a kind",
        LOCKS,
        "    .order_by(table(kind).c.id)\n",
        "",
        counted("rows_of_one_kind_are_locked_by_id"),
    ),
    Mutant(
        "the order at the unique index",
        GRANTS,
        'sorted(rows.values(), key=lambda row: str(row["reader_key"]))',
        "list(rows.values())",
        counted("readers_reach_the_unique_index_in_one_order"),
    ),
    Mutant(
        "the second look, behind the lock",
        HOLDS,
        "    read = await terms_query.of_ways(session, ways, now=now)\n    locks.still_hold",
        "    read = dict(seen)\n    locks.still_hold",
        (*alone("what_was_seen_before_the_lock_decides_nothing"), *met("the_last_pass_is_given_once")),
    ),
    Mutant(
        "the second look at claims, behind the lock",
        REDEMPTIONS,
        "may be over.\n        open_asks = await outcomes.settled_before(session, batch, open_asks)",
        "may be over.\n        open_asks = list(open_asks)",
        met("who_presses_again_while_their_pass_goes_back_gets_no_second_one"),
    ),
    Mutant(
        "a new beginning where a limit came meanwhile", LOCKS, "            raise LimitsMoved", "            pass", ANEW
    ),
    Mutant(
        "the lock of all codes while a first limit is set",
        LIMITS,
        "    elif before is None:\n        await lock_codes(session, row)\n",
        "    elif before is None:\n",
        alone("a_first_limit_keeps_everybody_below_it_waiting"),
    ),
    # Holds, endings, the line.
    Mutant(
        "holds that end by time",
        TERMS,
        "    if any(row.has_overdue for row in rows):",
        "    if not rows:",
        alone("a_hold_that_is_over_counts_for_nothing_though_nobody_wrote_so"),
    ),
    Mutant(
        "a hold that returns its use once",
        HOLDS,
        'Redemption.id.in_(ids), Redemption.state == "held", Redemption.expires_at <= now)',
        "Redemption.id.in_(ids), Redemption.expires_at <= now)",
        met("two_who_settle_one_hold_return_its_use_once"),
    ),
    Mutant(
        "a pass that returns its use once",
        PASSES,
        'if each.state in ("held", "confirmed")]',
        "]",
        alone("a_use_returns_once_however_often_it_is_ended"),
    ),
    Mutant(
        "the time of a hold, when it is confirmed",
        HOLDS,
        'or (each.state == "held" and each.expires_at and each.expires_at <= now)',
        "",
        counted("a_hold_that_is_over_is_confirmed_by_nobody"),
    ),
    Mutant(
        "the time of what is set aside",
        TERMS,
        "if part.returns_at is not None and part.returns_at <= now]",
        "if part.returns_at is not None and part.returns_at is None]",
        ("tests/actions/test_allotments.py::test_what_is_unused_falls_back_by_time_and_not_by_a_job",),
    ),
    Mutant(
        "the end of a link",
        OUTCOMES,
        "if claim.state in _ENDS:",
        "if not claim.state:",
        ("tests/actions/test_redemptions.py::test_a_link_that_is_over_gives_nothing",),
    ),
    Mutant(
        "the end of all older links",
        "src/promos/actions/claims.py",
        'Claim.state.in_(["pending", "refused"])',
        'Claim.state == "superseded"',
        ("tests/actions/test_claims.py::test_only_the_newest_link_of_a_reader_works",),
    ),
    Mutant(
        "the order of the waiting list",
        LINE,
        "for row in rows[:AT_ONCE]",
        "for row in reversed(rows[:AT_ONCE])",
        ("tests/actions/test_line.py::test_places_that_free_go_to_who_waits_in_the_order_in_which_they_came",),
    ),
    Mutant(
        "the line, before who is new",
        REDEMPTIONS,
        "[*await line.still_waiting(session, in_line), *open_asks]",
        "[*open_asks, *await line.still_waiting(session, in_line)]",
        counted("who_waits_comes_before_who_is_new"),
    ),
    Mutant(
        "the line's end, before who is new",
        GRANTS,
        "if self.is_promised and ",
        "if not self and ",
        counted("nobody_new_passes_a_line_too_long_for_one_transaction"),
    ),
    Mutant(
        "the look at who left the line",
        LINE,
        "return [ask for ask in asks if ask.claim_id in waiting]",
        "return list(asks)",
        met("who_leaves_the_line_while_it_is_served_is_kept_no_place"),
    ),
    Mutant(
        "the event's beginning, from which nobody is offered a place",
        LINE,
        "if not terms.is_waited_for or until <= now:",
        "if not terms.is_waited_for:",
        ("tests/actions/test_line.py::test_once_the_event_has_begun_nobody_is_offered_a_place",),
    ),
    # The rule.
    *(
        Mutant(f"the rule of {of}", RULE, f'        yield "{rule}", {tally}\n', "", FIRST_NO)
        for of, rule, tally in (
            ("an event's capacity", "event-capacity", "self.event"),
            ("a pass type's capacity", "capacity", "self.capacity"),
            ("a budget", "budget", "self.budget"),
            ("a code's limit", "code-limit", "self.code"),
        )
    ),
    Mutant(
        "what a batch gave already",
        RULE,
        "granted.get((rule, tally.id), 0)",
        "0",
        told("deciding_one_after_another_never_passes_a_limit"),
    ),
    Mutant(
        "a history without gaps where a reader got a pass by another code",
        GRANTS,
        "        _number(batch, taken)\n",
        "",
        counted("a_history_has_no_gap_where_a_reader_got_a_pass_by_another_code"),
    ),
    Mutant("what is set aside", RULE, "(self.limit - self.allotted) -", "self.limit -", FIRST_NO),
    Mutant("the pause", RULE, 'CodePaused() if terms.status == "paused" else None', "None", FIRST_NO),
    Mutant(
        "the end of an offer",
        RULE,
        "if now >= terms.ends_at else",
        "if now > terms.ends_at else",
        told("the_window_is_half_open"),
    ),
    Mutant(
        "half up in a discount",
        "src/promos/rules/benefits.py",
        "rounding=ROUND_HALF_UP",
        'rounding="ROUND_DOWN"',
        ("tests/rules/test_benefits.py::test_what_the_reader_pays",),
    ),
)
