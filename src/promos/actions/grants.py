"""What one transaction gives: redemptions first, then all that follows each of them, then the counters."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import holds, journal, locks, pools, readers
from promos.actions.locks import Change
from promos.models import Delivery, Pass, Redemption, new_id, table
from promos.models.redemptions import LIVE
from promos.queries.together import padded
from promos.rules import pools as pool_rules
from promos.rules import redemption
from promos.rules.people import PROGRAM
from promos.rules.redemption import Ask, Low, Outcome, Redeemed, Row, Terms, Way
from promos.rules.refusals import OfferExhausted, Refusal


@dataclass(slots=True)
class Batch:
    """What one transaction found and decided."""

    terms: dict[Way, Terms]
    now: datetime
    outcomes: dict[UUID, Outcome] = field(default_factory=dict)
    granted: list[tuple[Ask, dict[str, Any]]] = field(default_factory=list)  # with the redemption's row
    repeats: set[UUID] = field(default_factory=set)  # asks whose claim was proven before
    standing: list[Ask] = field(default_factory=list)  # asks whose claim stands in line already
    taken: set[UUID] = field(default_factory=set)  # holds that became passes
    is_promised: bool = False  # whether more wait in line than this transaction serves

    def refusal(self, ask: Ask, chosen: "Counter[Row]") -> Refusal | None:
        """The rule's answer for one more, after the `chosen`."""
        terms = self.terms[ask.way]
        if self.is_promised and ask.held_for != "place" and terms.left is not None:
            return OfferExhausted(terms.offer.limit or 0)
        return redemption.decide(terms, chosen, self.now)


async def insert(session: AsyncSession, batch: Batch, chosen: Sequence[Ask]) -> list[Ask]:
    """Insert the redemptions of the chosen; those whose reader got one elsewhere meanwhile come back."""
    if not chosen:
        return []
    new = {ask.asker.email: ask.asker for ask in chosen if ask.asker and ask.reader_id is None}
    known = await readers.remember(session, new, now=batch.now)
    rows = {ask.id: _row(batch, ask, known) for ask in chosen}
    _number(batch, [(ask, rows[ask.id]) for ask in chosen])
    statement = readers.insert_into(session, table(Redemption)).on_conflict_do_nothing(
        index_elements=["event_id", "reader_key"], index_where=sa.text(LIVE)
    )
    in_order = sorted(rows.values(), key=lambda row: str(row["reader_key"]))  # two offers of one event cannot deadlock
    connection = await session.connection()
    await connection.execute(statement, in_order)
    stored = set(await connection.scalars(_STORED, {"ids": padded([row["id"] for row in in_order])}))
    taken = [(ask, rows[ask.id]) for ask in chosen if rows[ask.id]["id"] in stored]
    missed = [ask for ask in chosen if rows[ask.id]["id"] not in stored]
    if missed:
        _number(batch, taken)
        for _, row in taken:  # ascending: each moves down into a number that is free
            await session.execute(
                sa.update(table(Redemption)).where(Redemption.id == row["id"]).values(version=row["version"])
            )
    batch.granted += taken
    return missed


_STORED = sa.select(table(Redemption).c.id).where(table(Redemption).c.id.in_(sa.bindparam("ids", expanding=True)))


def _row(batch: Batch, ask: Ask, known: dict[str, UUID]) -> dict[str, Any]:
    terms = batch.terms[ask.way]
    held_for = ask.held_for or ("review" if terms.is_reviewed and ask.claim_id else None)
    return {
        "id": new_id(),
        "partner_id": terms.partner_id,
        "event_id": terms.event_id,
        "pass_type_id": terms.pass_type_id,
        "offer_id": terms.offer_id,
        "code_id": ask.code_id,
        "allotment_id": terms.allotments[-1].id if terms.allotments else None,
        "block_id": ask.block_id,
        "claim_id": ask.claim_id,
        "token_id": ask.token_id,
        "reader_id": ask.reader_id or (known[ask.asker.email] if ask.asker else None),
        "reader_key": ask.reader_key,
        "state": "held" if held_for else "confirmed",
        "held_for": held_for,
        "expires_at": ask.held_until,
        "list_price": terms.price.list_price,
        "reduction": terms.price.reduction,
        "currency": terms.price.currency,
        "counted": True,
        "version": 0,
        "created_at": batch.now,
        "ended_at": None,
    }


