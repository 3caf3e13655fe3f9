"""What is taken away of the webhooks: who is told what, who tells it, how often, and what is believed."""

from tests.mutants_counters import Mutant

ACTIONS = "src/promos/actions/webhooks.py"
ENDPOINTS = "src/promos/actions/endpoints.py"
RULES = "src/promos/rules/webhooks.py"
SENDING = "src/promos/announcing.py"
WEB = "src/promos/outside/web.py"


def told(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/test_announcing.py::test_{name}" for name in names)


def asked(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/outside/test_web.py::test_{name}" for name in names)


RESTED = told("who_asks_for_time_gets_it")
LEASED = told("two_processes_share_the_work_and_one_that_dies_holds_nothing_up")
SHARED = told("each_endpoint_is_told_what_it_asked_for_and_other_partners_nothing")
SICK = told("a_sick_endpoint_is_asked_one_thing_at_a_time_until_it_is_well")
TRIED = told("a_message_is_tried_again_as_it_was_and_then_lies_ready")

WEBHOOKS = (
    Mutant("whose message", ACTIONS, 'each.partner_id == entry["partner_id"] and type_', "type_",
           told("two_partners_of_one_transaction_are_told_each_of_its_own")),
    Mutant("which message", ACTIONS, ' and type_ in each.types', "", SHARED),
    Mutant("the lease of a message", ACTIONS, "leased_until=now + lease", "leased_until=None", LEASED),
    Mutant("the end of a lease", ACTIONS, "Message.leased_until.is_(None), Message.leased_until <= now",
           "Message.leased_until.is_(None)", LEASED),
    Mutant("one thing at a time", ACTIONS, "1 if endpoint.failing_since else most", "most", SICK),
    Mutant("rest for who asks for it", ACTIONS, "endpoint.rests_until = now + rest", "pass", RESTED),
    Mutant("410", ACTIONS, 'return "gone"', "return None",
           told("an_endpoint_that_is_gone_is_switched_off_at_once_and_its_owners_get_a_mail")),
    Mutant("days of failing", ACTIONS, "now - endpoint.failing_since >= failing", "now < endpoint.failing_since",
           told("who_fails_for_days_is_switched_off")),
    Mutant("jitter", "src/promos/rules/retries.py", "random.uniform(1 - JITTER, 1 + JITTER) if random else 1", "1",
           TRIED),
    Mutant("the last try", "src/promos/rules/retries.py", "if failures > len(pauses)", "if failures > 2 * len(pauses)",
           TRIED),
    Mutant("Retry-After", RULES, "if self.retry_after else REST", "if False else REST", RESTED),
    Mutant("the longest rest", RULES, "min(timedelta(seconds=self.retry_after), LONGEST_REST)",
           "timedelta(seconds=self.retry_after)", RESTED),
    Mutant("the old secret", ENDPOINTS, "each.ends_at or now + rules.OVERLAP", "now",
           told("a_new_secret_signs_beside_the_old_one_for_a_day")),
    Mutant("the end of the old secret", ACTIONS, "EndpointSecret.ends_at.is_(None), EndpointSecret.ends_at > now",
           "sa.true()", told("a_new_secret_signs_beside_the_old_one_for_a_day")),
    Mutant("secrets at once", ENDPOINTS, "if len(signing) >= rules.SECRETS", "if False",
           told("secrets_are_not_renewed_without_bound")),
    Mutant("whose key", ACTIONS, " if fingerprint(secret) == row.secret_hash", "",
           told("a_secret_whose_key_is_gone_signs_nothing")),
    Mutant("ten endpoints", ENDPOINTS, "raise TooManyEndpoints(MOST)", "pass",
           told("an_organisation_has_ten_endpoints_at_most")),
    Mutant("whose endpoint", "src/promos/models/webhooks.py", "cls.partner_id.in_(actor.partners(Role.OWNER))",
           "sa.true()", told("an_endpoint_is_its_owners_and_nobody_else_s")),
    Mutant("the end of a worker", SENDING, "and not self._is_closing", "",
           told("who_is_told_to_stop_ends_what_is_on_its_way_and_leaves_the_rest")),
    Mutant("the end of an answer", SENDING, "longest=MOST_READ, cuts=True", "longest=MOST_READ",
           told("who_answers_slowly_holds_up_nobody_and_is_cut_off")),
    Mutant("which addresses, when sent", WEB, "not all(map(is_public, addresses))", "False",
           asked("a_name_that_answers_otherwise_the_second_time_gains_nothing")),
    Mutant("which ports", WEB, "port not in {None, *PORTS}", "False",
           asked("an_address_of_another_kind_is_refused_before_its_name_is_looked_up")),
    Mutant("the address that was looked at", WEB, "host=address, port=port", "host=parts.hostname or '', port=port",
           asked("the_connection_goes_to_the_address_that_was_looked_at")),
    Mutant("muted mails", "src/promos/actions/notices.py", ' and entry["verb"] not in person.muted', "",
           ("tests/actions/test_notices.py::test_each_chooses_for_themselves",)),
)  # fmt: skip
