"""Claims, holds, passes and the door."""

from datetime import datetime

from promos.rules.language import N_
from promos.rules.refusals.families import Blocked, Invalid, Over


class AddressInvalid(Invalid):
    slug = "address-invalid"
    title = N_("This is not an e-mail address that we can write to.")


class NameNeeded(Invalid):
    slug = "name-needed"
    title = N_("The event asks for the name on the pass.")


class LinkEnded(Over):
    slug = "link-ended"
    title = N_("This link is no longer good. Ask for a new one; it takes a minute.")


class PairingCodeEnded(Over):
    slug = "pairing-code-ended"
    title = N_("This code was used, is over or never was. Whoever runs the event can make a new one.")


class DeviceRevoked(Over):
    slug = "device-revoked"
    title = N_("This device was revoked. Make a new one.")


class LinkSuperseded(Over):
    slug = "link-superseded"
    title = N_("You asked again later, so only the newest mail's link works.")


class PassGivenBack(Over):
    slug = "pass-given-back"
    title = N_("This pass was given back.")


class PassInUse(Blocked):
    slug = "pass-in-use"
    title = N_("This pass has already opened the door, so it cannot be given back.")


class HoldTooLong(Invalid):
    slug = "hold-too-long"
    title = N_("A place is held for at most that long.")

    def __init__(self, most: int) -> None:
        self.most = most  # seconds


class HoldExpired(Over):
    slug = "hold-expired"
    title = N_("The time for which this place was held is over.")

    def __init__(self, expired_at: datetime) -> None:
        self.expired_at = expired_at


class PlaceLapsed(Over):
    slug = "place-lapsed"
    title = N_("The place went to the next in line. Ask again if you still want to come.")


class WaitingListLeft(Over):
    slug = "waiting-list-left"
    title = N_("You left the waiting list.")


class PassHandedOn(Over):
    slug = "pass-handed-on"
    title = N_("This pass was handed on to somebody else.")


class EventOver(Over):
    slug = "event-over"
    title = N_("This event is over.")


class HandedOnTooOften(Blocked):
    slug = "handed-on-too-often"
    title = N_("This pass was handed on before; it stays with whom it was given to.")


class HandedToHolder(Invalid):
    slug = "handed-to-holder"
    title = N_("This is the address that holds the pass already.")


class RedemptionEnded(Over):
    slug = "redemption-ended"
    title = N_("This redemption was cancelled before.")


class ScanIdReused(Invalid):
    slug = "scan-id-reused"
    title = N_("This scan id was used before for another pass.")


class CheckInUndone(Over):
    slug = "check-in-undone"
    title = N_("This check-in was undone before.")


class NothingToUndo(Blocked):
    slug = "nothing-to-undo"
    title = N_("Only a scan that admitted somebody can be undone.")
