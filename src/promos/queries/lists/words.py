"""What is stored in one of few ways, in the words of who reads a list, by the head of its column."""

from collections.abc import Mapping

from promos.rules.language import N_

_PASS = {
    "live": N_("live"),
    "handed_on": N_("handed on"),
    "given_back": N_("given back"),
    "revoked": N_("revoked"),
}
_REDEMPTION = {
    "held": N_("held"),
    "confirmed": N_("confirmed"),
    "cancelled": N_("cancelled"),
    "expired": N_("expired"),
}
_CODE = {"active": N_("active"), "paused": N_("paused"), "revoked": N_("revoked")}
_YES = {"yes": N_("yes"), "no": N_("no")}
WORDS: Mapping[str, Mapping[str, str]] = {
    "State": _REDEMPTION | _CODE,
    "Held for": {"shop": N_("your ticket shop"), "review": N_("your decision"), "place": N_("the waiting list")},
    "Pass": _PASS,
    "Result": {"admitted": N_("admitted"), "already": N_("already in"), "refused": N_("refused")},
    "Reason": {
        "unknown": N_("no pass of ours"),
        "other-event": N_("of another event"),
        "given-back": N_("given back"),
        "revoked": N_("cancelled"),
        "replaced": N_("replaced by a newer QR code"),
    },
    "Benefit": {
        "free_pass": N_("free pass"),
        "percent": N_("percentage off"),
        "amount": N_("amount off"),
        "fixed_price": N_("fixed price"),
        "access": N_("right to buy"),
    },
    "When cancelled": {"return": N_("can be given to somebody else"), "keep": N_("stays counted")},
    "Kind": {"vanity": N_("public word"), "generated": N_("secret code")},
    "You decide": _YES,
    "Asks for names": _YES,
}
