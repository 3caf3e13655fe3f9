"""A passkey answers one challenge, of its own session, once; a recovery code stands in for it, once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import passkeys, recovery, sign_in
from promos.models import Delivery, Passkey, RecoveryCode, Session
from promos.parsing.passkeys import Site, site
from promos.rules.people import Role, SignedIn
from promos.rules.refusals import (
    PasskeyRefused,
    PasskeysUnavailable,
    RateLimited,
    RecoveryCodeRefused,
    SecondFactorNeeded,
)
from promos.settings import Keys
from tests.authenticator import PRESENT, VERIFIED, Authenticator
from tests.world import NOW, a_partner, a_person

KEYS = Keys((b"s" * 40,), b"r" * 40)
HERE = Site("localhost", "http://localhost:8000")
QUARTER = timedelta(minutes=15)
LATER = NOW + QUARTER


async def a_session(session: AsyncSession, email: str = "ada@example.org") -> tuple[SignedIn, str]:
    person = await a_person(session, email, Role.ADMIN)
    return await again(session, person.email)


async def again(session: AsyncSession, email: str = "ada@example.org") -> tuple[SignedIn, str]:
    """Another browser of the same person, after the link by mail."""
    link = await sign_in.ask(session, email, keys=KEYS, now=NOW, lifetime=QUARTER)
    assert link is not None
    _, cookie = await sign_in.enter(session, sign_in.secret(link, KEYS) or "", now=NOW, lifetime=QUARTER * 9)
    return await whose(session, cookie), cookie


async def whose(session: AsyncSession, cookie: str) -> SignedIn:
    found = await sign_in.signed_in(session, cookie, now=NOW)
    assert found is not None
    return found


async def a_passkey(session: AsyncSession, mine: SignedIn, cookie: str) -> tuple[Authenticator, str]:
    """One that is added, and the cookie of the session since."""
    key = Authenticator()
    answer = key.create(await passkeys.options_to_add(session, mine, HERE, now=NOW))
    renewed = await passkeys.add(session, mine, cookie, answer, "Blue key", HERE, now=NOW)
    assert isinstance(renewed, str)
    return key, renewed


async def used(session: AsyncSession, mine: SignedIn, cookie: str, answer: str, now: Any = NOW) -> Any:
    return await passkeys.use(session, mine, cookie, answer, HERE, keys=KEYS, now=now)


async def test_with_a_passkey_a_link_by_mail_is_half_a_sign_in(session: AsyncSession) -> None:
    mine, cookie = await a_session(session)
    key, renewed = await a_passkey(session, mine, cookie)
    assert not (await whose(session, renewed)).is_half
    assert await sign_in.signed_in(session, cookie, now=NOW) is None  # it goes by another secret since

    half, second = await again(session)
    assert half.is_half
    outcome = await used(session, half, second, key.get(await passkeys.options_to_use(session, half, HERE, now=NOW)))

    assert not (await whose(session, outcome)).is_half
    assert await sign_in.signed_in(session, second, now=NOW) is None
    assert sign_in.csrf_of(outcome, KEYS) == sign_in.csrf_of(second, KEYS)


async def test_a_passkey_makes_other_sessions_half_ones_and_the_mail_says_so(session: AsyncSession) -> None:
    mine, cookie = await a_session(session)
    _, other = await again(session)

    await a_passkey(session, mine, cookie)

    assert (await whose(session, other)).is_half
    told = await session.scalars(sa.select(Delivery.kind).where(Delivery.kind == "account"))
    assert told.all() == ["account"]


async def test_a_challenge_is_good_once(session: AsyncSession) -> None:
    mine, cookie = await a_session(session)
    key, cookie = await a_passkey(session, mine, cookie)
    mine = await whose(session, cookie)
    options = await passkeys.options_to_use(session, mine, HERE, now=NOW)
    first = await used(session, mine, cookie, key.get(options))
    assert isinstance(first, str)

    assert isinstance(await used(session, mine, first, key.get(options)), PasskeyRefused)


async def test_a_challenge_is_good_for_five_minutes_of_its_own_session_and_purpose(session: AsyncSession) -> None:
    mine, cookie = await a_session(session)
    key, cookie = await a_passkey(session, mine, cookie)
    mine = await whose(session, cookie)
    other, second = await again(session)

    options = await passkeys.options_to_use(session, mine, HERE, now=NOW)
    assert isinstance(await used(session, other, second, key.get(options)), PasskeyRefused)
    late = NOW + passkeys.CHALLENGE
    assert isinstance(await used(session, mine, cookie, key.get(options), late), PasskeyRefused)
    to_add = await passkeys.options_to_add(session, mine, HERE, now=NOW)
    assert isinstance(await used(session, mine, cookie, key.get(to_add)), PasskeyRefused)
    stored = (await session.execute(sa.select(*Session.__table__.columns))).all()
    assert options["challenge"] not in repr(stored)


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://evil.example"},
        {"rp_id": "evil.example"},
        {"flags": PRESENT},  # nobody showed a finger or a PIN
        {"flags": VERIFIED},
        {"count": -1},  # a copy of the key, which signed less often
        {"id": b"somebody else's!"},
        {"key": Authenticator().key},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
async def test_what_is_not_as_it_has_to_be_is_refused(session: AsyncSession, wrong: dict[str, Any]) -> None:
    mine, cookie = await a_session(session)
    key, cookie = await a_passkey(session, mine, cookie)
    mine = await whose(session, cookie)
    await session.execute(sa.update(Passkey).values(sign_count=5))
    key.count = 5

    answer = replace(key, **wrong).get(await passkeys.options_to_use(session, mine, HERE, now=NOW))
    assert isinstance(await used(session, mine, cookie, answer), PasskeyRefused)
    answer = key.get(await passkeys.options_to_use(session, mine, HERE, now=NOW))
    assert isinstance(await used(session, mine, cookie, answer), str)


@pytest.mark.parametrize("answer", ["", "{", "[]", "null", '{"id": 1}', '{"response": []}', "[" * 9000, "x" * 20000])
async def test_an_answer_that_is_none_is_a_refusal(session: AsyncSession, answer: str) -> None:
    mine, cookie = await a_session(session)
    _, cookie = await a_passkey(session, mine, cookie)
    mine = await whose(session, cookie)
    await passkeys.options_to_use(session, mine, HERE, now=NOW)

    assert isinstance(await used(session, mine, cookie, answer), PasskeyRefused)
    added = await passkeys.add(session, mine, cookie, answer, "Key", HERE, now=NOW)
    assert isinstance(added, PasskeyRefused)


async def test_nobody_uses_the_passkey_of_another(session: AsyncSession) -> None:
    ada, first = await a_session(session)
    key, _ = await a_passkey(session, ada, first)
    bo, second = await a_session(session, "bo@example.org")

    answer = key.get(await passkeys.options_to_use(session, bo, HERE, now=NOW))

    assert isinstance(await used(session, bo, second, answer), PasskeyRefused)


async def test_too_many_tries_wait_five_minutes_at_most(session: AsyncSession) -> None:
    mine, cookie = await a_session(session)
    await a_passkey(session, mine, cookie)

    outcomes = [await used(session, mine, cookie, "") for _ in range(6)]

    assert [type(each) for each in outcomes] == [PasskeyRefused] * 5 + [RateLimited]
    assert outcomes[-1].retry_after <= 300


async def test_a_recovery_code_is_good_once_and_its_use_is_told(session: AsyncSession) -> None:
    mine, cookie = await a_session(session)
    _, cookie = await a_passkey(session, mine, cookie)
    codes = await recovery.make(session, await whose(session, cookie), keys=KEYS, now=NOW)
    half, second = await again(session)

    whole = await recovery.use(session, half, second, codes[0].lower().replace("-", " "), keys=KEYS, now=NOW)

    assert isinstance(whole, str)
    assert not (await whose(session, whole)).is_half
    assert isinstance(await recovery.use(session, half, whole, codes[0], keys=KEYS, now=NOW), RecoveryCodeRefused)
    assert await recovery.left(session, half.person_id) == 9
    assert await session.scalar(sa.select(sa.func.count()).where(Delivery.kind == "account")) == 2
    stored = repr((await session.execute(sa.select(*RecoveryCode.__table__.columns))).all())
    assert not any(code in stored or code.replace("-", "") in stored for code in codes)


async def test_recovery_codes_are_tried_five_times_in_five_minutes_twenty_an_hour_and_fifty_a_day(
    session: AsyncSession,
) -> None:
    mine, cookie = await a_session(session)

    async def tries(minutes: int) -> int:
        now, count = NOW + timedelta(minutes=minutes), 0
        while isinstance(await recovery.use(session, mine, cookie, "A" * 16, keys=KEYS, now=now), RecoveryCodeRefused):
            count += 1
        return count

    assert [await tries(5 * number) for number in range(5)] == [5, 5, 5, 5 - 3, 0]  # those that are refused count, too


async def test_new_codes_end_the_old_ones(session: AsyncSession) -> None:
    mine, cookie = await a_session(session)
    old = await recovery.make(session, mine, keys=KEYS, now=NOW)
    new = await recovery.make(session, mine, keys=KEYS, now=NOW)

    assert isinstance(await recovery.use(session, mine, cookie, old[0], keys=KEYS, now=NOW), RecoveryCodeRefused)
    assert isinstance(await recovery.use(session, mine, cookie, new[0], keys=KEYS, now=NOW), str)


async def test_without_a_passkey_everything_else_ends(session: AsyncSession) -> None:
    mine, cookie = await a_session(session)
    _, cookie = await a_passkey(session, mine, cookie)
    mine = await whose(session, cookie)
    await recovery.make(session, mine, keys=KEYS, now=NOW)
    _, other = await again(session)
    passkey = (await passkeys.of_person(session, mine.person_id))[0]

    await passkeys.remove(session, passkey.id, mine, now=NOW)

    assert await sign_in.signed_in(session, other, now=NOW) is None
    assert (await whose(session, cookie)).second_factor_at is None
    assert await recovery.left(session, mine.person_id) == 0


async def test_a_mail_does_not_confirm_who_has_a_passkey(session: AsyncSession) -> None:
    mine, cookie = await a_session(session)
    _, cookie = await a_passkey(session, mine, cookie)

    with pytest.raises(SecondFactorNeeded):
        await sign_in.ask_to_confirm(
            session, await whose(session, cookie), target=None, keys=KEYS, now=NOW, lifetime=QUARTER
        )


async def test_where_a_passkey_is_required_a_role_counts_with_one_only(session: AsyncSession) -> None:
    partner = await a_partner(session, requires_passkey=True)
    await a_person(session, "bo@example.org", Role.OWNER, partner_id=partner.id)
    mine, cookie = await again(session, "bo@example.org")
    assert (mine.actor.grants, mine.is_withheld) == (frozenset(), True)

    _, renewed = await a_passkey(session, mine, cookie)

    proved = await whose(session, renewed)
    assert (set(proved.actor.partners(Role.OWNER)), proved.is_withheld) == ({partner.id}, False)


async def test_a_number_is_no_place_for_passkeys(session: AsyncSession) -> None:
    mine, _ = await a_session(session)

    with pytest.raises(PasskeysUnavailable):
        await passkeys.options_to_add(session, mine, site("http://127.0.0.1:8000"), now=NOW)
    assert site("https://promos.example") == Site("promos.example", "https://promos.example")
    assert site("https://promos.example:8443") == Site("promos.example", "https://promos.example:8443")
    assert site("http://localhost:8000") == HERE
