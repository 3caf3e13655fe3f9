"""What came of an event, as its partner sees it: the funnel, and readers as far as they agreed to be known."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

import promos
from promos.database import Database
from promos.models import Consent, PromoCode, Reader, Redemption
from promos.web.pages.partner.sentences import SENTENCES
from tests.web.pages.conftest import SignIn
from tests.web.pages.desk import a_world, all_of, an_owner
from tests.world import NOW


@pytest.mark.parametrize("split", ["code", "issue", "day", "nonsense"])
async def test_the_funnel_is_a_picture_and_a_table(split: str, signed_in: SignIn, database: Database) -> None:
    partner, event, *_ = await a_world(database, redeemed=2)
    browser = await an_owner(signed_in, partner)

    page = (await browser.get(f"/partner/events/{event.id}/results?by={split}")).text

    assert "<title>From issue to door</title>" in page
    row = {"issue": "Not from an issue", "day": "Mon 23 Nov 2026"}.get(split, "FREEAGENAI")
    assert f'<th scope="row">{row}</th>' in page
    assert "€1,998" in page
    history = (await browser.get(f"/partner/events/{event.id}")).text
    assert "A reader took a pass with FREEAGENAI." in history or "A program took a pass with FREEAGENAI." in history


async def test_readers_are_named_only_where_they_agreed(signed_in: SignIn, database: Database) -> None:
    partner, event, *_ = await a_world(database, redeemed=2)
    async with database.writing() as session:
        redemption = await _of(session, "reader0@readers.example")
        session.add(
            Consent(
                partner_id=partner.id,
                reader_id=redemption.reader_id,
                field="email",
                wording="w",
                language="en",
                given_at=NOW,
            )
        )
    browser = await an_owner(signed_in, partner)

    page = (await browser.get(f"/partner/events/{event.id}/redemptions")).text

    assert "reader0@readers.example" in page
    assert "reader1" not in page
    assert page.count("not shared") == 1


async def test_a_cancelled_redemption_gives_its_place_back(signed_in: SignIn, database: Database) -> None:
    partner, event, *_ = await a_world(database, redeemed=1)
    browser = await an_owner(signed_in, partner)
    [redemption] = await all_of(database, sa.select(Redemption))

    for _ in range(2):
        answer = await browser.post(f"/partner/redemptions/{redemption.id}/cancel")
        assert answer.headers["Location"].startswith(f"/partner/events/{event.id}/redemptions")

    assert await all_of(database, sa.select(Redemption.state), sa.select(PromoCode.used)) == ["cancelled", 0]
    assert "cancelled" in (await browser.get(f"/partner/events/{event.id}/redemptions")).text


async def _of(session: AsyncSession, email: str) -> Redemption:
    found = await session.scalar(
        sa.select(Redemption).join(Reader, Redemption.reader_id == Reader.id).where(Reader.email == email)
    )
    assert found is not None
    return found


def test_every_verb_of_an_event_s_journal_is_a_sentence() -> None:
    actions = Path(promos.__file__).parent / "actions"
    nouns = "event|pass_type|offer|code|codes|allotment|claim|place|redemption|pass|consent|block"
    verbs = {
        verb for file in actions.glob("*.py") for verb in re.findall(rf'"((?:{nouns})\.[a-z_]+)"', file.read_text())
    }

    assert len(verbs) > 30
    assert verbs - SENTENCES.keys() == set()
