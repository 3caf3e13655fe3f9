"""Giving passes: everybody who waits for one offer is decided in one transaction, in order of arrival."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import readers
from promos.actions.locks import count, locked_terms
from promos.models import Claim, Consent, Delivery, Entry, Pass, Redemption, new_id, table
from promos.queries import terms as terms_query
from promos.rules import redemption
from promos.rules.redemption import Ask, Outcome, Redeemed, Terms
from promos.rules.refusals import AlreadyHoldsPass, LinkEnded, LinkSuperseded, NotFound, PassGivenBack, Refusal

RESENDS_A_DAY = 3


@dataclass(frozen=True, slots=True)
class Held:
    """A live redemption, as one look finds it."""

    id: UUID
    offer_id: UUID
    reader_id: UUID
    reader_key: str
    token_id: UUID | None
    pass_id: UUID
    drawn: int
    version: int


@dataclass(slots=True)
class Batch:
    """What one transaction found and decided."""

    terms: dict[UUID, Terms]
    now: datetime
    outcomes: dict[UUID, Outcome] = field(default_factory=dict)
    granted: list[tuple[Ask, dict[str, Any]]] = field(default_factory=list)  # with the redemption's row
    repeats: set[UUID] = field(default_factory=set)  # asks whose claim was proven before

    def refusal(self, ask: Ask, chosen: "Counter[UUID]") -> Refusal | None:
        """The rule's answer for one more, after the `chosen` ones by code."""
        given = Counter(row["code_id"] for _, row in self.granted) + chosen
        return redemption.decide(
            self.terms[ask.code_id], of_code=given[ask.code_id], of_offer=given.total(), now=self.now
        )


async def redeem(session: AsyncSession, asks: Sequence[Ask], *, now: datetime) -> dict[UUID, Outcome]:
    """Decide all `asks` on codes of one offer; the outcome of each is found by its id.

    A reader who holds a pass of this offer gets that pass again. Nothing is counted that is not stored, and whatever
    follows a pass (mail, history, the claim's end) is stored with it or not at all.
    """
    codes = {ask.code_id for ask in asks}
    seen = await terms_query.of_codes(session, codes)
    event_id = next(iter(seen.values())).event_id
    if all(redemption.refusal(each, now) for each in seen.values()):
        batch = Batch(seen, now)  # nothing to give: no lock, and nothing to write but the answers
    else:
        batch = Batch(await locked_terms(session, codes), now)
    open_asks = await _settled_before(session, batch, asks)
    held = await _held(session, event_id, {ask.reader_key for ask in open_asks})
    waiting = _answer_holders(batch, open_asks, held)
    while waiting:
        chosen, refused = _choose(batch, waiting)
        missed = await _insert(session, batch, chosen)
        if not missed:
            batch.outcomes.update(refused)
            break
        # These readers have a pass by now: of this batch, by another code of the offer, or of another offer of the
        # event a moment ago. Their places go to those behind them.
        served = {ask.reader_key for ask, _ in batch.granted}
        held = await _held(session, event_id, {ask.reader_key for ask in missed} - served)
        behind = [ask for ask in waiting if ask.reader_key not in served and (ask.id in refused or ask in missed)]
        waiting = _answer_holders(batch, behind, held)
    await _store(session, batch)
    _follow(batch, open_asks)
    await _settle_claims(session, batch, open_asks)
    await _agree(session, batch, open_asks)
    await _send_again(session, batch, open_asks)
    return batch.outcomes


