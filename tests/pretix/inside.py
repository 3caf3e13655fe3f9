"""Runs in pretix's own environment, by its Python: `inside.py make` or `inside.py serve PORT`.

`make`: an organiser with an event, a product of 999.00 EUR in a quota of 40, a check-in list, a token that may do what
Promos needs and nothing else, and one for who runs the shop; told as JSON. `serve`: pretix, on this machine alone.
"""

import json
import os
import sys
from datetime import timedelta
from decimal import Decimal
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

os.environ["DJANGO_SETTINGS_MODULE"] = "pretix.settings"
NEEDED = ("event.items:read", "event.orders:read", "event.vouchers:read", "event.vouchers:write")


def make() -> dict[str, Any]:
    import django

    django.setup()
    from django.utils.timezone import now
    from django_scopes import scopes_disabled
    from pretix.base.models import CheckinList, Event, Item, Organizer, Quota, Team

    with scopes_disabled():
        organizer = Organizer.objects.create(name="GenerationAI", slug="genai")
        made = {
            "organizer": organizer,
            "currency": "EUR",
            "live": True,
            "plugins": "pretix.plugins.banktransfer",
            "date_from": now() + timedelta(days=60),
        }
        event = Event.objects.create(name="GenerationAI 2027", slug="2027", **made)
        item = Item.objects.create(event=event, name="Pass 2 jours", default_price=Decimal("999.00"), admission=True)
        quota = Quota.objects.create(event=event, name="Passes", size=40)
        quota.items.add(item)
        door = CheckinList.objects.create(event=event, name="Door", all_products=True)
        needed = dict.fromkeys(NEEDED, True)
        team = Team.objects.create(organizer=organizer, name="Promos", all_events=True, limit_event_permissions=needed)
        everything = {"all_events": True, "all_event_permissions": True, "all_organizer_permissions": True}
        desk = Team.objects.create(organizer=organizer, name="Desk", **everything)
        return {
            "token": team.tokens.create(name="Promos").token,
            "desk": desk.tokens.create(name="Desk").token,
            "team": team.pk,
            "item": item.pk,
            "quota": quota.pk,
            "door": door.pk,
        }


def serve(port: int) -> None:
    from pretix.wsgi import application

    class Server(ThreadingMixIn, WSGIServer):
        daemon_threads = True

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_: Any) -> None: ...

    make_server("127.0.0.1", port, application, Server, Quiet).serve_forever()


if __name__ == "__main__":
    if sys.argv[1] == "make":
        print(json.dumps(make()))
    else:
        serve(int(sys.argv[2]))
