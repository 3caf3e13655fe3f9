"""The mails that Promos sends, and what they say. No picture, nothing that tells who opened them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime
from typing import Any

from promos.rendering import calendar
from promos.rendering.calendar import Appointment
from promos.rendering.envelopes import Attachment, Mail
from promos.rendering.jinja import render
from promos.rendering.language import Language
from promos.rendering.reports import Mailed
from promos.rules.blocks import clean_line


@dataclass(frozen=True, slots=True)
class Event:
    name: str
    starts_at: datetime
    ends_at: datetime
    timezone: str  # IANA; every time in a mail is told in it
    place: str  # "Salle Molière, Lyon"
    advertiser: str  # registered name and legal form of who offers the passes
    sequence: int = 0  # of its calendar entry
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Claimed:
    event: Event
    pass_type: str
    code: str
    link: str  # to the page with the button
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Passed:
    event: Event
    pass_type: str
    code: str
    link: str  # to the page of the pass
    uid: str  # of the calendar entry: the same for the same pass at all times
    issued_at: datetime
    name: str | None = None  # of the reader, where the pass bears one
    shop_code: str | None = None  # of the advertiser's own ticket shop, whose ticket is what opens the door
    shop_url: str | None = None
    organizer: str = ""  # a mail address, for the calendar


@dataclass(frozen=True, slots=True)
class Was:
    """What an event was before it moved; `None`: as it is now."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    timezone: str | None = None
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """A pass, or a request, of which nothing is left."""

    event: Event
    code: str
    link: str  # to the page of the code


@dataclass(frozen=True, slots=True)
class SignIn:
    link: str
    host: str  # of this installation, as people know it
    minutes: int  # for which the link works after it was asked for


@dataclass(frozen=True, slots=True)
class AccountChange:
    """Something that its person ought to know of, should it have been somebody else. `verb`: as the journal has it."""

    verb: str
    at: datetime
    link: str
    what: str = ""  # the same in words, put in by `account`


def claim(values: Claimed, language: Language) -> Mail:
    """Asks for the proof of a mailbox: a button behind a link, for a GET changes nothing."""
    return mail_of("claim", values, language, _asked(values, language))


def wait(values: Claimed, language: Language) -> Mail:
    """As `claim`, for who found nothing left and wants to stand in line."""
    return mail_of("wait", values, language, _asked(values, language))


def place(values: Claimed, language: Language) -> Mail:
    """Offers a freed place to who is next in line; `expires_at` is until when it is kept."""
    return mail_of("place", values, language, _asked(values, language))


def handed_over(values: Claimed, language: Language) -> Mail:
    """As `claim`, for whom the holder of a pass wants to have it. Who that is stays unsaid."""
    return mail_of("handed_over", values, language, _asked(values, language))


def issued(values: Passed, language: Language) -> Mail:
    """Brings the pass, with the event for the reader's calendar."""
    name = [(language.gettext("Name"), values.name)] if values.name else []
    pass_type = (language.gettext("Pass"), values.pass_type)
    code = (language.gettext("Code"), values.code)
    shop = [(language.gettext("Code for the ticket shop"), values.shop_code)] if values.shop_code else []
    rows = [*shop, *name, pass_type, *_when_and_where(values.event, language), code]
    return replace(mail_of("pass", values, language, rows), attachments=(_entry(values, language),))


def moved(values: Passed, was: Was, language: Language) -> Mail:
    """Tells who holds a pass what changed, old and new, and brings the entry that takes the place of the first."""
    event, zone = values.event, was.timezone or values.event.timezone
    rows = [
        (language.gettext("Begins"), was.starts_at, event.starts_at),
        (language.gettext("Ends"), was.ends_at, event.ends_at),
    ]
    told = [
        (name, _turned(language.instant(old or new, zone), language.instant(new, event.timezone)))
        for name, old, new in rows
        if old is not None or was.timezone is not None
    ]
    if was.place is not None:
        told.append((language.gettext("Place"), _turned(was.place, event.place)))
    now = [(name, value) for name, value in _when_and_where(event, language) if name not in {each[0] for each in told}]
    return replace(mail_of("moved", values, language, [*told, *now]), attachments=(_entry(values, language),))