async def _settled_before(session: AsyncSession, batch: Batch, asks: Sequence[Ask]) -> list[Ask]:
    """Answer the claims that were settled while they waited; the rest, in order."""
    ids = [ask.claim_id for ask in asks if ask.claim_id]
    if not ids:
        return list(asks)
    rows = await session.execute(
        sa.select(
            Claim.id, Claim.state, Claim.expires_at, Redemption.id.label("redemption"), Redemption.state.label("is")
        )
        .outerjoin(Redemption, Claim.redemption_id == Redemption.id)
        .where(Claim.id.in_(ids))
    )
    claims = {row.id: row for row in rows}
    rest = []
    for ask in asks:
        claim = claims.get(ask.claim_id) if ask.claim_id else None
        if claim is None:
            rest.append(ask)
        elif claim.state == "superseded":
            batch.outcomes[ask.id] = LinkSuperseded()
        elif claim.state == "proven" and getattr(claim, "is") != "confirmed":
            batch.outcomes[ask.id] = PassGivenBack()
        elif claim.state != "proven" and batch.now >= claim.expires_at:
            batch.outcomes[ask.id] = LinkEnded()
        else:
            if claim.state == "proven":
                batch.repeats.add(ask.id)
            rest.append(ask)
    return rest


async def _held(session: AsyncSession, event_id: UUID, keys: Iterable[str]) -> dict[str, Held]:
    """The live redemptions of these readers for the event, with their passes, by reader key."""
    rows = await session.execute(
        sa.select(
            Redemption.id,
            Redemption.offer_id,
            Redemption.reader_id,
            Redemption.reader_key,
            Redemption.token_id,
            Pass.id.label("pass_id"),
            Pass.drawn,
            Redemption.version,
        )
        .join(Pass, sa.and_(Pass.redemption_id == Redemption.id, Pass.state == "live"))
        .where(Redemption.event_id == event_id, Redemption.reader_key.in_(list(keys)), Redemption.state == "confirmed")
    )
    return {row.reader_key: Held(*row) for row in rows}


def _answer_holders(batch: Batch, asks: Iterable[Ask], held: dict[str, Held]) -> list[Ask]:
    """Those who hold a pass are answered; of the rest, the first ask of each reader for each code waits on."""
    first: dict[tuple[str, UUID], Ask] = {}
    for ask in asks:
        holds = held.get(ask.reader_key)
        if holds is None:
            first.setdefault((ask.reader_key, ask.code_id), ask)
        elif holds.offer_id != batch.terms[ask.code_id].offer_id:
            batch.outcomes[ask.id] = AlreadyHoldsPass()
        else:
            batch.outcomes[ask.id] = _again(ask, holds)
    return list(first.values())


def _again(ask: Ask, holds: Held) -> Redeemed:
    is_mine = _is_same(ask, holds.reader_id, holds.token_id)
    return Redeemed(holds.id, holds.pass_id, holds.version, is_new=False, is_mine=is_mine, drawn=holds.drawn)


def _is_same(ask: Ask, reader_id: UUID | None, token_id: UUID | None) -> bool:
    """Whether who asks is who created the pass: the reader with this very address, or the token."""
    return ask.reader_id == reader_id if ask.claim_id else ask.token_id is not None and ask.token_id == token_id


def _choose(batch: Batch, waiting: Sequence[Ask]) -> tuple[list[Ask], dict[UUID, Outcome]]:
    """Who gets a place, in order of arrival, and the refusals of the others."""
    chosen: list[Ask] = []
    refused: dict[UUID, Outcome] = {}
    by_code: Counter[UUID] = Counter()
    for ask in waiting:
        if no := batch.refusal(ask, by_code):
            refused[ask.id] = no
        else:
            chosen.append(ask)
            by_code[ask.code_id] += 1
    return chosen, refused


async def _insert(session: AsyncSession, batch: Batch, chosen: Sequence[Ask]) -> list[Ask]:
    """Insert the redemptions of the chosen; those whose reader got one elsewhere meanwhile come back."""
    if not chosen:
        return []
    new = {ask.asker.email: ask.asker for ask in chosen if ask.asker and ask.reader_id is None}
    known = await readers.remember(session, new, now=batch.now)
    rows = {ask.id: _row(batch, ask, known) for ask in chosen}
    _number(batch, [(ask, rows[ask.id]) for ask in chosen])
    statement = (
        readers.insert_into(session, table(Redemption))
        .on_conflict_do_nothing(index_elements=["event_id", "reader_key"], index_where=sa.text("state = 'confirmed'"))
        .returning(Redemption.id)
    )
    in_order = sorted(rows.values(), key=lambda row: str(row["reader_key"]))  # two offers of one event cannot deadlock
    stored = set(await session.scalars(statement.values(in_order)))
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


