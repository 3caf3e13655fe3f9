"""Whether the time of an answer tells what the answer does not: who works here, who holds a pass, what codes there are.

    python -m bench.enumeration [--tries 200] [--on sqlite postgresql]

Each question is asked about what there is and about what there is not, turn by turn, in an order drawn by lot, over one
process of `promos serve`; always by somebody else, as the first try is the one that counts. The answers have to be the
same in status, headers and length, and their medians at most a tenth or 5 ms apart.
"""

import argparse
import random
import secrets
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from bench.house import KINDS, House, Street
from bench.serving import promos
from promos import settings as configuration
from promos.actions import batches, invitations, redemptions, sign_in
from promos.models import Invitation, Offer, Passkey, PassType, PromoCode
from promos.rules import codes, signing
from promos.rules.people import PROGRAM, Role
from promos.rules.redemption import Redeemed
from promos.settings import Keys
from tests import world
from tests.authenticator import Authenticator

MOST_APART, MOST_MORE = 5.0, 0.10  # milliseconds; part of the shorter one: one of both is enough
WARM = 10  # turns that do not count
HOUR = timedelta(hours=1)
UNLIMITED = {
    f"PROMOS_{name}": "1000000"
    for name in (
        *("SIGN_INS_PER_NETWORK", "SIGN_INS_A_MINUTE"),
        *("CLAIMS_PER_NETWORK_AN_HOUR", "CLAIMS_PER_DOMAIN_AN_HOUR"),
    )
}


@dataclass(frozen=True, slots=True)
class Try:
    """One request by POST. `first`: what is asked before, outside the clock, to know the rest of the form."""

    path: str
    json: Any = None
    form: Mapping[str, str] | None = None
    cookie: str = ""
    token: str = ""
    first: Callable[[httpx.Client], Mapping[str, str]] | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """`about`: what it is asked about, each with a try for every turn."""

    says: str
    about: Mapping[str, Sequence[Try]]


@dataclass(slots=True)
class Told:
    times: list[float] = field(default_factory=list)  # milliseconds
    answers: set[tuple[Any, ...]] = field(default_factory=set)


