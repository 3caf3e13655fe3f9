"""The partner's desk: events, pass types, offers, codes, declarations, readers and people."""

from promos.web.pages.partner import (
    allotments,
    bulk,
    codes,
    declaration,
    desk,
    endpoints,
    event,
    events,
    exports,
    notices,
    offers,
    organisation,
    pass_types,
    redemptions,
    team,
    trying,
)

HANDLERS = [
    *desk.HANDLERS,
    *events.HANDLERS,
    *event.HANDLERS,
    *pass_types.HANDLERS,
    *offers.HANDLERS,
    *allotments.HANDLERS,
    *codes.HANDLERS,
    *trying.HANDLERS,
    *bulk.HANDLERS,
    *redemptions.HANDLERS,
    *exports.HANDLERS,
    *declaration.HANDLERS,
    *team.HANDLERS,
    *endpoints.HANDLERS,
    *notices.HANDLERS,
    *organisation.HANDLERS,
]
