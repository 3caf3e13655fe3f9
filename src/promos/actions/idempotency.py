"""One effect for one Idempotency-Key: the answer is stored in the transaction of the effect, so nothing stays locked.

Only answers of success are kept: a refused request had no effect, and may be tried again under its key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import IdempotencyRecord, new_id, table
from promos.queries.together import padded
from promos.rules.refusals import IdempotencyKeyInvalid, IdempotencyKeyReused


@dataclass(frozen=True, slots=True)
class Keyed:
    """Whose key it is, the key, and a mark of what it was used for. None of them tells an address."""

    principal: str
    key: str
    fingerprint: str

    @property
    def name(self) -> tuple[str, str]:
        """What it is found by: the same key of somebody else is another one."""
        return self.principal, self.key


@dataclass(frozen=True, slots=True)
class Stored:
    """An answer given before; `document` holds ids, never secrets."""

    status: int
    document: Any


def keyed(principal: str, header: str, fingerprint: str) -> Keyed:
    """The key of a request; `"abc"` and `abc` are the same. Raises `IdempotencyKeyInvalid`."""
    key = header[1:-1] if len(header) > 1 and header[0] == header[-1] == '"' else header
    if not 1 <= len(key) <= 255 or not all("!" <= letter <= "~" for letter in key):
        raise IdempotencyKeyInvalid
    return Keyed(principal, key, fingerprint)


async def answered(session: AsyncSession, keys: Sequence[Keyed]) -> dict[Keyed, Stored | IdempotencyKeyReused]:
    """For those of `keys` that were used before: the answer, or the refusal where the request was another one."""
    if not keys:
        return {}
    pair = sa.tuple_(IdempotencyRecord.principal, IdempotencyRecord.key)
    rows = await session.scalars(sa.select(IdempotencyRecord).where(pair.in_(padded([key.name for key in keys]))))
    found = {(row.principal, row.key): row for row in rows}
    answers: dict[Keyed, Stored | IdempotencyKeyReused] = {}
    for key in keys:
        if row := found.get(key.name):
            is_same = row.fingerprint == key.fingerprint
            answers[key] = Stored(row.status, msgspec.json.decode(row.body)) if is_same else IdempotencyKeyReused()
    return answers


async def store(session: AsyncSession, answers: Sequence[tuple[Keyed, int, Any]], *, now: datetime) -> None:
    """Keep these answers; raises `IntegrityError` if one of the keys was used this very moment elsewhere."""
    rows = [
        {
            "id": new_id(),
            "principal": key.principal,
            "key": key.key,
            "fingerprint": key.fingerprint,
            "status": status,
            "body": msgspec.json.encode(document).decode(),
            "created_at": now,
        }
        for key, status, document in answers
    ]
    if rows:
        await session.execute(sa.insert(table(IdempotencyRecord)), rows)
