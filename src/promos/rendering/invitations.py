"""The mail by which somebody is invited to be of the staff."""

from dataclasses import dataclass, replace
from datetime import datetime

from promos.rendering.envelopes import Mail
from promos.rendering.language import Language
from promos.rendering.mails import mail_of


@dataclass(frozen=True, slots=True)
class Invited:
    """A role that waits for whoever reads the mail. `who`: nobody, where a program invites."""

    link: str  # to the page with the button
    who: str
    place: str  # the organisation or newsletter, or this installation
    role: str
    expires_at: datetime
    what: str = ""  # the same in words, put in by `invitation`


def invitation(values: Invited, language: Language) -> Mail:
    """For who is to be of the staff: a button behind a link, for a GET changes nothing."""
    said = language.gettext("%(who)s invites you to %(place)s") if values.who else language.gettext("Come to %(place)s")
    role = {
        "admin": language.gettext("admin"),
        "editor": language.gettext("editor"),
        "owner": language.gettext("owner"),
        "member": language.gettext("member"),
        "door": language.gettext("door"),
    }[values.role]
    rows = [
        *([(language.gettext("Invited by"), values.who)] if values.who else []),
        (language.gettext("Where"), values.place),
        (language.gettext("Your role"), role),
        (language.gettext("Until"), language.instant(values.expires_at, "UTC")),
    ]
    what = said % {"who": values.who, "place": values.place}
    return mail_of("invitation", replace(values, what=what), language, rows)
