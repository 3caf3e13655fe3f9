"""What makes sense as the terms of an offer and its codes, and what of it stays as it is once passes are out."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from promos.rules import pools, texts
from promos.rules.language import N_
from promos.rules.refusals import InvalidRequest, LimitBelowUsed, TermsFrozen
from promos.rules.texts import Reader, line, one_of, optional, paragraph, up_to

PROOFS = ("mailbox", "none")
FULFILMENTS = ("pass", "pool", "checkout")  # our own pass; a code of the partner's shop; his shop asks us
ON_CANCEL = ("return", "keep")
MOST_HOURS = 720
MANY = 100  # passes: at 999 euros each, what one does not give away in an open browser that somebody found
STATUSES = ("active", "paused", "revoked")


def hours(value: int, field: str) -> int:
    """For which a freed place is kept for the next in line; a month at most."""
    if isinstance(value, bool) or not 1 <= value <= MOST_HOURS:
        raise InvalidRequest({field: N_("Choose a number of hours between 1 and 720.")})
    return value


OFFER: Mapping[str, Reader] = {
    "name": line,
    "limit": optional(texts.limit),
    "review": texts.yes_or_no,
    "waiting_list": texts.yes_or_no,
    "place_hours": hours,
    "opens_at": texts.instant,
    "ends_at": texts.instant,
    "proof": one_of(*PROOFS),
    "fulfilment": one_of(*FULFILMENTS),
    "on_cancel": one_of(*ON_CANCEL),
    "on_expiry": one_of(*ON_CANCEL),
    "eligibility": optional(up_to(500, paragraph)),
    "conditions_url": optional(texts.url),
    "shop_url": optional(pools.shop_url),
}
SUPPOSED: Mapping[str, Reader] = {
    "status": one_of(*STATUSES),
    "opens_at": texts.instant,
    "ends_at": texts.instant,
    **dict.fromkeys(("limit", "offer_limit", "capacity", "event_capacity"), optional(texts.limit)),
}
CODE: Mapping[str, Reader] = {
    "limit": optional(texts.limit),
    "status": one_of(*STATUSES),
    "needs_label": texts.yes_or_no,
}

# What readers were told they get: it stands from the first redemption on.
PROMISED = frozenset({"pass_type_id", "benefit", "percent", "amount", "fulfilment"})


def window(opens_at: datetime, ends_at: datetime) -> None:
    """Raise `InvalidRequest` for a window in which nothing can be redeemed; it is half-open."""
    if ends_at <= opens_at:
        raise InvalidRequest({"ends_at": N_("The end comes after the opening.")})


def is_odd(opens_at: datetime, ends_at: datetime, event_starts: datetime, event_ends: datetime) -> bool:
    """Whether a window makes no sense beside its event: it ends after it, or opens when it has begun."""
    return ends_at > event_ends or opens_at >= event_starts


def fits(limit: int | None, used: int) -> None:
    """Raise `LimitBelowUsed` for a limit that passes already given do not fit into."""
    if limit is not None and used > limit:
        raise LimitBelowUsed(used)


def gives_many(before: int | None, limit: int | None) -> bool:
    """Whether a limit of `before` passes (0: there was none of anything) is raised beyond `MANY`, or lifted."""
    return before is not None and (limit is None or limit > max(before, MANY))


def keep_promised(changed: Iterable[str], promised: frozenset[str], *, redeemed: bool) -> None:
    """Raise `TermsFrozen` if one of the `changed` fields was promised to readers who hold a pass."""
    if redeemed and (stuck := promised.intersection(changed)):
        raise TermsFrozen(sorted(stuck))
