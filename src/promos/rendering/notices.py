"""Mails that tell staff of what they may have to do something about."""

from dataclasses import dataclass, replace
from datetime import datetime

from promos.rendering.envelopes import Mail
from promos.rendering.language import Language
from promos.rendering.mails import mail_of
from promos.rules.webhooks import WHY


@dataclass(frozen=True, slots=True)
class Notice:
    """A code that runs low, is used up or ends soon. `kind`: of `actions.notices.KINDS`."""

    kind: str
    event: str
    code: str
    left: int | None  # passes, as it was told
    ends_at: datetime
    timezone: str  # IANA
    link: str
    what: str = ""  # the same in words, put in by `notice`


@dataclass(frozen=True, slots=True)
class SwitchedOff:
    """An endpoint that is told nothing more. `why`: of `rules.webhooks.WHY`."""

    host: str
    why: str
    link: str


@dataclass(frozen=True, slots=True)
class ShopTroubled:
    """A ticket shop that cannot be read, or whose codes are gone. `why`: the title of a refusal."""

    event: str
    host: str
    why: str
    link: str


@dataclass(frozen=True, slots=True)
class Missed:
    """A label that was there in what was sent, and is not any more."""

    publication: str
    number: str
    heading: str  # of the block
    code: str
    seen_at: datetime
    pauses_at: datetime | None  # when the code is paused for it
    timezone: str  # IANA
    link: str  # to where it can be looked into


def notice(values: Notice, language: Language) -> Mail:
    """For a partner's own people."""
    what = {
        "code.exhausted": language.gettext("The last pass with %(code)s is given"),
        "code.almost_exhausted": language.gettext("The passes with %(code)s run low"),
        "code.ending": language.gettext("%(code)s ends within a day"),
        "pool.almost_exhausted": language.gettext("The codes of your own shop run low: %(code)s"),
        "pool.exhausted": language.gettext("The last code of your own shop is handed out: %(code)s"),
    }[values.kind] % {"code": values.code}
    rows = [(language.gettext("Event"), values.event), (language.gettext("Code"), values.code)]
    if values.left is not None:
        rows.append((language.gettext("Left"), language.number(values.left)))
    rows.append((language.gettext("Ends"), language.instant(values.ends_at, values.timezone)))
    return mail_of("notice", replace(values, what=what), language, rows)


def label_gone(values: Missed, language: Language) -> Mail:
    """For the staff of newsletter and partner."""
    rows = [
        (language.gettext("Newsletter"), f"{values.publication} {values.number}"),
        (language.gettext("Promo block"), values.heading),
        (language.gettext("Code"), values.code),
        (language.gettext("Seen"), language.instant(values.seen_at, values.timezone)),
    ]
    if values.pauses_at:
        rows.append((language.gettext("Paused"), language.instant(values.pauses_at, values.timezone)))
    return mail_of("label_gone", values, language, rows)


def endpoint_disabled(values: SwitchedOff, language: Language) -> Mail:
    """For the owners of a partner."""
    told = replace(values, why=language.gettext(WHY[values.why]))
    return mail_of("endpoint_disabled", told, language, [(language.gettext("Endpoint"), values.host)])


def shop_troubled(values: ShopTroubled, language: Language) -> Mail:
    """For the owners of a partner."""
    told = replace(values, why=language.gettext(values.why))
    rows = [(language.gettext("Event"), values.event), (language.gettext("Ticket shop"), values.host)]
    return mail_of("shop_troubled", told, language, rows)
