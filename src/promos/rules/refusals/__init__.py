"""Every "no" of the product.

    Refusal
    ├── Unauthenticated  401  who are you?
    ├── NotYours         403  you may see it, but not do this
    ├── Unknown          404  it does not exist, or not for you
    ├── NotYet, Taken    409  too early; somebody else was first
    ├── Blocked          409  something else has to happen before
    ├── Over             410  it was, and is no more
    ├── TooLarge         413
    ├── Invalid          422  it can be read, but makes no sense
    ├── TooMany          429  slower, please
    └── Unavailable      503  not now, though nothing is wrong with the request

The family says what kind of "no" it is, the class which one; `slug` and `title` are public and never change,
the attributes are the facts a person needs. Status codes live in `web/problems.py` alone.
"""

from promos.rules.refusals.asking import (
    BodyTooLarge,
    DiskFull,
    ForeignOrigin,
    FormEnded,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    InvalidRequest,
    NotAllowed,
    NotFound,
    OutcomeUnknown,
    Overloaded,
    RateLimited,
    ScopeMissing,
    SignInNeeded,
    TextTaken,
    TokenUnknown,
)
from promos.rules.refusals.batches import (
    BatchDone,
    ListUnreadable,
    PatternGuessable,
    PatternInfeasible,
    PatternMalformed,
)
from promos.rules.refusals.claims import (
    AddressInvalid,
    CheckInUndone,
    HandedOnTooOften,
    HandedToHolder,
    HoldExpired,
    HoldTooLong,
    LinkEnded,
    LinkSuperseded,
    NameNeeded,
    NothingToUndo,
    PassGivenBack,
    PassHandedOn,
    PassInUse,
    PlaceLapsed,
    RedemptionEnded,
    ScanIdReused,
    WaitingListLeft,
)
from promos.rules.refusals.families import (
    Blocked,
    Invalid,
    NotYet,
    NotYours,
    Over,
    Refusal,
    Taken,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
    Unknown,
)
from promos.rules.refusals.issues import DisclosureIncomplete, IssuePublished, IssueUnreadable, SegmentUnknown
from promos.rules.refusals.offers import (
    AllotmentExhausted,
    AllotmentInUse,
    AllotmentTooLarge,
    AlreadyHoldsPass,
    BudgetBelowSpent,
    BudgetExhausted,
    CapacityExhausted,
    CodeEnded,
    CodeExhausted,
    CodeMalformed,
    CodeNotOpen,
    CodePaused,
    CodeRevoked,
    CodeTaken,
    CodeUnknown,
    LimitBelowUsed,
    LimitNeeded,
    NotEligible,
    OfferExhausted,
    ProofNeeded,
    PublicationNotNamed,
    TermsFrozen,
    VersionMoved,
)


def every_refusal() -> list[type[Refusal]]:
    """Each refusal that has a slug, in the order in which they were written."""
    return [kind for family in Refusal.__subclasses__() for kind in family.__subclasses__()]


__all__ = [
    "AddressInvalid",
    "AllotmentExhausted",
    "AllotmentInUse",
    "AllotmentTooLarge",
    "AlreadyHoldsPass",
    "BatchDone",
    "Blocked",
    "BodyTooLarge",
    "BudgetBelowSpent",
    "BudgetExhausted",
    "CapacityExhausted",
    "CheckInUndone",
    "CodeEnded",
    "CodeExhausted",
    "CodeMalformed",
    "CodeNotOpen",
    "CodePaused",
    "CodeRevoked",
    "CodeTaken",
    "CodeUnknown",
    "DisclosureIncomplete",
    "DiskFull",
    "ForeignOrigin",
    "FormEnded",
    "HandedOnTooOften",
    "HandedToHolder",
    "HoldExpired",
    "HoldTooLong",
    "IdempotencyKeyInvalid",
    "IdempotencyKeyReused",
    "Invalid",
    "InvalidRequest",
    "IssuePublished",
    "IssueUnreadable",
    "LimitBelowUsed",
    "LimitNeeded",
    "LinkEnded",
    "LinkSuperseded",
    "ListUnreadable",
    "NameNeeded",
    "NotAllowed",
    "NotEligible",
    "NotFound",
    "NotYet",
    "NotYours",
    "NothingToUndo",
    "OfferExhausted",
    "OutcomeUnknown",
    "Over",
    "Overloaded",
    "PassGivenBack",
    "PassHandedOn",
    "PassInUse",
    "PatternGuessable",
    "PatternInfeasible",
    "PatternMalformed",
    "PlaceLapsed",
    "ProofNeeded",
    "PublicationNotNamed",
    "RateLimited",
    "RedemptionEnded",
    "Refusal",
    "ScanIdReused",
    "ScopeMissing",
    "SegmentUnknown",
    "SignInNeeded",
    "Taken",
    "TermsFrozen",
    "TextTaken",
    "TokenUnknown",
    "TooLarge",
    "TooMany",
    "Unauthenticated",
    "Unavailable",
    "Unknown",
    "VersionMoved",
    "WaitingListLeft",
    "every_refusal",
]
