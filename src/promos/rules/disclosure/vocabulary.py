"""The words in which declarations, rules and findings are written."""

from enum import StrEnum


class Verdict(StrEnum):
    PASS = "pass"  # noqa: S105 -- a verdict, a kind of benefit
    FAIL = "fail"
    CANNOT_TELL = "cannot_tell"  # never counts as a pass


class Severity(StrEnum):
    BLOCK = "BLOCK"  # no release, whatever anybody says
    ERROR = "ERROR"
    WARN = "WARN"
    INFO = "INFO"


class Standing(StrEnum):
    """Of a label in one country."""

    MANDATED = "mandated"
    ACCEPTED = "accepted"
    WEAK = "weak"
    REJECTED = "rejected"
    UNVERIFIED = "unverified"


class Mark(StrEnum):
    """How a source was verified."""

    PRIMARY = "S"  # read in a law, at a regulator or a court
    SECOND_HAND = "S2"
    KNOWN = "K"  # general knowledge, not found in a source
    OWN = "O"  # Promos' own rule of prudence


class RelationshipKind(StrEnum):
    PAID_FIXED = "paid_fixed"
    PAID_PERFORMANCE = "paid_performance"
    COMMISSION_AFFILIATE = "commission_affiliate"
    REVENUE_SHARE = "revenue_share"
    PASSES_FOR_READERS = "passes_for_readers"
    PASS_FOR_AUTHOR = "pass_for_author"  # noqa: S105
    TRAVEL_HOSPITALITY = "travel_hospitality"
    GOODS_SERVICES_FREE = "goods_services_free"
    BARTER_CROSS_PROMO = "barter_cross_promo"
    CO_ORGANISED = "co_organised"
    OWN_EVENT = "own_event"
    OWNERSHIP_EMPLOYMENT_FAMILY = "ownership_employment_family"
    PAST_RELATIONSHIP_12M = "past_relationship_12m"
    UNSOLICITED_GIFT = "unsolicited_gift"
    PRESS_ACCREDITATION = "press_accreditation"
    NONE_DECLARED = "none_declared"


class BenefitKind(StrEnum):
    PASS = "pass"  # noqa: S105 -- a verdict, a kind of benefit
    MONEY = "money"
    TRAVEL = "travel"
    GOODS = "goods"
    SERVICE = "service"
    COMMISSION = "commission"
    OTHER = "other"


class ReceivedBy(StrEnum):
    AUTHOR = "author"
    PUBLICATION = "publication"
    READERS = "readers"


class Vat(StrEnum):
    INCLUDED = "included"
    EXCLUDED = "excluded"
    UNKNOWN = "unknown"


class EditorialControl(StrEnum):
    """What the partner may do to the text."""

    NONE = "none"
    FACT_CHECK = "fact_check"
    APPROVAL = "approval"
    VETO = "veto"
    SUPPLIED_COPY = "supplied_copy"


class Obligation(StrEnum):
    """To publish."""

    NONE = "none"
    INFORMAL = "informal"
    CONTRACTUAL = "contractual"