class World:
    """What there is, and names of the same length for what there is not."""

    def __init__(self, house: House, turns: int) -> None:
        self.house, self.turns = house, turns
        self.keys: Keys = configuration.keys(house.settings)
        self.now = datetime.now(UTC)

    def questions(self) -> list[Question]:
        return [question for made in (self._staff, self._readers) for question in self.house.do(made)]

    async def _staff(self, session: AsyncSession) -> list[Question]:
        other = await world.a_partner(session, name="Quartz")
        owner = await self._cookie(session, "owner@partner.example", self.house.partner_id)
        people, used, keys_of, invited = [], [], [], {"elsewhere": [], "nobody": []}
        for turn in range(self.turns):
            person = await world.a_person(session, f"known-{turn:05}@staff.example", Role.MEMBER, partner_id=other.id)
            people.append(person.email)
            link = await sign_in.link_for(session, person, keys=self.keys, now=self.now, lifetime=HOUR)
            _, cookie = await sign_in.enter(session, link, now=self.now, lifetime=9 * HOUR)
            used.append(link)
            keys_of.append((cookie, await _a_passkey(session, person.id)))
        for turn in range(self.turns):
            invited["elsewhere"].append(await self._invited(session, f"known-{turn:05}@staff.example"))
            invited["nobody"].append(await self._invited(session, f"fresh-{turn:05}@staff.example"))
        drawn = [secrets.token_bytes(16) for _ in range(self.turns)]
        elsewhere = [mine for _, mine in keys_of[1:] + keys_of[:1]]
        team = f"/partner/team/{self.house.partner_id}/people"
        return [
            Question(
                "a sign-in is asked for",
                {
                    "works here": [Try("/sign-in", form={"email": email}) for email in people],
                    "does not": [
                        Try("/sign-in", form={"email": f"never-{turn:05}@staff.example"}) for turn in range(self.turns)
                    ],
                },
            ),
            Question(
                "a sign-in link is pressed",
                {
                    "used up": [Try(f"/sign-in/{link}", form={}) for link in used],
                    "never was": [Try(f"/sign-in/{_like(link)}", form={}) for link in used],
                },
            ),
            Question(
                "a passkey is shown",
                {
                    "somebody else's": self._shown(keys_of, elsewhere),
                    "nobody's": self._shown(keys_of, drawn),
                },
            ),
            Question(
                "an invitation is pressed",
                {
                    "works for others": [Try(f"/invitation/{link}", form={}) for link in invited["elsewhere"]],
                    "nobody yet": [Try(f"/invitation/{link}", form={}) for link in invited["nobody"]],
                },
            ),
            Question(
                "an owner invites",
                {
                    "works for others": [self._inviting(team, owner, email) for email in people],
                    "nobody yet": [
                        self._inviting(team, owner, f"newly-{turn:05}@staff.example") for turn in range(self.turns)
                    ],
                },
            ),
        ]

    def _shown(self, of: Sequence[tuple[str, bytes]], ids: Sequence[bytes]) -> list[Try]:
        return [
            Try("/confirm/passkey", cookie=cookie, first=_answering(id_, cookie, self.keys))
            for (cookie, _), id_ in zip(of, ids, strict=True)
        ]

    def _inviting(self, path: str, cookie: str, email: str) -> Try:
        form = {"email": email, "role": "member", "name": "", "_csrf_token": sign_in.csrf_of(cookie, self.keys)}
        return Try(path, form=form, cookie=cookie)

    async def _cookie(self, session: AsyncSession, email: str, partner_id: Any) -> str:
        person = await world.a_person(session, email, Role.OWNER, partner_id=partner_id)
        link = await sign_in.link_for(session, person, keys=self.keys, now=self.now, lifetime=HOUR)
        return (await sign_in.enter(session, link, now=self.now, lifetime=9 * HOUR))[1]

    async def _invited(self, session: AsyncSession, email: str) -> str:
        person = await invitations.invite(
            session,
            email,
            Role.OWNER,
            partner_id=self.house.partner_id,
            keys=self.keys,
            now=self.now,
            lifetime=9 * HOUR,
            by=PROGRAM,
        )
        its = sa.select(Invitation).where(Invitation.person_id == person.id)
        return invitations.secret((await session.scalars(its)).one(), self.keys) or ""

    async def _readers(self, session: AsyncSession) -> list[Question]:
        offer = await self._offer(session, await session.get_one(PassType, self.house.pass_type_id))
        event = await world.an_event(session, await world.a_partner(session, name="Zephyr"), slug="zephyr")
        theirs = await self._offer(session, await world.a_pass_type(session, event))
        word = await world.a_code(session, offer, "PUBLICWORD")
        foreign = await world.a_code(session, theirs, "FOREIGNWORD")
        secret = {name: await self._secret(session, offer) for name in ("good", "used up", "paused")}
        secret["of others"] = await self._secret(session, theirs)
        secret["used up"].limit = secret["used up"].used = 1
        secret["paused"].status = "paused"
        await session.flush()
        held = await self._holders(session, word)
        spelled = {name: code.spelled for name, code in secret.items()}
        drawn = [_drawn() for _ in range(self.turns)]

        def each(make: Callable[[int], Try]) -> list[Try]:
            return [make(turn) for turn in range(self.turns)]

        def claim(code: str, who: str) -> Try:
            return Try("/api/v1/claims", json={"code": code, "email": f"{who}@readers.example"})

        def redeem(code: str, turn: int) -> Try:
            reader = {"email": f"shop-{turn:05}@readers.example"}
            return Try("/api/v1/redemptions", json={"code": code, "reader": reader}, token=self.house.token)

        kinds = ("good", "used up", "paused", "of others")

        def asked(name: str) -> list[Try]:
            return each(lambda turn: claim(spelled[name], f"for{kinds.index(name)}-{turn:05}"))

        def tried(name: str) -> list[Try]:
            return each(lambda _: Try(f"/api/v1/codes/{spelled[name]}/check", form={}))

        return [
            Question(
                "a public word is asked for",
                {
                    "holds a pass": each(lambda turn: claim("PUBLICWORD", f"holds-{turn:05}")),
                    "does not": each(lambda turn: claim("PUBLICWORD", f"wants-{turn:05}")),
                },
            ),
            Question(
                "a secret code is asked for",
                {name: asked(name) for name in kinds}
                | {"never was": each(lambda turn: claim(drawn[turn], f"none-{turn:05}"))},
            ),
            Question(
                "a shop redeems a word",
                {
                    "of others": each(lambda turn: redeem(foreign.spelled, turn)),
                    "never was": each(lambda turn: redeem("NOSUCHWORDS", turn)),
                },
            ),
            Question(
                "a shop redeems a secret code",
                {
                    "of others": each(lambda turn: redeem(spelled["of others"], turn)),
                    "never was": each(lambda turn: redeem(drawn[turn], turn)),
                },
            ),
            Question(
                "anybody tries a secret code",
                {name: tried(name) for name in kinds}
                | {"never was": each(lambda turn: Try(f"/api/v1/codes/{drawn[turn]}/check", form={}))},
            ),
            Question(
                "a pass is sent again by a link that is no link",
                {
                    "a pass there is": [Try(f"/api/v1/passes/{_forged(link)}/resend", form={}) for link in held],
                    "none": each(lambda _: Try(f"/api/v1/passes/{_forged(self._link(uuid4()))}/resend", form={})),
                },
            ),
        ]

    async def _offer(self, session: AsyncSession, pass_type: PassType) -> Offer:
        window = {"opens_at": self.now - HOUR, "ends_at": self.now + 99 * HOUR}
        return await world.an_offer(session, pass_type, limit=10 * self.turns, proof="mailbox", **window)

    async def _secret(self, session: AsyncSession, offer: Offer) -> PromoCode:
        spelled = _drawn()
        text = codes.mended(codes.normal(spelled))
        batch = await batches.order(session, offer.id, 1, now=self.now, by=PROGRAM)
        return await world.a_code(session, offer, spelled, text=text, kind="generated", batch_id=batch.id)

    async def _holders(self, session: AsyncSession, code: PromoCode) -> list[str]:
        """The links of passes that readers hold by this word."""
        asks = [world.an_ask(code, f"holds-{turn:05}") for turn in range(self.turns)]
        given = await redemptions.redeem(session, asks, now=self.now)
        return [self._link(one.given) for one in given.values() if isinstance(one, Redeemed)]

    def _link(self, pass_id: Any) -> str:
        return signing.link(self.keys.signing, "pass", pass_id)


