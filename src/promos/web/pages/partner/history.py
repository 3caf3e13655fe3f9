"""The journal in plain sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from promos.queries.journal import Told
from promos.rendering.language import Language
from promos.rules.language import N_

SENTENCES = {
    "event.created": N_("%(who)s created the event."),
    "event.changed": N_("%(who)s changed the event: %(changed)s."),
    "event.archived": N_("%(who)s archived the event."),
    "event.restored": N_("%(who)s brought the event back."),
    "pass_type.archived": N_("%(who)s archived the pass type “%(what)s”."),
    "pass_type.restored": N_("%(who)s brought the pass type “%(what)s” back."),
    "pass_type.deleted": N_("%(who)s deleted the pass type “%(what)s”."),
    "offer.archived": N_("%(who)s archived the offer “%(what)s”."),
    "offer.restored": N_("%(who)s brought the offer “%(what)s” back."),
    "offer.deleted": N_("%(who)s deleted the offer “%(what)s”."),
    "code.archived": N_("%(who)s archived the code %(what)s."),
    "code.restored": N_("%(who)s brought the code %(what)s back."),
    "code.deleted": N_("%(who)s deleted the code %(what)s."),
    "pass_type.created": N_("%(who)s created the pass type “%(what)s”."),
    "pass_type.changed": N_("%(who)s changed the pass type “%(what)s”: %(changed)s."),
    "offer.created": N_("%(who)s created the offer “%(what)s”."),
    "offer.changed": N_("%(who)s changed the offer “%(what)s”: %(changed)s."),
    "code.created": N_("%(who)s made the code %(what)s."),
    "code.limit_changed": N_("%(who)s set the limit of %(what)s to %(limit)s."),
    "code.paused": N_("%(who)s paused %(what)s."),
    "code.resumed": N_("%(who)s let %(what)s work again."),
    "code.label_awaited": N_("%(who)s let %(what)s wait for its label in the issue that is sent."),
    "code.label_seen": N_("%(what)s is live: the issue that was sent shows its label."),
    "code.label_missed": N_("The label of %(what)s is gone from the issue that was sent."),
    "code.label_released": N_("%(who)s let %(what)s work whether its label is seen or not."),
    "code.exhausted": N_("The last pass of %(what)s was given."),
    "code.almost_exhausted": N_("Only %(left)s passes of %(what)s are left."),
    "code.ending": N_("%(what)s ends within a day."),
    "pool.filled": N_("%(who)s brought codes of your own shop for “%(what)s”."),
    "pool.supplied": N_("%(who)s has “%(what)s” filled with codes of your ticket shop."),
    "pool.fetched": N_("Codes of your ticket shop came in for “%(what)s”."),
    "shop.connected": N_("%(who)s connected your ticket shop."),
    "shop.left": N_("%(who)s disconnected your ticket shop."),
    "shop.troubled": N_("Your ticket shop could not be read as a whole."),
    "shop.recovered": N_("Your ticket shop is read again."),
    "pool.emptied": N_("%(who)s took codes of your own shop out again for “%(what)s”."),
    "pool.almost_exhausted": N_("Only %(left)s codes of your own shop are left for “%(what)s”."),
    "pool.exhausted": N_("The last code of your own shop was handed out for “%(what)s”."),
    "code.revoked": N_("%(who)s revoked %(what)s."),
    "allotment.created": N_("%(who)s set %(limit)s passes of an offer aside."),
    "allotment.changed": N_("%(who)s changed what is set aside of an offer."),
    "allotment.moved": N_("%(who)s moved passes that are set aside."),
    "allotment.returned": N_("Passes that were set aside are free for all again."),
    "device.created": N_("%(who)s made the device “%(what)s” for the door."),
    "device.code_renewed": N_("%(who)s made a new pairing code for “%(what)s”."),
    "device.paired": N_("A phone was paired as “%(what)s”."),
    "device.revoked": N_("%(who)s revoked the device “%(what)s”."),
    "wish.asked": N_("%(who)s asked for %(passes)s more passes."),
    "wish.approved": N_("%(who)s said yes to %(passes)s more passes."),
    "wish.declined": N_("%(who)s said no to more passes."),
    "wish.withdrawn": N_("%(who)s asks for no more passes any longer."),
    "wish.overtaken": N_("A request for more passes has come to nothing."),
    "codes.ordered": N_("%(who)s ordered secret codes for “%(what)s”."),
    "codes.stopped": N_("%(who)s stopped an order of codes for “%(what)s”."),
    "codes.resumed": N_("%(who)s went on with an order of codes for “%(what)s”."),
    "codes.imported": N_("%(who)s brought a list of codes for “%(what)s”."),
    "code.redeemed": N_("%(who)s took a pass with %(what)s."),
    "code.held": N_("%(who)s held a place with %(what)s."),
    "claim.waiting": N_("%(who)s joined the waiting list."),
    "claim.left": N_("%(who)s left the waiting list."),
    "place.offered": N_("%(who)s offered the next in line a place, for %(what)s."),
    "redemption.confirmed": N_("%(who)s confirmed a place held with %(what)s."),
    "redemption.expired": N_("The time of a place held with %(what)s was over."),
    "redemption.cancelled": N_("%(who)s cancelled a pass given with %(what)s."),
    "pass.given_back": N_("%(who)s gave a pass back, taken with %(what)s."),
    "pass.handed_on": N_("%(who)s handed a pass on, taken with %(what)s."),
    "arrivals.imported": N_("%(who)s brought arrivals that another scanner noted."),
    "everything.exported": N_("%(who)s took everything away, %(rows)s rows."),
    "list.exported": N_("%(who)s took a list away, with %(rows)s rows."),
    "consent.withdrawn": N_("%(who)s stopped sharing: %(shared)s."),
    "pass.checked_in": N_("%(who)s let somebody in."),
    "pass.scanned_again": N_("%(who)s scanned a pass that was in already."),
    "pass.refused": N_("%(who)s refused a pass at the door."),
    "pass.check_in_undone": N_("%(who)s undid a scan."),
    "block.inserted": N_("%(who)s placed “%(what)s” in an issue."),
    "block.changed": N_("%(who)s changed the block “%(what)s”."),
    "block.removed": N_("%(who)s took “%(what)s” out of its issue."),
    "block.published": N_("%(who)s published “%(what)s”."),
    "block.approved": N_("%(who)s approved the words of “%(what)s”."),
    "block.declared": N_("%(who)s declared what was exchanged for “%(what)s”."),
}
OTHER = N_("%(who)s did “%(verb)s”.")
NOBODY = {
    "reader": N_("A reader"),
    "token": N_("A program"),
    "program": N_("Promos"),
    "person": N_("Somebody of the staff"),
}
SHARED = {"email": N_("address"), "name": N_("name"), "company": N_("company")}
CHANGED = {
    "name": N_("name"),
    "edition": N_("edition"),
    "starts_at": N_("beginning"),
    "ends_at": N_("end"),
    "opens_at": N_("opening"),
    "timezone": N_("time zone"),
    "venue": N_("venue"),
    "city": N_("city"),
    "country": N_("country"),
    "url": N_("web page"),
    "highlights": N_("why one comes"),
    "asks_name": N_("whether it asks for names"),
    "asks_company": N_("whether it offers to show companies"),
    "face_value": N_("value"),
    "currency": N_("currency"),
    "vat": N_("VAT"),
    "vat_rate": N_("VAT rate"),
    "capacity": N_("capacity"),
    "limit": N_("limit"),
    "proof": N_("proof"),
    "on_cancel": N_("what a cancelled pass becomes"),
    "eligibility": N_("for whom it is"),
    "conditions_url": N_("conditions"),
    "pass_type_id": N_("pass type"),
    "publication_ids": N_("newsletters"),
    "benefit": N_("what the reader pays"),
    "percent": N_("percentage off"),
    "amount": N_("amount"),
    "budget": N_("budget"),
    "review": N_("whether you decide on each reader"),
    "waiting_list": N_("waiting list"),
    "place_hours": N_("how long a place is kept"),
    "on_expiry": N_("what a place becomes that was never taken"),
}


@dataclass(frozen=True, slots=True)
class Sentence:
    at: datetime
    text: str


def sentences(entries: Sequence[Told], language: Language) -> list[Sentence]:
    return [Sentence(entry.at, _said(entry, language)) for entry in entries]


def _said(entry: Told, language: Language) -> str:
    limit = entry.facts.get("limit")
    changed = [*entry.facts.get("changed", ())]
    changed += [f"{field} → {_number(entry.facts[field], language)}" for field in _LIMITS if field in entry.facts]
    changed += ["budget"] if "budget" in entry.facts else []
    return language.gettext(SENTENCES.get(entry.verb, OTHER)) % {
        "who": entry.who or language.gettext(NOBODY.get(entry.actor_kind, NOBODY["program"])),
        "what": entry.what or entry.facts.get("name", ""),
        "verb": entry.verb,
        "limit": _number(limit, language),
        "left": entry.facts.get("left"),
        "passes": entry.facts.get("passes"),
        "shared": ", ".join(language.gettext(SHARED.get(each, each)) for each in entry.facts.get("fields", ())),
        "rows": language.number(entry.facts.get("rows", 0)),
        "changed": ", ".join(_field(each, language) for each in changed),
    }


_LIMITS = ("limit", "capacity")


def _field(changed: str, language: Language) -> str:
    """`limit → 30` keeps its number behind the word of the field."""
    name, arrow, value = changed.partition(" → ")
    return f"{language.gettext(CHANGED.get(name, name))}{arrow}{value}"


def _number(limit: int | None, language: Language) -> str:
    return language.gettext(N_("none")) if limit is None else language.number(limit)
