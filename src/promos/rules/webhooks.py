"""What a partner's programs are told of, by the Standard Webhooks specification 1.0.0.

Order is not promised: `version` counts the changes of a code, so who keeps the newest can drop what comes late. Names
and addresses of readers are never in a message; who may see them asks the API, and sees what holds now.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from standardwebhooks import Webhook

from promos.rules.language import N_
from promos.rules.refusals import NotFound

OF_VERB: Final[Mapping[str, str]] = {  # the journal's word: the message's
    "code.redeemed": "redemption.confirmed",
    "redemption.confirmed": "redemption.confirmed",
    "redemption.cancelled": "redemption.cancelled",
    "pass.given_back": "redemption.cancelled",
    "code.held": "redemption.held",
    "place.offered": "redemption.held",
    "redemption.expired": "redemption.expired",
    "pass.checked_in": "pass.checked_in",
    "pass.handed_on": "pass.handed_on",
    "code.exhausted": "code.exhausted",
    "code.almost_exhausted": "code.almost_exhausted",
    "pool.exhausted": "code.exhausted",
    "pool.almost_exhausted": "code.almost_exhausted",
    "code.ending": "code.ending",
    "code.paused": "code.paused",
    "claim.waiting": "waitlist.joined",
    "block.published": "issue.published",
}
TYPES: Final = tuple(dict.fromkeys(OF_VERB.values()))
TEST: Final = "webhook.test"
WORDS: Final[Mapping[str, str]] = {
    "redemption.confirmed": N_("a reader has a pass"),
    "redemption.cancelled": N_("a pass was given back or cancelled"),
    "redemption.held": N_("a place is held"),
    "redemption.expired": N_("the time of a held place was over"),
    "pass.checked_in": N_("somebody is let in"),
    "pass.handed_on": N_("a pass is handed on"),
    "code.exhausted": N_("a code’s last pass is given"),
    "code.almost_exhausted": N_("a tenth of a code’s passes, or less, is left"),
    "code.ending": N_("a code ends within a day"),
    "code.paused": N_("a code is paused"),
    "waitlist.joined": N_("a reader joins the waiting list"),
    "issue.published": N_("an issue with your block goes out"),
}
WHY: Final[Mapping[str, str]] = {  # an endpoint is told nothing more
    "asked": N_("Somebody of yours switched it off."),
    "gone": N_("It answered 410, which means that it is not there any more."),
    "failing": N_("It has not taken anything for days."),
    "secret_lost": N_("The key that made its secret is gone. Make a new secret."),
}

SECRETS = 10  # that sign at once: the newest, and older ones whose time is not over
OVERLAP = timedelta(hours=24)  # for which the one before a new one still signs
REST = timedelta(seconds=60)  # for who did not answer, or asks for time
LONGEST_REST = timedelta(days=1)  # whatever Retry-After says
ASKS_FOR_TIME = frozenset({429, 502, 503, 504})
GONE = 410
MOST_SAID = 2000  # characters kept of an answer


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one try. No `status`: nothing came in time, and nobody is told why."""

    status: int | None
    said: str
    seconds: float
    retry_after: int | None = None  # seconds

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def rest(self) -> timedelta:
        """For how long its endpoint is not asked anything."""
        if self.is_success or not (self.status is None or self.status in ASKS_FOR_TIME):
            return timedelta()
        return min(timedelta(seconds=self.retry_after), LONGEST_REST) if self.retry_after else REST


def secret_of(key: bytes, of: UUID) -> str:
    """The signing secret (256 bit) that belongs to row `of`, as the specification writes it."""
    return "whsec_" + base64.b64encode(hmac.new(key, b"webhook\0" + of.bytes, hashlib.sha256).digest()).decode()


def message_id(of: UUID) -> str:
    return f"msg_{of.hex}"


def read_message_id(said: str) -> UUID:
    """The row that a webhook-id speaks of; raises `NotFound`."""
    if re.fullmatch(r"msg_[0-9a-f]{32}", said) is None:
        raise NotFound("message")
    return UUID(said[4:])


def headers(secrets: Sequence[str], of: UUID, body: str, at: datetime) -> dict[str, str]:
    """The three of the specification, signed with every one of `secrets`."""
    id_ = message_id(of)
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(id_, at, body) for secret in secrets),
    }


def body(type_: str, at: datetime, data: Mapping[str, Any]) -> str:
    said = {"type": type_, "timestamp": at.isoformat().replace("+00:00", "Z"), "data": data}
    return json.dumps(said, separators=(",", ":"), ensure_ascii=False, default=str)
