"""What becomes of those who asked, once it is decided: their claims, what they agreed to share, and a mail again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import holds, readers
from promos.actions.grants import Batch
from promos.models import Claim, Consent, Delivery, Redemption, new_id, table
from promos.queries.together import padded
from promos.rules.redemption import Ask, Redeemed, Waiting
from promos.rules.refusals import (
    AlreadyHoldsPass,
    EventCancelled,
    LinkEnded,
    LinkSuperseded,
    NotEligible,
    PassGivenBack,
    PassHandedOn,
    PlaceLapsed,
    Refusal,
    WaitingListLeft,
)

RESENDS_A_DAY = 3


async def settled_before(session: AsyncSession, batch: Batch, asks: Sequence[Ask]) -> list[Ask]:
    """Answer the claims that were settled while they waited; the rest, in order."""
    ids = [ask.claim_id for ask in asks if ask.claim_id]
    if not ids:
        return list(asks)
    rows = await session.execute(
        sa.select(
            Claim.id,
            Claim.state,
            Claim.expires_at,
            Claim.reader_key,
            Claim.refusal,
            Redemption.state.label("became"),
            Redemption.reader_key.label("holder"),
        )
        .outerjoin(Redemption, Claim.redemption_id == Redemption.id)
        .where(Claim.id.in_(padded(ids)))
    )
    claims = {row.id: Standing(*row[1:]) for row in rows}
    rest = []
    for ask in asks:
        claim = claims.get(ask.claim_id) if ask.claim_id else None
        if claim is None:
            rest.append(ask)
        elif no := why_closed(claim, batch.now):
            batch.outcomes[ask.id] = no
        elif claim.state == "waiting":
            batch.standing.append(ask)
        else:
            if claim.state == "proven":
                batch.repeats.add(ask.id)
            rest.append(ask)
    return rest


_ENDS: dict[str, type[Refusal]] = {"superseded": LinkSuperseded, "lapsed": PlaceLapsed, "left": WaitingListLeft}
_NO: dict[str, type[Refusal]] = {each.slug: each for each in (EventCancelled, NotEligible)}


@dataclass(frozen=True, slots=True)
class Standing:
    """A claim, and the redemption that came of it, as far as it matters for what may still come of it."""

    state: str
    expires_at: datetime
    reader_key: str
    refusal: str | None = None
    became: str | None = None
    holder: str | None = None


def why_closed(claim: Standing, now: datetime) -> Refusal | None:
    """Why nothing can come of a claim any more."""
    if claim.state in _ENDS:
        return EventCancelled() if claim.refusal == EventCancelled.slug else _ENDS[claim.state]()
    if claim.state == "proven":
        if claim.holder != claim.reader_key:
            return PassHandedOn()
        if claim.became not in ("held", "confirmed"):
            return _NO.get(claim.refusal or "", PassGivenBack)()
    if claim.state == "offered" and now >= claim.expires_at:
        return PlaceLapsed()
    return LinkEnded() if claim.state in ("pending", "refused") and now >= claim.expires_at else None


async def settle(session: AsyncSession, batch: Batch, asks: Iterable[Ask]) -> None:
    """What became of each claim; one that was refused may ask again while its link lives."""
    proven, offered, refused, known = [], [], [], []
    for ask in asks:
        outcome = batch.outcomes[ask.id]
        if ask.claim_id is None or isinstance(outcome, Waiting):
            continue
        if isinstance(outcome, Redeemed):
            row = {"claim": ask.claim_id, "redemption": outcome.redemption_id, "at": batch.now}
            if ask.held_for == "place" and outcome.is_new:
                offered.append(row | {"until": ask.held_until})
            else:
                proven.append(row)
                if outcome.is_mine and ask.id not in batch.repeats:
                    known.append(ask)
        elif ask.held_for != "place" or isinstance(outcome, AlreadyHoldsPass):
            state = "left" if ask.held_for == "place" else "refused"
            refused.append({"claim": ask.claim_id, "is": state, "why": outcome.slug, "at": batch.now})
    is_open = sa.or_(*(Claim.state == state for state in ("pending", "refused", "waiting", "offered")))
    settle = sa.update(table(Claim)).where(Claim.id == sa.bindparam("claim"), is_open)
    settle = settle.values(settled_at=sa.bindparam("at"))
    connection = await session.connection()
    to_redemption = settle.values(refusal=None, redemption_id=sa.bindparam("redemption"))
    if proven:
        await connection.execute(to_redemption.values(state="proven", name=None, company=None), proven)
    await readers.name(session, [(ask.reader_id, ask.name, ask.company) for ask in known if ask.reader_id])
    if offered:
        to_offered = to_redemption.values(state="offered", expires_at=sa.bindparam("until"))
        await connection.execute(to_offered, offered)
    if refused:
        to_refused = settle.values(state=sa.bindparam("is"), refusal=sa.bindparam("why"))
        await connection.execute(to_refused.where(Claim.state != "offered"), refused)


async def agree(session: AsyncSession, batch: Batch, asks: Iterable[Ask]) -> None:
    """What a reader agreed to share holds once the mailbox is proven, also where the pass was there before.

    Opening a used link again agrees to nothing: what was taken back in between stays taken back.
    """
    consents = [
        {"id": new_id(), "partner_id": batch.terms[ask.way].partner_id, "reader_id": ask.reader_id}
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


async def send_again(session: AsyncSession, batch: Batch, asks: Iterable[Ask]) -> None:
    """Somebody else asked for a reader who holds a pass: the reader gets the mail once more, a few times a day."""
    wanted = {
        outcome.pass_id: ask.language
        for ask in asks
        if isinstance(outcome := batch.outcomes[ask.id], Redeemed) and outcome.given and not outcome.is_mine
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
    again = [holds.mail("pass", language, batch.now, pass_id=pass_id) for pass_id, language in wanted.items()]
    again = [mail for mail in again if sent.get(mail["pass_id"], 0) < RESENDS_A_DAY]
    if again:
        await session.execute(sa.insert(table(Delivery)), again)
