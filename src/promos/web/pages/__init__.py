"""The pages, by audience: reader, partner, editor, door, admin."""

from promos.web.pages import (
    account,
    admin,
    confirm,
    door,
    editor,
    invitation,
    mailbox,
    pairing,
    partner,
    reader,
    reference,
    report,
    sign_in,
    suspensions,
    wishes,
)

HANDLERS = [
    *reader.HANDLERS,
    *report.HANDLERS,
    *sign_in.HANDLERS,
    *invitation.HANDLERS,
    *confirm.HANDLERS,
    *account.HANDLERS,
    *door.HANDLERS,
    *pairing.HANDLERS,
    *partner.HANDLERS,
    *editor.HANDLERS,
    *admin.HANDLERS,
    *suspensions.HANDLERS,
    *wishes.HANDLERS,
    *mailbox.HANDLERS,
    *reference.HANDLERS,
]
