"""A reader asks; a mail goes out; nothing is held before its button is pressed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import outcomes, readers
from promos.models import Claim, Delivery, Event, Offer, PromoBlock, PromoCode, Redemption, new_id
from promos.queries import codes as code_queries
from promos.queries import terms
from promos.queries.together import padded
from promos.rules import codes, redemption, signing
from promos.rules import readers as addresses
from promos.rules.language import N_
from promos.rules.redemption import SOLD_OUT, Ask, Asker, Terms
from promos.rules.refusals import CodeUnknown, InvalidRequest, LinkEnded, NameNeeded, ProofNeeded, Refusal

SHAREABLE = ("email", "name", "company")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader typed, cleaned; the address as it is written to."""

    promo_code: str
    email: str
    name: str | None
    shares: tuple[str, ...]
    block_id: UUID | None
    language: str
    waits: bool = False  # for a place, if none is left
    company: str | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A claim behind a mail's link. `ask` is what to put to the batch, `redeemed` what came of it already."""

    claim: Claim
    ask: Ask
    redeemed: Redemption | None


def wanted(
    promo_code: str,
    email: str,
    *,
    name: str | None,
    shares: Sequence[str],
    block_id: UUID | None,
    language: str,
    waits: bool = False,
    company: str | None = None,
) -> Wanted:
    """Check what was typed; raises `CodeMalformed`, `AddressInvalid` or `InvalidRequest`."""
    unknown = [field for field in shares if field not in SHAREABLE]
    if unknown:
        raise InvalidRequest({"consent": f"only {', '.join(SHAREABLE)} can be shared"})
    return Wanted(
        codes.normal(promo_code),
        addresses.address(email),
        called(name),
        tuple(dict.fromkeys(shares)),
        block_id,
        language,
        waits,
        called(company, "company"),
    )


def called(name: str | None, field: str = "name") -> str | None:
    """A person's name, or a company's, as it was typed, cleaned; raises `InvalidRequest`."""
    kept = " ".join(name.split()) if name else ""
    if len(kept) > 120 or not kept.isprintable():
        raise InvalidRequest({field: N_("Write at most 120 letters, on one line.")})
    return kept or None


async def submit(
    session: AsyncSession, want: Wanted, *, signing_key: bytes, reader_key: bytes, lifetime: int, now: datetime
) -> Claim:
    """Write the claim and the mail it owes. Whether this reader holds a pass already makes no difference to anything.

    Why a public word gives nothing is said at once; a secret code says nothing before the mailbox is proved. Claims of
    the same reader for the same code that still wait
    are superseded, so only the newest mail's link works.
    """
    row = (
        await session.execute(
            sa.select(PromoCode.id, PromoCode.kind, Offer.proof, Event.asks_name, Event.asks_company)
            .join(Offer, PromoCode.offer_id == Offer.id)
            .join(Event, PromoCode.event_id == Event.id)
            .where(code_queries.meant(want.promo_code))
        )
    ).one_or_none()
    if row is None:
        raise CodeUnknown(want.promo_code)
    block_id = await block_of(session, want.block_id, row.id)
    found = (await terms.of_ways(session, [(row.id, block_id)], now=now))[row.id, block_id]
    is_public = row.kind == "vanity"
    if is_public and (no := _why_not(found, want, now, proof=row.proof, asks_name=row.asks_name)):
        raise no
    key = signing.reader_key(reader_key, addresses.canonical(want.email))
    asker = Asker(key, want.email, None, want.language)
    known = await readers.remember(session, {want.email: asker}, now=now)
    await session.execute(
        sa.update(Claim)
        .where(Claim.reader_key == key, Claim.code_id == row.id, Claim.state.in_(["pending", "refused"]))
        .values(state="superseded", settled_at=now, name=None, company=None)
        .execution_options(synchronize_session=False)
    )
    claim_id = new_id()
    shows_company = row.asks_company and want.company is not None and "company" in want.shares
    claim = Claim(
        id=claim_id,
        partner_id=found.partner_id,
        event_id=found.event_id,
        offer_id=found.offer_id,
        code_id=row.id,
        block_id=block_id,
        reader_id=known[want.email],
        reader_key=key,
        name=want.name if is_public or row.asks_name else None,
        company=want.company if shows_company else None,  # nobody else needs it
        waits=want.waits,
        state="pending",
        token_hash=signing.fingerprint(signing.secret_of(signing_key, "claim", claim_id)),
        shares=[field for field in want.shares if field != "company" or shows_company],
        language=want.language,
        created_at=now,
        expires_at=now + timedelta(seconds=lifetime),
    )
    session.add(claim)
    await session.flush()
    session.add(Delivery(kind="claim", claim_id=claim_id, language=want.language, due_at=now, created_at=now))
    await session.flush()
    return claim


