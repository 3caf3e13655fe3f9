"""The journal as a partner reads it: every verb a sentence, each narrowed to, and no reader named."""

import ast
import html
import re
from datetime import timedelta
from pathlib import Path

from promos.actions import codes, offers
from promos.database import Database
from promos.rendering.language import language
from promos.rules.people import Actor, Grant, Role
from promos.web.pages.partner.sentences import SENTENCES
from tests.web.pages.conftest import SignIn
from tests.web.pages.desk import a_world, an_owner
from tests.world import NOW, a_partner, a_person, an_event

ACTIONS = Path(__file__).parents[3] / "src" / "promos" / "actions"
TOLD = {"batch.made", "waitlist.joined", "redemption.held", "wish.settled"}  # names of messages and mails


def recorded() -> dict[str, str]:
    """Every verb that an action writes, with its file."""
    found = {}
    for path in ACTIONS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            said = node.value if isinstance(node, ast.Constant) else None
            if isinstance(said, str) and re.fullmatch(r"[a-z_]+\.[a-z_]+", said) and said not in TOLD:
                found[said] = path.name
    return found


def test_every_verb_of_the_journal_has_its_sentence_in_both_languages() -> None:
    verbs = recorded()

    assert len(verbs) > 80
    assert {verb: path for verb, path in verbs.items() if verb not in SENTENCES} == {}
    assert {verb for verb, text in SENTENCES.items() if language("fr").gettext(text) == text} == set()


def told(page: str) -> list[str]:
    return [html.unescape(each) for each in re.findall(r"<tr><td>([^<]+)</td>", page.replace("\n", ""))]


async def test_what_happened_is_told_in_sentences_and_narrowed(signed_in: SignIn, database: Database) -> None:
    partner, event, offer, code = await a_world(database, redeemed=1)
    async with database.writing() as session:
        person = await a_person(session, "ada@partner.example", Role.MEMBER, partner_id=partner.id)
        person.name = "Ada"
        ada = Actor("person", person.id, frozenset({Grant(Role.MEMBER, partner_id=partner.id)}))
        await codes.update(session, code.text, limit=20, now=NOW, by=ada)
        await codes.update(session, code.text, limit=30, now=NOW, by=ada)
        await offers.update(session, offer.id, limit=40, now=NOW + timedelta(days=1), by=ada)
        other = await an_event(session, await a_partner(session, name="Zephyr"), name="Zephyr", slug="zephyr")
        assert other
    owner = await an_owner(signed_in, partner)

    everything = (await owner.get("/partner/activity")).text
    hers = (await owner.get(f"/partner/activity?who={person.id}")).text
    readers = (await owner.get("/partner/activity?kind=passes")).text
    later = (await owner.get("/partner/activity?day=2026-11-24")).text
    of_codes = (await owner.get(f"/partner/activity?kind=codes&event={event.id}")).text
    french = (await owner.get("/partner/activity?lang=fr&kind=codes")).text

    assert told(hers) == [
        "Ada changed the offer “For readers”: limit 20 → 40.",
        "Ada raised the limit of FREEAGENAI from 20 to 30.",
        "Ada set the limit of FREEAGENAI to 20.",
    ]
    assert told(readers) == ["A reader took a pass with FREEAGENAI."]
    assert told(later) == ["Ada changed the offer “For readers”: limit 20 → 40."]
    assert len(told(of_codes)) == 2
    assert "Ada a relevé la limite de FREEAGENAI de 20 à 30." in told(french)
    assert "reader0" not in everything
    assert "Zephyr" not in everything
    assert f'href="/partner/events/{event.id}"' in everything


async def test_a_day_that_is_none_and_somebody_unknown_are_left_out(signed_in: SignIn, database: Database) -> None:
    partner, *_ = await a_world(database, redeemed=1)
    owner = await an_owner(signed_in, partner)

    for wish in ("day=2026-02-31", "day=%27", f"who={partner.id}", "kind=secrets", "event=x"):
        assert told((await owner.get(f"/partner/activity?{wish}")).text) == told(
            (await owner.get("/partner/activity")).text
        ), wish
