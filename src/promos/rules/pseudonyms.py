"""How a reader and a pass are called where nobody may know who it is."""

import hashlib
from uuid import UUID


def reader(partner_id: UUID, reader_id: UUID) -> str:
    """Eight hexadecimal digits, always the same for this reader and partner; another partner sees others.

    Reader ids are random and stay inside, so nobody can compute it from an address.
    """
    return hashlib.sha256(b"pseudonym\0" + partner_id.bytes + reader_id.bytes).hexdigest()[:8]


def pass_number(pass_id: UUID) -> str:
    """`3F2A-9C01`: short enough to be read out, and good for nothing at the door."""
    last = pass_id.hex[-8:].upper()
    return f"{last[:4]}-{last[4:]}"
