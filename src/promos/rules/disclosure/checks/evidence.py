"""Whether anybody looked at what was sent, and what was seen."""

from collections.abc import Iterator
from datetime import timedelta

from promos.rules.disclosure.checks.case import CANNOT_TELL, FAIL, PASS, Answer, Case
from promos.rules.language import N_

SOON = timedelta(hours=24)


def evi_1(case: Case) -> Iterator[Answer]:
    sending = case.block.facts.sending if case.block.facts else None
    if sending is None:
        return
    if any(sending.at <= each.at <= sending.at + SOON for each in sending.observations):
        yield (PASS, N_("The issue was looked at within a day of its sending."), "", {})
    elif sending.now <= sending.at + SOON:
        yield (CANNOT_TELL, N_("Nobody has looked at the sent issue yet; a day is not over."), "", {})
    else:
        why = N_("Nobody looked at the issue within a day of its sending: that its label arrived is not proved.")
        yield (FAIL, why, N_("Upload the issue as it was received."), {})


def evi_2(case: Case) -> Iterator[Answer]:
    sending = case.block.facts.sending if case.block.facts else None
    seen = sorted(sending.observations, key=lambda each: each.at) if sending else []
    if not seen:
        return
    if seen[-1].is_labelled:
        yield (PASS, N_("The label stood there when the issue was last looked at."), "", {})
    else:
        why = N_("The label was gone when the issue was last looked at, on %(day)s.")
        yield (FAIL, why, N_("Put the label back, and say so in a correction."), {"day": f"{seen[-1].at:%Y-%m-%d}"})