def _row(batch: Batch, ask: Ask, known: dict[str, UUID]) -> dict[str, Any]:
    terms = batch.terms[ask.code_id]
    return {
        "id": new_id(),
        "partner_id": terms.partner_id,
        "event_id": terms.event_id,
        "pass_type_id": terms.pass_type_id,
        "offer_id": terms.offer_id,
        "code_id": ask.code_id,
        "block_id": ask.block_id,
        "claim_id": ask.claim_id,
        "token_id": ask.token_id,
        "reader_id": ask.reader_id or (known[ask.asker.email] if ask.asker else None),
        "reader_key": ask.reader_key,
        "state": "confirmed",
        "counted": True,
        "version": 0,
        "created_at": batch.now,
        "ended_at": None,
    }


def _number(batch: Batch, rows: Iterable[tuple[Ask, dict[str, Any]]]) -> None:
    """Give each row the next version of its code."""
    last = Counter({code: terms.version for code, terms in batch.terms.items()})
    last.update(row["code_id"] for _, row in batch.granted)
    for _, row in rows:
        last[row["code_id"]] += 1
        row["version"] = last[row["code_id"]]


async def _store(session: AsyncSession, batch: Batch) -> None:
    """Passes, history, mails and consents of the granted, and the counters, widest first."""
    if not batch.granted:
        return
    passes, entries, mails = [], [], []
    for ask, row in batch.granted:
        shared = {"partner_id": row["partner_id"], "event_id": row["event_id"]}
        pass_id = new_id()
        passes.append(
            {**shared, "id": pass_id, "pass_type_id": row["pass_type_id"], "redemption_id": row["id"], "drawn": 1}
            | {"state": "live", "issued_at": batch.now, "ended_at": None}
        )
        entries.append(
            {**shared, "id": new_id(), "at": batch.now, "verb": "code.redeemed", "subject_id": row["id"]}
            | {"actor_kind": "token" if ask.token_id else "reader", "actor_id": ask.token_id, "publication_id": None}
            | {"code_id": ask.code_id, "version": row["version"], "facts": {}}
        )
        mails.append(_mail(pass_id, ask.language, batch.now))
        batch.outcomes[ask.id] = Redeemed(row["id"], pass_id, row["version"], is_new=True, is_mine=True)
    await session.execute(sa.insert(table(Pass)), passes)
    await session.execute(sa.insert(table(Entry)), entries)
    await session.execute(sa.insert(table(Delivery)), mails)
    await _count_up(session, batch)


async def _count_up(session: AsyncSession, batch: Batch) -> None:
    by_code = Counter(row["code_id"] for _, row in batch.granted)
    for code_id in sorted(by_code):
        await count(session, batch.terms[code_id], uses=by_code[code_id], versions=by_code[code_id])


def _mail(pass_id: UUID, language: str, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "kind": "pass",
        "pass_id": pass_id,
        "language": language,
        "state": "pending",
        "attempts": 0,
        "due_at": now,
        "created_at": now,
    }


def _follow(batch: Batch, asks: Sequence[Ask]) -> None:
    """A reader who asked several times at once hears the same each time."""
    given = {ask.reader_key: ask for ask, _ in batch.granted}
    first = {(ask.reader_key, ask.code_id): ask for ask in reversed(asks) if ask.id in batch.outcomes}
    for ask in asks:
        if ask.id in batch.outcomes and not (ask.reader_key in given and isinstance(batch.outcomes[ask.id], Refusal)):
            continue
        leader = given.get(ask.reader_key) or first[ask.reader_key, ask.code_id]
        outcome = batch.outcomes[leader.id]
        if isinstance(outcome, Redeemed):
            is_mine = _is_same(ask, leader.reader_id, leader.token_id)
            outcome = Redeemed(outcome.redemption_id, outcome.pass_id, outcome.version, is_new=False, is_mine=is_mine)
        batch.outcomes[ask.id] = outcome