async def _a_passkey(session: AsyncSession, person_id: Any) -> bytes:
    """Its credential's id; nobody has the key."""
    credential = secrets.token_bytes(16)
    session.add(
        Passkey(
            person_id=person_id,
            name="key",
            credential_id=credential,
            public_key=secrets.token_bytes(77),
            sign_count=0,
            transports=[],
            created_at=datetime.now(UTC),
        )
    )
    await session.flush()
    return credential


def _answering(id_: bytes, cookie: str, keys: Keys) -> Callable[[httpx.Client], Mapping[str, str]]:
    """What a passkey that goes by `id_` answers to what it is asked."""
    csrf = {"_csrf_token": sign_in.csrf_of(cookie, keys)}

    def answer(browser: httpx.Client) -> Mapping[str, str]:
        headers = _own(browser) | {"Cookie": f"promos={cookie}"}
        asked = browser.post("/confirm/challenge", data=csrf, headers=headers)
        mine = Authenticator(origin=headers["Origin"], id=id_)
        return csrf | {"_answer": mine.get(asked.raise_for_status().json())}

    return answer


def _own(browser: httpx.Client) -> dict[str, str]:
    """What the browser says of a form of our own pages."""
    return {"Origin": str(browser.base_url).rstrip("/")}


def _drawn() -> str:
    """A secret code of the usual length."""
    letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    return "GENAI-" + "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


