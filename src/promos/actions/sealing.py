"""Secrets of others that we have to say again: sealed with the installation's keys, for one purpose each."""

import base64
import hashlib
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class Seal:
    """Sealed with the newest key of the installation; opened with any that is listed."""

    def __init__(self, keys: Sequence[bytes], purpose: str) -> None:
        made = [hashlib.sha256(purpose.encode() + b"\0" + key).digest() for key in keys]
        self._keys = MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in made])

    def close(self, text: str) -> str:
        return self._keys.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str | None:
        """The text, or `None` where it was sealed with a key that is no longer listed."""
        try:
            return self._keys.decrypt(sealed.encode()).decode()
        except InvalidToken:
            return None