async def _settle_claims(session: AsyncSession, batch: Batch, asks: Iterable[Ask]) -> None:
    """A claim that was answered with a pass is proven; one that was refused may ask again while its link lives."""
    proven, refused = [], []
    for ask in asks:
        outcome = batch.outcomes[ask.id]
        if ask.claim_id is None:
            continue
        if isinstance(outcome, Redeemed):
            proven.append({"claim": ask.claim_id, "redemption": outcome.redemption_id, "at": batch.now})
        else:
            refused.append({"claim": ask.claim_id, "why": outcome.slug, "at": batch.now})
    is_open = sa.or_(Claim.state == "pending", Claim.state == "refused")  # IN would not do for many rows at once
    open_claim = sa.and_(Claim.id == sa.bindparam("claim"), is_open)
    settle = sa.update(table(Claim)).where(open_claim)
    connection = await session.connection()
    if proven:
        to_proven = settle.values(state="proven", refusal=None, redemption_id=sa.bindparam("redemption"))
        await connection.execute(to_proven.values(settled_at=sa.bindparam("at")), proven)
    if refused:
        to_refused = settle.values(state="refused", refusal=sa.bindparam("why"))
        await connection.execute(to_refused.values(settled_at=sa.bindparam("at")), refused)


async def _agree(session: AsyncSession, batch: Batch, asks: Iterable[Ask]) -> None:
    """What a reader agreed to share holds once the mailbox is proven, also where the pass was there before.

    Opening a used link again agrees to nothing: what was taken back in between stays taken back.
    """
    consents = [
        {"id": new_id(), "partner_id": batch.terms[ask.code_id].partner_id, "reader_id": ask.reader_id}
        | {"claim_id": ask.claim_id, "field": name, "wording": wording, "language": ask.language}
        | {"given_at": batch.now, "withdrawn_at": None}
        for ask in asks
        if ask.claim_id
        and ask.id not in batch.repeats
        and isinstance(outcome := batch.outcomes[ask.id], Redeemed)
        and outcome.is_mine
        for name, wording in zip(ask.shares, ask.wordings, strict=True)
    ]
    if consents:
        insert = readers.insert_into(session, table(Consent))
        keys = ["partner_id", "reader_id", "field"]
        standing = sa.text("withdrawn_at IS NULL")
        await session.execute(insert.on_conflict_do_nothing(index_elements=keys, index_where=standing), consents)


async def _send_again(session: AsyncSession, batch: Batch, asks: Iterable[Ask]) -> None:
    """Somebody else asked for a reader who holds a pass: the reader gets the mail once more, a few times a day."""
    wanted = {
        outcome.pass_id: ask.language
        for ask in asks
        if isinstance(outcome := batch.outcomes[ask.id], Redeemed) and not outcome.is_mine
    }
    if not wanted:
        return
    a_day_ago = batch.now - timedelta(days=1)
    rows = await session.execute(
        sa.select(Delivery.pass_id, sa.func.count().label("number"))
        .where(Delivery.pass_id.in_(wanted), Delivery.kind == "pass", Delivery.created_at > a_day_ago)
        .group_by(Delivery.pass_id)
    )
    sent = {row.pass_id: row.number for row in rows}
    again = [_mail(pass_id, language, batch.now) for pass_id, language in wanted.items()]
    again = [mail for mail in again if sent.get(mail["pass_id"], 0) < RESENDS_A_DAY]
    if again:
        await session.execute(sa.insert(table(Delivery)), again)


async def offer_of(session: AsyncSession, code_id: UUID) -> UUID:
    """The offer that a code opens; raises `NotFound`."""
    found = await terms_query.of_codes(session, [code_id])
    if code_id not in found:
        raise NotFound("code")
    return found[code_id].offer_id
