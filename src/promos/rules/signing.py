"""Secrets that leave the house: links, QR tokens, reader keys. Each is an HMAC-SHA256 for one purpose.

Signing keys come newest first. Whatever was signed with an older one still verifies as long as that key is listed.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from functools import lru_cache
from uuid import UUID

_MAC = 16  # bytes: 128 bit


def reader_key(key: bytes, canonical_address: str) -> str:
    """The pseudonym under which one person is counted, 64 hexadecimal digits."""
    return hmac.new(key, b"reader\0" + canonical_address.encode(), hashlib.sha256).hexdigest()


def pool_mark(key: bytes, compared: str) -> str:
    """Under which a shop's code is found, 64 hexadecimal digits: nobody tells from it what the code is."""
    return hmac.new(key, b"pool\0" + compared.encode(), hashlib.sha256).hexdigest()


def bucket(key: bytes, *parts: str) -> str:
    """The name of a rate limit's counter, from which nobody reads an address."""
    return hmac.new(key, b"limit\0" + "\0".join(parts).encode(), hashlib.sha256).hexdigest()[:40]


def keyed_mark(key: bytes, purpose: str, word: str) -> str:
    """What is stored of a secret that is short enough to be typed: useless to whoever has the database alone."""
    return hmac.new(key, f"mark\0{purpose}\0{word}".encode(), hashlib.sha256).hexdigest()


def request_mark(key: bytes, method: str, path: str, body: bytes = b"") -> hmac.HMAC:
    """What tells a request from another one; more of its body may be added. Nobody guesses an address from it."""
    return hmac.new(key, f"request\0{method} {path}\0".encode() + body, hashlib.sha256)


def fingerprint(secret: str | bytes) -> str:
    """What is stored of a random secret of at least 128 bit: its SHA-256."""
    return hashlib.sha256(secret.encode() if isinstance(secret, str) else secret).hexdigest()


def secret_of(key: bytes, purpose: str, of: UUID) -> str:
    """The secret (160 bit, 32 letters and digits) that belongs to row `of`: it can be made again, and not guessed."""
    mac = hmac.new(key, f"{purpose}\0".encode() + of.bytes, hashlib.sha256).digest()
    return _text(mac[:20])


def link(keys: Sequence[bytes], purpose: str, of: UUID) -> str:
    """A signed link to row `of`, 52 letters and digits; `opened` reads it."""
    return _text(of.bytes + _mac(keys[0], purpose, of.bytes))


def opened(keys: Sequence[bytes], purpose: str, signed: str) -> UUID | None:
    """The row that `signed` points to, or `None` if it was not signed here for this purpose."""
    raw = _bytes(signed)
    if raw is None or len(raw) != 16 + _MAC:
        return None
    for key in keys:
        if hmac.compare_digest(_mac(key, purpose, raw[:16]), raw[16:]):
            return UUID(bytes=raw[:16])
    return None


@lru_cache(maxsize=16)
def key_id(key: bytes) -> str:
    """Two characters that tell one signing key from another."""
    return _text(hashlib.sha256(b"key id\0" + key).digest()[:2])[:2]


def qr_token(key: bytes, pass_id: UUID, drawn: int) -> str:
    """What the QR of a pass says: `P`, key id, id, number of the drawing and MAC; capitals and digits only.

    It opens the door and nothing else. A new drawing ends the one before.
    """
    said = pass_id.bytes + drawn.to_bytes(2, "big")
    return "P" + key_id(key) + _text(said + _mac(key, "door", said))


def qr_read(keys: Sequence[bytes], token: str) -> tuple[UUID, int] | None:
    """The pass and the drawing that a scanned `token` speaks of, or `None` if we did not sign it."""
    text = token.strip().upper()
    raw = _bytes(text[3:])
    if not (text.isascii() and text.startswith("P")) or raw is None or len(raw) != 18 + _MAC:
        return None
    for key in keys:
        if hmac.compare_digest(key_id(key), text[1:3]) and hmac.compare_digest(_mac(key, "door", raw[:18]), raw[18:]):
            return UUID(bytes=raw[:16]), int.from_bytes(raw[16:18], "big")
    return None


def same(one: str, other: str) -> bool:
    """Equality that takes as long for a near miss as for a far one."""
    return hmac.compare_digest(one.encode(), other.encode())


def _mac(key: bytes, purpose: str, said: bytes) -> bytes:
    return hmac.new(key, f"{purpose}\0".encode() + said, hashlib.sha256).digest()[:_MAC]


def _text(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes | None:
    if not (text.isascii() and len(text) <= 200):
        return None
    try:
        raw = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except ValueError:
        return None
    return raw if _text(raw) == text.upper() else None  # one spelling only
