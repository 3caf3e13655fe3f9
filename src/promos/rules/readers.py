"""Readers' addresses: what one may write to, and which addresses are one person's."""

import re
import unicodedata
from functools import lru_cache

import idna

from promos.rules.refusals import AddressInvalid

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_GOOGLE = frozenset({"gmail.com", "googlemail.com"})


def address(typed: str) -> str:
    """The address mail is sent to: trimmed, domain in lower-case punycode; raises `AddressInvalid`.

    No quoted local part and no address literal: RFC 5321 knows them, no reader has one, and forgers like them.
    """
    text = unicodedata.normalize("NFKC", typed).strip()
    local, at, domain = text.rpartition("@")
    if not at or len(text) > 254 or len(local) > 64 or not _LOCAL.fullmatch(local):
        raise AddressInvalid
    return f"{local}@{_ascii_domain(domain)}"


@lru_cache(maxsize=1024)
def _ascii_domain(domain: str) -> str:
    try:
        ascii_domain = idna.encode(domain.rstrip("."), uts46=True, std3_rules=True).decode().lower()
    except (idna.IDNAError, UnicodeError):
        raise AddressInvalid from None
    if "." not in ascii_domain or ascii_domain.rpartition(".")[2].isdigit():
        raise AddressInvalid
    return ascii_domain


def canonical(sendable: str) -> str:
    """What stands for one person: lower case, no `+tag`, no dots at Google. For counting only, never for sending."""
    local, _, domain = sendable.lower().rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _GOOGLE:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"


def is_nobodys(sendable: str) -> bool:
    """Whether nobody can ever have this address: `.invalid` is kept free for good (RFC 2606)."""
    return domain_of(sendable).endswith(".invalid")


def domain_of(sendable: str) -> str:
    return sendable.rpartition("@")[2].lower()