def called_off(values: Passed, language: Language) -> Mail:
    """Tells who holds a pass that the event is cancelled, and takes the entry out of their calendar."""
    rows = _when_and_where(values.event, language)
    return replace(mail_of("called_off", values, language, rows), attachments=(_entry(values, language),))


def _turned(old: str, new: str) -> str:
    return f"{old} → {new}"


def _entry(values: Passed, language: Language) -> Attachment:
    made = appointment(values, language)
    return Attachment("event.ics", "text/calendar", calendar.ics(made), calendar.method_of(made))


def given_back(values: Ended, language: Language) -> Mail:
    return mail_of("given_back", values, language, _ended(values, language))


def handed_on(values: Ended, language: Language) -> Mail:
    """Tells who held a pass that the other person has taken it."""
    return mail_of("handed_on", values, language, _ended(values, language))


def line_closed(values: Ended, language: Language) -> Mail:
    """Tells who waited, in line or for the partner's word, that the event is cancelled."""
    return mail_of("line_closed", values, language, _ended(values, language))


def declined(values: Ended, language: Language) -> Mail:
    """Tells that the partner looked at a request and said no."""
    return mail_of("declined", values, language, _ended(values, language))


def sign_in(values: SignIn, language: Language) -> Mail:
    """For staff, who have no password."""
    return mail_of("sign_in", values, language, [])


def confirm(values: SignIn, language: Language) -> Mail:
    """For staff who are signed in and about to do something that is for them alone."""
    return mail_of("confirm", values, language, [])


def account(values: AccountChange, language: Language) -> Mail:
    """For staff, of their own account."""
    what = {
        "passkey.added": language.gettext("A passkey was added to your account"),
        "passkey.removed": language.gettext("A passkey was taken from your account"),
        "recovery_code.used": language.gettext("A recovery code was used to sign in to your account"),
    }[values.verb]
    rows = [(language.gettext("When"), language.instant(values.at, "UTC"))]
    return mail_of("account", replace(values, what=what), language, rows)


def report(values: Mailed, rows: Sequence[tuple[str, str]], language: Language) -> Mail:
    """The numbers in words, for whom an owner named; the picture is behind the link."""
    return replace(mail_of("report", values, language, rows), stop=values.stop)


def appointment(values: Passed, language: Language) -> Appointment:
    """The calendar entry of a pass, the same in its mail and on its page."""
    return Appointment(
        uid=values.uid,
        stamp=values.issued_at,
        starts_at=values.event.starts_at,
        ends_at=values.event.ends_at,
        summary=values.event.name,
        location=values.event.place,
        url=values.link,
        description=language.gettext("Your pass: %(link)s") % {"link": values.link},
        sequence=values.event.sequence,
        is_cancelled=values.event.is_cancelled,
        organizer=values.organizer,
    )


def mail_of(template: str, values: object, language: Language, rows: Sequence[tuple[str, str]]) -> Mail:
    """The first line of the plain text is the subject."""
    given = {"values": _clean(values), "rows": [(name, clean_line(value)) for name, value in rows]}
    subject, _, text = render(f"mails/{template}.txt", language, **given).partition("\n\n")
    html = render(f"mails/{template}.html", language, subject=subject, **given)
    return Mail(subject, html, text.rstrip("\n") + "\n")


def _clean(value: Any) -> Any:
    """Every text in `value` on one line without anything unseen: names come from people."""
    if isinstance(value, str):
        return clean_line(value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: _clean(getattr(value, field.name)) for field in fields(value)})
    return value


def _asked(values: Claimed, language: Language) -> list[tuple[str, str]]:
    return [(language.gettext("Pass"), values.pass_type), *_when_and_where(values.event, language)]


def _ended(values: Ended, language: Language) -> list[tuple[str, str]]:
    return [*_when_and_where(values.event, language), (language.gettext("Code"), values.code)]


def _when_and_where(event: Event, language: Language) -> list[tuple[str, str]]:
    return [
        (language.gettext("Begins"), language.instant(event.starts_at, event.timezone)),
        (language.gettext("Ends"), language.instant(event.ends_at, event.timezone)),
        (language.gettext("Place"), event.place),
    ]