def _number(batch: Batch, rows: Iterable[tuple[Ask, dict[str, Any]]]) -> None:
    """Give each row the next version of its code."""
    last = Counter({terms.code_id: terms.version for terms in batch.terms.values()})
    last.update(row["code_id"] for _, row in batch.granted)
    for _, row in rows:
        last[row["code_id"]] += 1
        row["version"] = last[row["code_id"]]


async def store(session: AsyncSession, batch: Batch) -> None:
    """Passes, history and mails of the granted, and the counters, widest first."""
    if not batch.granted:
        return
    passes, entries, mails, changes = [], [], [], []
    for ask, row in batch.granted:
        terms = batch.terms[ask.way]
        shared = {"partner_id": row["partner_id"], "event_id": row["event_id"]}
        pass_id = None
        if row["state"] == "confirmed":
            of_type = shared | {"pass_type_id": row["pass_type_id"]}
            given, mail = holds.issue(row["id"], of_type, row["reader_id"], ask.language, batch.now)
            pass_id = given["id"]
            passes.append(given)
            mails.append(mail)
        elif row["held_for"] == "place":
            mails.append(holds.mail("place", ask.language, batch.now, claim_id=ask.claim_id))
        verb = "code.redeemed" if pass_id else "place.offered" if row["held_for"] == "place" else "code.held"
        kind = "token" if ask.token_id else "program" if row["held_for"] == "place" else "reader"
        entries.append(
            {**shared, "id": new_id(), "at": batch.now, "verb": verb, "subject_id": row["id"], "facts": {}}
            | {"actor_kind": kind, "actor_id": ask.token_id, "publication_id": None}
            | {"code_id": ask.code_id, "version": row["version"]}
        )
        path = tuple(part.id for part in terms.allotments)
        changes.append(Change(terms, path, uses=1, cost=row["reduction"], pooled=1 if terms.pool else 0))
        batch.outcomes[ask.id] = Redeemed(
            row["id"],
            pass_id,
            row["version"],
            is_new=True,
            is_mine=True,
            price=terms.price,
            state=row["state"],
            held_for=row["held_for"],
            expires_at=row["expires_at"],
        )
    for rows, of in ((passes, Pass), (mails, Delivery)):
        if rows:
            await session.execute(sa.insert(table(of)), rows)
    if drawn := [row for ask, row in batch.granted if batch.terms[ask.way].pool]:
        await pools.assign(session, drawn[0]["offer_id"], [row["id"] for row in drawn], now=batch.now)
    await locks.count(session, changes)
    await journal.store(session, [*entries, *_running_low(batch), *_pool_low(batch)])


def _running_low(batch: Batch) -> list[dict[str, Any]]:
    """History of the codes whose last passes these were, or nearly."""
    given: Counter[Row] = Counter()
    ways = {ask.code_id: ask.way for ask, _ in batch.granted}
    for ask, _ in batch.granted:
        redemption.grant(batch.terms[ask.way], given)
    entries = []
    for code_id, way in ways.items():
        terms = batch.terms[way]
        if low := redemption.running_low(terms, given):
            verb = "code.exhausted" if low.left == 0 else "code.almost_exhausted"
            entries.append(_told(batch, verb, code_id, code_id, terms, low))
    return entries


def _pool_low(batch: Batch) -> list[dict[str, Any]]:
    """History of the offer whose shop's codes run low, or are all handed out."""
    ask = batch.granted[0][0]
    terms = batch.terms[ask.way]
    low = pool_rules.running_low(terms.pool, len(batch.granted)) if terms.pool else None
    if low is None:
        return []
    verb = "pool.exhausted" if low.left == 0 else "pool.almost_exhausted"
    return [_told(batch, verb, terms.offer_id, ask.code_id, terms, low)]


def _told(batch: Batch, verb: str, subject: UUID, code_id: UUID, terms: Terms, low: Low) -> dict[str, Any]:
    return {
        "id": new_id(),
        "at": batch.now,
        "verb": verb,
        "subject_id": subject,
        "code_id": code_id,
        "version": None,
        "partner_id": terms.partner_id,
        "event_id": terms.event_id,
        "publication_id": None,
        "actor_kind": PROGRAM.kind,
        "actor_id": None,
        "facts": {"left": low.left, "rule": low.rule},
    }
