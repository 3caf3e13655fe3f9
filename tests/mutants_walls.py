"""What is taken away of the walls between partners: in the look-ups, and in the database."""

from tests.mutants_counters import Mutant

MIGRATION = "alembic/versions/20261123_0400_first_tables.py"
FOREIGN = ("tests/web/test_foreign.py::test_what_is_somebody_elses_does_not_exist_by_any_id",)


def kept(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/web/test_walls.py::test_{name}" for name in names)


SAID = kept("without_a_word_about_a_partner_there_are_that_partners_rows_alone")

WALLS = (
    Mutant("whose events", "src/promos/models/events.py", "return seen if actor.event_ids is None else",
           "return sa.true() if actor.event_ids is None else", FOREIGN),
    Mutant("who runs an event", "src/promos/models/events.py",
           "cls.partner_id.in_(actor.partners(*(roles or (Role.OWNER, Role.MEMBER))))", "sa.true()", FOREIGN),
    Mutant("who runs an offer", "src/promos/models/offers.py",
           "cls.partner_id.in_(actor.partners(Role.OWNER, Role.MEMBER))\n        return run",
           "sa.true()\n        return run", FOREIGN),
    Mutant("whose redemptions", "src/promos/models/redemptions.py",
           "return cls.offer_id.in_(sa.select(Offer.id).where(Offer.run_by(actor)))", "return sa.true()", FOREIGN),
    Mutant("whose history", "src/promos/models/journal.py",
           "seen = cls.partner_id.in_(actor.partners(Role.OWNER, Role.MEMBER))", "seen = sa.true()", FOREIGN),
    Mutant("rows of some partners", "src/promos/database.py", '("yes", "") if of is None else',
           '("yes", "") if True else', SAID),
    Mutant("a transaction's own word", "src/promos/database.py", "set_config('promos.everybody', $1, true)",
           "set_config('promos.everybody', $1, false)",
           kept("what_one_transaction_said_is_not_there_in_the_next", "who_does_not_say_whose_rows_finds_none")),
    Mutant("walls against the owner", MIGRATION, ", FORCE ROW LEVEL SECURITY", "",
           kept("every_table_of_partners_is_walled_against_its_owner_too")),
    Mutant("walls for all", MIGRATION, "%I = ANY (%s))', walled.name", "(%I = ANY (%s)) OR true)', walled.name", SAID),
    Mutant("whom a request is confined to", "src/promos/rules/people.py",
           "return frozenset(grant.partner_id for grant in self.grants if grant.partner_id)\n\n    def partners",
           "return None\n\n    def partners", kept("a_look_up_that_forgot_who_asks_finds_nothing_all_the_same")),
    Mutant("a look among all that goes on", "src/promos/database.py", "await block.rollback()", "await block.commit()",
           kept("a_look_among_all_ends_with_its_block_and_leaves_nothing",
                "of_all_that_a_list_asks_one_look_comes_to_the_rows_of_others")),
    Mutant("whose lists", "src/promos/actions/making.py", "writing(by.reach) as session:\n                return",
           "writing() as session:\n                return",
           kept("of_all_that_a_list_asks_one_look_comes_to_the_rows_of_others")),
    Mutant("whose redemptions are decided", "src/promos/group_commit.py", "self._database.writing(of)",
           "self._database.writing()",
           kept("who_redeems_is_decided_among_the_rows_of_the_codes_partner_alone")),
)  # fmt: skip