def _like(secret: str) -> str:
    return secrets.token_urlsafe(len(secret))[: len(secret)]


def _forged(link: str) -> str:
    """The same link, signed by nobody."""
    last = "A" if link[-2] != "A" else "B"
    return f"{link[:-2]}{last}{link[-1]}"


def asked(browser: httpx.Client, one: Try) -> tuple[float, tuple[Any, ...]]:
    """Milliseconds, and what shows of the answer."""
    form = one.first(browser) if one.first else one.form
    given: dict[str, Any] = {"json": one.json} if one.json is not None else {"content": urlencode(form or {})}
    headers = {"Authorization": f"Bearer {one.token}"} if one.token else _own(browser)
    request = browser.build_request("POST", one.path, headers=headers, **given)
    if one.json is None and "/api/" not in one.path:
        request.headers["Content-Type"] = "application/x-www-form-urlencoded"
    if one.cookie:
        request.headers["Cookie"] = f"promos={one.cookie}"
    began = time.perf_counter()
    answer = browser.send(request)
    took = (time.perf_counter() - began) * 1000
    shows = {name: value for name, value in answer.headers.items() if name not in OWN}
    return took, (answer.status_code, tuple(sorted(shows.items())), len(answer.content))


OWN = frozenset({"date", "x-request-id", "set-cookie"})  # another one in every answer, or no secret


def played(browser: httpx.Client, question: Question, lot: random.Random) -> dict[str, Told]:
    """Every turn asks about everything once."""
    told = {name: Told() for name in question.about}
    for turn in range(min(map(len, question.about.values()))):
        for name in lot.sample(list(told), len(told)):
            took, answer = asked(browser, question.about[name][turn])
            if turn >= WARM:
                told[name].times.append(took)
                told[name].answers.add(answer)
    return told


def line(kind: str, question: Question, told: Mapping[str, Told]) -> tuple[str, bool]:
    """A row of the table, and whether nothing shows."""
    middles = {name: median(each.times) for name, each in told.items()}
    apart = max(middles.values()) - min(middles.values())
    more = apart / min(middles.values())
    statuses = sorted({answer[0] for each in told.values() for answer in each.answers})
    is_same = len(set.union(*(each.answers for each in told.values()))) == 1
    is_quiet = apart < MOST_APART or more < MOST_MORE
    cells = (
        kind,
        question.says,
        ", ".join(f"{name} {middle:.1f}" for name, middle in middles.items()),
        f"{apart:.1f} ms",
        f"{more:.0%}",
        ", ".join(map(str, statuses)) + ("" if is_same else " NOT THE SAME"),
        "" if is_quiet else "TELLS",
    )
    return f"| {' | '.join(cells)} |", is_same and is_quiet


def measured(house: House, tries: int) -> bool:
    questions = World(house, tries + WARM).questions()
    house.rest()
    server = promos(house.settings, **UNLIMITED)
    lot, is_quiet = random.Random(tries), True  # noqa: S311 -- an order, not a secret
    try:
        with httpx.Client(base_url=f"http://localhost:{server.port}", timeout=60) as browser:
            for question in questions:
                row, is_fine = line(house.kind, question, played(browser, question, lot))
                print(row, flush=True)
                is_quiet &= is_fine
    finally:
        server.stop()
    return is_quiet


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.enumeration", description=str(__doc__).splitlines()[0])
    parser.add_argument("--tries", type=int, default=200)
    parser.add_argument("--on", nargs="+", choices=KINDS, default=KINDS)
    given = parser.parse_args()
    print("| database | asked | medians, ms | apart | | status | |\n|---|---|---|---|---|---|---|")
    with Street() as street:
        results = [measured(street.house(kind), given.tries) for kind in given.on]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
