"""Everything that can happen to an offer, in any order, against a model that counts each time anew."""

import asyncio
import os
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import allotments, checkins, claims, codes, events, handing, holds, offers, passes, redemptions
from promos.database import confine, connect
from promos.models import Claim, Pass, Redemption
from promos.queries import recount, terms
from promos.rules import signing
from promos.rules.redemption import Asker, Redeemed, Waiting
from promos.rules.refusals import Refusal
from promos.settings import Keys, Settings
from tests.life.model import HOUR, Model, Use
from tests.world import ADMIN, NOW, a_code, a_pass_type, an_ask, an_event, an_offer

OFFER_OF = {"ONE": "first", "TWO": "first", "THREE": "last"}
KEYS = Keys((b"s" * 40,), b"r" * 40)
some_code = st.sampled_from(sorted(OFFER_OF))
some_reader = st.sampled_from(["ada", "bo", "cy", "di", "eve", "flo"])
some_limit = st.none() | st.integers(1, 5)
one = st.integers(0, 99)


def key_of(reader: str) -> str:
    return signing.reader_key(KEYS.reader, f"{reader}@readers.example")


class Life(RuleBasedStateMachine):
    """The product beside its model; each step is taken by both, and both say the same."""

    kept: Settings

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.database = connect(self.kept)
        self.claims: dict[str, list[tuple[str, str]]] = {}  # secrets by reader, with their code
        self.scans = 0

    def run(self, work: Any) -> Any:
        """What `work` answers, or the slug of its refusal, with nothing of it kept."""

        async def attempt() -> Any:
            async with self.session.begin_nested() as step:
                try:
                    return await work
                except Refusal as refusal:
                    await step.rollback()
                    return refusal.slug

        return self.loop.run_until_complete(attempt())

    def change(self, work: Any) -> Any:
        """`run`, after what is over was settled: a change of limits asks for that."""
        self.loop.run_until_complete(holds.settle(self.session, self.event.id, now=self.model.now))
        return self.run(work)

    @initialize(capacity=some_limit, limit=some_limit, own=some_limit)
    def begin(self, capacity: int | None, limit: int | None, own: int | None) -> None:
        self.model = Model(
            NOW, OFFER_OF, frozenset({"last"}), capacity, {"first": limit, "last": 3, "ONE": own, "TWO": None}
        )

        async def world() -> None:
            self.connection = await self.database.writer.connect()
            self.transaction = await self.connection.begin()
            await confine(self.connection, None)
            self.session = AsyncSession(
                bind=self.connection, join_transaction_mode="create_savepoint", expire_on_commit=False
            )
            self.event = await an_event(
                self.session, capacity=capacity, starts_at=NOW + 9000 * HOUR, ends_at=NOW + 9009 * HOUR
            )
            kind = await a_pass_type(self.session, self.event)
            window: dict[str, Any] = {"opens_at": NOW - HOUR, "ends_at": NOW + 8000 * HOUR}
            first = await an_offer(self.session, kind, limit=limit, **window)
            last = await an_offer(self.session, kind, limit=3, on_cancel="keep", **window)
            self.offers = {"first": first, "last": last}
            self.codes = {
                name: await a_code(self.session, self.offers[offer], name, limit=self.model.limits.get(name), version=0)
                for name, offer in OFFER_OF.items()
            }

        self.loop.run_until_complete(world())
        self.part: UUID | None = None
        self.ids: dict[int, UUID] = {}

    # What readers and shops do

    @rule(code=some_code, reader=some_reader)
    def a_token_redeems(self, code: str, reader: str) -> None:
        self.compare(self.model.redeem(code, reader, "confirmed"), self.ask(code, reader), reader)

    @rule(code=some_code, reader=some_reader, hours=st.integers(1, 30))
    def a_shop_holds(self, code: str, reader: str, hours: int) -> None:
        until = self.model.now + hours * HOUR
        expected = self.model.redeem(code, reader, "held", until)
        self.compare(expected, self.ask(code, reader, held_for="shop", held_until=until), reader)

    @rule(code=some_code, reader=some_reader, waits=st.booleans())
    def a_reader_claims_and_presses(self, code: str, reader: str, waits: bool) -> None:
        model = self.model
        model.expire()
        no = model.refusal(code)
        if no and not (waits and no != "code-paused"):
            assert self.run(self.submit(code, reader, waits)) == no
            return
        secret = self.run(self.submit(code, reader, waits))
        self.claims.setdefault(reader, []).append((secret, code))
        use = model.holds(reader)
        if use and use.is_place and use.state == "held" and model.offer_of[use.code] == model.offer_of[code]:
            use.state = "confirmed"
            model.serve(model.offer_of[code])
            expected: object = "new"
        else:
            expected = model.redeem(code, reader, "confirmed")
            if isinstance(expected, str) and expected.endswith("exhausted"):
                expected = model.position(code, reader)
        self.compare(expected, self.run(self.press(secret)), reader)

    @rule(which=one)
    def a_hold_is_confirmed(self, which: int) -> None:
        use = self.pick(which, "held")
        if use is None:
            return
        self.model.expire()
        expected = "confirmed" if use.state == "held" else "place-lapsed" if use.is_place else "hold-expired"
        if use.state == "held" and use.code in self.model.paused:
            expected = "code-paused"
        elif use.state == "held":
            use.state = "confirmed"
        told = self.run(passes.confirm(self.session, [self.ids[use.key]], now=self.model.now, by=ADMIN))
        assert (told if isinstance(told, str) else told[0].state) == expected

    @rule(which=one)
    def one_is_cancelled_twice(self, which: int) -> None:
        use = self.pick(which, "held", "confirmed")
        if use is None:
            return
        self.model.expire()
        was, inside = use.state, use.is_inside
        for _ in range(2):
            told = self.run(passes.cancel(self.session, [self.ids[use.key]], now=self.model.now, by=ADMIN))
            if inside:
                assert told == "pass-in-use"
                return
            assert told[0].state == ("expired" if was == "gone" else "cancelled")
            if use.state in ("held", "confirmed"):
                self.model.end(use)

    @rule(which=one, to=some_reader)
    def a_pass_is_handed_on(self, which: int, to: str) -> None:
        use = self.pick(which, "confirmed")
        if use is None:
            return
        self.model.expire()
        held = self.loop.run_until_complete(self.live_pass(use))
        if use.is_inside:
            expected = "pass-in-use"
        elif use.handed > 2:
            expected = "handed-on-too-often"
        elif to == use.reader:
            expected = (
                "pass-in-use" if use.is_inside else "handed-on-too-often" if use.handed > 2 else "handed-to-holder"
            )
        elif use.is_inside:
            expected = "pass-in-use"
        elif use.handed > 2:
            expected = "handed-on-too-often"
        elif self.model.holds(to):
            expected = "already-holds-pass"
        else:
            expected, use.reader, use.handed = "new", to, use.handed + 1
            self.model.line = [each for each in self.model.line if each[1] != to]
        told = self.run(self.hand(held.id, to))
        assert told == expected
        if expected == "new":
            old = self.loop.run_until_complete(self.session.get_one(Pass, held.id, populate_existing=True))
            assert old.state == "handed_on"

    @rule(which=one)
    def somebody_comes_in(self, which: int) -> None:
        use = self.pick(which, "confirmed")
        if use is None:
            return
        held = self.loop.run_until_complete(self.live_pass(use))
        self.scans += 1
        scanned = self.run(
            checkins.scan(
                self.session,
                self.event.id,
                signing.qr_token(KEYS.signing[0], held.id, held.drawn),
                scan_id=f"s{self.scans}",
                gate=None,
                at=None,
                keys=KEYS,
                now=self.model.now,
                by=ADMIN,
            )
        )
        assert scanned.result == ("already" if use.is_inside else "admitted")
        use.is_inside = True

    # What partners do, and time

    @rule(hours=st.integers(1, 40))
    def time_goes_by(self, hours: int) -> None:
        self.model.now += hours * HOUR
        self.model.expire()

    @rule(code=some_code)
    def a_code_is_paused_or_resumed(self, code: str) -> None:
        model = self.model
        model.expire()
        model.paused ^= {code}
        status = "paused" if code in model.paused else "active"
        self.run(codes.update(self.session, code, status=status, now=model.now, by=ADMIN))
        model.serve(OFFER_OF[code])

    @rule(code=st.sampled_from(["ONE", "TWO"]), limit=some_limit)
    def a_codes_limit_is_set(self, code: str, limit: int | None) -> None:
        model = self.model
        model.expire()
        used = sum(use.code == code for use in model.counted())
        told = self.run(codes.update(self.session, code, limit=limit, now=model.now, by=ADMIN))
        if limit is not None and limit < used and limit != model.limits[code]:
            assert told == "limit-below-used"
            return
        model.limits[code] = limit
        model.serve(OFFER_OF[code])

    @rule(offer=st.sampled_from(["first", "last"]), limit=some_limit)
    def an_offers_limit_is_set(self, offer: str, limit: int | None) -> None:
        model = self.model
        model.expire()
        aside = model.part[1] if model.part and offer == "first" else 0
        rest = [use for use in model.counted() if OFFER_OF[use.code] == offer and not use.is_of_part]
        told = self.change(offers.update(self.session, self.offers[offer].id, limit=limit, now=model.now, by=ADMIN))
        if limit == model.limits[offer]:
            return
        if limit is None and aside:
            assert told == "allotment-in-use"
        elif limit is not None and limit < len(rest) + aside:
            assert told == "limit-below-used"
        else:
            model.limits[offer] = limit
            model.serve(offer)

    @rule(capacity=some_limit)
    def the_events_capacity_is_set(self, capacity: int | None) -> None:
        model = self.model
        model.expire()
        told = self.change(events.update(self.session, self.event.id, capacity=capacity, now=model.now, by=ADMIN))
        if capacity == model.capacity:
            return
        if capacity is not None and capacity < len(model.counted()):
            assert told == "limit-below-used"
            return
        model.capacity = capacity
        model.serve("first")
        model.serve("last")

    @rule(limit=st.integers(1, 4))
    def a_part_is_set_aside(self, limit: int) -> None:
        model = self.model
        model.expire()
        code = self.codes["TWO"].id
        if model.part is None:
            rest = [use for use in model.counted() if OFFER_OF[use.code] == "first"]
            making = allotments.create(
                self.session, self.offers["first"].id, limit=limit, code_id=code, now=model.now, by=ADMIN
            )
            told = self.run(making)
            if model.limits["first"] is None:
                assert told == "limit-needed"
            elif limit > model.limits["first"] - len(rest):
                assert told == "allotment-too-large"
            else:
                self.part, model.part = told.id, ("TWO", limit)
            return
        used = sum(use.is_of_part for use in model.counted())
        rest = [use for use in model.counted() if OFFER_OF[use.code] == "first" and not use.is_of_part]
        assert self.part is not None
        assert model.limits["first"] is not None
        told = self.run(allotments.update(self.session, self.part, limit=limit, now=model.now, by=ADMIN))
        if limit == model.part[1]:
            return
        if limit < used:
            assert told == "limit-below-used"
        elif limit - model.part[1] > model.limits["first"] - model.part[1] - len(rest):
            assert told == "allotment-too-large"
        else:
            model.part = ("TWO", limit)
            model.serve("first")

    @rule()
    def the_part_is_given_back(self) -> None:
        if self.part is None:
            return
        self.model.expire()
        self.run(allotments.give_back(self.session, self.part, now=self.model.now, by=ADMIN))
        self.part = self.model.part = None
        for use in self.model.uses:
            use.is_of_part = False
        self.model.serve("first")

    # What holds at every moment

    @invariant()
    def what_is_left_is_told_exactly(self) -> None:
        if not hasattr(self, "model"):
            return
        self.model.expire()
        ids = [code.id for code in self.codes.values()]
        told = self.loop.run_until_complete(terms.of_codes(self.session, ids, now=self.model.now))
        for name, code in self.codes.items():
            left = told[code.id].left
            assert (left == 0) == ((self.model.refusal(name) or "code-paused") != "code-paused" or self.gone(name))

    @invariant()
    def live_rows_are_the_models(self) -> None:
        if not hasattr(self, "model"):
            return
        rows = self.loop.run_until_complete(self.live_rows())
        live = [use for use in self.model.uses if use.state in ("held", "confirmed")]
        assert sorted((row.reader_key, row.state) for row in rows) == sorted(
            (key_of(use.reader), use.state) for use in live
        )
        for row in rows:
            use = next(
                use
                for use in live
                if signing.reader_key(KEYS.reader, f"{use.reader}@readers.example") == row.reader_key
            )
            self.ids[use.key] = row.id

    @invariant()
    def nothing_drifts(self) -> None:
        if hasattr(self, "model"):
            assert self.loop.run_until_complete(recount.differences(self.session)) == []

    @invariant()
    def the_line_is_the_models(self) -> None:
        if not hasattr(self, "model"):
            return
        waiting = sa.select(Claim.reader_key).where(Claim.state == "waiting").order_by(Claim.offer_id, Claim.settled_at)
        told = list(self.loop.run_until_complete(self.session.scalars(waiting.order_by(Claim.id))))
        line = sorted(self.model.line, key=lambda each: OFFER_OF[each[0]])
        assert told == [key_of(reader) for _, reader in line]

    def teardown(self) -> None:
        async def close() -> None:
            if hasattr(self, "session"):
                await self.session.close()
                await self.transaction.rollback()
                await self.connection.close()
            await self.database.close()

        self.loop.run_until_complete(close())
        self.loop.close()

    def gone(self, code: str) -> bool:
        """Whether nothing is left behind a pause."""
        paused, self.model.paused = self.model.paused, set()
        no = self.model.refusal(code)
        self.model.paused = paused
        return no is not None

    def pick(self, which: int, *states: str) -> Use | None:
        found = [use for use in self.model.uses if use.state in states]
        return found[which % len(found)] if found else None

    def ask(self, code: str, reader: str, **facts: Any) -> Any:
        ask = an_ask(self.codes[code], reader, **facts)

        async def decided() -> Any:
            return (await redemptions.redeem(self.session, [ask], now=self.model.now))[ask.id]

        return self.run(decided())

    def compare(self, expected: object, outcome: Any, reader: str) -> None:
        if isinstance(outcome, Refusal):
            told: object = outcome.slug
        elif isinstance(outcome, Waiting):
            told = outcome.position
        elif isinstance(outcome, Redeemed):
            told = "new" if outcome.is_new else "again" if outcome.given else "held-again"
        else:
            told = outcome
        assert told == expected, (reader, self.model)

    async def submit(self, code: str, reader: str, waits: bool) -> str:
        want = claims.wanted(
            code, f"{reader}@readers.example", name=None, shares=(), block_id=None, language="en", waits=waits
        )
        claim = await claims.submit(
            self.session, want, signing_key=KEYS.signing[0], reader_key=KEYS.reader, lifetime=3600, now=self.model.now
        )
        return signing.secret_of(KEYS.signing[0], "claim", claim.id)

    async def press(self, secret: str) -> Any:
        found = await claims.opened(self.session, secret, now=self.model.now)
        return (await redemptions.redeem(self.session, [found.ask], now=self.model.now))[found.ask.id]

    async def hand(self, pass_id: UUID, to: str) -> str:
        email = f"{to}@readers.example"
        asker = Asker(signing.reader_key(KEYS.reader, email), email, None, "en")
        claim = await handing.hand_on(
            self.session, pass_id, asker, signing_key=KEYS.signing[0], lifetime=3600, now=self.model.now
        )
        accepted = await handing.accept(self.session, claim.id, now=self.model.now)
        return "new" if accepted.is_new else "again"

    async def live_pass(self, use: Use) -> Pass:
        of = (Pass.redemption_id == self.ids[use.key], Pass.state == "live")
        return (await self.session.scalars(sa.select(Pass).where(*of))).one()

    async def live_rows(self) -> Any:
        is_held = sa.and_(
            Redemption.state == "held",
            sa.or_(Redemption.expires_at.is_(None), Redemption.expires_at > self.model.now),
        )
        columns = (Redemption.id, Redemption.reader_key, Redemption.state)
        found = sa.select(*columns).where(sa.or_(Redemption.state == "confirmed", is_held))
        return (await self.session.execute(found)).all()


def test_nothing_that_happens_makes_the_product_and_its_model_disagree(shared: Settings) -> None:
    machine = type("Life", (Life,), {"kept": shared})

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=int(os.environ.get("PROMOS_TEST_LIVES", "12")),
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=set(Phase) - {Phase.shrink} if os.environ.get("PROMOS_TEST_LIVES") else set(Phase),
        ),
    )
