"""What makes sense as the terms of an offer and its codes, and what of it stays as it is once passes are out."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from promos.rules import texts
from promos.rules.language import N_
from promos.rules.refusals import InvalidRequest, LimitBelowUsed, TermsFrozen
from promos.rules.texts import Reader, line, one_of, optional, paragraph, up_to

BENEFITS = ("free_pass",)
PROOFS = ("mailbox", "none")
FULFILMENTS = ("pass",)
ON_CANCEL = ("return", "keep")
STATUSES = ("active", "paused", "revoked")

OFFER: Mapping[str, Reader] = {
    "name": line,
    "benefit": one_of(*BENEFITS),
    "limit": optional(texts.limit),
    "opens_at": texts.instant,
    "ends_at": texts.instant,
    "proof": one_of(*PROOFS),
    "fulfilment": one_of(*FULFILMENTS),
    "on_cancel": one_of(*ON_CANCEL),
    "eligibility": optional(up_to(500, paragraph)),
    "conditions_url": optional(texts.url),
}
CODE: Mapping[str, Reader] = {"limit": optional(texts.limit), "status": one_of(*STATUSES)}

# What readers were told they get: it stands from the first redemption on.
PROMISED = frozenset({"pass_type_id"})


def window(opens_at: datetime, ends_at: datetime) -> None:
    """Raise `InvalidRequest` for a window in which nothing can be redeemed; it is half-open."""
    if ends_at <= opens_at:
        raise InvalidRequest({"ends_at": N_("The end comes after the opening.")})


def fits(limit: int | None, used: int) -> None:
    """Raise `LimitBelowUsed` for a limit that passes already given do not fit into."""
    if limit is not None and used > limit:
        raise LimitBelowUsed(used)


def keep_promised(changed: Iterable[str], promised: frozenset[str], *, redeemed: bool) -> None:
    """Raise `TermsFrozen` if one of the `changed` fields was promised to readers who hold a pass."""
    if redeemed and (stuck := promised.intersection(changed)):
        raise TermsFrozen(sorted(stuck))