def _why_not(found: Terms, want: Wanted, now: datetime, *, proof: str, asks_name: bool) -> Refusal | None:
    no = redemption.refusal(found, now)
    may_wait = want.waits and found.has_waiting_list and now < found.starts_at
    if no and not (may_wait and isinstance(no, SOLD_OUT)):
        return no
    if proof == "none":
        return ProofNeeded()
    return NameNeeded() if asks_name and not want.name else None


Found = tuple[Claim, Redemption | None, str]  # a claim, what came of it, and the proof that its offer asks for


async def found(session: AsyncSession, secrets: Sequence[str]) -> dict[str, Found]:
    """The claims behind these mails' links, by secret."""
    marks = {signing.fingerprint(secret): secret for secret in secrets}
    rows = await session.execute(_BEHIND_LINKS, {"marks": padded(list(marks))})
    return {marks[claim.token_hash]: (claim, redeemed, proof) for claim, redeemed, proof in rows}


_BEHIND_LINKS = (
    sa.select(Claim, Redemption, Offer.proof)
    .join(Offer, Claim.offer_id == Offer.id)
    .outerjoin(Redemption, Claim.redemption_id == Redemption.id)
    .where(Claim.token_hash.in_(sa.bindparam("marks", expanding=True)))
)


async def opened(session: AsyncSession, secret: str, *, now: datetime) -> Opened:
    """The claim that a mail's link opens, without changing anything; raises why nothing can come of it any more."""
    return opening((await found(session, [secret])).get(secret), now=now)


def opening(behind: Found | None, *, waits: bool = False, now: datetime) -> Opened:
    """What can come of the claim behind a link; raises why nothing can any more.

    A link that was used shows its pass for as long as that lives, however late. `waits`: who presses wants to stand in
    line if nothing is left, whatever they said before.
    """
    if behind is None:
        raise LinkEnded
    claim, redeemed, proof = behind
    came = (redeemed.state, redeemed.reader_key) if redeemed else ()
    standing = outcomes.Standing(claim.state, claim.expires_at, claim.reader_key, claim.refusal, *came)
    if no := outcomes.why_closed(standing, now):
        raise no
    if proof == "none" and redeemed is None:
        raise ProofNeeded
    ask = Ask(
        id=new_id(),
        code_id=claim.code_id,
        reader_key=claim.reader_key,
        reader_id=claim.reader_id,
        claim_id=claim.id,
        block_id=claim.block_id,
        name=claim.name,
        company=claim.company,
        shares=tuple(claim.shares),
        wordings=tuple(wording(field, claim.language) for field in claim.shares),
        language=claim.language,
        waits=waits or claim.waits,
    )
    return Opened(claim, ask, redeemed)


def wording(field: str, language: str) -> str:
    """The mark of the sentence beside the box that the reader ticked for `field`; a changed sentence, another mark."""
    return hashlib.sha256(f"consent 1 {field} {language}".encode()).hexdigest()


async def block_of(session: AsyncSession, block_id: UUID | None, code_id: UUID) -> UUID | None:
    """The block, if it shows this code; what an address was made to say otherwise does not matter."""
    if block_id is None:
        return None
    is_its = sa.and_(PromoBlock.id == block_id, PromoBlock.code_id == code_id)
    return await session.scalar(sa.select(PromoBlock.id).where(is_its))
