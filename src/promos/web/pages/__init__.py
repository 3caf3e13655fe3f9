"""The pages, by audience: reader, partner, editor, door, admin."""

from promos.web.pages import door, reader, sign_in

HANDLERS = [*reader.HANDLERS, *sign_in.HANDLERS, *door.HANDLERS]
