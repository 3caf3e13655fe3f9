"""The words of a history: what was asked, when, and what came back."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Done:
    """It holds since `version`. `is_new`: this request made the redemption; else it was there before."""

    version: int
    redemption: str = ""
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """`used`: what a limit that was refused was told."""

    slug: str
    used: int | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """A code at one version; also the answer to a look at it."""

    version: int
    used: int
    limit: int | None
    status: str = "active"


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody heard: it happened, or will yet, or never does."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request and its answer, by one clock. `who` is a person, however the address is written."""

    kind: str  # redeem (or hold) | confirm | cancel | limit | pause | resume | revoke | look
    start: float
    end: float
    answer: Done | Refused | Code | Unknown
    who: str = ""
    redemption: str = ""  # the one to confirm or cancel
    limit: int | None = None  # the one asked for

    @property
    def made_a_redemption(self) -> bool:
        return self.kind == "redeem" and isinstance(self.answer, Done) and self.answer.is_new


@dataclass(frozen=True, slots=True)
class Finding:
    """What no order explains."""

    what: str  # over | free (refused while one was left) | twice | order | gap | stale | other
    words: str
