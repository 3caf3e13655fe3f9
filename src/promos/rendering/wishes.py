"""The mails about a wish for more passes: one asks, one says what came of it."""

from dataclasses import dataclass, replace
from datetime import datetime

from promos.rendering.envelopes import Mail
from promos.rendering.language import Language
from promos.rendering.mails import mail_of


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody asks for more passes with a code. `who`: the newsletter, or somebody of the partner."""

    who: str
    event: str
    code: str
    passes: int
    limit: int  # what there is now
    why: str | None
    expires_at: datetime
    timezone: str  # IANA
    link: str  # to the page with the buttons
    what: str = ""  # the same in words, put in by `wish`


@dataclass(frozen=True, slots=True)
class WishSettled:
    """`state`: approved, declined or overtaken. `given`: passes, of one that was approved."""

    state: str
    event: str
    code: str
    given: int | None
    answer: str | None
    link: str
    what: str = ""


def wish(values: Wish, language: Language) -> Mail:
    """For the owners of a partner: buttons behind a link, for a GET changes nothing."""
    said = language.ngettext(
        "%(who)s asks for %(count)s more pass with %(code)s",
        "%(who)s asks for %(count)s more passes with %(code)s",
        values.passes,
    )
    what = said % {"who": values.who, "count": language.number(values.passes), "code": values.code}
    rows = [
        (language.gettext("Event"), values.event),
        (language.gettext("Code"), values.code),
        (language.gettext("Limit now"), language.number(values.limit)),
        (language.gettext("More passes"), language.number(values.passes)),
        *([(language.gettext("Why"), values.why)] if values.why else []),
        (language.gettext("Answer until"), language.instant(values.expires_at, values.timezone)),
    ]
    return mail_of("wish", replace(values, what=what), language, rows)


def wish_settled(values: WishSettled, language: Language) -> Mail:
    """For who asked."""
    what = {
        "approved": language.gettext("More passes with %(code)s: yes"),
        "declined": language.gettext("More passes with %(code)s: not this time"),
        "overtaken": language.gettext("More passes with %(code)s: nothing to decide any more"),
    }[values.state] % {"code": values.code}
    rows = [(language.gettext("Event"), values.event), (language.gettext("Code"), values.code)]
    if values.given is not None:
        rows.append((language.gettext("More passes"), language.number(values.given)))
    if values.answer:
        rows.append((language.gettext("Why"), values.answer))
    return mail_of("wish_settled", replace(values, what=what), language, rows)
