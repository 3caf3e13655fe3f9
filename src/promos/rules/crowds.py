"""What readers are is told of crowds only: no group below `K` is shown, nor found by subtracting those that are.

A partner's own counts, by code, issue and day, are exact: they are his ledger. This is about what his readers are.
"""

from collections.abc import Mapping
from dataclasses import dataclass

K = 5  # readers

# Where many people have their mail: the name that they know it by, and its domains.
PROVIDERS = {
    "Gmail": ("gmail.com", "googlemail.com"),
    "Outlook": ("outlook.com", "outlook.fr", "hotmail.com", "hotmail.fr", "live.com", "live.fr", "msn.com"),
    "Yahoo": ("yahoo.com", "yahoo.fr", "ymail.com"),
    "iCloud": ("icloud.com", "me.com", "mac.com"),
    "Orange": ("orange.fr", "wanadoo.fr"),
    "Free": ("free.fr",),
    "SFR": ("sfr.fr", "neuf.fr"),
    "La Poste": ("laposte.net",),
    "Proton": ("proton.me", "protonmail.com", "pm.me"),
    "GMX": ("gmx.com", "gmx.de", "gmx.net", "gmx.fr"),
}
_PROVIDER = {domain: name for name, domains in PROVIDERS.items() for domain in domains}


@dataclass(frozen=True, slots=True)
class Crowds:
    """`shown`: by name, the largest first. `others`: the rest as one; fewer than `k` only where all of them are."""

    shown: list[tuple[str, int]]
    others: int


def merged(groups: Mapping[str, int], k: int = K) -> Crowds:
    """The groups of `k` and more; where what is left would be fewer than `k`, the smallest shown join it."""
    largest = sorted(groups.items(), key=lambda group: (-group[1], group[0]))
    shown = [(name, count) for name, count in largest if count >= k]
    others = sum(groups.values()) - sum(count for _, count in shown)
    while shown and 0 < others < k:
        others += shown.pop()[1]
    return Crowds(shown, others)


def whole(readers: int, k: int = K) -> int:
    """How many of `readers`, in the order in which they came, are told of: full groups of `k`.

    Whoever looks before and after one pass sees no difference, or that of `k` readers.
    """
    return readers - readers % k


def provider(domain: str) -> str:
    """The name of a public mail provider; every other domain is its own."""
    return _PROVIDER.get(domain, domain)
